"""The rule on versions of objects in S3 buckets."""

from collections.abc import Iterator
from typing import Annotated, Any, Final

from msgspec import Meta

from guardrails.framework.buckets import LIFE_CYCLE_READS, life_cycle
from guardrails.framework.examples import resource, stack
from guardrails.framework.graph import Graph
from guardrails.framework.node import Node
from guardrails.framework.rule import Settings, Severity, stack_rule

_BUCKET: Final = resource("s3.Bucket", "media", bucket="shop-media-dev")


def _cycle(**changes: Any) -> list[dict[str, Any]]:
    """Return a life cycle over the whole bucket; None takes a step out."""
    rule = {
        "id": "old versions",
        "status": "Enabled",
        "filter": {"prefix": ""},
        "noncurrentVersionExpiration": {"noncurrentDays": 30},
    }
    return [{key: value for key, value in {**rule, **changes}.items() if value is not None}]


class S3VersioningSettings(Settings):
    """How long old versions may stay."""

    maximum_noncurrent_days: Annotated[
        int,
        Meta(ge=1, le=3650, description="After how many days a noncurrent version is gone at the latest."),
    ] = 30


_VERSIONED: Final = stack(
    _BUCKET,
    resource(
        "s3.BucketVersioning",
        "versions",
        bucket="shop-media-dev",
        versioningConfiguration={"status": "Enabled"},
    ),
    resource("s3.BucketLifecycleConfiguration", "cycle", bucket="shop-media-dev", rules=_cycle(filter=None)),
)
_VERSIONED_INLINE: Final = stack(
    resource(
        "s3.Bucket",
        "media",
        bucket="shop-media-dev",
        versioning={"enabled": True},
        lifecycleRules=[
            {"enabled": True, "prefix": "tmp/", "noncurrentVersionExpiration": {"days": 1}},
            {"enabled": True, "noncurrentVersionExpiration": {"days": 30}},
        ],
    )
)
_VERSIONED_OLD: Final = stack(
    resource(
        "s3.Bucket",
        "media",
        bucket="shop-media-dev",
        versionings=[{"enabled": True}],
        lifecycleRules=[{"enabled": True, "noncurrentVersionExpirations": [{"days": 7}]}],
    )
)


@stack_rule(
    severity=Severity.MEDIUM,
    findings=("IP-1.3",),
    fixes={
        "s3.Bucket": (
            "versioning = aws.s3.BucketVersioning(\n"
            '    "media", bucket=bucket.bucket, versioning_configuration={"status": "Enabled"}\n'
            ")\n"
            'aws.s3.BucketLifecycleConfiguration("media", bucket=bucket.bucket, rules=[{\n'
            '    "id": "noncurrent", "status": "Enabled", "filter": {"prefix": ""},\n'
            '    "noncurrent_version_expiration": {"noncurrent_days": 30},\n'
            "}], opts=pulumi.ResourceOptions(depends_on=[versioning]))"
        )
    },
    reads=(
        *LIFE_CYCLE_READS,
        "s3.Bucket.versioning",
        "s3.Bucket.versionings",
        "s3.BucketVersioning.bucket",
        "s3.BucketVersioning.versioningConfiguration",
    ),
    passes={
        "versions that expire after 30 days": _VERSIONED,
        "a rule for tmp/ alone: a second one is for everything": _VERSIONED_INLINE,
        "lists in place of blocks: older SDKs send them so": _VERSIONED_OLD,
    },
    fails={
        "does not keep versions": _VERSIONED.without("versions"),
        "keeps noncurrent versions forever": _VERSIONED.without("cycle"),
        "does not keep": _VERSIONED.but("versions", versioningConfiguration={"status": "Suspended"}),
        "noncurrent versions forever": _VERSIONED.but("cycle", rules=_cycle(filter={"prefix": "tmp/"})),
        "keeps noncurrent versions": _VERSIONED.but("cycle", rules=_cycle(noncurrentVersionExpiration=None)),
        "keeps noncurrent": _VERSIONED.but(
            "cycle",
            rules=_cycle(noncurrentVersionExpiration={"noncurrentDays": 1, "newerNoncurrentVersions": 3}),
        ),
        "keeps noncurrent versions for 31 days, which is more than 30": _VERSIONED.but(
            "cycle", rules=_cycle(noncurrentVersionExpiration={"noncurrentDays": 31})
        ),
    },
    settings=S3VersioningSettings,
)
def s3_versioning(bucket: Node, graph: Graph, chosen: S3VersioningSettings) -> Iterator[str]:
    """Buckets keep versions of their objects and let noncurrent ones expire.

    Without versions an overwrite or deletion is final; without expiry every old version is paid for for ever.
    """
    versioning = graph.companions(bucket, "s3.BucketVersioning", "bucket")
    states = [each.inputs.block("versioningConfiguration").text("status") for each in versioning]
    inline = [each.flag("enabled") for each in bucket.inputs.any_blocks("versioning", "versionings")]
    if not any(inline) and "Enabled" not in states:
        yield "does not keep versions of its objects"
    days = [rule.noncurrent_days for rule in life_cycle(bucket, graph) if rule.noncurrent_days]
    if not days:
        yield "keeps noncurrent versions forever: no lifecycle rule over the whole bucket expires them"
    elif min(days) > chosen.maximum_noncurrent_days:
        most = chosen.maximum_noncurrent_days
        yield f"keeps noncurrent versions for {min(days):.0f} days, which is more than {most}"
