"""The system's buckets, table and topic: each class is one port of the domain on AWS."""

import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError

from common.clients import RESERVE_SECONDS, transient_failures
from common.deadline import Deadline
from common.errors import PermanentError, TransientError
from objects.models import ObjectHead, ObjectVersion, Pointer, Reason, Record, iso_milliseconds

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_s3 import S3Client

CHUNK_BYTES = 1024 * 1024
SCAN_TAG = "GuardDutyMalwareScanStatus"
LATEST = "#latest"
# The bucket policy denies reading what is not tagged clean, and what does not exist has no tag: both are 403
# to the worker. Where it does not speak, a missing version is 404, a delete marker 405, an impossible id 400.
UNREADABLE = frozenset({400, 403, 404, 405})


class IntakeBucket:
    """The bucket that objects arrive in."""

    def __init__(self, s3: "S3Client", deadline: Deadline) -> None:
        self._s3 = s3
        self._deadline = deadline

    def head(self, version: ObjectVersion) -> ObjectHead:
        """Return the version's headers."""
        with self._reading(version):
            answer = self._s3.head_object(
                Bucket=version.bucket, Key=version.key, VersionId=version.version_id
            )
        return ObjectHead(
            size=answer["ContentLength"],
            content_type=answer.get("ContentType", ""),
            etag=answer["ETag"].strip('"'),
            last_modified=answer["LastModified"],
        )

    def chunks(self, version: ObjectVersion) -> Iterator[bytes]:
        """Yield the version's bytes, at most `CHUNK_BYTES` at a time."""
        with self._reading(version):
            answer = self._s3.get_object(Bucket=version.bucket, Key=version.key, VersionId=version.version_id)
            with closing(answer["Body"]) as body:
                for chunk in body.iter_chunks(CHUNK_BYTES):
                    self._deadline.require(RESERVE_SECONDS)
                    yield chunk

    def scan_status(self, version: ObjectVersion) -> str:
        """Return what the scanner's tag says."""
        with self._reading(version):
            answer = self._s3.get_object_tagging(
                Bucket=version.bucket, Key=version.key, VersionId=version.version_id
            )
        for tag in answer["TagSet"]:
            if tag["Key"] == SCAN_TAG:
                return tag["Value"]
        raise TransientError(f"{version} has no tag {SCAN_TAG} yet: it is not scanned")

    def versions(self, version: ObjectVersion) -> Iterator[str]:
        """Yield the version ids of the same key, newest first; delete markers are no versions."""
        pages = self._s3.get_paginator("list_object_versions")
        with transient_failures(f"list the versions of s3://{version.bucket}/{version.key}"):
            for page in pages.paginate(Bucket=version.bucket, Prefix=version.key):
                entries = page.get("Versions", [])
                yield from (entry["VersionId"] for entry in entries if entry["Key"] == version.key)
                # Keys are listed in order, so that ours come before any that merely begins with it.
                if any(entry["Key"] != version.key for entry in [*entries, *page.get("DeleteMarkers", [])]):
                    return

    @contextmanager
    def _reading(self, version: ObjectVersion) -> Iterator[None]:
        """Tell a version that does not exist from one that cannot be read now."""
        with transient_failures(f"read {version}"):
            try:
                yield
            except ClientError as error:
                refused = error.response["ResponseMetadata"]["HTTPStatusCode"] in UNREADABLE
                if refused and version.version_id not in self.versions(version):
                    raise PermanentError(Reason.MISSING, f"{version} does not exist") from error
                raise


class RecordTable:
    """The table of records and latest pointers; *shards* spread the index of one day."""

    def __init__(self, dynamodb: "DynamoDBClient", *, table: str, shards: int) -> None:
        self._dynamodb = dynamodb
        self._table = table
        self._shards = shards

    def put(self, record: Record) -> Record:
        """Write *record* unless one stands that it does not overrule; return the one that now stands."""
        condition, values = "attribute_not_exists(objectId)", {}
        if overruled := record.status.overrules:
            values = {f":{status.lower()}": status.value for status in overruled}
            condition += f" OR #status IN ({', '.join(values)})"
        item = self._item(record.version, record.version_id, record) | {"dayShard": self._day_shard(record)}
        return Record.model_validate(self._put(item, condition, values))

    def swap_latest(self, version: ObjectVersion, pointer: Pointer, *, expected: Pointer | None) -> Pointer:
        """Point to *pointer* if *expected* stands, or none; return the pointer that now stands."""
        condition, values = "attribute_not_exists(objectId)", {}
        if expected:
            values = {":expected": expected.latest_version_id}
            condition += " OR latestVersionId = :expected"
        return Pointer.model_validate(self._put(self._item(version, LATEST, pointer), condition, values))

    def _item(self, version: ObjectVersion, sort_key: str, content: Record | Pointer) -> dict[str, Any]:
        attributes = content.model_dump(mode="json", by_alias=True, exclude_none=True)
        return attributes | {"objectId": version.object_id, "versionId": sort_key}

    def _day_shard(self, record: Record) -> str:
        shard = zlib.crc32(record.version.identity.encode()) % self._shards
        return f"{iso_milliseconds(record.processed_at)[:10]}#{shard}"

    def _put(self, item: dict[str, Any], condition: str, values: dict[str, str]) -> dict[str, Any]:
        to_wire, from_wire = TypeSerializer().serialize, TypeDeserializer().deserialize
        optional: dict[str, Any] = {}
        if values:
            optional["ExpressionAttributeValues"] = {name: to_wire(value) for name, value in values.items()}
        if "#status" in condition:
            optional["ExpressionAttributeNames"] = {"#status": "status"}
        with transient_failures(f"write {item['objectId']} {item['versionId']}"):
            try:
                self._dynamodb.put_item(
                    TableName=self._table,
                    Item={name: to_wire(value) for name, value in item.items()},
                    ConditionExpression=condition,
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                    **optional,
                )
            except self._dynamodb.exceptions.ConditionalCheckFailedException as error:
                standing: dict[str, Any] = error.response["Item"]  # type: ignore[typeddict-item]
                return {name: from_wire(value) for name, value in standing.items()}
        return item
