"""What every bucket has, whatever it is for."""

import pulumi
import pulumi_aws as aws

from infra.naming import Scope
from infra.permissions import Statement, deny


def private_bucket(
    parent: pulumi.Resource, name: str, physical_name: str, scope: Scope, *, protect: bool
) -> aws.s3.Bucket:
    """Create a bucket; one that is not protected may be destroyed with its objects."""
    return aws.s3.Bucket(
        name,
        bucket=physical_name,
        force_destroy=not protect,
        tags=scope.tags,
        opts=pulumi.ResourceOptions(parent=parent, protect=protect, delete_before_replace=True),
    )


def close_to_public(
    name: str, bucket: pulumi.Input[str], opts: pulumi.ResourceOptions
) -> aws.s3.BucketPublicAccessBlock:
    """Switch ACLs off and block public access in all four ways."""
    aws.s3.BucketOwnershipControls(
        name,
        bucket=bucket,
        rule=aws.s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"),
        opts=opts,
    )
    return aws.s3.BucketPublicAccessBlock(
        name,
        bucket=bucket,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        opts=opts,
    )


def keep_versions(
    name: str, bucket: pulumi.Input[str], opts: pulumi.ResourceOptions
) -> aws.s3.BucketVersioning:
    """Keep overwritten and deleted objects as noncurrent versions."""
    return aws.s3.BucketVersioning(
        name,
        bucket=bucket,
        versioning_configuration=aws.s3.BucketVersioningVersioningConfigurationArgs(status="Enabled"),
        opts=opts,
    )


def encrypt(
    name: str, bucket: pulumi.Input[str], opts: pulumi.ResourceOptions, *, key_arn: pulumi.Input[str] | None
) -> aws.s3.BucketServerSideEncryptionConfiguration:
    """Encrypt new objects with the key, sparing calls of KMS by a bucket key; without one by S3 itself."""
    default = aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
        sse_algorithm="AES256" if key_arn is None else "aws:kms", kms_master_key_id=key_arn
    )
    rule = aws.s3.BucketServerSideEncryptionConfigurationRuleArgs(
        apply_server_side_encryption_by_default=default, bucket_key_enabled=key_arn is not None
    )
    return aws.s3.BucketServerSideEncryptionConfiguration(name, bucket=bucket, rules=[rule], opts=opts)


def tls_only(bucket_arn: pulumi.Input[str], objects_arn: pulumi.Input[str]) -> Statement:
    """Deny every request without TLS."""
    return deny(
        "s3:*",
        on=[bucket_arn, objects_arn],
        sid="TlsOnly",
        when={"Bool": {"aws:SecureTransport": "false"}},
    )
