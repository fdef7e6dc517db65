"""Rules on who reaches S3 buckets, and how."""

from collections.abc import Iterator
from typing import Any, Final

from guardrails.framework.documents import Statement
from guardrails.framework.examples import UNKNOWN, resource, stack
from guardrails.framework.graph import Graph
from guardrails.framework.joins import bucket_statements
from guardrails.framework.node import Node
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
        "s3.Bucket": (
            "aws.s3.BucketPublicAccessBlock(\n"
            '    "media", bucket=bucket.bucket, block_public_acls=True, block_public_policy=True,\n'
            "    ignore_public_acls=True, restrict_public_buckets=True,\n"
            ")"
        )
    },
    reads=(
        "s3.Bucket.bucket",
        "s3.BucketPublicAccessBlock.bucket",
        *(f"s3.BucketPublicAccessBlock.{flag}" for flag in _FLAGS),
    ),
    passes={
        "a bucket with its block": _BLOCKED,
        "a public website, by name and settings: it is blocked, and CloudFront may still serve it": stack(
            resource("s3.Bucket", "site", bucket="shop-public-site-dev", website={"indexDocument": "i.html"}),
            resource("s3.BucketPublicAccessBlock", "block", bucket="shop-public-site-dev", **_ALL_ON),
        ),
        "a block of a bucket unknown until the update: it comes from this one": _BLOCKED.but(
            "block", bucket=UNKNOWN
        ).traced("block", bucket=("media",)),
    },
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
        "s3.Bucket": (
            "# in the bucket's policy (aws.s3.BucketPolicy):\n"
            '{"Effect": "Deny", "Principal": "*", "Action": "s3:*",\n'
            ' "Resource": [bucket_arn, f"{bucket_arn}/*"],\n'
            ' "Condition": {"Bool": {"aws:SecureTransport": "false"}}}'
        )
    },
    reads=("s3.Bucket.bucket", "s3.Bucket.policy", "s3.BucketPolicy.bucket", "s3.BucketPolicy.policy"),
    passes={
        "everyone, and s3:*: in a denial": _ENCRYPTED_TRANSPORT,
        "a bucket without BucketPolicy: it has the policy itself": stack(
            resource("s3.Bucket", "media", bucket="shop-media-dev", policy=_policy())
        ),
    },
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
        statement.denies
        and statement.everyone
        and not statement.exceptions
        and (statement.lists("s3:*") or statement.lists("*"))
        and dict(statement.conditions) == {("Bool", "aws:securetransport"): ("false",)}
    )


def _is(arn: str, resource_part: str) -> bool:
    return arn.split(":", 5)[-1] == resource_part and arn.split(":")[2:3] == ["s3"]


_OWNED: Final = stack(
    resource("s3.Bucket", "media", bucket="shop-media-dev"),
    resource(
        "s3.BucketOwnershipControls",
        "controls",
        bucket="shop-media-dev",
        rule={"objectOwnership": "BucketOwnerEnforced"},
    ),
)
_PRIVATE: Final = (
    _OWNED.without("controls")
    .but("media", acl="private", grants=[])
    .plus(resource("s3.BucketAcl", "acl", bucket="shop-media-dev", acl="private"))
)


@stack_rule(
    severity=Severity.HIGH,
    findings=("IP-1.1",),
    fixes={
        "s3.Bucket": (
            "aws.s3.BucketOwnershipControls(\n"
            '    "media", bucket=bucket.bucket, rule={"object_ownership": "BucketOwnerEnforced"}\n'
            ")  # and no acl or grants on the bucket, and no aws.s3.BucketAcl"
        )
    },
    reads=(
        "s3.Bucket.acl",
        "s3.Bucket.bucket",
        "s3.Bucket.grants",
        "s3.BucketAcl.accessControlPolicy",
        "s3.BucketAcl.acl",
        "s3.BucketAcl.bucket",
        "s3.BucketOwnershipControls.bucket",
        "s3.BucketOwnershipControls.rule",
    ),
    passes={
        "objects that belong to the bucket's owner": _OWNED,
        "an ACL, and no ownership controls: it is private, and S3 enforces ownership by default": _PRIVATE,
        "no word of ownership and ACLs: S3 has them switched off by default": _OWNED.without("controls"),
    },
    fails={
        "leaves objects to whoever uploads them: its object ownership is ObjectWriter": _OWNED.but(
            "controls", rule={"objectOwnership": "ObjectWriter"}
        ),
        "is opened by the ACL public-read": _OWNED.but("media", acl="public-read"),
        "is opened by the ACL log-delivery-write": _PRIVATE.but("acl", acl="log-delivery-write"),
        "is opened by grants of an ACL": _OWNED.but("media", grants=[{"permissions": ["READ"]}]),
        "opened by grants": _PRIVATE.but("acl", acl=None, accessControlPolicy={"grants": []}),
    },
)
def s3_no_acls(bucket: Node, graph: Graph) -> Iterator[str]:
    """Buckets belong to their owner with all that is in them, and no ACL opens them.

    ACLs grant beside the bucket's policy, where nobody looks. S3 has them switched off unless told otherwise.
    """
    for controls in graph.companions(bucket, "s3.BucketOwnershipControls", "bucket"):
        if (ownership := controls.inputs.block("rule").text("objectOwnership")) != "BucketOwnerEnforced":
            yield f"leaves objects to whoever uploads them: its object ownership is {ownership}"
    acls = graph.companions(bucket, "s3.BucketAcl", "bucket")
    for name in [holder.inputs.text("acl") for holder in (bucket, *acls)]:
        if name not in ("", "private"):
            yield f"is opened by the ACL {name}"
    if bucket.inputs.count("grants") or any(acl.inputs.count("accessControlPolicy") for acl in acls):
        yield "is opened by grants of an ACL"
