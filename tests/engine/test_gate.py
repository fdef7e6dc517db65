"""The policy pack in front of the real program: each rule stops the variant that breaks what it guards."""

import json
from typing import Any

import pulumi
import pytest

from local.demo.show import PACK_PASSED

# Transformations see the SDK's own names (snake_case); each is written out into a program of its own.


def public_policy_allowed(kind: str, name: str, props: dict[str, Any]) -> dict[str, Any] | None:
    if kind == "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock" and name == "objects-intake":
        return props | {"block_public_policy": False}
    return None


def plain_http_allowed(kind: str, name: str, props: dict[str, Any]) -> dict[str, Any] | None:
    if kind == "aws:s3/bucketPolicy:BucketPolicy" and name == "objects-intake":

        def without_tls(text: str) -> str:
            policy = json.loads(text)
            kept = [part for part in policy["Statement"] if "SecureTransport" not in json.dumps(part)]
            return json.dumps(policy | {"Statement": kept})

        return props | {"policy": pulumi.Output.from_input(props["policy"]).apply(without_tls)}
    return None


def key_of_aws(kind: str, name: str, props: dict[str, Any]) -> dict[str, Any] | None:
    if kind == "aws:sqs/queue:Queue" and name == "objects-worker-queue":
        return props | {"kms_master_key_id": "alias/aws/sqs"}
    return None


def versioning_off(kind: str, name: str, props: dict[str, Any]) -> dict[str, Any] | None:
    if kind == "aws:s3/bucketVersioning:BucketVersioning" and name == "objects-quarantine":
        return props | {"versioning_configuration": {"status": "Suspended"}}
    return None


def recovery_off(kind: str, name: str, props: dict[str, Any]) -> dict[str, Any] | None:
    if kind == "aws:dynamodb/table:Table" and name == "objects-records":
        return props | {"point_in_time_recovery": {"enabled": False}}
    return None


def wildcard_action(kind: str, name: str, props: dict[str, Any]) -> dict[str, Any] | None:
    if kind == "aws:iam/rolePolicy:RolePolicy" and name == "objects-worker":
        statement = {"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*"}
        return props | {"policy": json.dumps({"Version": "2012-10-17", "Statement": [statement]})}
    return None


def no_dead_letters(kind: str, name: str, props: dict[str, Any]) -> dict[str, Any] | None:
    if kind == "aws:sqs/queue:Queue" and name == "objects-worker-queue":
        return {key: value for key, value in props.items() if key != "redrive_policy"}
    return None


def silent_dead_letters(kind: str, name: str, props: dict[str, Any]) -> dict[str, Any] | None:
    if kind == "aws:cloudwatch/metricAlarm:MetricAlarm" and name == "objects-work-dlq-depth":
        return props | {"alarm_actions": []}
    return None


def logs_for_ever(kind: str, name: str, props: dict[str, Any]) -> dict[str, Any] | None:
    if kind == "aws:cloudwatch/logGroup:LogGroup" and name == "objects-worker":
        return {key: value for key, value in props.items() if key != "retention_in_days"}
    return None


def nobodys_topic(kind: str, name: str, props: dict[str, Any]) -> dict[str, Any] | None:
    if kind == "aws:sns/topic:Topic":
        return props | {"tags": {"Project": "serverless-guardrails"}}
    return None


def key_for_everybody(kind: str, name: str, props: dict[str, Any]) -> dict[str, Any] | None:
    if kind == "aws:kms/keyPolicy:KeyPolicy" and name == "objects":

        def opened(text: str) -> str:
            policy = json.loads(text)
            statement = {
                "Effect": "Allow",
                "Principal": {"AWS": "*"},
                "Action": "kms:Decrypt",
                "Resource": "*",
            }
            return json.dumps(policy | {"Statement": [*policy["Statement"], statement]})

        return props | {"policy": pulumi.Output.from_input(props["policy"]).apply(opened)}
    return None


def unscanned_readable(kind: str, name: str, props: dict[str, Any]) -> dict[str, Any] | None:
    if kind == "aws:s3/bucketPolicy:BucketPolicy" and name == "objects-intake":

        def readable(text: str) -> str:
            policy = json.loads(text)
            kept = [part for part in policy["Statement"] if "ExistingObjectTag" not in json.dumps(part)]
            return json.dumps(policy | {"Statement": kept})

        return props | {"policy": pulumi.Output.from_input(props["policy"]).apply(readable)}
    return None


def client_that_never_retries(kind: str, name: str, props: dict[str, Any]) -> dict[str, Any] | None:
    if kind == "aws:lambda/function:Function" and name == "objects-worker":
        source = "import boto3\nfrom objects.handler import handler\n\nCLIENT = boto3.client('s3')\n"
        code = {"objects/entry.py": pulumi.StringAsset(source), ".": props["code"]}
        return props | {"handler": "objects.entry.handler", "code": pulumi.AssetArchive(code)}
    return None


def trusted_account(kind: str, name: str, props: dict[str, Any]) -> dict[str, Any] | None:
    if kind == "aws:iam/role:Role" and name == "objects-worker":
        account = {"AWS": "arn:aws:iam::444455556666:root"}
        statement = {"Effect": "Allow", "Principal": account, "Action": "sts:AssumeRole"}
        return props | {"assume_role_policy": json.dumps({"Version": "2012-10-17", "Statement": statement})}
    return None


def queue_for_everybody(kind: str, name: str, props: dict[str, Any]) -> dict[str, Any] | None:
    if kind == "aws:sqs/queuePolicy:QueuePolicy" and name == "objects-worker-queue":

        def opened(text: str) -> str:
            policy = json.loads(text)
            statement = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}
            return json.dumps(policy | {"Statement": [*policy["Statement"], statement]})

        return props | {"policy": pulumi.Output.from_input(props["policy"]).apply(opened)}
    return None


def any_alarm_publishes(kind: str, name: str, props: dict[str, Any]) -> dict[str, Any] | None:
    if kind == "aws:sns/topicPolicy:TopicPolicy":

        def unconfined(text: str) -> str:
            policy = json.loads(text)
            kept = [
                part | ({} if part["Effect"] == "Deny" else {"Condition": {}}) for part in policy["Statement"]
            ]
            return json.dumps(policy | {"Statement": kept})

        return props | {"policy": pulumi.Output.from_input(props["policy"]).apply(unconfined)}
    return None


def rule_not_admitted(kind: str, name: str, props: dict[str, Any]) -> dict[str, Any] | None:
    if kind == "aws:sqs/queuePolicy:QueuePolicy" and name == "objects-worker-queue":

        def closed(text: str) -> str:
            policy = json.loads(text)
            kept = [part for part in policy["Statement"] if part["Effect"] == "Deny"]
            return json.dumps(policy | {"Statement": kept})

        return props | {"policy": pulumi.Output.from_input(props["policy"]).apply(closed)}
    return None


def logs_of_another(kind: str, name: str, props: dict[str, Any]) -> dict[str, Any] | None:
    if kind == "aws:iam/rolePolicy:RolePolicy" and name == "objects-worker":

        def another(text: str) -> str:
            return text.replace(
                "log-group:/aws/lambda/sg-objects-worker", "log-group:/aws/lambda/sg-objects-quarantine"
            )

        return props | {"policy": pulumi.Output.from_input(props["policy"]).apply(another)}
    return None


def no_policy_of_its_own(kind: str, name: str, props: dict[str, Any]) -> dict[str, Any] | None:
    if kind == "aws:iam/rolePolicy:RolePolicy" and name == "objects-worker":
        return props | {"role": "somebody-else"}
    return None


def account_reads_quarantine(kind: str, name: str, props: dict[str, Any]) -> dict[str, Any] | None:
    if kind == "aws:s3/bucketPolicy:BucketPolicy" and name == "objects-quarantine":

        def readable(text: str) -> str:
            policy = json.loads(text)
            kept = [part for part in policy["Statement"] if part["Sid"] == "TlsOnly"]
            return json.dumps(policy | {"Statement": kept})

        return props | {"policy": pulumi.Output.from_input(props["policy"]).apply(readable)}
    return None


# Each preview breaks several things at once, no two of them in the same resource.
VARIANTS = {
    "one": [
        (public_policy_allowed, "s3-public-access", "objects-intake", "IP-1.1"),
        (plain_http_allowed, "s3-tls-only", "objects-intake", "IP-1.2"),
        (key_of_aws, "customer-managed-keys", "objects-worker-queue", "OP-1.7"),
        (versioning_off, "s3-versioning", "objects-quarantine", "IP-1.3"),
        (recovery_off, "dynamodb-pitr", "objects-records", "SP-15"),
        (wildcard_action, "iam-exact", "objects-worker", "SP-3"),
        (silent_dead_letters, "dead-letter-queues", "objects-worker", "SP-5"),
        (key_for_everybody, "key-policy-exact", "objects", "OP-1.6"),
        (logs_for_ever, "log-retention", "objects-worker", "OP-5.2"),
        (nobodys_topic, "tags", "foundation-alerts", "CC-COST-3"),
        (client_that_never_retries, "code-client-retries", "objects-worker", "CC-REL-1"),
        (trusted_account, "role-trust-exact", "objects-worker", "CC-SEC-7"),
        (queue_for_everybody, "resource-policies-exact", "objects-worker-queue", "CC-SEC-7"),
        (any_alarm_publishes, "services-confined", "foundation-alerts", "IP-3.2"),
        (account_reads_quarantine, "bucket-named-readers", "objects-quarantine", "UA-1.3"),
    ],
    "two": [
        (no_dead_letters, "dead-letter-queues", "objects-worker", "SP-5"),
        (unscanned_readable, "scan-gate", "objects-intake", "CC-SEC-6"),
        (rule_not_admitted, "deliveries-permitted", "objects-worker", "IP-3.2"),
        (logs_of_another, "function-logs-own", "objects-worker", "SP-3"),
    ],
    "three": [(no_policy_of_its_own, "function-role-own", "objects-worker", "IP-6.2")],
}


@pytest.mark.parametrize("batch", VARIANTS)
def test_a_broken_program_is_stopped_by_the_rules_that_name_the_findings(batch, previewed):
    run, report = previewed("prod", *(change for change, *_ in VARIANTS[batch]))

    assert run.status != 0, run.output
    stopped = {(result.rule, result.name) for result in report.blocking}
    for change, rule, name, finding in VARIANTS[batch]:
        assert (rule, name) in stopped, f"{change.__name__}: {run.output}"
        assert finding in run.output


@pytest.mark.parametrize("stack", ["dev", "prod", "local"])
def test_the_program_passes_with_nothing_reported(stack, previewed):
    run, report = previewed(stack)

    assert run.status == 0, run.output
    assert PACK_PASSED in run.output
    assert report.results == ()
    assert report.resources > 100
