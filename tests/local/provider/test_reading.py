"""What reading back tells: nothing where nobody changed anything by hand, else what was changed."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from local.provider.emulation import EMULATIONS
from local.provider.secrets import wrapped
from local.provider.values import plain
from tests.local.provider.apis import APIS, deploy_one, looked_up_by
from tests.local.provider.caller import REGION, AbortedError, Caller, Managed
from tests.local.provider.test_dropped import ALARM, CODE, FUNCTION, POLICY, RULE, TABLE, TRUST, document

KEY = f"arn:aws:kms:{REGION}:111111111111:key/k"
QUEUE_ARN = f"arn:aws:sqs:{REGION}:123456789012:q"
DEAD_LETTERS = json.dumps({"maxReceiveCount": 5, "deadLetterTargetArn": QUEUE_ARN})
INDEX = {"name": "index", "keySchemas": [{"attributeName": "id", "keyType": "HASH"}], "projectionType": "ALL"}
QUERY = {
    "id": "a",
    "metric": {"namespace": "n", "metricName": "m", "period": 60, "stat": "Sum"},
    "returnData": True,
}
OTHER = document(Action="sqs:ReceiveMessage", Resource="*")
PUBLIC_ACCESS = ("blockPublicAcls", "ignorePublicAcls", "blockPublicPolicy", "restrictPublicBuckets")

FULL: dict[str, dict[str, Any]] = {
    "aws:sqs/queue:Queue": {
        "name": "it",
        "visibilityTimeoutSeconds": 90,
        "redrivePolicy": DEAD_LETTERS,
        "kmsMasterKeyId": "alias/k",
        "tags": {"a": "1"},
    },
    "aws:sns/topic:Topic": {"name": "it", "kmsMasterKeyId": KEY, "displayName": "It", "tags": {"a": "1"}},
    "aws:sns/topicSubscription:TopicSubscription": {
        "topic": f"arn:aws:sns:{REGION}:123456789012:t",
        "protocol": "sqs",
        "endpoint": QUEUE_ARN,
    },
    "aws:lambda/function:Function": {
        **FUNCTION,
        "timeout": 60,
        "memorySize": 512,
        "publish": True,
        "environment": {"variables": {"A1": "b", "S1": wrapped("hush")}},
        "reservedConcurrentExecutions": 5,
        "tracingConfig": {"mode": "Active"},
        "tags": {"a": "1"},
    },
    "aws:lambda/layerVersion:LayerVersion": {
        "layerName": "l",
        "code": CODE,
        "compatibleRuntimes": ["python3.13"],
        "description": "d",
    },
    "aws:dynamodb/table:Table": {
        **TABLE,
        "billingMode": "PAY_PER_REQUEST",
        "pointInTimeRecovery": {"enabled": True},
        "ttl": {"attributeName": "expires", "enabled": True},
        "streamEnabled": True,
        "streamViewType": "NEW_IMAGE",
        "globalSecondaryIndexes": [INDEX],
        "serverSideEncryption": {"enabled": True, "kmsKeyArn": KEY},
        "tags": {"a": "1"},
    },
    "aws:cloudwatch/logGroup:LogGroup": {
        "name": "it",
        "retentionInDays": 14,
        "kmsKeyId": KEY,
        "tags": {"a": "1"},
    },
    "aws:cloudwatch/metricAlarm:MetricAlarm": {
        **ALARM,
        "dimensions": {"Queue": "q"},
        "alarmActions": [f"arn:aws:sns:{REGION}:123456789012:t"],
        "treatMissingData": "notBreaching",
        "tags": {"a": "1"},
    },
    "aws:cloudwatch/dashboard:Dashboard": {
        "dashboardName": "it",
        "dashboardBody": json.dumps({"widgets": [{"type": "text", "properties": {"markdown": "x"}}]}),
    },
    "aws:cloudwatch/eventRule:EventRule": {**RULE, "description": "d", "tags": {"a": "1"}},
    "aws:cloudwatch/eventTarget:EventTarget": {
        "rule": "r",
        "arn": QUEUE_ARN,
        "targetId": "t",
        "deadLetterConfig": {"arn": QUEUE_ARN},
        "retryPolicy": {"maximumRetryAttempts": 3, "maximumEventAgeInSeconds": 600},
    },
    "aws:kms/key:Key": {"description": "d", "enableKeyRotation": True, "tags": {"a": "1"}},
    "aws:iam/role:Role": {
        "name": "it",
        "assumeRolePolicy": TRUST,
        "description": "d",
        "maxSessionDuration": 7200,
        "inlinePolicies": [{"name": "p", "policy": POLICY}],
        "tags": {"a": "1"},
    },
    "aws:iam/rolePolicy:RolePolicy": {"name": "it", "role": "of-function", "policy": POLICY},
    "aws:iam/policy:Policy": {"name": "it", "policy": POLICY, "tags": {"a": "1"}},
    "aws:s3/bucket:Bucket": {"bucket": "its", "forceDestroy": True, "tags": {"a": "1"}},
    "aws:s3/bucketVersioning:BucketVersioning": {
        "bucket": "base",
        "versioningConfiguration": {"status": "Enabled"},
    },
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": {
        "bucket": "base",
        **dict.fromkeys(PUBLIC_ACCESS, True),
    },
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": {
        "bucket": "base",
        "rule": {"objectOwnership": "BucketOwnerEnforced"},
    },
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": {
        "bucket": "base",
        "rules": [
            {
                "applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": KEY},
                "bucketKeyEnabled": True,
            }
        ],
    },
    "aws:s3/bucketNotification:BucketNotification": {"bucket": "base", "eventbridge": True},
    "aws:s3/bucketLogging:BucketLogging": {"bucket": "base", "targetBucket": "base", "targetPrefix": "logs/"},
    "aws:guardduty/malwareProtectionPlan:MalwareProtectionPlan": {
        "role": "arn:aws:iam::123456789012:role/of-scan",
        "protectedResource": {"s3Bucket": {"bucketName": "base"}},
    },
}
"""Every property that moto can tell, of every type that needs nothing but what `surroundings` makes."""

NEEDS_ANOTHER = {
    *APIS,
    "aws:kms/alias:Alias",
    "aws:lambda/alias:Alias",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
}


@pytest.fixture(autouse=True)
def surroundings(cloud):
    """What the resources stand on."""
    cloud.client("iam", REGION).create_role(RoleName="of-function", AssumeRolePolicyDocument=TRUST)
    scanning = document(
        Action="sts:AssumeRole", Principal={"Service": "malware-protection-plan.guardduty.amazonaws.com"}
    )
    cloud.client("iam", REGION).create_role(RoleName="of-scan", AssumeRolePolicyDocument=scanning)
    location = {"LocationConstraint": REGION}
    cloud.client("s3", REGION).create_bucket(Bucket="base", CreateBucketConfiguration=location)
    cloud.client("sqs", REGION).create_queue(QueueName="q")
    cloud.client("sns", REGION).create_topic(Name="t")
    cloud.client("events", REGION).put_rule(Name="r", ScheduleExpression="rate(1 day)")


def with_others(provider: Caller, token: str) -> Managed:
    """Create a resource that stands on another one of the program."""
    if token in APIS:
        return deploy_one(provider, token)
    if token == "aws:kms/alias:Alias":
        key = provider.create("aws:kms/key:Key")
        return provider.create(token, name="alias/it", targetKeyId=key.state["keyId"])
    if token == "aws:lambda/alias:Alias":
        function = provider.create("aws:lambda/function:Function", **FUNCTION, publish=True)
        version = function.state["version"]
        return provider.create(
            token, name="live", functionName="it", functionVersion=version, description="d"
        )
    policy = provider.create("aws:iam/policy:Policy", name="it", policy=POLICY)
    return provider.create(token, role="of-function", policyArn=policy.id)


def created(provider: Caller, token: str) -> Managed:
    return with_others(provider, token) if token in NEEDS_ANOTHER else provider.create(token, **FULL[token])


@pytest.fixture(autouse=True)
def admitting(provider: Caller) -> None:
    """The log bucket admits S3's log delivery."""
    delivery = {"Service": "logging.s3.amazonaws.com"}
    policy = document(Action="s3:PutObject", Principal=delivery, Resource="arn:aws:s3:::base/logs/*")
    provider.create("aws:s3/bucketPolicy:BucketPolicy", bucket="base", policy=policy)


def tokens() -> list[str]:
    """Return every emulated type once: a second token of the same class is the older name of it."""
    return [token for token in EMULATIONS if "V2:" not in token]


@pytest.mark.parametrize("token", tokens())
def test_what_nobody_changed_is_read_as_it_was_deployed(provider, token):
    it = created(provider, token)

    found = provider.refresh(it)

    assert found
    assert found.state == it.state
    assert found.sent == it.sent
    assert provider.changes(found, **it.inputs) == set()


@pytest.mark.parametrize("token", [token for token in tokens() if token in FULL])
def test_what_is_left_to_aws_is_no_drift(provider, token):
    optional = {"tags", "description", "timeout", "memorySize", "environment", "retentionInDays", "kmsKeyId"}
    optional |= {"visibilityTimeoutSeconds", "billingMode", "dimensions", "treatMissingData", "displayName"}
    optional |= {"maxSessionDuration", "retryPolicy", "deadLetterConfig", "globalSecondaryIndexes", "ttl"}
    optional |= {"reservedConcurrentExecutions", "streamEnabled", "streamViewType", "enableKeyRotation"}
    inputs = {key: value for key, value in FULL[token].items() if key not in optional}
    it = provider.create(token, **inputs)

    found = provider.refresh(it)

    assert found
    assert found.state == it.state
    assert found.inputs == it.inputs


@pytest.mark.parametrize("token", tokens())
def test_what_is_looked_up_has_the_inputs_that_would_make_it(provider, token):
    it = created(provider, token)

    found = provider.look_up(token, looked_up_by(it, token))

    required = (
        {"code", "role"}
        if token.startswith(("aws:lambda/f", "aws:lambda/layer", "aws:guardduty"))
        else {"name"}  # `it` is too short for a table
        if token == "aws:dynamodb/table:Table"
        else set()
    )
    assert provider.failures(token, found.inputs).keys() <= required
    unsaid = {"forceDestroy", "eventbridge", "publish", "tracingConfig", "inlinePolicies", "code", "role"}
    unsaid |= {"body", "triggers", "value", "settings"}  # AWS tells no document, and more settings
    inputs = plain({key: value for key, value in it.inputs.items() if key not in unsaid})
    changed = provider.changes(found, **inputs)
    assert changed <= {"role", "value", "settings"}


@pytest.mark.parametrize("token", tokens())
def test_an_id_that_nothing_has_is_refused_with_the_form_of_an_id(provider, token):
    absent = {"aws:sqs/queue:Queue": f"{provider.cloud.endpoint}/123456789012/absent"}
    arn = f"arn:aws:x:{REGION}:123456789012:absent:absent:1"

    with pytest.raises(
        AbortedError, match=r"there is no .* on the local stack; the id of such a resource is"
    ):
        provider.look_up(
            token, absent.get(token, arn.replace(":x:", ":lambda:" if "lambda" in token else ":sns:"))
        )


DRIFT: list[tuple[str, str, Callable[[Any, Managed], object], dict[str, Any]]] = [
    (
        "aws:sqs/queue:Queue",
        "sqs",
        lambda sqs, it: sqs.set_queue_attributes(QueueUrl=it.id, Attributes={"VisibilityTimeout": "1"}),
        {"visibilityTimeoutSeconds": 1},
    ),
    (
        "aws:sqs/queue:Queue",
        "sqs",
        lambda sqs, it: sqs.set_queue_attributes(QueueUrl=it.id, Attributes={"DelaySeconds": "5"}),
        {"delaySeconds": 5},
    ),
    (
        "aws:sqs/queue:Queue",
        "sqs",
        lambda sqs, it: sqs.tag_queue(QueueUrl=it.id, Tags={"a": "2", "c": "3"}),
        {"tags": {"a": "2", "c": "3"}, "tagsAll": {"a": "2", "c": "3"}},
    ),
    (
        "aws:sns/topic:Topic",
        "sns",
        lambda sns, it: sns.set_topic_attributes(
            TopicArn=it.id, AttributeName="KmsMasterKeyId", AttributeValue="alias/other"
        ),
        {"kmsMasterKeyId": "alias/other"},
    ),
    (
        "aws:lambda/function:Function",
        "lambda",
        lambda client, it: client.update_function_configuration(FunctionName="it", Timeout=1),
        {"timeout": 1},
    ),
    (
        "aws:lambda/function:Function",
        "lambda",
        lambda client, it: client.update_function_configuration(
            FunctionName="it", Environment={"Variables": {"A1": "x", "S1": "hush"}}
        ),
        {"environment": {"variables": {"A1": "x", "S1": "hush"}}},
    ),
    (
        "aws:lambda/function:Function",
        "lambda",
        lambda client, it: client.delete_function_concurrency(FunctionName="it"),
        {"reservedConcurrentExecutions": -1},
    ),
    (
        "aws:dynamodb/table:Table",
        "dynamodb",
        lambda dynamodb, it: dynamodb.update_continuous_backups(
            TableName="it", PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False}
        ),
        {"pointInTimeRecovery": {"enabled": False}},
    ),
    (
        "aws:dynamodb/table:Table",
        "dynamodb",
        lambda dynamodb, it: dynamodb.update_time_to_live(
            TableName="it", TimeToLiveSpecification={"Enabled": False, "AttributeName": "expires"}
        ),
        {"ttl": None},
    ),
    (
        "aws:cloudwatch/logGroup:LogGroup",
        "logs",
        lambda logs, it: logs.put_retention_policy(logGroupName="it", retentionInDays=1),
        {"retentionInDays": 1},
    ),
    (
        "aws:cloudwatch/logGroup:LogGroup",
        "logs",
        lambda logs, it: logs.delete_retention_policy(logGroupName="it"),
        {"retentionInDays": 0},
    ),
    (
        "aws:cloudwatch/eventRule:EventRule",
        "events",
        lambda events, it: events.disable_rule(Name="it"),
        {"state": "DISABLED"},
    ),
    (
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        "cloudwatch",
        lambda watch, it: watch.put_metric_alarm(**changed_alarm(watch, Threshold=99)),
        {"threshold": 99},
    ),
    (
        "aws:kms/key:Key",
        "kms",
        lambda kms, it: kms.disable_key_rotation(KeyId=it.id),
        {"enableKeyRotation": False},
    ),
    (
        "aws:iam/rolePolicy:RolePolicy",
        "iam",
        lambda iam, it: iam.put_role_policy(RoleName="of-function", PolicyName="it", PolicyDocument=OTHER),
        {"policy": OTHER},
    ),
    (
        "aws:iam/policy:Policy",
        "iam",
        lambda iam, it: iam.create_policy_version(PolicyArn=it.id, PolicyDocument=OTHER, SetAsDefault=True),
        {"policy": OTHER},
    ),
    (
        "aws:s3/bucketVersioning:BucketVersioning",
        "s3",
        lambda s3, it: s3.put_bucket_versioning(
            Bucket="base", VersioningConfiguration={"Status": "Suspended"}
        ),
        {"versioningConfiguration": {"status": "Suspended"}},
    ),
    (
        "aws:s3/bucket:Bucket",
        "s3",
        lambda s3, it: s3.delete_bucket_tagging(Bucket="its"),
        {"tags": None, "tagsAll": None},
    ),
]


def changed_alarm(watch: Any, **changes: Any) -> dict[str, Any]:
    """Return an alarm as it is, in the form in which it can be put, with something changed."""
    alarm = watch.describe_alarms(AlarmNames=["it"])["MetricAlarms"][0]
    taken = ["AlarmName", "ComparisonOperator", "EvaluationPeriods", "MetricName", "Namespace", "Period"]
    taken += ["Statistic", "Dimensions", "AlarmActions", "TreatMissingData"]
    return {key: alarm[key] for key in taken} | changes


@pytest.mark.parametrize(
    ("token", "service", "by_hand", "told"),
    DRIFT,
    ids=[f"{d[0].split(':')[-1]}-{'-'.join(d[3])}" for d in DRIFT],
)
def test_what_was_changed_by_hand_is_told_and_an_update_mends_it(provider, token, service, by_hand, told):
    it = created(provider, token)
    by_hand(provider.aws(service), it)

    found = provider.refresh(it)

    assert found
    assert {key: found.state.get(key) for key in told} == told
    assert {key: value for key, value in found.state.items() if key not in told} == {
        key: value for key, value in it.state.items() if key not in told
    }
    assert provider.changes(found, **it.inputs) & told.keys()
    mended = provider.update(found, **it.inputs)
    again = provider.refresh(mended)
    assert again
    assert {key: again.state.get(key) for key in told} == {key: it.state.get(key) for key in told}


def test_code_that_was_uploaded_by_hand_is_replaced_again(provider):
    code = CODE | {"hash": "as the engine sends it"}
    function = provider.create("aws:lambda/function:Function", **FUNCTION | {"code": code})
    client = provider.aws("lambda")
    archive = next(provider.cloud.code_folder.glob("*.zip")).read_bytes()
    client.update_function_code(FunctionName="it", ZipFile=archive + b"more")

    found = provider.refresh(function)

    assert found
    assert provider.changes(found, **function.inputs) == {"code"}
    provider.update(found, **function.inputs)
    ours = client.get_function_configuration(FunctionName="it")["CodeSha256"]
    assert ours == function.state["codeSha256"]


GONE: dict[str, tuple[str, Callable[[Any, Managed], object]]] = {
    "aws:sqs/queue:Queue": ("sqs", lambda sqs, it: sqs.delete_queue(QueueUrl=it.id)),
    "aws:sns/topic:Topic": ("sns", lambda sns, it: sns.delete_topic(TopicArn=it.id)),
    "aws:lambda/function:Function": ("lambda", lambda client, it: client.delete_function(FunctionName="it")),
    "aws:dynamodb/table:Table": ("dynamodb", lambda dynamodb, it: dynamodb.delete_table(TableName="it")),
    "aws:cloudwatch/logGroup:LogGroup": ("logs", lambda logs, it: logs.delete_log_group(logGroupName="it")),
    "aws:cloudwatch/metricAlarm:MetricAlarm": (
        "cloudwatch",
        lambda watch, it: watch.delete_alarms(AlarmNames=["it"]),
    ),
    "aws:cloudwatch/eventRule:EventRule": ("events", lambda events, it: events.delete_rule(Name="it")),
    "aws:cloudwatch/eventTarget:EventTarget": (
        "events",
        lambda events, it: events.remove_targets(Rule="r", Ids=["t"]),
    ),
    "aws:iam/rolePolicy:RolePolicy": (
        "iam",
        lambda iam, it: iam.delete_role_policy(RoleName="of-function", PolicyName="it"),
    ),
    "aws:iam/role:Role": (
        "iam",
        lambda iam, it: (
            iam.delete_role_policy(RoleName="it", PolicyName="p"),
            iam.delete_role(RoleName="it"),
        ),
    ),
    "aws:kms/key:Key": ("kms", lambda kms, it: kms.schedule_key_deletion(KeyId=it.id)),
    "aws:s3/bucket:Bucket": ("s3", lambda s3, it: s3.delete_bucket(Bucket="its")),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": (
        "s3",
        lambda s3, it: s3.delete_public_access_block(Bucket="base"),
    ),
    "aws:s3/bucketVersioning:BucketVersioning": ("s3", lambda s3, it: s3.delete_bucket(Bucket="base")),
}


@pytest.mark.parametrize("token", GONE)
def test_what_was_deleted_by_hand_is_gone(provider, token):
    service, by_hand = GONE[token]
    it = created(provider, token)
    by_hand(provider.aws(service), it)

    assert provider.refresh(it) is None


def test_a_default_tag_that_was_taken_off_is_put_back(provider):
    provider.configure(Owner="platform")
    queue = provider.create("aws:sqs/queue:Queue", name="it", tags={"a": "b"})
    provider.aws("sqs").untag_queue(QueueUrl=queue.id, TagKeys=["Owner"])

    found = provider.refresh(queue)

    assert found
    assert (found.inputs["tags"], found.state["tagsAll"]) == ({"a": "b"}, {"a": "b"})
    assert provider.changes(found, name="it", tags={"a": "b"}) == {"tagsAll"}


def test_a_secret_that_was_changed_by_hand_is_still_no_plain_text(provider):
    queue = provider.create("aws:sqs/queue:Queue", name="it", tags={"a": wrapped("hush")})
    provider.aws("sqs").tag_queue(QueueUrl=queue.id, Tags={"a": "changed"})

    found = provider.refresh(queue)

    assert found
    assert found.state["tagsAll"] == {"a": "changed"}
    assert found.in_the_clear["tagsAll"] == {"a": "[secret]"}


def test_runner_and_judge_go_by_what_was_read(provider):
    function = created(provider, "aws:lambda/function:Function")
    provider.aws("lambda").update_function_configuration(FunctionName="it", Timeout=1)

    provider.refresh(function)

    known = provider.deployed.of_type("aws:lambda/function:Function")[0]
    assert known.properties["timeout"] == 1
    assert known.properties["code"].endswith(".zip")


def test_what_is_kept_in_state_alone_is_read_as_it_is(provider):
    topic = f"arn:aws:sns:{REGION}:123456789012:t"
    policy = provider.create("aws:sns/topicPolicy:TopicPolicy", arn=topic, policy=POLICY)

    found = provider.refresh(policy)

    assert found
    assert found.state["arn"] == topic
    assert (found.state, found.inputs) == (policy.state, policy.inputs)
