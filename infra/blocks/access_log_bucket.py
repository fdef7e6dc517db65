"""The bucket that takes the access logs of a system's other buckets."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.blocks.life_cycle import LifeCycle, expire
from infra.blocks.private_bucket import close_to_public, encrypt, keep_versions, private_bucket, tls_only
from infra.naming import Kind, Scope
from infra.permissions import Statement, allow, document, service


@dataclass(frozen=True, kw_only=True)
class AccessLogBucketArgs:
    """Which buckets of the system deliver logs here, by purpose, and how long they are kept."""

    scope: Scope
    purpose: str
    sources: Sequence[str]
    life_cycle: LifeCycle
    protect: bool = True


class AccessLogBucket(pulumi.ComponentResource):
    """A bucket for S3 server access logs.

    It is encrypted by S3 itself, since S3 delivers no logs to a bucket with a KMS key, and it does not log
    itself, which would never end.
    """

    def __init__(
        self, name: str, args: AccessLogBucketArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("guardrails:blocks:AccessLogBucket", name, {}, opts)
        scope, child = args.scope, pulumi.ResourceOptions(parent=self)
        physical_name = scope.name(Kind.BUCKET, args.purpose)
        bucket = private_bucket(self, name, physical_name, scope, protect=args.protect)
        self.name: pulumi.Output[str] = bucket.bucket
        closed = close_to_public(name, self.name, child)
        encrypt(name, self.name, child, key_arn=None)
        versioning = keep_versions(name, self.name, child)
        expire(name, self.name, args.life_cycle, pulumi.ResourceOptions(parent=self, depends_on=[versioning]))
        self.policy = aws.s3.BucketPolicy(
            name,
            bucket=self.name,
            policy=document(
                tls_only(self.name.apply(scope.bucket_arn), self.name.apply(scope.objects_arn)),
                log_delivery(scope, self.name.apply(scope.objects_arn), args.sources),
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[closed]),
        )
        self.register_outputs({"bucketName": self.name})


def log_delivery(scope: Scope, objects_arn: pulumi.Input[str], sources: Sequence[str]) -> Statement:
    """Let S3 write the access logs of the buckets *sources*.

    The sources are named by what they will be called: they are made after this bucket, since they log to it.
    """
    return allow(
        "s3:PutObject",
        on=objects_arn,
        sid="AccessLogDelivery",
        to=service("logging.s3.amazonaws.com"),
        when={
            "StringEquals": {"aws:SourceAccount": scope.account_id},
            "ArnLike": {
                "aws:SourceArn": [scope.bucket_arn(scope.name(Kind.BUCKET, purpose)) for purpose in sources]
            },
        },
    )
