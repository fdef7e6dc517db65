"""The emulated cloud under the functions: what tests put into it and what they read back."""

import json
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3

from objects.models import ObjectVersion
from tests.objects.messages import IDEMPOTENCY, INTAKE, QUARANTINE, RECORDS, REGION

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodb.literals import KeyTypeType
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import CreateBucketConfigurationTypeDef
    from types_boto3_sns import SNSClient
    from types_boto3_sqs import SQSClient


@cache
def _clients() -> "tuple[S3Client, DynamoDBClient, SQSClient, SNSClient]":
    return (
        boto3.client("s3", region_name=REGION),
        boto3.client("dynamodb", region_name=REGION),
        boto3.client("sqs", region_name=REGION),
        boto3.client("sns", region_name=REGION),
    )


class Cloud:
    """The emulated cloud: what tests put into it and what they read back."""

    def __init__(self) -> None:
        self.s3, self.dynamodb, self._sqs, sns = _clients()
        for bucket in (INTAKE, QUARANTINE):
            location: CreateBucketConfigurationTypeDef = {"LocationConstraint": "eu-central-1"}
            self.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=location)
            self.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        self._create_table(RECORDS, "objectId", "versionId")
        self._create_table(IDEMPOTENCY, "id")
        topic = sns.create_topic(Name="alerts")["TopicArn"]
        self._alerts = self._sqs.create_queue(QueueName="alerts")["QueueUrl"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:{REGION}:123456789012:alerts")

    def _create_table(self, name: str, *keys: str) -> None:
        kinds: list[KeyTypeType] = ["HASH", "RANGE"]
        self.dynamodb.create_table(
            TableName=name,
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
            KeySchema=[
                {"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, kinds, strict=False)
            ],
            BillingMode="PAY_PER_REQUEST",
        )

    def upload(
        self,
        key: str = "a.csv",
        body: bytes = b"a,b\n1,2\n",
        content_type: str = "text/csv",
        *,
        tag: str | None = None,
    ) -> ObjectVersion:
        """Put an object, tagged by the scanner with *tag*; return its version."""
        answer = self.s3.put_object(Bucket=INTAKE, Key=key, Body=body, ContentType=content_type)
        version = ObjectVersion(bucket=INTAKE, key=key, version_id=answer["VersionId"])
        if tag:
            self.tag(version, tag)
        return version

    def tag(self, version: ObjectVersion, status: str) -> None:
        self.s3.put_object_tagging(
            Bucket=version.bucket,
            Key=version.key,
            VersionId=version.version_id,
            Tagging={"TagSet": [{"Key": "GuardDutyMalwareScanStatus", "Value": status}]},
        )

    def delete(self, version: ObjectVersion) -> None:
        self.s3.delete_object(Bucket=version.bucket, Key=version.key, VersionId=version.version_id)

    def items(self, table: str = RECORDS) -> list[dict[str, Any]]:
        """Return the table's items with plain values."""
        found = self.dynamodb.scan(TableName=table, ConsistentRead=True)["Items"]
        return [{name: next(iter(value.values())) for name, value in item.items()} for item in found]

    def records(self) -> list[dict[str, Any]]:
        return [item for item in self.items() if item["versionId"] != "#latest"]

    def record(self, version: ObjectVersion) -> dict[str, Any]:
        """Return the only record of *version*."""
        found = [item for item in self.records() if item["versionId"] == version.version_id]
        assert len(found) == 1, found
        return found[0]

    def latest(self, key: str = "a.csv") -> str | None:
        """Return the version id that the key's pointer names."""
        pointers = [item for item in self.items() if item["versionId"] == "#latest"]
        return next((p["latestVersionId"] for p in pointers if p["objectId"] == f"{INTAKE}#{key}"), None)

    def notices(self) -> list[dict[str, Any]]:
        """Take what was published since the last time."""
        taken: list[dict[str, Any]] = []
        while found := self._sqs.receive_message(QueueUrl=self._alerts, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            for message in found:
                taken.append(json.loads(message["Body"]))
                self._sqs.delete_message(QueueUrl=self._alerts, ReceiptHandle=message["ReceiptHandle"])
        return taken

    def versions_in(self, bucket: str) -> list[str]:
        return [entry["Key"] for entry in self.s3.list_object_versions(Bucket=bucket).get("Versions", [])]

    def forget_finished_work(self) -> None:
        """Let the idempotency records expire."""
        for item in self.items(IDEMPOTENCY):
            self.dynamodb.delete_item(TableName=IDEMPOTENCY, Key={"id": {"S": item["id"]}})

    def pass_visibility_timeout(self) -> None:
        """Let the invocations end that left work in progress; the queue's timeout is longer than theirs."""
        for item in self.items(IDEMPOTENCY):
            if item["status"] == "INPROGRESS":
                self.dynamodb.update_item(
                    TableName=IDEMPOTENCY,
                    Key={"id": {"S": item["id"]}},
                    UpdateExpression="SET in_progress_expiration = :past",
                    ExpressionAttributeValues={":past": {"N": "1"}},
                )
