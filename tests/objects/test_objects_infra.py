"""The system `objects` as it is deployed: what is wired to what, who may do what, and what is watched."""

import json
from typing import Any

import pytest

from tests.mocks import Deployment, Registered, deployed, statements

ACCOUNT = "111111111111"
HERE = f"eu-central-1:{ACCOUNT}"
INTAKE = f"sg-objects-intake-dev-{ACCOUNT}-eu-central-1"
QUARANTINE = f"sg-objects-quarantine-dev-{ACCOUNT}-eu-central-1"
STACKS = ("dev", "prod", "local")


@pytest.fixture
def dev() -> Deployment:
    """Stack `dev`."""
    return deployed("dev")


def role(name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:role/sg-objects-{name}-dev"


def environment(made: Deployment, function: str) -> dict[str, str]:
    variables: dict[str, str] = made.inputs("aws:lambda/function:Function", function)["environment"][
        "variables"
    ]
    return variables


@pytest.mark.parametrize("stack", STACKS)
def test_the_program_deploys_without_a_warning(stack: str) -> None:
    assert deployed(stack).logged == []


def test_all_stacks_have_one_topology() -> None:
    def topology(stack: str) -> list[tuple[str, str, list[str]]]:
        names = {each.urn: (each.type, each.name) for each in deployed(stack).resources}
        return sorted(
            (each.type, each.name, sorted("/".join(names[urn]) for urn in each.dependencies if urn in names))
            for each in deployed(stack).resources
        )

    assert topology("dev") == topology("prod") == topology("local")


@pytest.mark.finding("OP-8.4", "IP-7.2")
@pytest.mark.parametrize("stack", STACKS)
def test_names_in_a_stack_carry_its_name(stack: str) -> None:
    named = [each for each in deployed(stack).resources if each.custom and each.type.startswith("aws:")]

    for each in named:
        name = each.inputs.get("name") or each.inputs.get("bucket")
        if name and each.type not in {"aws:lambda/alias:Alias", "aws:iam/rolePolicy:RolePolicy"}:
            assert f"-{stack}" in name, each.urn


# --- the way of an object -----------------------------------------------------------------------------------


def test_every_object_of_the_intake_is_scanned_and_tagged(dev: Deployment) -> None:
    plan = dev.inputs("aws:guardduty/malwareProtectionPlan:MalwareProtectionPlan", "objects-scan")

    assert plan["protectedResource"] == {"s3Bucket": {"bucketName": INTAKE}}
    assert plan["actions"] == [{"taggings": [{"status": "ENABLED"}]}]
    assert plan["role"] == role("scan")


def test_the_intake_tells_eventbridge_so_that_our_notification_does_not_erase_the_scans(
    dev: Deployment,
) -> None:
    (notification,) = dev.of("aws:s3/bucketNotification:BucketNotification")

    assert notification.inputs == {"bucket": INTAKE, "eventbridge": True}


@pytest.mark.parametrize(
    "needed",
    [
        ("aws:iam/rolePolicy:RolePolicy", "objects-scan"),
        ("aws:kms/keyPolicy:KeyPolicy", "objects"),
        ("aws:s3/bucketPolicy:BucketPolicy", "objects-intake"),
        ("aws:s3/bucketVersioning:BucketVersioning", "objects-intake"),
        (
            "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
            "objects-intake",
        ),
        ("aws:iam/role:Role", "objects-scan"),
    ],
)
def test_the_scan_starts_once_the_scanner_may_and_ends_before_it_may_not(
    needed: tuple[str, str], dev: Deployment
) -> None:
    plan = dev.one("aws:guardduty/malwareProtectionPlan:MalwareProtectionPlan", "objects-scan")

    assert dev.one(*needed).urn in plan.dependencies


@pytest.mark.finding("IP-3.1")
@pytest.mark.parametrize(
    ("rule", "status", "target", "queue"),
    [
        ("objects-scan-scanned", [{"anything-but": ["THREATS_FOUND"]}], "objects-worker", "work"),
        ("objects-scan-infected", ["THREATS_FOUND"], "objects-quarantine", "infected"),
    ],
)
def test_scan_results_reach_the_queue_of_their_verdict(
    rule: str, status: list[Any], target: str, queue: str, dev: Deployment
) -> None:
    pattern = json.loads(dev.inputs("aws:cloudwatch/eventRule:EventRule", rule)["eventPattern"])
    delivery = dev.inputs("aws:cloudwatch/eventTarget:EventTarget", target)

    assert pattern == {
        "source": ["aws.guardduty"],
        "detail-type": ["GuardDuty Malware Protection Object Scan Result"],
        "detail": {
            "s3ObjectDetails": {"bucketName": [INTAKE]},
            "scanResultDetails": {"scanResultStatus": status},
        },
    }
    assert delivery["rule"] == dev.inputs("aws:cloudwatch/eventRule:EventRule", rule)["name"]
    assert delivery["arn"] == f"arn:aws:sqs:{HERE}:sg-objects-{queue}-dev"
    assert delivery["deadLetterConfig"] == {"arn": f"arn:aws:sqs:{HERE}:sg-objects-undelivered-dev"}


@pytest.mark.finding("CC-OPS-4")
@pytest.mark.parametrize(
    ("function", "queue", "handler"),
    [
        ("worker", "work", "objects.handler.handler"),
        ("quarantine", "infected", "objects.quarantine_handler.handler"),
    ],
)
def test_each_queue_feeds_the_alias_of_its_function(
    function: str, queue: str, handler: str, dev: Deployment
) -> None:
    feed = dev.inputs("aws:lambda/eventSourceMapping:EventSourceMapping", f"objects-{function}")

    assert feed["eventSourceArn"] == f"arn:aws:sqs:{HERE}:sg-objects-{queue}-dev"
    assert feed["functionName"].endswith(f":function:sg-objects-{function}-dev:live")
    assert dev.inputs("aws:lambda/function:Function", f"objects-{function}")["handler"] == handler


@pytest.mark.finding("SP-11")
@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("function", ["objects-worker", "objects-quarantine"])
def test_queue_and_function_fit_each_other(stack: str, function: str) -> None:
    made = deployed(stack)
    inputs = made.inputs("aws:lambda/function:Function", function)
    queue = made.inputs("aws:sqs/queue:Queue", f"{function}-queue")
    feed = made.inputs("aws:lambda/eventSourceMapping:EventSourceMapping", function)

    assert queue["visibilityTimeoutSeconds"] >= 6 * inputs["timeout"]
    assert 2 <= feed["scalingConfig"]["maximumConcurrency"] <= inputs["reservedConcurrentExecutions"]


@pytest.mark.finding("SP-16")
def test_the_worker_is_told_where_and_what_it_accepts(dev: Deployment) -> None:
    assert environment(dev, "objects-worker") == {
        "POWERTOOLS_SERVICE_NAME": "objects",
        "POWERTOOLS_METRICS_NAMESPACE": "sg-dev",
        "POWERTOOLS_LOG_LEVEL": "DEBUG",
        "RECORDS_TABLE": "sg-objects-records-dev",
        "IDEMPOTENCY_TABLE": "sg-objects-idempotency-dev",
        "INTAKE_BUCKET": INTAKE,
        "RECORD_SHARDS": "2",
        "IDEMPOTENCY_HOURS": "24",
        "MAX_OBJECT_BYTES": str(25 * 1024 * 1024),
        "ALLOWED_CONTENT_TYPES": "application/json,application/pdf,image/jpeg,image/png,text/csv,text/plain",
    }


@pytest.mark.finding("SP-16")
def test_the_quarantine_is_told_where_to_move_and_whom_to_tell(dev: Deployment) -> None:
    told = environment(dev, "objects-quarantine")

    assert told.keys() - environment(dev, "objects-worker").keys() == {
        "QUARANTINE_BUCKET",
        "ALERTS_TOPIC_ARN",
    }
    assert told["QUARANTINE_BUCKET"] == QUARANTINE
    assert told["ALERTS_TOPIC_ARN"] == f"arn:aws:sns:{HERE}:sg-foundation-alerts-dev"


# --- stores -------------------------------------------------------------------------------------------------


@pytest.mark.finding("CC-REL-10")
def test_records_are_kept_by_object_and_version_and_found_by_day(dev: Deployment) -> None:
    table = dev.inputs("aws:dynamodb/table:Table", "objects-records")

    assert (table["hashKey"], table["rangeKey"]) == ("objectId", "versionId")
    (index,) = table["globalSecondaryIndexes"]
    assert index["name"] == "byProcessedDay"
    assert [key["attributeName"] for key in index["keySchemas"]] == ["dayShard", "processedAt"]


def test_the_idempotency_table_forgets_by_ttl(dev: Deployment) -> None:
    table = dev.inputs("aws:dynamodb/table:Table", "objects-idempotency")

    assert (table["hashKey"], table["ttl"]) == ("id", {"enabled": True, "attributeName": "expiration"})


@pytest.mark.finding("CC-GOV-1")
def test_both_data_buckets_log_to_the_third(dev: Deployment) -> None:
    logs = f"sg-objects-logs-dev-{ACCOUNT}-eu-central-1"

    logged = {
        each.inputs["bucket"]: each.inputs["targetBucket"]
        for each in dev.of("aws:s3/bucketLogging:BucketLogging")
    }
    assert logged == {INTAKE: logs, QUARANTINE: logs}


@pytest.mark.parametrize(("stack", "protected"), [("prod", True), ("dev", False), ("local", False)])
def test_prod_alone_protects_what_carries_data(stack: str, protected: bool) -> None:
    carriers = ("aws:s3/bucket:Bucket", "aws:dynamodb/table:Table", "aws:kms/key:Key")
    found = [each for each in deployed(stack).resources if each.type in carriers]

    assert len(found) == 7
    assert {each.protect for each in found} == {protected}


# --- who may do what ----------------------------------------------------------------------------------------


def granted(made: Deployment, name: str) -> dict[str, set[str]]:
    """Return the actions that a role's policy allows, by resource."""
    by_resource: dict[str, set[str]] = {}
    for statement in made.document("aws:iam/rolePolicy:RolePolicy", name).values():
        assert statement["Effect"] == "Allow"
        actions = statement["Action"]
        by_resource.setdefault(statement["Resource"], set()).update(
            [actions] if isinstance(actions, str) else actions
        )
    return by_resource


def common(queue: str, function: str) -> dict[str, set[str]]:
    return {
        f"arn:aws:sqs:{HERE}:sg-objects-{queue}-dev": {
            "sqs:ReceiveMessage",
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
        },
        f"arn:aws:s3:::{INTAKE}": {"s3:ListBucketVersions"},
        f"arn:aws:dynamodb:{HERE}:table/sg-objects-records-dev": {"dynamodb:PutItem"},
        f"arn:aws:dynamodb:{HERE}:table/sg-objects-idempotency-dev": {
            "dynamodb:PutItem",
            "dynamodb:UpdateItem",
            "dynamodb:DeleteItem",
        },
        f"arn:aws:logs:{HERE}:log-group:/aws/lambda/sg-objects-{function}-dev:*": {
            "logs:CreateLogStream",
            "logs:PutLogEvents",
        },
        "*": {"xray:PutTraceSegments", "xray:PutTelemetryRecords"},
    }


@pytest.mark.finding("CC-PERF-5", "CC-SEC-7", "SP-3")
def test_the_worker_reads_versions_and_records_them_and_nothing_else(dev: Deployment) -> None:
    assert granted(dev, "objects-worker") == common("work", "worker") | {
        f"arn:aws:s3:::{INTAKE}/*": {"s3:GetObjectVersion", "s3:GetObjectVersionTagging"},
    }


@pytest.mark.finding("CC-PERF-5", "CC-SEC-7", "SP-3")
def test_the_quarantine_moves_versions_records_and_notifies_and_nothing_else(dev: Deployment) -> None:
    assert granted(dev, "objects-quarantine") == common("infected", "quarantine") | {
        f"arn:aws:s3:::{INTAKE}/*": {"s3:GetObjectVersion", "s3:DeleteObjectVersion"},
        f"arn:aws:s3:::{QUARANTINE}/*": {"s3:PutObject", "s3:PutObjectTagging"},
        f"arn:aws:sns:{HERE}:sg-foundation-alerts-dev": {"sns:Publish"},
    }


def test_the_scanner_may_do_what_guardduty_documents_on_the_intake_alone(dev: Deployment) -> None:
    rule = f"arn:aws:events:{HERE}:rule/DO-NOT-DELETE-AmazonGuardDutyMalwareProtectionS3*"

    assert granted(dev, "objects-scan") == {
        rule: {
            "events:PutRule",
            "events:DeleteRule",
            "events:PutTargets",
            "events:RemoveTargets",
            "events:DescribeRule",
            "events:ListTargetsByRule",
        },
        f"arn:aws:s3:::{INTAKE}": {"s3:PutBucketNotification", "s3:GetBucketNotification", "s3:ListBucket"},
        f"arn:aws:s3:::{INTAKE}/malware-protection-resource-validation-object": {"s3:PutObject"},
        f"arn:aws:s3:::{INTAKE}/*": {
            "s3:GetObject",
            "s3:GetObjectVersion",
            "s3:GetObjectTagging",
            "s3:GetObjectVersionTagging",
            "s3:PutObjectTagging",
            "s3:PutObjectVersionTagging",
        },
    }


def test_the_scanner_changes_only_rules_that_guardduty_manages(dev: Deployment) -> None:
    statement = dev.document("aws:iam/rolePolicy:RolePolicy", "objects-scan")["ManageOwnRule"]

    assert statement["Condition"] == {
        "StringEquals": {"events:ManagedBy": "malware-protection-plan.guardduty.amazonaws.com"}
    }


def test_the_scanners_role_serves_plans_of_this_account_alone(dev: Deployment) -> None:
    trust = json.loads(dev.inputs("aws:iam/role:Role", "objects-scan")["assumeRolePolicy"])

    assert trust["Statement"] == [
        {
            "Effect": "Allow",
            "Principal": {"Service": "malware-protection-plan.guardduty.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": {"aws:SourceAccount": ACCOUNT},
                "ArnLike": {"aws:SourceArn": f"arn:aws:guardduty:{HERE}:malware-protection-plan/*"},
            },
        }
    ]


@pytest.mark.finding("CC-SEC-6")
def test_the_worker_reads_clean_objects_and_only_scanner_and_quarantine_read_others(dev: Deployment) -> None:
    document = dev.document("aws:s3/bucketPolicy:BucketPolicy", "objects-intake")

    exempt = document["CleanOnly"]["Condition"]["ArnNotEquals"]["aws:PrincipalArn"]
    readers = document["NamedReadersOnly"]["Condition"]["ArnNotEquals"]["aws:PrincipalArn"]
    taggers = {
        document[sid]["Condition"]["ArnNotEquals"]["aws:PrincipalArn"]
        for sid in ("OnlyScannerTags", "OnlyScannerTagsUnnamed")
    }
    assert set(exempt) == {role("scan"), role("quarantine")}
    assert set(readers) == {role("scan"), role("quarantine"), role("worker")}
    assert taggers == {role("scan")}


def test_only_the_quarantine_fills_its_bucket_and_nobody_else_reads_there(dev: Deployment) -> None:
    denial = dev.document("aws:s3/bucketPolicy:BucketPolicy", "objects-quarantine")["OnlyQuarantine"]

    assert denial["Effect"] == "Deny"
    assert denial["Action"] == ["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"]
    assert denial["Condition"] == {"ArnNotEquals": {"aws:PrincipalArn": role("quarantine")}}


def through(*services: str) -> list[str]:
    return [f"{service}.eu-central-1.amazonaws.com" for service in services]


@pytest.mark.finding("OP-1.6")
def test_the_key_is_used_by_each_role_only_through_what_it_works_with(dev: Deployment) -> None:
    document = dev.document("aws:kms/keyPolicy:KeyPolicy", "objects")
    uses = {
        sid: (
            statement["Principal"]["AWS"],
            statement["Action"],
            statement["Condition"]["StringEquals"]["kms:ViaService"],
        )
        for sid, statement in document.items()
        if "role/" in str(statement["Principal"].get("AWS"))
    }

    stores = through("dynamodb", "lambda", "s3", "sqs")
    assert uses == {
        "Worker": (role("worker"), "kms:Decrypt", stores),
        "Quarantine": (role("quarantine"), "kms:Decrypt", stores),
        "QuarantineWrites": (role("quarantine"), "kms:GenerateDataKey", through("s3")),
        "Scanner": (role("scan"), ["kms:Decrypt", "kms:GenerateDataKey"], through("s3")),
    }


def test_the_key_serves_the_rules_of_this_account_and_the_two_log_groups(dev: Deployment) -> None:
    document = dev.document("aws:kms/keyPolicy:KeyPolicy", "objects")
    groups = [each.inputs["name"] for each in dev.of("aws:cloudwatch/logGroup:LogGroup")]

    assert document["EventRules"]["Principal"] == {"Service": "events.amazonaws.com"}
    assert document["EventRules"]["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    assert document["Logs"]["Principal"] == {"Service": "logs.eu-central-1.amazonaws.com"}
    assert set(document["Logs"]["Condition"]["ArnEquals"]["kms:EncryptionContext:aws:logs:arn"]) == {
        f"arn:aws:logs:{HERE}:log-group:{name}" for name in groups
    }
    # Describing a key has no encryption context, so that the condition would never let it pass.
    assert "kms:DescribeKey" not in document["Logs"]["Action"]


def test_no_role_policy_names_a_key(dev: Deployment) -> None:
    for policy in dev.of("aws:iam/rolePolicy:RolePolicy"):
        assert "kms:" not in policy.inputs["policy"], policy.name


@pytest.mark.finding("CC-SEC-2", "OP-1.2", "OP-1.7")
@pytest.mark.parametrize("stack", STACKS)
def test_everything_that_can_be_encrypted_uses_its_systems_key(stack: str) -> None:
    keys = {
        "aws:sqs/queue:Queue": "kmsMasterKeyId",
        "aws:sns/topic:Topic": "kmsMasterKeyId",
        "aws:cloudwatch/logGroup:LogGroup": "kmsKeyId",
        "aws:lambda/function:Function": "kmsKeyArn",
    }
    found = [each for each in deployed(stack).resources if each.type in keys]

    assert {each.type for each in found} == set(keys)
    for each in found:
        owner = "foundation" if each.type == "aws:sns/topic:Topic" else "objects"
        assert each.inputs[keys[each.type]].endswith(f":key/{owner}"), each.urn


# --- watched ------------------------------------------------------------------------------------------------


def watched(made: Deployment) -> set[tuple[str, str, str]]:
    """Return what alarms watch: namespace, metric, and what it is measured on."""
    found = set()
    for alarm in made.of("aws:cloudwatch/metricAlarm:MetricAlarm"):
        queries = [query["metric"] for query in alarm.inputs.get("metricQueries", []) if "metric" in query]
        for metric in queries or [alarm.inputs]:
            on = " ".join(metric["dimensions"][key] for key in sorted(metric["dimensions"]))
            found.add((metric["namespace"], metric["metricName"], on))
    return found


def description(made: Deployment, alarm: str) -> str:
    text: str = made.inputs("aws:cloudwatch/metricAlarm:MetricAlarm", f"objects-{alarm}")["alarmDescription"]
    return text


def test_who_is_woken_by_undelivered_events_is_not_sent_to_a_redrive_that_sqs_refuses(
    dev: Deployment,
) -> None:
    assert "then redrive" in description(dev, "work-dlq-depth")
    assert "then redrive" not in description(dev, "undelivered-depth")
    assert "scanResultStatus" in description(dev, "undelivered-depth")


def test_the_anomaly_promises_nothing_about_a_complete_stop(dev: Deployment) -> None:
    text = description(dev, "processed-anomaly")

    assert "while there is work" in text
    assert "complete stop" in text
    for name in ("work-age", "infected-age"):
        assert name in text
        assert description(dev, name)


@pytest.mark.parametrize(("stack", "level"), [("dev", "DEBUG"), ("prod", "INFO")])
def test_lambda_keeps_what_the_functions_log(stack: str, level: str) -> None:
    made = deployed(stack)
    for each in made.of("aws:lambda/function:Function"):
        assert each.inputs["loggingConfig"]["applicationLogLevel"] == level


@pytest.mark.finding("CC-OPS-3", "SP-10", "OP-2.1", "IP-5.1")
def test_alarms_watch_functions_queues_delivery_tables_and_outcomes(dev: Deployment) -> None:
    functions = {
        ("AWS/Lambda", metric, f"sg-objects-{name}-dev")
        for metric in ("Errors", "Throttles", "Duration")
        for name in ("worker", "quarantine")
    }
    dead = {
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible", f"sg-objects-{name}-dev")
        for name in ("work-dlq", "infected-dlq", "undelivered")
    }
    waiting = {
        ("AWS/SQS", "ApproximateAgeOfOldestMessage", f"sg-objects-{name}-dev")
        for name in ("work", "infected")
    }
    rules = {
        ("AWS/Events", "FailedInvocations", f"sg-objects-{name}-dev") for name in ("scanned", "infected")
    }
    throttles = {
        ("AWS/DynamoDB", f"{kind}ThrottleEvents", place)
        for kind in ("Read", "Write")
        for place in (
            "sg-objects-records-dev",
            "byProcessedDay sg-objects-records-dev",
            "sg-objects-idempotency-dev",
        )
    }
    system_errors = {("AWS/DynamoDB", "SystemErrors", "PutItem sg-objects-records-dev")} | {
        ("AWS/DynamoDB", "SystemErrors", f"{operation} sg-objects-idempotency-dev")
        for operation in ("PutItem", "UpdateItem", "DeleteItem")
    }
    outcomes = {
        ("sg-dev", name, "objects") for name in ("ScansIncomplete", "MalformedEvents", "ObjectsProcessed")
    }

    assert watched(dev) == functions | dead | waiting | rules | throttles | system_errors | outcomes


@pytest.mark.parametrize("metric", ["ScansIncomplete", "MalformedEvents"])
def test_what_should_never_happen_alarms_the_first_time(metric: str, dev: Deployment) -> None:
    (alarm,) = (
        each.inputs
        for each in dev.of("aws:cloudwatch/metricAlarm:MetricAlarm")
        if each.inputs.get("metricName") == metric
    )

    assert (alarm["namespace"], alarm["dimensions"]) == ("sg-dev", {"service": "objects"})
    assert (alarm["statistic"], alarm["comparisonOperator"]) == ("Sum", "GreaterThanThreshold")
    assert (alarm["threshold"], alarm["evaluationPeriods"], alarm["datapointsToAlarm"]) == (0, 1, 1)


@pytest.mark.finding("SP-10")
def test_system_errors_are_watched_for_every_operation_that_a_role_may_do(dev: Deployment) -> None:
    allowed = {
        (resource.split("/")[1], action.removeprefix("dynamodb:"))
        for name in ("objects-worker", "objects-quarantine")
        for resource, actions in granted(dev, name).items()
        for action in actions
        if action.startswith("dynamodb:")
    }

    seen = {tuple(reversed(on.split())) for _, metric, on in watched(dev) if metric == "SystemErrors"}
    assert seen == allowed


@pytest.mark.finding("CC-OPS-3", "OP-2.5")
def test_every_alarm_tells_the_alerts_topic(dev: Deployment) -> None:
    topic = [f"arn:aws:sns:{HERE}:sg-foundation-alerts-dev"]

    for alarm in dev.of("aws:cloudwatch/metricAlarm:MetricAlarm"):
        assert alarm.inputs["alarmActions"] == topic
        assert alarm.inputs["okActions"] == topic


@pytest.mark.finding("SP-10")
@pytest.mark.parametrize("function", ["objects-worker", "objects-quarantine"])
def test_a_duration_near_the_timeout_alarms(function: str, dev: Deployment) -> None:
    alarm = dev.inputs("aws:cloudwatch/metricAlarm:MetricAlarm", f"objects-{function.split('-')[1]}-duration")
    timeout = dev.inputs("aws:lambda/function:Function", function)["timeout"]

    assert (alarm["extendedStatistic"], alarm["threshold"]) == ("p99", timeout * 800)


@pytest.mark.finding("CC-OPS-2", "IP-5.2")
def test_the_dashboard_shows_every_function_queue_table_and_bucket_and_every_alarm(dev: Deployment) -> None:
    body = dev.inputs("aws:cloudwatch/dashboard:Dashboard", "objects")["dashboardBody"]
    shown = ["worker", "quarantine", "work", "infected", "work-dlq", "infected-dlq", "undelivered"]

    for name in [
        *(f"sg-objects-{each}-dev" for each in [*shown, "records", "idempotency"]),
        INTAKE,
        QUARANTINE,
    ]:
        assert f'"{name}"' in body, name
    for alarm in dev.of("aws:cloudwatch/metricAlarm:MetricAlarm"):
        assert f':alarm:{alarm.inputs["name"]}"' in body


# --- the first preview --------------------------------------------------------------------------------------


def documents(each: Registered) -> list[str]:
    keys = (
        "policy",
        "assumeRolePolicy",
        "eventPattern",
        "redrivePolicy",
        "redriveAllowPolicy",
        "dashboardBody",
    )
    return [each.inputs[key] for key in keys if key in each.inputs]


def test_every_document_is_known_in_the_first_preview() -> None:
    preview, deployment = deployed("dev", preview=True), deployed("dev")
    known = {each.urn: documents(each) for each in preview.resources}

    assert known == {each.urn: documents(each) for each in deployment.resources}


def test_a_document_depends_on_what_it_names(dev: Deployment) -> None:
    policy = dev.one("aws:s3/bucketPolicy:BucketPolicy", "objects-intake")
    named = [("aws:s3/bucket:Bucket", "objects-intake")] + [
        ("aws:iam/role:Role", f"objects-{name}") for name in ("worker", "quarantine", "scan")
    ]

    assert {dev.one(*each).urn for each in named} <= policy.property_dependencies["policy"]


# --- outputs ------------------------------------------------------------------------------------------------


@pytest.mark.finding("OP-8.3", "IP-7.3")
def test_the_outputs_name_everything_that_another_stack_or_an_operator_needs(dev: Deployment) -> None:
    outputs = dev.exports["objects"]
    worker = {
        "functionName",
        "functionArn",
        "aliasArn",
        "logGroup",
        "queueUrl",
        "queueArn",
        "dlqUrl",
        "dlqArn",
    }

    assert (outputs["intakeBucket"], outputs["quarantineBucket"]) == (INTAKE, QUARANTINE)
    assert outputs["recordsTable"] == "sg-objects-records-dev"
    assert outputs["alertsTopicArn"] == f"arn:aws:sns:{HERE}:sg-foundation-alerts-dev"
    assert set(outputs["worker"]) == set(outputs["quarantine"]) == worker
    assert set(outputs["undelivered"]) == {"queueUrl", "queueArn"}
    assert {"idempotencyTable", "keyArn", "keyAlias", "dashboard"} <= outputs.keys()


def test_statements_have_distinct_names(dev: Deployment) -> None:
    for each in dev.resources:
        if "policy" in each.inputs:
            document = each.inputs["policy"]
            assert len(statements(document)) == len(json.loads(document)["Statement"]), each.urn
