"""What experienced teams build and an eager rule would misjudge: nothing is said about it."""

import json
from pathlib import Path

import pytest

from guardrails.framework.examples import UNKNOWN, Sample, Stack, resource, stack
from guardrails.rules import all_rules
from tests.pack.engine_side import Engine, RefusedError

RULES = {rule.id: rule for rule in all_rules()}
ACCOUNT = "eu-west-1:111122223333"
KEY, TOPIC = f"arn:aws:kms:{ACCOUNT}:key/1f", f"arn:aws:sns:{ACCOUNT}:platform-alerts"
WORK, DEAD = f"arn:aws:sqs:{ACCOUNT}:shop-work-dev", f"arn:aws:sqs:{ACCOUNT}:platform-dead"
ROLE = "arn:aws:iam::111122223333:role/platform-worker"


def found(rule: str, example: Stack) -> list[str]:
    """Return what a rule says about *example*, the rule's resource first."""
    engine = Engine([RULES[rule]])
    engine.configure()
    return [each.message.splitlines()[0] for each in engine.preview(example)]


def document(*statements: dict[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


# --- other stacks -------------------------------------------------------------------------------------------

SHARED = {
    "customer-managed-keys": (KEY, stack(resource("sqs.Queue", "work", kmsMasterKeyId=KEY))),
    "alarm-actions": (
        TOPIC,
        stack(resource("cloudwatch.MetricAlarm", "alarm", name="a", alarmActions=[TOPIC])),
    ),
    "alarm-topics": (
        KEY,
        RULES["alarm-topics"].passing[0].but("alerts", kmsMasterKeyId=KEY),
    ),
    "s3-access-logs": (
        "arn:aws:s3:::central-logs",
        stack(
            resource("s3.Bucket", "media", bucket="shop-media-dev"),
            resource("s3.BucketLogging", "media-logs", bucket="shop-media-dev", targetBucket="central-logs"),
        ),
    ),
    "iam-exact": (
        "arn:aws:iam::111122223333:policy/platform",
        stack(
            resource("iam.RolePolicyAttachment", "a", policyArn="arn:aws:iam::111122223333:policy/platform")
        ),
    ),
    "dead-letter-retention": (
        DEAD,
        stack(
            resource("sqs.Queue", "work", name="w", redrivePolicy=json.dumps({"deadLetterTargetArn": DEAD}))
        ),
    ),
    "function-role-own": (ROLE, stack(resource("lambda.Function", "worker", name="w", role=ROLE))),
    "function-logs-own": (ROLE, stack(resource("lambda.Function", "worker", name="w", role=ROLE))),
}
"""Rule -> the ARN of what the platform's stack keeps, and a stack that uses it."""


@pytest.mark.parametrize("rule", SHARED)
def test_what_another_stack_answers_for_is_left_to_it(rule: str, program_folder: Path) -> None:
    arn, example = SHARED[rule]
    (doubt,) = found(rule, example)
    assert "name its ARN under `elsewhere` in guardrails.yaml" in doubt

    def declared(pattern: str) -> list[str]:
        text = json.dumps({"stacks": {"dev": {"elsewhere": [pattern]}}})
        (program_folder / "guardrails.yaml").write_text(text)
        return found(rule, example)

    assert declared(arn) == []
    assert declared(f"{arn.rsplit(':', 1)[0]}:*") == []
    assert declared("arn:aws:sns:*:999900001111:other") == [doubt]


def test_what_is_elsewhere_is_named_by_its_arn(program_folder: Path) -> None:
    (program_folder / "guardrails.yaml").write_text("stacks: {dev: {elsewhere: [platform-alerts]}}")

    with pytest.raises(RefusedError, match="elsewhere"):
        Engine([RULES["alarm-actions"]]).configure()


# --- within the stack ---------------------------------------------------------------------------------------

READ_BY_ECS = (
    RULES["queue-consumers"]
    .fails['is filled by "target"']
    .plus(
        resource("iam.Role", "task", name="shop-task-dev"),
        resource(
            "iam.RolePolicy",
            "task-policy",
            role="shop-task-dev",
            policy=document({"Effect": "Allow", "Action": "sqs:ReceiveMessage", "Resource": WORK}),
        ),
    )
)
ON_INTERFACES = (
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
    "ec2:DescribeNetworkInterfaces",
)
SITE = resource("s3.Bucket", "site", bucket="shop-site-dev")


def served(**origin: str) -> Sample:
    return resource(
        "cloudfront.Distribution",
        "cdn",
        sources={"origins": ("site",)},
        origins=[{"originId": "s3", **origin}],
    )


def cleaned(**rule: object) -> Sample:
    rules = [{"status": "Enabled", "abortIncompleteMultipartUpload": {"daysAfterInitiation": 1}, **rule}]
    return resource("s3.BucketLifecycleConfiguration", "cycle", bucket="shop-site-dev", rules=rules)


FINE = {
    "a queue that a container reads": ("queue-consumers", READ_BY_ECS),
    "a function in a VPC": (
        "iam-exact",
        stack(
            resource(
                "iam.Policy",
                "vpc",
                policy=document({"Effect": "Allow", "Action": ON_INTERFACES, "Resource": "*"}),
            )
        ),
    ),
    "an AWS policy that reads no source": (
        "creation-order",
        RULES["creation-order"]
        .passing[0]
        .plus(
            resource(
                "iam.RolePolicyAttachment",
                "traces",
                role="shop-worker-dev",
                policyArn="arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess",
            )
        ),
    ),
    "a topic beside alarms that tell another": (
        "alarm-topics",
        stack(
            resource("sns.Topic", "news", name="shop-news-dev"),
            resource("cloudwatch.MetricAlarm", "alarm", alarmActions=[TOPIC]),
        ),
    ),
    "a site's content, which stays": (
        "s3-life-cycle",
        stack(SITE, served(domainName=UNKNOWN), cleaned()),
    ),
    "a site's content by its address": (
        "s3-life-cycle",
        stack(SITE, served(domainName="shop-site-dev.s3.eu-west-1.amazonaws.com"), cleaned()),
    ),
    "a schedule that calls an alias as a role": (
        "lambda-alias",
        stack(
            resource("iam.Role", "role"),
            resource("sqs.Queue", "dead"),
            resource("lambda.Function", "worker", name="shop-worker-dev", publish=True),
            resource(
                "lambda.Alias", "live", name="live", functionName="shop-worker-dev", functionVersion="1"
            ),
            resource(
                "scheduler.Schedule",
                "nightly",
                sources={"target": ("live", "role", "dead")},
                target={"arn": UNKNOWN, "roleArn": UNKNOWN, "deadLetterConfig": {"arn": UNKNOWN}},
            ),
        ),
    ),
    "an alarm on a rule of a bus of one's own": (
        "event-rule-alarms",
        stack(
            resource("cloudwatch.EventBus", "bus"),
            resource(
                "cloudwatch.EventRule", "rule", sources={"eventBusName": ("bus",)}, eventBusName=UNKNOWN
            ),
            resource("cloudwatch.EventTarget", "target", sources={"rule": ("rule",)}, rule=UNKNOWN),
            resource(
                "cloudwatch.MetricAlarm",
                "failed",
                namespace="AWS/Events",
                metricName="FailedInvocations",
                sources={"dimensions": ("bus", "rule")},
                dimensions={"EventBusName": UNKNOWN, "RuleName": UNKNOWN},
                alarmActions=[TOPIC],
            ),
        ),
    ),
    "failures that go to a function": (
        "dead-letter-queues",
        stack(
            resource("lambda.Function", "worker", name="shop-worker-dev"),
            resource(
                "cloudwatch.EventTarget",
                "target",
                arn=UNKNOWN,
                sources={"arn": ("worker",)},
                deadLetterConfig={"arn": f"arn:aws:sns:{ACCOUNT}:x"},
            ),
            resource(
                "lambda.FunctionEventInvokeConfig",
                "config",
                functionName="shop-worker-dev",
                destinationConfig={
                    "onFailure": {"destination": f"arn:aws:events:{ACCOUNT}:event-bus/default"}
                },
            ),
        ),
    ),
}
"""What it is -> the rule that says nothing about it."""


@pytest.mark.parametrize(("rule", "example"), FINE.values(), ids=FINE)
def test_nothing_is_said_about_what_is_well_built(rule: str, example: Stack) -> None:
    assert found(rule, example) == []


def test_content_of_a_site_may_stay_but_not_the_parts_of_unfinished_uploads() -> None:
    example = stack(SITE, served(domainName=UNKNOWN), cleaned(status="Disabled"))

    (said,) = found("s3-life-cycle", example)
    assert said.endswith("keeps the parts of unfinished uploads for ever: no lifecycle rule ends them all")


def test_a_role_that_may_read_another_queue_does_not_read_this_one() -> None:
    other = READ_BY_ECS.but(
        "task-policy",
        policy=document({"Effect": "Allow", "Action": "sqs:ReceiveMessage", "Resource": f"{WORK}-other"}),
    )

    assert [each.rpartition(" and ")[2] for each in found("queue-consumers", other)] == [
        "read by no function of this stack"
    ]


def test_a_function_that_could_read_a_queue_and_is_not_fed_by_it_does_not_read_it() -> None:
    polling = READ_BY_ECS.plus(resource("lambda.Function", "poller", name="p", role="shop-task-dev"))

    assert found("queue-consumers", polling)


def test_network_interfaces_are_the_only_thing_that_a_function_in_a_vpc_needs_everywhere() -> None:
    policy = document({"Effect": "Allow", "Action": ["ec2:RunInstances"], "Resource": "*"})

    assert found("iam-exact", stack(resource("iam.Policy", "vpc", policy=policy)))
