"""S3: notifications, logging, encryption, CORS and replication of buckets."""

from collections.abc import Iterator
from typing import Any

from local.permissions.calls import ServiceCall
from local.provider.refusals.access import delivery_refused, key_exists, service_refused
from local.provider.refusals.constraints import arn, length, one_of
from local.provider.refusals.places import Inputs
from local.provider.refusals.registry import Fault, at_check, at_deploy, constrain, in_use
from local.provider.refusals.s3_buckets import BUCKETS, VERSIONINGS
from local.provider.refusals.situation import Situation

ENCRYPTIONS = (
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2",
)
LOGGINGS = ("aws:s3/bucketLogging:BucketLogging", "aws:s3/bucketLoggingV2:BucketLoggingV2")
NOTIFICATION = "aws:s3/bucketNotification:BucketNotification"
CORS = "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration"
REPLICATION = "aws:s3/bucketReplicationConfig:BucketReplicationConfig"
NOTIFY_PAGE = "Granting permissions to publish event notification messages to a destination"
KMS_PAGE = "Using server-side encryption with AWS KMS keys (SSE-KMS)"
REPLICATION_PAGE = "Requirements and considerations for replication"
LOG_PAGE = "Enabling Amazon S3 server access logging"
_EVENTS = (
    *("ObjectCreated", "ObjectRemoved", "ObjectRestore", "ReducedRedundancyLostObject", "Replication"),
    *("LifecycleTransition", "LifecycleExpiration", "IntelligentTiering", "ObjectTagging", "ObjectAcl"),
)

for _token in ENCRYPTIONS:
    constrain(
        _token,
        "PutBucketEncryption",
        error="MalformedXML",
        page="PutBucketEncryption - Amazon S3 API Reference",
        inputs={
            "bucket": length(1, 63),
            "rules": length(1, 1, "rules"),
            "rules[].applyServerSideEncryptionByDefault.sseAlgorithm": one_of(
                "AES256", "aws:kms", "aws:kms:dsse"
            ),
        },
    )
for _token in LOGGINGS:
    constrain(
        _token,
        "PutBucketLogging",
        error="MalformedXML",
        page="PutBucketLogging - Amazon S3 API Reference",
        inputs={"bucket": length(1, 63), "targetBucket": length(1, 63)},
    )
constrain(
    NOTIFICATION,
    "PutBucketNotificationConfiguration",
    error="InvalidArgument",
    page="PutBucketNotificationConfiguration - Amazon S3 API Reference",
    inputs={
        "queues[].queueArn": arn("sqs"),
        "topics[].topicArn": arn("sns"),
        "lambdaFunctions[].lambdaFunctionArn": arn("lambda"),
        "queues[].events": length(1, 100, "events"),
    },
)
constrain(
    CORS,
    "PutBucketCors",
    error="MalformedXML",
    page="PutBucketCors - Amazon S3 API Reference",
    inputs={
        "bucket": length(1, 63),
        "corsRules": length(1, 100, "rules"),
        "corsRules[].id": length(0, 255),
        "corsRules[].allowedMethods[]": one_of("GET", "PUT", "POST", "DELETE", "HEAD"),
    },
)


@at_check(*ENCRYPTIONS, error="InvalidArgument", operation="PutBucketEncryption", page=KMS_PAGE)
def key_needs_kms(inputs: Inputs) -> Iterator[Fault]:
    """A bucket's encryption names a key only with aws:kms."""
    for place, rule in inputs.each("rules"):
        default = "applyServerSideEncryptionByDefault"
        if rule.get(f"{default}.kmsMasterKeyId") and rule.get(f"{default}.sseAlgorithm") == "AES256":
            yield (
                f"{place}.{default}.kmsMasterKeyId",
                "a KMSMasterKeyID is not applicable if the algorithm is AES256",
            )


@at_check(
    NOTIFICATION,
    error="InvalidArgument",
    operation="PutBucketNotificationConfiguration",
    page="Event notification types and destinations",
)
def notification_events(inputs: Inputs) -> Iterator[Fault]:
    """Notifications are of event types that S3 has."""
    for name in ("queues", "topics", "lambdaFunctions"):
        for place, one in inputs.each(name):
            for event in one.get("events") or ():
                if event.removeprefix("s3:").split(":")[0] not in _EVENTS or not event.startswith("s3:"):
                    yield f"{place}.events", f"A specified event is not supported for notifications: {event}"


@at_deploy(
    NOTIFICATION, error="InvalidArgument", operation="PutBucketNotificationConfiguration", page=NOTIFY_PAGE
)
def destinations_admit_s3(situation: Situation) -> Iterator[str]:
    """Every queue and topic that a bucket notifies exists and admits S3 by its policy."""
    source = f"arn:aws:s3:::{situation.inputs['bucket']}"
    targets = [("bucket-to-queue", one["queueArn"]) for one in situation.get("queues", [])]
    targets += [("bucket-to-topic", one["topicArn"]) for one in situation.get("topics", [])]
    for kind, target in targets:
        if delivery_refused(kind, source, target, situation):
            yield "Unable to validate the following destination configurations"


def _bucket(name: str, situation: Situation) -> Any:
    return next((one for one in situation.of_type(*BUCKETS) if one.get("bucket") == name), None)


@at_deploy(*LOGGINGS, error="InvalidTargetBucketForLogging", operation="PutBucketLogging", page=LOG_PAGE)
def log_bucket(situation: Situation) -> Iterator[str]:
    """Access logs go to a bucket that exists, in the same region."""
    target = situation.inputs["targetBucket"]
    bucket = _bucket(target, situation)
    if not bucket:
        s3 = situation.client("s3")
        try:
            s3.head_bucket(Bucket=target)
        except s3.exceptions.ClientError:
            yield f"The target bucket for logging does not exist: {target}"
    elif bucket.get("bucketRegion", situation.region) != situation.region:
        yield (
            f"The source bucket and target bucket must be in the same region: {target} is in "
            f"{bucket['bucketRegion']}"
        )


@in_use(*ENCRYPTIONS, operation="PutBucketEncryption", page=KMS_PAGE)
def key_of_the_bucket(situation: Situation) -> Iterator[str]:
    """The key that encrypts a bucket exists in its region; S3 looks for it only when an object is put."""
    for rule in situation.get("rules", []):
        key = (rule.get("applyServerSideEncryptionByDefault") or {}).get("kmsMasterKeyId")
        if key and not key_exists(key, situation):
            yield (
                f"S3 takes key {key}, which does not exist here: putting an object answers "
                "KMS.NotFoundException"
            )


@at_deploy(REPLICATION, error="InvalidRequest", operation="PutBucketReplication", page=REPLICATION_PAGE)
def replication_needs_versions(situation: Situation) -> Iterator[str]:
    """Replication is from a bucket with versioning."""
    bucket = situation.inputs["bucket"]
    for versioning in situation.of_type(*VERSIONINGS):
        configuration = versioning.get("versioningConfiguration", {})
        if versioning.get("bucket") == bucket and configuration.get("status") == "Enabled":
            return
    yield "Versioning must be 'Enabled' on the bucket to apply a replication configuration"


@at_deploy(*LOGGINGS, error="InvalidTargetBucketForLogging", operation="PutBucketLogging", page=LOG_PAGE)
def log_delivery(situation: Situation) -> Iterator[str]:
    """The log bucket's policy admits S3's log delivery."""
    target, source = situation.inputs["targetBucket"], f"arn:aws:s3:::{situation.inputs['bucket']}"
    call = ServiceCall(
        principal="logging.s3.amazonaws.com",
        account=situation.account,
        region=situation.region,
        source=source,
        action="s3:PutObject",
        resource=f"arn:aws:s3:::{target}/{situation.get('targetPrefix', '')}log",
    )
    if service_refused(call, situation):
        yield (
            "You must either provide the necessary permissions to the logging service using a bucket policy "
            "or give the log-delivery group WRITE and READ_ACP permissions to the target bucket"
        )
