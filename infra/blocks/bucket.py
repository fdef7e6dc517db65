"""Buckets: private, versioned, encrypted with the system's key, TLS only, logged, and with a life cycle."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.blocks.access_log_bucket import AccessLogBucket
from infra.blocks.life_cycle import LifeCycle, expire
from infra.blocks.private_bucket import close_to_public, encrypt, keep_versions, private_bucket, tls_only
from infra.naming import Kind, Scope
from infra.permissions import Statement, document

# What a bucket's policy says, from the ARN of its objects, which is known only once the bucket is.
StatementsOf = Callable[[pulumi.Output[str]], Sequence[Statement]]


@dataclass(frozen=True, kw_only=True)
class BucketArgs:
    """What a system may choose about its bucket."""

    scope: Scope
    purpose: str
    key_arn: pulumi.Input[str]
    access_logs: AccessLogBucket
    life_cycle: LifeCycle
    # What the policy says beyond TLS: who may read and write.
    policy: StatementsOf
    protect: bool = True


class Bucket(pulumi.ComponentResource):
    """An S3 bucket with everything that belongs to it, as resources of their own."""

    def __init__(self, name: str, args: BucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("guardrails:blocks:Bucket", name, {}, opts)
        scope, child = args.scope, pulumi.ResourceOptions(parent=self)
        self.bucket = private_bucket(
            self, name, scope.name(Kind.BUCKET, args.purpose), scope, protect=args.protect
        )
        self.name: pulumi.Output[str] = self.bucket.bucket
        self.arn = self.name.apply(scope.bucket_arn)
        self.objects_arn = self.name.apply(scope.objects_arn)
        closed = close_to_public(name, self.name, child)
        self.encryption = encrypt(name, self.name, child, key_arn=args.key_arn)
        self.versioning = keep_versions(name, self.name, child)
        versioned = pulumi.ResourceOptions(parent=self, depends_on=[self.versioning])
        expire(name, self.name, args.life_cycle, versioned)
        aws.s3.BucketLogging(
            name,
            bucket=self.name,
            target_bucket=args.access_logs.name,
            target_prefix=f"{args.purpose}/",
            opts=pulumi.ResourceOptions(parent=self, depends_on=[args.access_logs.policy]),
        )
        self.policy = aws.s3.BucketPolicy(
            name,
            bucket=self.name,
            policy=document(tls_only(self.arn, self.objects_arn), *args.policy(self.objects_arn)),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[closed]),
        )
        self.register_outputs({"bucketName": self.name, "bucketArn": self.arn})
