"""What each API operation needs."""

from typing import Any

import pytest

from local.permissions.actions import checks
from local.permissions.calls import Call, Check, ObjectVersion
from local.permissions.errors import UnknownOperationError

REGION, ACCOUNT = "eu-central-1", "111122223333"
KEY = {"Bucket": "intake", "Key": "a b.jpg"}
VERSION = {**KEY, "VersionId": "v1"}
ARN = "arn:aws:s3:::intake/a b.jpg"
TABLE = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/records"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:work"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:alerts"
URL = f"http://127.0.0.1:5000/{ACCOUNT}/work"
STREAM = {"logGroupName": "/x", "logStreamName": "s"}


def needs(service: str, operation: str, parameters: dict[str, Any]) -> list[Check]:
    return checks(
        Call(service=service, operation=operation, parameters=parameters, account=ACCOUNT, region=REGION)
    )


@pytest.mark.parametrize(
    ("operation", "parameters", "expected"),
    [
        ("GetObject", KEY, ["s3:GetObject"]),
        ("GetObject", VERSION, ["s3:GetObjectVersion"]),
        ("HeadObject", KEY, ["s3:GetObject"]),
        ("HeadObject", VERSION, ["s3:GetObjectVersion"]),
        ("GetObjectAttributes", VERSION, ["s3:GetObjectVersion", "s3:GetObjectVersionAttributes"]),
        ("GetObjectTagging", KEY, ["s3:GetObjectTagging"]),
        ("GetObjectTagging", VERSION, ["s3:GetObjectVersionTagging"]),
        ("PutObjectTagging", VERSION, ["s3:PutObjectVersionTagging"]),
        ("DeleteObjectTagging", KEY, ["s3:DeleteObjectTagging"]),
        ("PutObject", KEY, ["s3:PutObject"]),
        ("PutObject", {**KEY, "Tagging": "a=b"}, ["s3:PutObject", "s3:PutObjectTagging"]),
        ("PutObject", {**KEY, "ACL": "private"}, ["s3:PutObject", "s3:PutObjectAcl"]),
        ("DeleteObject", KEY, ["s3:DeleteObject"]),
        ("DeleteObject", VERSION, ["s3:DeleteObjectVersion"]),
        ("CreateMultipartUpload", KEY, ["s3:PutObject"]),
        ("UploadPart", KEY, ["s3:PutObject"]),
        ("AbortMultipartUpload", KEY, ["s3:AbortMultipartUpload"]),
    ],
)
def test_operations_on_objects(operation: str, parameters: dict[str, Any], expected: list[str]) -> None:
    found = needs("s3", operation, parameters)

    assert [check.action for check in found] == expected
    assert {check.resource for check in found} == {ARN}


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ("HeadBucket", "s3:ListBucket"),
        ("ListObjectsV2", "s3:ListBucket"),
        ("ListObjectVersions", "s3:ListBucketVersions"),
        ("GetBucketLocation", "s3:GetBucketLocation"),
    ],
)
def test_operations_on_buckets(operation: str, expected: str) -> None:
    (check,) = needs("s3", operation, {"Bucket": "intake", "Prefix": "a/", "MaxKeys": 2})

    assert (check.action, check.resource) == (expected, "arn:aws:s3:::intake")
    assert check.context == {"s3:prefix": "a/", "s3:max-keys": "2"}


def test_deleting_many_needs_the_permission_for_each() -> None:
    objects = [{"Key": "a"}, {"Key": "b", "VersionId": "v1"}]

    found = needs("s3", "DeleteObjects", {"Bucket": "intake", "Delete": {"Objects": objects}})

    assert [(check.action, check.resource) for check in found] == [
        ("s3:DeleteObject", "arn:aws:s3:::intake/a"),
        ("s3:DeleteObjectVersion", "arn:aws:s3:::intake/b"),
    ]


SOURCE = {"Bucket": "quarantine", "Key": "c", "CopySource": "intake/a%20b.jpg?versionId=v1"}


def test_a_copy_reads_one_end_and_writes_the_other() -> None:
    found = needs("s3", "CopyObject", {**SOURCE, "TaggingDirective": "REPLACE"})

    assert [(check.action, check.resource) for check in found] == [
        ("s3:GetObjectVersion", ARN),
        ("s3:PutObject", "arn:aws:s3:::quarantine/c"),
    ]
    assert found[0].tags_of == ObjectVersion(bucket="intake", key="a b.jpg", version="v1")
    assert [check.key_use.actions for check in found if check.key_use] == [
        ("kms:Decrypt",),
        ("kms:GenerateDataKey",),
    ]


def test_a_copy_that_replaces_tags_needs_to_tag() -> None:
    found = needs("s3", "CopyObject", {**SOURCE, "TaggingDirective": "REPLACE", "Tagging": "why=bad&x="})

    assert found[-1].action == "s3:PutObjectTagging"
    assert found[-1].context["s3:RequestObjectTagKeys"] == ("why", "x")
    assert found[-1].context["s3:RequestObjectTag/why"] == "bad"


def test_a_copy_that_keeps_tags_needs_both_tag_permissions_if_there_are_tags() -> None:
    conditional = [check for check in needs("s3", "CopyObject", SOURCE) if check.only_if_tagged]

    assert [(check.action, check.resource) for check in conditional] == [
        ("s3:GetObjectVersionTagging", ARN),
        ("s3:PutObjectTagging", "arn:aws:s3:::quarantine/c"),
    ]


def test_a_copy_source_may_be_a_mapping_and_without_version() -> None:
    found = needs("s3", "CopyObject", {**SOURCE, "CopySource": {"Bucket": "intake", "Key": "a b.jpg"}})

    assert (found[0].action, found[0].resource) == ("s3:GetObject", ARN)


def test_a_head_uses_the_key_only_for_the_checksum() -> None:
    assert needs("s3", "HeadObject", KEY)[0].key_use is None
    (check,) = needs("s3", "HeadObject", {**KEY, "ChecksumMode": "ENABLED"})
    assert check.key_use
    assert check.key_use.actions == ("kms:Decrypt",)


def test_a_write_may_choose_its_key_or_none() -> None:
    (chosen,) = needs("s3", "PutObject", {**KEY, "ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "k"})
    (none,) = needs("s3", "PutObject", {**KEY, "ServerSideEncryption": "AES256"})

    assert chosen.key_use
    assert chosen.key_use.key == "k"
    assert none.key_use is None
    assert none.context["s3:x-amz-server-side-encryption"] == "AES256"


ITEM = {"TableName": "records"}


@pytest.mark.parametrize(
    ("operation", "parameters", "expected"),
    [
        ("GetItem", ITEM, [("dynamodb:GetItem", TABLE)]),
        ("PutItem", {"TableName": TABLE}, [("dynamodb:PutItem", TABLE)]),
        ("Query", ITEM, [("dynamodb:Query", TABLE)]),
        ("Query", {**ITEM, "IndexName": "byDay"}, [("dynamodb:Query", f"{TABLE}/index/byDay")]),
        ("Scan", ITEM, [("dynamodb:Scan", TABLE)]),
        ("BatchWriteItem", {"RequestItems": {"records": []}}, [("dynamodb:BatchWriteItem", TABLE)]),
        ("BatchGetItem", {"RequestItems": {"records": {}}}, [("dynamodb:BatchGetItem", TABLE)]),
        (
            "TransactWriteItems",
            {"TransactItems": [{"Put": ITEM}, {"Update": ITEM}, {"ConditionCheck": ITEM}, {"Put": ITEM}]},
            [
                ("dynamodb:PutItem", TABLE),
                ("dynamodb:UpdateItem", TABLE),
                ("dynamodb:ConditionCheckItem", TABLE),
            ],
        ),
        ("TransactGetItems", {"TransactItems": [{"Get": ITEM}]}, [("dynamodb:GetItem", TABLE)]),
    ],
)
def test_dynamodb(operation: str, parameters: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    found = needs("dynamodb", operation, parameters)

    assert [(check.action, check.resource) for check in found] == expected
    assert all(check.key_use and check.key_use.holder == TABLE for check in found)


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "expected"),
    [
        ("sqs", "SendMessageBatch", {"QueueUrl": URL}, [("sqs:SendMessage", QUEUE)]),
        ("sqs", "ReceiveMessage", {"QueueUrl": URL}, [("sqs:ReceiveMessage", QUEUE)]),
        ("sqs", "DeleteMessageBatch", {"QueueUrl": URL}, [("sqs:DeleteMessage", QUEUE)]),
        ("sqs", "GetQueueUrl", {"QueueName": "work"}, [("sqs:GetQueueUrl", QUEUE)]),
        ("sns", "Publish", {"TopicArn": TOPIC}, [("sns:Publish", TOPIC)]),
        ("kms", "Decrypt", {"KeyId": "alias/x"}, [("kms:Decrypt", "alias/x")]),
        (
            "logs",
            "PutLogEvents",
            STREAM,
            [("logs:PutLogEvents", f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/x:log-stream:s")],
        ),
        (
            "lambda",
            "Invoke",
            {"FunctionName": "echo", "Qualifier": "live"},
            [("lambda:InvokeFunction", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:echo:live")],
        ),
        ("xray", "PutTraceSegments", {}, [("xray:PutTraceSegments", "*")]),
        ("sts", "GetCallerIdentity", {}, []),
    ],
)
def test_other_services(
    service: str, operation: str, parameters: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert [(check.action, check.resource) for check in needs(service, operation, parameters)] == expected


def test_events_are_judged_entry_by_entry() -> None:
    entries = [
        {"Source": "shop", "DetailType": "Paid", "EventBusName": "orders"},
        {"Source": "shop", "DetailType": "Sent"},
    ]
    found = needs("events", "PutEvents", {"Entries": entries})

    prefix = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus"
    assert [check.resource for check in found] == [f"{prefix}/orders", f"{prefix}/default"]
    assert found[0].context == {"events:source": "shop", "events:detail-type": "Paid"}


@pytest.mark.parametrize(
    ("service", "operation", "parameters"),
    [
        ("s3", "PutBucketPolicy", {"Bucket": "intake"}),
        ("ec2", "RunInstances", {}),
        ("sns", "Publish", {"PhoneNumber": "+1"}),
        ("kms", "Decrypt", {"CiphertextBlob": None}),
        ("s3", "GetObject", {"Bucket": "arn:aws:s3:eu-central-1:1:accesspoint/x", "Key": "k"}),
    ],
)
def test_what_is_not_in_the_tables_is_an_error(
    service: str, operation: str, parameters: dict[str, Any]
) -> None:
    with pytest.raises(UnknownOperationError, match=service):
        needs(service, operation, parameters)
