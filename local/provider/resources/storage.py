"""S3: buckets and the settings that change what moto does. Policies and logging stay in state.

moto would enforce a bucket policy on everybody, and read an unmet condition of a Deny as a denial; the
permission judge reads policies from state instead. Access logs are not delivered.
"""

from local.provider.emulation import Call, Emulation, Setting, emulates
from local.provider.values import Properties


@emulates("aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2")
class Bucket(Emulation):
    """A bucket; its deletion empties it only with `forceDestroy`, as on AWS."""

    replaces = frozenset({"bucket", "objectLockEnabled"})

    def create(self, call: Call) -> tuple[str, Properties]:
        """Create the bucket."""
        name = call.inputs["bucket"]
        where = {"LocationConstraint": call.region}
        options = {} if call.region == "us-east-1" else {"CreateBucketConfiguration": where}
        call.aws("s3").create_bucket(
            Bucket=name, ObjectLockEnabledForBucket=call.inputs.get("objectLockEnabled", False), **options
        )
        self._tag(call)
        return name, {
            "arn": f"arn:aws:s3:::{name}",
            "bucketDomainName": f"{name}.s3.amazonaws.com",
            "bucketRegionalDomainName": f"{name}.s3.{call.region}.amazonaws.com",
            "bucketRegion": call.region,
        }

    def update(self, call: Call) -> Properties:
        """Only tags change in place."""
        self._tag(call)
        return {}

    def delete(self, call: Call) -> None:
        """Delete the bucket, and with `forceDestroy` what is in it."""
        s3 = call.aws("s3")
        if call.before.get("forceDestroy"):
            for page in s3.get_paginator("list_object_versions").paginate(Bucket=call.id):
                found = page.get("Versions", []) + page.get("DeleteMarkers", [])
                doomed = [{"Key": item["Key"], "VersionId": item["VersionId"]} for item in found]
                if doomed:
                    s3.delete_objects(Bucket=call.id, Delete={"Objects": doomed, "Quiet": True})
        s3.delete_bucket(Bucket=call.id)

    def _tag(self, call: Call) -> None:
        s3, bucket = call.aws("s3"), call.inputs["bucket"]
        call.retag(
            lambda: s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": call.tag_list}),
            lambda _: s3.delete_bucket_tagging(Bucket=bucket),
        )


@emulates("aws:s3/bucketVersioning:BucketVersioning", "aws:s3/bucketVersioningV2:BucketVersioningV2")
class BucketVersioning(Setting):
    """Versioning."""

    def put(self, call: Call) -> None:
        """Set the status."""
        status = call.inputs["versioningConfiguration"]["status"]
        call.aws("s3").put_bucket_versioning(
            Bucket=call.inputs["bucket"], VersioningConfiguration={"Status": status}
        )


@emulates("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock")
class BucketPublicAccessBlock(Setting):
    """The four public access blocks."""

    def put(self, call: Call) -> None:
        """Set all four; what is not given is off."""
        flags = ["blockPublicAcls", "ignorePublicAcls", "blockPublicPolicy", "restrictPublicBuckets"]
        call.aws("s3").put_public_access_block(
            Bucket=call.inputs["bucket"],
            PublicAccessBlockConfiguration={
                flag[0].upper() + flag[1:]: bool(call.inputs.get(flag)) for flag in flags
            },
        )


@emulates("aws:s3/bucketOwnershipControls:BucketOwnershipControls")
class BucketOwnershipControls(Setting):
    """Object ownership."""

    def put(self, call: Call) -> None:
        """Set the rule."""
        rule = {"ObjectOwnership": call.inputs["rule"]["objectOwnership"]}
        call.aws("s3").put_bucket_ownership_controls(
            Bucket=call.inputs["bucket"], OwnershipControls={"Rules": [rule]}
        )


@emulates(
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2",
)
class BucketEncryption(Setting):
    """Default encryption."""

    def put(self, call: Call) -> None:
        """Set the rules."""
        rules = []
        for rule in call.inputs["rules"]:
            default = rule.get("applyServerSideEncryptionByDefault", {})
            converted = {"SSEAlgorithm": default.get("sseAlgorithm", "AES256")}
            if key := default.get("kmsMasterKeyId"):
                converted["KMSMasterKeyID"] = key
            rules.append(
                {
                    "ApplyServerSideEncryptionByDefault": converted,
                    "BucketKeyEnabled": bool(rule.get("bucketKeyEnabled")),
                }
            )
        call.aws("s3").put_bucket_encryption(
            Bucket=call.inputs["bucket"], ServerSideEncryptionConfiguration={"Rules": rules}
        )


@emulates("aws:s3/bucketNotification:BucketNotification")
class BucketNotification(Setting):
    """Notifications: to EventBridge and to queues."""

    def put(self, call: Call) -> None:
        """Replace the bucket's whole notification configuration, as AWS does."""
        configuration: Properties = {}
        if call.inputs.get("eventbridge"):
            configuration["EventBridgeConfiguration"] = {}
        configuration["QueueConfigurations"] = [
            {"QueueArn": queue["queueArn"], "Events": queue["events"]}
            for queue in call.inputs.get("queues", [])
        ]
        call.aws("s3").put_bucket_notification_configuration(
            Bucket=call.inputs["bucket"],
            NotificationConfiguration=configuration,
            SkipDestinationValidation=True,
        )

    def delete(self, call: Call) -> None:
        """Remove every notification."""
        call.aws("s3").put_bucket_notification_configuration(
            Bucket=call.before["bucket"], NotificationConfiguration={}
        )
