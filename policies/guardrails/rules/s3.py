"""Rules on S3 buckets."""

from collections.abc import Iterator
from typing import Any, Final

from guardrails.framework.documents import Statement
from guardrails.framework.examples import resource, stack
from guardrails.framework.graph import Graph
from guardrails.framework.joins import bucket_statements
from guardrails.framework.node import Node
from guardrails.framework.props import Props
from guardrails.framework.rule import Severity, stack_rule

_FLAGS: Final = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
_ALL_ON: Final[dict[str, Any]] = dict.fromkeys(_FLAGS, True)
_BUCKET: Final = resource("s3.Bucket", "media", bucket="shop-media-dev")
_ARN: Final = "arn:aws:s3:::shop-media-dev"

_BLOCKED: Final = stack(
    _BUCKET,
    resource("s3.BucketPublicAccessBlock", "block", bucket="shop-media-dev", **_ALL_ON),
)


@stack_rule(
    severity=Severity.CRITICAL,
    findings=("IP-1.1",),
    fixes={
        "s3.Bucket": "aws.s3.BucketPublicAccessBlock(name, bucket=bucket.bucket, block_public_acls=True, "
        "block_public_policy=True, ignore_public_acls=True, restrict_public_buckets=True)"
    },
    reads=(
        "s3.Bucket.bucket",
        "s3.BucketPublicAccessBlock.bucket",
        *(f"s3.BucketPublicAccessBlock.{flag}" for flag in _FLAGS),
    ),
    passes=[_BLOCKED],
    fails={
        "has no public access block": _BLOCKED.without("block"),
        "has a public access block that leaves ignorePublicAcls off": _BLOCKED.but(
            "block", ignorePublicAcls=False
        ),
        "has a public access block that leaves blockPublicPolicy off": _BLOCKED.but(
            "block", blockPublicPolicy=None
        ),
    },
)
def s3_public_access(bucket: Node, graph: Graph) -> Iterator[str]:
    """Buckets block all four ways of public access.

    An ACL or policy slipped in later would otherwise open the bucket's objects to the internet.
    """
    blocks = graph.companions(bucket, "s3.BucketPublicAccessBlock", "bucket")
    if not blocks:
        yield "has no public access block"
    for block in blocks:
        if off := [flag for flag in _FLAGS if not block.inputs.flag(flag)]:
            yield f"has a public access block that leaves {', '.join(off)} off"


_TLS_ONLY: Final = {
    "Sid": "TlsOnly",
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Resource": [_ARN, f"{_ARN}/*"],
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}


def _policy(**changes: object) -> dict[str, object]:
    return {"Version": "2012-10-17", "Statement": [{**_TLS_ONLY, **changes}]}


_ENCRYPTED_TRANSPORT: Final = stack(
    _BUCKET, resource("s3.BucketPolicy", "policy", bucket="shop-media-dev", policy=_policy())
)


@stack_rule(
    severity=Severity.HIGH,
    findings=("IP-1.2",),
    fixes={
        "s3.Bucket": 'aws.s3.BucketPolicy with {"Effect": "Deny", "Principal": "*", "Action": "s3:*", '
        '"Resource": [bucket_arn, f"{bucket_arn}/*"], "Condition": '
        '{"Bool": {"aws:SecureTransport": "false"}}}'
    },
    reads=("s3.Bucket.bucket", "s3.Bucket.policy", "s3.BucketPolicy.bucket", "s3.BucketPolicy.policy"),
    passes=[
        _ENCRYPTED_TRANSPORT,
        stack(resource("s3.Bucket", "media", bucket="shop-media-dev", policy=_policy())),
    ],
    fails={
        "has no policy that denies requests without TLS": _ENCRYPTED_TRANSPORT.without("policy"),
        "denies requests without TLS not to objects": _ENCRYPTED_TRANSPORT.but(
            "policy", policy=_policy(Resource=_ARN)
        ),
        "denies requests without TLS not to the bucket itself": _ENCRYPTED_TRANSPORT.but(
            "policy", policy=_policy(Resource=f"{_ARN}/*")
        ),
        "no policy that denies": _ENCRYPTED_TRANSPORT.but("policy", policy=_policy(Action="s3:GetObject")),
    },
)
def s3_tls_only(bucket: Node, graph: Graph) -> Iterator[str]:
    """Buckets refuse requests that do not come over TLS.

    S3 also answers plain HTTP, where objects and signed requests can be read and replayed on the way.
    """
    denied = {
        resource_arn
        for statement in bucket_statements(bucket, graph)
        if _denies_plain_http(statement)
        for resource_arn in statement.resources
    }
    name = graph.physical_name(bucket) if denied else ""
    missing = [part for part, suffix in _PARTS.items() if not any(_is(arn, name + suffix) for arn in denied)]
    if len(missing) == len(_PARTS):
        yield "has no policy that denies requests without TLS"
    elif missing:
        yield f"denies requests without TLS not to {missing[0]}"


_PARTS: Final = {"the bucket itself": "", "objects": "/*"}


def _denies_plain_http(statement: Statement) -> bool:
    """Tell whether *statement* denies everything without TLS to everyone, under no other condition."""
    return (
        statement.effect == "Deny"
        and statement.everyone
        and not statement.exceptions
        and bool({"s3:*", "*"} & set(statement.actions))
        and dict(statement.conditions) == {("Bool", "aws:securetransport"): ("false",)}
    )


def _is(arn: str, resource_part: str) -> bool:
    return arn.split(":", 5)[-1] == resource_part and arn.split(":")[2:3] == ["s3"]


_VERSIONED: Final = stack(
    _BUCKET,
    resource(
        "s3.BucketVersioning",
        "versions",
        bucket="shop-media-dev",
        versioningConfiguration={"status": "Enabled"},
    ),
    resource(
        "s3.BucketLifecycleConfiguration",
        "cycle",
        bucket="shop-media-dev",
        rules=[{"id": "old", "status": "Enabled", "noncurrentVersionExpiration": {"noncurrentDays": 30}}],
    ),
)


@stack_rule(
    severity=Severity.MEDIUM,
    findings=("IP-1.3",),
    fixes={
        "s3.Bucket": 'aws.s3.BucketVersioning(…, versioning_configuration={"status": "Enabled"}) and '
        'aws.s3.BucketLifecycleConfiguration(…, rules=[{"id": "noncurrent", "status": "Enabled", '
        '"noncurrent_version_expiration": {"noncurrent_days": 30}}])'
    },
    reads=(
        "s3.Bucket.bucket",
        "s3.Bucket.lifecycleRules",
        "s3.Bucket.versioning",
        "s3.BucketLifecycleConfiguration.bucket",
        "s3.BucketLifecycleConfiguration.rules",
        "s3.BucketVersioning.bucket",
        "s3.BucketVersioning.versioningConfiguration",
    ),
    passes=[
        _VERSIONED,
        stack(
            resource(
                "s3.Bucket",
                "media",
                bucket="shop-media-dev",
                versioning={"enabled": True},
                lifecycleRules=[{"enabled": True, "noncurrentVersionExpiration": {"days": 30}}],
            )
        ),
    ],
    fails={
        "does not keep versions": _VERSIONED.without("versions"),
        "keeps noncurrent versions forever": _VERSIONED.without("cycle"),
        "does not keep": _VERSIONED.but("versions", versioningConfiguration={"status": "Suspended"}),
        "noncurrent versions forever": _VERSIONED.but(
            "cycle",
            rules=[
                {
                    "status": "Enabled",
                    "filter": {"prefix": "tmp/"},
                    "noncurrentVersionExpiration": {"noncurrentDays": 30},
                }
            ],
        ),
        "keeps noncurrent versions": _VERSIONED.but("cycle", rules=[{"status": "Enabled"}]),
    },
)
def s3_versioning(bucket: Node, graph: Graph) -> Iterator[str]:
    """Buckets keep versions of their objects and let noncurrent ones expire.

    Without versions an overwrite or deletion is final; without expiry every old version is paid for for ever.
    """
    versioning = graph.companions(bucket, "s3.BucketVersioning", "bucket")
    states = [each.inputs.block("versioningConfiguration").text("status") for each in versioning]
    if not bucket.inputs.block("versioning").flag("enabled") and "Enabled" not in states:
        yield "does not keep versions of its objects"
    cycles = graph.companions(bucket, "s3.BucketLifecycleConfiguration", "bucket")
    rules = [rule for cycle in cycles for rule in cycle.inputs.blocks("rules")]
    if not any(_expires_noncurrent(rule) for rule in [*rules, *bucket.inputs.blocks("lifecycleRules")]):
        yield "keeps noncurrent versions forever: no lifecycle rule over the whole bucket expires them"


def _expires_noncurrent(rule: Props) -> bool:
    """Tell whether a lifecycle rule, split or inline, ends noncurrent versions of every object."""
    expiry = rule.block("noncurrentVersionExpiration")
    narrowed = rule.text("prefix") or rule.count("tags") or _narrows(rule.block("filter"))
    enabled = rule.text("status") == "Enabled" or rule.flag("enabled")
    return bool(enabled and (expiry.number("noncurrentDays") or expiry.number("days")) and not narrowed)


def _narrows(chosen: Props) -> bool:
    return any(chosen.has(key) for key in chosen.keys() if key != "prefix") or bool(chosen.text("prefix"))  # noqa: SIM118
