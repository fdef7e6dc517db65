"""The quarantine's bucket and topic: the domain's port on AWS."""

import base64
import hashlib
import json
from typing import TYPE_CHECKING

from common.clients import transient_failures
from objects.models import ObjectVersion, Status
from objects.quarantine import Notice, State

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_sns import SNSClient


class QuarantineBucket:
    """The bucket that infected objects go to, and the topic that says so.

    *copier* makes the copies: a client of its own, since what follows a copy needs far less time.
    """

    def __init__(
        self, s3: "S3Client", sns: "SNSClient", *, copier: "S3Client", bucket: str, topic_arn: str
    ) -> None:
        self._s3 = s3
        self._copier = copier
        self._sns = sns
        self._bucket = bucket
        self._topic_arn = topic_arn

    def location(self, version: ObjectVersion) -> str:
        """Return the address of the copy of *version*, the same each time."""
        return f"s3://{self._bucket}/{self._key(version)}"

    def copy(self, version: ObjectVersion) -> None:
        """Copy *version* to its location, with nothing of what the uploader said about it."""
        with transient_failures(f"copy {version} to quarantine"):
            self._copier.copy_object(
                Bucket=self._bucket,
                Key=self._key(version),
                CopySource={"Bucket": version.bucket, "Key": version.key, "VersionId": version.version_id},
                MetadataDirective="REPLACE",
                ContentType="application/octet-stream",
                # Metadata is ASCII of at most 2 KiB, which a percent-encoded key of 1,024 bytes would exceed.
                Metadata={
                    "origin-bucket": version.bucket,
                    "origin-key-base64": base64.urlsafe_b64encode(version.key.encode()).decode(),
                    "origin-version": version.version_id,
                },
                TaggingDirective="REPLACE",
                Tagging="ScanStatus=THREATS_FOUND",
            )

    def delete_original(self, version: ObjectVersion) -> None:
        """Delete exactly *version* from the intake."""
        with transient_failures(f"delete {version}"):
            self._s3.delete_object(Bucket=version.bucket, Key=version.key, VersionId=version.version_id)

    def publish(self, notice: Notice) -> None:
        """Send *notice*; `id` is the same each time, should a crash repeat it."""
        version = notice.version
        event = Status.REJECTED if notice.state is State.GONE else Status.QUARANTINED
        content = {
            "id": self._key(version),
            "event": event,
            "bucket": version.bucket,
            "key": version.key,
            "versionId": version.version_id,
            "threats": notice.threats,
            "state": notice.state,
            "location": notice.location,
            "correlationId": notice.correlation_id,
        }
        attributes = {"event": event, "bucket": version.bucket, "versionId": version.version_id}
        with transient_failures(f"publish what became of {version}"):
            self._sns.publish(
                TopicArn=self._topic_arn,
                Subject=f"Malware in {version.bucket}",
                Message=json.dumps(content, indent=2, ensure_ascii=False),
                MessageAttributes={
                    name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
                },
            )

    def _key(self, version: ObjectVersion) -> str:
        # A digest, because origin key and version id together may exceed the 1,024 bytes of a key.
        identity = json.dumps([version.key, version.version_id])
        return f"{version.bucket}/{hashlib.sha256(identity.encode()).hexdigest()}"
