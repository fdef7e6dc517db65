"""S3: buckets and the settings that change what moto does. Policies stay in state.

moto would enforce a bucket policy on everybody, and read an unmet condition of a Deny as a denial; the
permission judge reads policies from state instead.
"""

from local.provider.emulation import Call, Emulation, Setting, emulates, given, pairs, unless_missing
from local.provider.values import Properties

NOT_CHECKED = (
    "S3: lifecycle rules, replication, object lock retention and request payment are deployed and "
    "do nothing.",
)
"""For the page docs/local-stack.md."""


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
        return name, self._outputs(name, call.region)

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

    def read(self, call: Call) -> Properties | None:
        """Tell whether it is there, its tags, and whether objects can be locked."""
        s3 = call.aws("s3")
        region = s3.get_bucket_location(Bucket=call.id)["LocationConstraint"] or "us-east-1"
        tagging = unless_missing(lambda: s3.get_bucket_tagging(Bucket=call.id))
        lock = unless_missing(lambda: s3.get_object_lock_configuration(Bucket=call.id))
        return self._outputs(call.id, region) | {
            "bucket": call.id,
            "objectLockEnabled": lock is not None,
            "tagsAll": pairs(tagging["TagSet"]) if tagging else {},
        }

    def _outputs(self, name: str, region: str) -> Properties:
        return {
            "arn": f"arn:aws:s3:::{name}",
            "bucketDomainName": f"{name}.s3.amazonaws.com",
            "bucketRegionalDomainName": f"{name}.s3.{region}.amazonaws.com",
            "bucketRegion": region,
        }

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

    def read(self, call: Call) -> Properties:
        """Tell the status."""
        status = call.aws("s3").get_bucket_versioning(Bucket=call.id).get("Status", "Disabled")
        return {"bucket": call.id, "versioningConfiguration": {"status": status}}


@emulates("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock")
class BucketPublicAccessBlock(Setting):
    """The four public access blocks."""

    FLAGS = ("blockPublicAcls", "ignorePublicAcls", "blockPublicPolicy", "restrictPublicBuckets")

    def put(self, call: Call) -> None:
        """Set all four; what is not given is off."""
        call.aws("s3").put_public_access_block(
            Bucket=call.inputs["bucket"],
            PublicAccessBlockConfiguration={
                flag[0].upper() + flag[1:]: bool(call.inputs.get(flag)) for flag in self.FLAGS
            },
        )

    def read(self, call: Call) -> Properties:
        """Tell all four."""
        answer = call.aws("s3").get_public_access_block(Bucket=call.id)["PublicAccessBlockConfiguration"]
        flags = {flag: bool(answer.get(flag[0].upper() + flag[1:])) for flag in self.FLAGS}
        return {"bucket": call.id, **flags}


@emulates("aws:s3/bucketOwnershipControls:BucketOwnershipControls")
class BucketOwnershipControls(Setting):
    """Object ownership."""

    def put(self, call: Call) -> None:
        """Set the rule."""
        rule = {"ObjectOwnership": call.inputs["rule"]["objectOwnership"]}
        call.aws("s3").put_bucket_ownership_controls(
            Bucket=call.inputs["bucket"], OwnershipControls={"Rules": [rule]}
        )

    def read(self, call: Call) -> Properties:
        """Tell the rule."""
        controls = call.aws("s3").get_bucket_ownership_controls(Bucket=call.id)["OwnershipControls"]
        return {"bucket": call.id, "rule": {"objectOwnership": controls["Rules"][0]["ObjectOwnership"]}}


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

    def read(self, call: Call) -> Properties:
        """Tell the rules."""
        answer = call.aws("s3").get_bucket_encryption(Bucket=call.id)["ServerSideEncryptionConfiguration"]
        rules = []
        for rule in answer["Rules"]:
            default = rule["ApplyServerSideEncryptionByDefault"]
            applied = {
                "sseAlgorithm": default["SSEAlgorithm"],
                "kmsMasterKeyId": default.get("KMSMasterKeyID"),
            }
            rules.append(
                {
                    "applyServerSideEncryptionByDefault": applied,
                    "bucketKeyEnabled": bool(rule.get("BucketKeyEnabled")),
                }
            )
        return {"bucket": call.id, "rules": rules}


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

    def read(self, call: Call) -> Properties:
        """Tell which queues are notified; moto does not answer whether EventBridge is."""
        found = call.aws("s3").get_bucket_notification_configuration(Bucket=call.id)
        queues = [
            {"queueArn": queue["QueueArn"], "events": queue["Events"]}
            for queue in found.get("QueueConfigurations", [])
        ]
        return {"bucket": call.id, "queues": queues}

    def delete(self, call: Call) -> None:
        """Remove every notification."""
        call.aws("s3").put_bucket_notification_configuration(
            Bucket=call.before["bucket"], NotificationConfiguration={}
        )


@emulates("aws:s3/bucketLogging:BucketLogging", "aws:s3/bucketLoggingV2:BucketLoggingV2")
class BucketLogging(Setting):
    """Server access logs."""

    def put(self, call: Call) -> None:
        """Log to the target bucket; whether S3 may deliver there is judged at each delivery."""
        chosen = (call.inputs.get("targetObjectKeyFormat") or {}).get("partitionedPrefix")
        form = {"PartitionedPrefix": {"PartitionDateSource": "DeliveryTime"}} if chosen else None
        call.aws("s3").put_bucket_logging(
            Bucket=call.inputs["bucket"],
            BucketLoggingStatus={
                "LoggingEnabled": given(
                    TargetBucket=call.inputs["targetBucket"],
                    TargetPrefix=call.inputs["targetPrefix"],
                    TargetObjectKeyFormat=form,
                )
            },
        )

    def read(self, call: Call) -> Properties | None:
        """Tell where it logs to; None if it does not."""
        found = call.aws("s3").get_bucket_logging(Bucket=call.id).get("LoggingEnabled")
        if found is None:
            return None
        return {
            "bucket": call.id,
            "targetBucket": found["TargetBucket"],
            "targetPrefix": found.get("TargetPrefix", ""),
        }

    def delete(self, call: Call) -> None:
        """Log no more."""
        call.aws("s3").put_bucket_logging(Bucket=call.before["bucket"], BucketLoggingStatus={})
