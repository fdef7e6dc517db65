"""Rules on what the encryption of S3 buckets costs."""

from collections.abc import Iterator
from typing import Any, Final

from guardrails.framework.buckets import encryption_rules
from guardrails.framework.examples import UNKNOWN, resource, stack
from guardrails.framework.graph import Graph
from guardrails.framework.node import Node
from guardrails.framework.rule import Severity, stack_rule

_BUCKET: Final = resource("s3.Bucket", "media", bucket="shop-media-dev")


def _encrypted(**changes: Any) -> list[dict[str, Any]]:
    default = {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": UNKNOWN}
    return [{"applyServerSideEncryptionByDefault": default, "bucketKeyEnabled": True, **changes}]


_BUCKET_KEY: Final = stack(
    _BUCKET,
    resource(
        "s3.BucketServerSideEncryptionConfiguration",
        "encryption",
        bucket="shop-media-dev",
        rules=_encrypted(),
    ),
)
_NO_KEY: Final = _BUCKET_KEY.but(
    "encryption", rules=[{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]
)
_DOUBLY: Final = _BUCKET_KEY.but(
    "encryption", rules=[{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms:dsse"}}]
)
_OLD_BUCKET_KEY: Final = stack(
    resource(
        "s3.Bucket",
        "media",
        bucket="shop-media-dev",
        serverSideEncryptionConfigurations=[
            {
                "rules": [
                    {
                        "applyServerSideEncryptionByDefaults": [{"sseAlgorithm": "aws:kms"}],
                        "bucketKeyEnabled": True,
                    }
                ]
            }
        ],
    )
)


@stack_rule(
    severity=Severity.LOW,
    findings=(),
    fixes={
        "s3.Bucket": (
            "aws.s3.BucketServerSideEncryptionConfiguration(\n"
            '    "media", bucket=bucket.bucket, rules=[{\n'
            '        "bucket_key_enabled": True,\n'
            '        "apply_server_side_encryption_by_default": {\n'
            '            "sse_algorithm": "aws:kms", "kms_master_key_id": key.arn},\n'
            "    }],\n"
            ")"
        )
    },
    reads=(
        "s3.Bucket.bucket",
        "s3.Bucket.serverSideEncryptionConfiguration",
        "s3.Bucket.serverSideEncryptionConfigurations",
        "s3.BucketServerSideEncryptionConfiguration.bucket",
        "s3.BucketServerSideEncryptionConfiguration.rules",
    ),
    passes={
        "a bucket key": _BUCKET_KEY,
        "no bucket key: it is under no key of KMS": _NO_KEY,
        "two layers of encryption and no bucket key: there is none for that": _DOUBLY,
        "lists in place of blocks: older SDKs send them so": _OLD_BUCKET_KEY,
    },
    fails={
        "asks KMS for every single object": _BUCKET_KEY.but(
            "encryption", rules=_encrypted(bucketKeyEnabled=False)
        ),
    },
)
def s3_bucket_key(bucket: Node, graph: Graph) -> Iterator[str]:
    """Buckets under a KMS key use a bucket key.

    It spares nearly all requests to KMS, which cost money and count against the account's quota.
    """
    for _, _, rule in encryption_rules(bucket, graph):
        defaults = rule.any_blocks(
            "applyServerSideEncryptionByDefault", "applyServerSideEncryptionByDefaults"
        )
        by_key = any(default.text("sseAlgorithm") == "aws:kms" for default in defaults)
        if by_key and not rule.flag("bucketKeyEnabled"):
            yield "asks KMS for every single object, since it uses no bucket key"
