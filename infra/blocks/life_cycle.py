"""How long a bucket keeps objects, their old versions and unfinished uploads, and in which storage class."""

from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

UNFINISHED_UPLOAD_DAYS: Final = 7


@dataclass(frozen=True, kw_only=True)
class LifeCycle:
    """How many days objects live in which storage class; None leaves a step out."""

    expire_days: int
    noncurrent_days: int
    infrequent_access_days: int | None = None
    archive_days: int | None = None


def expire(name: str, bucket: pulumi.Input[str], cycle: LifeCycle, opts: pulumi.ResourceOptions) -> None:
    """Put every object of *bucket* under *cycle*."""
    aws.s3.BucketLifecycleConfiguration(name, bucket=bucket, rules=[life_cycle_rule(cycle)], opts=opts)


def life_cycle_rule(cycle: LifeCycle) -> aws.s3.BucketLifecycleConfigurationRuleArgs:
    """Return the rule that moves, expires and clears away every object of a bucket."""
    steps = {"STANDARD_IA": cycle.infrequent_access_days, "GLACIER_IR": cycle.archive_days}
    return aws.s3.BucketLifecycleConfigurationRuleArgs(
        id="everything",
        status="Enabled",
        filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=""),
        transitions=[
            aws.s3.BucketLifecycleConfigurationRuleTransitionArgs(days=days, storage_class=storage_class)
            for storage_class, days in steps.items()
            if days is not None
        ],
        expiration=aws.s3.BucketLifecycleConfigurationRuleExpirationArgs(days=cycle.expire_days),
        noncurrent_version_expiration=aws.s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(
            noncurrent_days=cycle.noncurrent_days
        ),
        abort_incomplete_multipart_upload=aws.s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
            days_after_initiation=UNFINISHED_UPLOAD_DAYS
        ),
    )
