"""What a program no longer sets: settings return to AWS's default, tags disappear."""

import json
from typing import Any

import pytest

from local.provider.values import ARCHIVE, ASSET, SIGNATURE_KEY


def document(**statement: Any) -> str:
    """Return a policy of one statement."""
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


TRUST = document(Action="sts:AssumeRole", Principal={"Service": "lambda.amazonaws.com"})
POLICY = document(Action="sqs:SendMessage", Resource="*")
CODE = {
    SIGNATURE_KEY: ARCHIVE,
    "assets": {"app.py": {SIGNATURE_KEY: ASSET, "text": "def handler(event, context): ..."}},
}
FUNCTION = {"name": "it", "role": "arn:aws:iam::123456789012:role/of-function", "code": CODE}
FUNCTION |= {"handler": "app.handler", "runtime": "python3.13"}
TABLE = {"name": "it", "hashKey": "id", "attributes": [{"name": "id", "type": "S"}]}
RULE = {"name": "it", "eventPattern": json.dumps({"source": ["x"]})}
ALARM = {"name": "it", "comparisonOperator": "GreaterThanThreshold", "evaluationPeriods": 1, "threshold": 1}
ALARM |= {"namespace": "n", "metricName": "m", "period": 60, "statistic": "Sum"}


def pairs(tags: list[dict[str, str]]) -> dict[str, str]:
    """Return tags that came as a list; KMS says TagKey."""
    return {(tag.get("Key") or tag["TagKey"]): (tag.get("Value") or tag["TagValue"]) for tag in tags}


def bucket_tags(s3: Any) -> dict[str, str]:
    """Return a bucket's tags; S3 has an error for none."""
    try:
        return pairs(s3.get_bucket_tagging(Bucket="its")["TagSet"])
    except s3.exceptions.ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchTagSet":
            raise
        return {}


@pytest.fixture(autouse=True)
def role_of_function(cloud):
    iam = cloud.client("iam", "eu-central-1")
    iam.create_role(RoleName="of-function", AssumeRolePolicyDocument=TRUST)


TAGGED: dict[str, tuple[dict[str, Any], str, Any]] = {
    "aws:sqs/queue:Queue": (
        {"name": "it"},
        "sqs",
        lambda sqs, it: sqs.list_queue_tags(QueueUrl=it.id).get("Tags", {}),
    ),
    "aws:sns/topic:Topic": (
        {"name": "it"},
        "sns",
        lambda sns, it: pairs(sns.list_tags_for_resource(ResourceArn=it.id)["Tags"]),
    ),
    "aws:lambda/function:Function": (
        FUNCTION,
        "lambda",
        lambda client, it: client.list_tags(Resource=it.state["arn"])["Tags"],
    ),
    "aws:dynamodb/table:Table": (
        TABLE,
        "dynamodb",
        lambda dynamodb, it: pairs(dynamodb.list_tags_of_resource(ResourceArn=it.state["arn"])["Tags"]),
    ),
    "aws:cloudwatch/logGroup:LogGroup": (
        {"name": "it"},
        "logs",
        lambda logs, it: logs.list_tags_log_group(logGroupName="it")["tags"],
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": (
        ALARM,
        "cloudwatch",
        lambda watch, it: pairs(watch.list_tags_for_resource(ResourceARN=it.state["arn"])["Tags"]),
    ),
    "aws:cloudwatch/eventRule:EventRule": (
        RULE,
        "events",
        lambda events, it: pairs(events.list_tags_for_resource(ResourceARN=it.state["arn"])["Tags"]),
    ),
    "aws:kms/key:Key": (
        {},
        "kms",
        lambda kms, it: pairs(kms.list_resource_tags(KeyId=it.id)["Tags"]),
    ),
    "aws:iam/role:Role": (
        {"name": "it", "assumeRolePolicy": TRUST},
        "iam",
        lambda iam, it: pairs(iam.list_role_tags(RoleName="it")["Tags"]),
    ),
    "aws:iam/policy:Policy": (
        {"name": "it", "policy": POLICY},
        "iam",
        lambda iam, it: pairs(iam.list_policy_tags(PolicyArn=it.id)["Tags"]),
    ),
    "aws:s3/bucket:Bucket": ({"bucket": "its"}, "s3", lambda s3, it: bucket_tags(s3)),
}


@pytest.mark.parametrize("token", TAGGED)
def test_a_dropped_tag_disappears_and_the_others_stay(provider, token):
    inputs, service, tags = TAGGED[token]
    it = provider.create(token, **inputs, tags={"a": "1", "b": "2"})

    it = provider.update(it, **inputs, tags={"a": "1", "c": "3"})

    assert tags(provider.aws(service), it) == {"a": "1", "c": "3"}


@pytest.mark.parametrize("token", TAGGED)
def test_dropping_the_last_tag_leaves_none_and_having_none_is_no_error(provider, token):
    inputs, service, tags = TAGGED[token]
    it = provider.create(token, **inputs, tags={"a": "1"})

    it = provider.update(it, **inputs)
    it = provider.update(it, **inputs)

    assert tags(provider.aws(service), it) == {}


def test_a_dropped_default_tag_disappears(provider):
    provider.configure(Owner="platform", Stage="dev")
    queue = provider.create("aws:sqs/queue:Queue", name="it")
    provider.configure(Owner="platform")

    provider.update(queue, name="it")

    assert provider.aws("sqs").list_queue_tags(QueueUrl=queue.id)["Tags"] == {"Owner": "platform"}


def test_a_queue_without_settings_is_as_a_new_one(provider):
    sqs = provider.aws("sqs")
    dead = provider.create("aws:sqs/queue:Queue", name="dead")
    settings = {
        "delaySeconds": 5,
        "kmsMasterKeyId": "alias/k",
        "kmsDataKeyReusePeriodSeconds": 600,
        "maxMessageSize": 2048,
        "messageRetentionSeconds": 3600,
        "receiveWaitTimeSeconds": 20,
        "redriveAllowPolicy": json.dumps({"redrivePermission": "denyAll"}),
        "redrivePolicy": json.dumps({"deadLetterTargetArn": dead.state["arn"], "maxReceiveCount": 3}),
        "visibilityTimeoutSeconds": 90,
    }
    queue = provider.create("aws:sqs/queue:Queue", name="it", **settings)
    fresh = provider.create("aws:sqs/queue:Queue", name="fresh")

    after = provider.update(queue, name="it")

    def attributes(url: str) -> dict[str, str]:
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        return {key: value for key, value in found.items() if "Timestamp" not in key and key != "QueueArn"}

    assert attributes(queue.id) == attributes(fresh.id)
    assert attributes(queue.id)["VisibilityTimeout"] == "30"
    assert not settings.keys() & after.state.keys()


def test_a_queue_that_no_longer_redrives_keeps_its_messages(provider):
    sqs = provider.aws("sqs")
    dead = provider.create("aws:sqs/queue:Queue", name="dead")
    policy = json.dumps({"deadLetterTargetArn": dead.state["arn"], "maxReceiveCount": 1})
    queue = provider.create("aws:sqs/queue:Queue", name="it", redrivePolicy=policy)
    sqs.send_message(QueueUrl=queue.id, MessageBody="m")

    provider.update(queue, name="it")

    for _ in range(3):
        received = sqs.receive_message(QueueUrl=queue.id, VisibilityTimeout=0)["Messages"]
        assert [message["Body"] for message in received] == ["m"]
    assert "Messages" not in sqs.receive_message(QueueUrl=dead.id)


def test_a_topic_without_settings_is_as_a_new_one(provider):
    topic = provider.create("aws:sns/topic:Topic", name="it", displayName="It", kmsMasterKeyId="alias/k")

    provider.update(topic, name="it")

    attributes = provider.aws("sns").get_topic_attributes(TopicArn=topic.id)["Attributes"]
    assert attributes["DisplayName"] == ""
    assert not attributes.get("KmsMasterKeyId")


def test_a_function_without_settings_is_as_a_new_one(provider):
    layer = provider.create("aws:lambda/layerVersion:LayerVersion", layerName="l", code=CODE)
    function = provider.create(
        "aws:lambda/function:Function",
        **FUNCTION,
        description="d",
        environment={"variables": {"A": "b"}},
        layers=[layer.id],
        memorySize=512,
        timeout=60,
    )

    provider.update(function, **FUNCTION)

    found = provider.aws("lambda").get_function_configuration(FunctionName="it")
    assert (found["Description"], found["Layers"], found["MemorySize"], found["Timeout"]) == ("", [], 128, 3)
    assert "Environment" not in found


def test_a_function_without_tracing_and_key_is_told_so(provider):
    # moto takes neither into an existing function; what it is told is all there is to see.
    told = []
    provider.aws("lambda").meta.events.register(
        "provide-client-params.lambda.UpdateFunctionConfiguration", lambda params, **_: told.append(params)
    )
    function = provider.create(
        "aws:lambda/function:Function",
        **FUNCTION,
        tracingConfig={"mode": "Active"},
        kmsKeyArn=provider.create("aws:kms/key:Key").state["arn"],
    )

    provider.update(function, **FUNCTION)

    assert told[0]["TracingConfig"] == {"Mode": "PassThrough"}
    assert told[0]["KMSKeyArn"] == ""


def test_an_alias_without_description_has_none(provider):
    function = provider.create("aws:lambda/function:Function", **FUNCTION, publish=True)
    inputs = {"name": "live", "functionName": "it", "functionVersion": function.state["version"]}
    alias = provider.create("aws:lambda/alias:Alias", **inputs, description="d")

    provider.update(alias, **inputs)

    assert provider.aws("lambda").get_alias(FunctionName="it", Name="live")["Description"] == ""


def test_a_table_without_settings_is_as_a_new_one(provider):
    dynamodb = provider.aws("dynamodb")
    settings = {
        "billingMode": "PAY_PER_REQUEST",
        "deletionProtectionEnabled": True,
        "globalSecondaryIndexes": [{"name": "index", "hashKey": "id", "projectionType": "ALL"}],
        "pointInTimeRecovery": {"enabled": True},
        "streamEnabled": True,
        "streamViewType": "NEW_IMAGE",
        "ttl": {"attributeName": "expires", "enabled": True},
    }
    table = provider.create("aws:dynamodb/table:Table", **TABLE, **settings)

    provider.update(table, **TABLE)

    found = dynamodb.describe_table(TableName="it")["Table"]
    backups = dynamodb.describe_continuous_backups(TableName="it")["ContinuousBackupsDescription"]
    assert found["BillingModeSummary"]["BillingMode"] == "PROVISIONED"
    assert found["ProvisionedThroughput"]["ReadCapacityUnits"] == 1
    assert found["DeletionProtectionEnabled"] is False
    assert not found.get("GlobalSecondaryIndexes")
    assert not found.get("StreamSpecification", {}).get("StreamEnabled")
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "DISABLED"
    ttl = dynamodb.describe_time_to_live(TableName="it")["TimeToLiveDescription"]
    assert ttl["TimeToLiveStatus"] == "DISABLED"


def test_a_stream_that_is_asked_for_later_has_an_arn(provider):
    table = provider.create("aws:dynamodb/table:Table", **TABLE)

    streaming = provider.update(table, **TABLE, streamEnabled=True, streamViewType="KEYS_ONLY")
    again = provider.update(
        streaming, **TABLE, streamEnabled=True, streamViewType="KEYS_ONLY", readCapacity=2
    )

    found = provider.aws("dynamodb").describe_table(TableName="it")["Table"]
    assert found["LatestStreamArn"] == streaming.state["streamArn"] == again.state["streamArn"]
    assert found["ProvisionedThroughput"]["ReadCapacityUnits"] == 2


def test_a_log_group_without_retention_keeps_everything(provider):
    group = provider.create("aws:cloudwatch/logGroup:LogGroup", name="it", retentionInDays=7)

    provider.update(group, name="it")

    assert "retentionInDays" not in provider.aws("logs").describe_log_groups()["logGroups"][0]


def test_a_role_without_settings_is_as_a_new_one(provider):
    boundary = "arn:aws:iam::123456789012:policy/boundary"
    inputs = {"name": "it", "assumeRolePolicy": TRUST}
    role = provider.create(
        "aws:iam/role:Role",
        **inputs,
        description="d",
        maxSessionDuration=7200,
        permissionsBoundary=boundary,
        inlinePolicies=[{"name": "kept", "policy": POLICY}, {"name": "dropped", "policy": POLICY}],
    )

    kept = provider.update(role, **inputs, inlinePolicies=[{"name": "kept", "policy": POLICY}])

    iam = provider.aws("iam")
    found = iam.get_role(RoleName="it")["Role"]
    assert found.get("Description", "") == ""
    assert found["MaxSessionDuration"] == 3600
    assert "PermissionsBoundary" not in found
    assert iam.list_role_policies(RoleName="it")["PolicyNames"] == ["kept"]
    provider.update(kept, **inputs)
    assert iam.list_role_policies(RoleName="it")["PolicyNames"] == []


def test_a_role_takes_a_changed_boundary_and_session(provider):
    inputs = {"name": "it", "assumeRolePolicy": TRUST}
    role = provider.create("aws:iam/role:Role", **inputs)
    boundary = "arn:aws:iam::123456789012:policy/boundary"

    provider.update(role, **inputs, maxSessionDuration=7200, permissionsBoundary=boundary)

    found = provider.aws("iam").get_role(RoleName="it")["Role"]
    assert found["MaxSessionDuration"] == 7200
    assert found["PermissionsBoundary"]["PermissionsBoundaryArn"] == boundary


def test_a_rule_an_alarm_and_a_key_without_settings_are_as_new_ones(provider):
    rule = provider.create("aws:cloudwatch/eventRule:EventRule", **RULE, description="d", state="DISABLED")
    alarm = provider.create(
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        **ALARM,
        alarmDescription="d",
        alarmActions=["arn:aws:sns:eu-central-1:123456789012:x"],
    )
    key = provider.create("aws:kms/key:Key", description="d", enableKeyRotation=True)

    provider.update(rule, **RULE)
    provider.update(alarm, **ALARM)
    provider.update(key)

    found = provider.aws("events").describe_rule(Name="it")
    assert found["State"] == "ENABLED"
    assert not found.get("Description")
    alarms = provider.aws("cloudwatch").describe_alarms()["MetricAlarms"]
    assert not alarms[0].get("AlarmDescription")
    assert not alarms[0].get("AlarmActions")
    kms = provider.aws("kms")
    assert kms.describe_key(KeyId=key.id)["KeyMetadata"]["Description"] == ""
    assert not kms.get_key_rotation_status(KeyId=key.id)["KeyRotationEnabled"]
