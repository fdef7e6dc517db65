"""The rule on how long S3 buckets keep objects."""

from collections.abc import Iterator
from typing import Annotated, Any, Final

from msgspec import Meta

from guardrails.framework.buckets import (
    LIFE_CYCLE_READS,
    LOGGING_READS,
    is_served,
    life_cycle,
    takes_access_logs,
)
from guardrails.framework.examples import resource, stack
from guardrails.framework.graph import Graph
from guardrails.framework.node import Node
from guardrails.framework.rule import Settings, Severity, stack_rule

_BUCKET: Final = resource("s3.Bucket", "media", bucket="shop-media-dev")


def _cycle(**changes: Any) -> list[dict[str, Any]]:
    """Return a life cycle over the whole bucket; None takes a step out."""
    rule = {
        "id": "everything",
        "status": "Enabled",
        "filter": {"prefix": ""},
        "transitions": [
            {"days": 30, "storageClass": "STANDARD_IA"},
            {"days": 90, "storageClass": "GLACIER_IR"},
        ],
        "expiration": {"days": 365},
        "noncurrentVersionExpiration": {"noncurrentDays": 30},
        "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7},
    }
    return [{key: value for key, value in {**rule, **changes}.items() if value is not None}]


class S3LifeCycleSettings(Settings):
    """How long objects may stay, and from when on they must move to cheaper classes."""

    maximum_days: Annotated[
        int, Meta(ge=1, le=36500, description="After how many days an object has expired at the latest.")
    ] = 3650
    transitions_beyond_days: Annotated[
        int,
        Meta(
            ge=30,
            le=36500,
            description="Objects that stay longer than this move to Infrequent Access and on to Glacier.",
        ),
    ] = 180
    maximum_unfinished_days: Annotated[
        int,
        Meta(
            ge=1,
            le=365,
            description="After how many days the parts of an unfinished upload are gone at the latest.",
        ),
    ] = 7


_AGEING: Final = stack(
    _BUCKET,
    resource("s3.BucketLifecycleConfiguration", "cycle", bucket="shop-media-dev", rules=_cycle()),
)
_SHORT_LIVED: Final = _AGEING.but("cycle", rules=_cycle(transitions=None, expiration={"days": 180}))
_TIERED: Final = _AGEING.but(
    "cycle", rules=_cycle(transitions=[{"days": 0, "storageClass": "INTELLIGENT_TIERING"}])
)
_SEPARATE: Final = _AGEING.but(
    "cycle",
    rules=[
        *_cycle(filter={}, transitions=None, abortIncompleteMultipartUpload=None),
        *_cycle(filter=None, expiration=None, noncurrentVersionExpiration=None),
        *_cycle(status="Disabled", expiration={"days": 10000}),
    ],
)
_AGEING_INLINE: Final = stack(
    resource(
        "s3.Bucket",
        "media",
        bucket="shop-media-dev",
        lifecycleRules=[
            {
                "enabled": True,
                "expirations": [{"days": 90}],
                "abortIncompleteMultipartUploadDays": 3,
            }
        ],
    )
)
_SERVED: Final = _AGEING.but("cycle", rules=_cycle(expiration=None, transitions=None)).plus(
    resource(
        "cloudfront.Distribution",
        "cdn",
        origins=[{"originId": "site", "domainName": "shop-media-dev.s3.eu-west-1.amazonaws.com"}],
    )
)
_KEEPS_LOGS: Final = _AGEING.but("cycle", rules=_cycle(transitions=None)).plus(
    resource(
        "s3.Bucket",
        "other",
        bucket="shop-other-dev",
        lifecycleRules=_AGEING_INLINE.samples[0].inputs["lifecycleRules"],
    ),
    resource("s3.BucketLogging", "logging", bucket="shop-other-dev", targetBucket="shop-media-dev"),
)


@stack_rule(
    severity=Severity.MEDIUM,
    findings=("CC-REL-9", "UA-4.1", "CC-GOV-1", "UA-8.2"),
    fixes={
        "s3.Bucket": (
            'aws.s3.BucketLifecycleConfiguration("media", bucket=bucket.bucket, rules=[{\n'
            '    "id": "everything", "status": "Enabled", "filter": {"prefix": ""},\n'
            '    "transitions": [{"days": 30, "storage_class": "STANDARD_IA"},\n'
            '                    {"days": 90, "storage_class": "GLACIER_IR"}],\n'
            '    "expiration": {"days": 365},\n'
            '    "abort_incomplete_multipart_upload": {"days_after_initiation": 7},\n'
            "}])"
        )
    },
    reads=(*LIFE_CYCLE_READS, *LOGGING_READS, "cloudfront.Distribution.origins"),
    passes={
        "objects that stay for ever: a distribution serves them": _SERVED,
        "objects that move, and expire after a year": _AGEING,
        "objects that never move: they expire before it is worth it": _SHORT_LIVED,
        "no Glacier: Intelligent-Tiering moves objects by itself": _TIERED,
        "10,000 days: that rule is switched off, and two others have what is needed": _SEPARATE,
        "rules on the bucket itself, as older SDKs send them": _AGEING_INLINE,
        "objects that never move for a year: they are access logs, too small for it": _KEEPS_LOGS,
    },
    fails={
        "keeps its objects for ever": _AGEING.without("cycle"),
        "keeps its objects": _AGEING.but("cycle", rules=_cycle(status="Disabled")),
        "objects for ever": _AGEING.but("cycle", rules=_cycle(filter={"tag": {"key": "a", "value": "b"}})),
        "for 4000 days, which is more than 3650": _AGEING.but(
            "cycle", rules=_cycle(expiration={"days": 4000})
        ),
        "for 365 days and never moves them to Infrequent Access or Glacier": _AGEING.but(
            "cycle", rules=_cycle(transitions=None)
        ),
        "never moves them to Glacier": _AGEING.but(
            "cycle", rules=_cycle(transitions=[{"days": 30, "storageClass": "STANDARD_IA"}])
        ),
        "keeps the parts of unfinished uploads for ever": _AGEING.but(
            "cycle", rules=_cycle(abortIncompleteMultipartUpload=None)
        ),
        "keeps the parts of unfinished uploads for 30 days, which is more than 7": _AGEING.but(
            "cycle", rules=_cycle(abortIncompleteMultipartUpload={"daysAfterInitiation": 30})
        ),
    },
    settings=S3LifeCycleSettings,
)
def s3_life_cycle(bucket: Node, graph: Graph, chosen: S3LifeCycleSettings) -> Iterator[str]:
    """Buckets say how long they keep objects, which move to cheaper classes on the way if they stay for long.

    Data without an end is paid for and answered for, for ever. Access logs are spared the move: S3 does not
    move objects below 128 KB by default; what a distribution serves may stay for as long as it is served.
    """
    rules = life_cycle(bucket, graph)
    expiry = min((rule.expire_days for rule in rules if rule.expire_days), default=0)
    served = not expiry and is_served(bucket, graph)
    if not expiry and not served:
        yield "keeps its objects for ever: no lifecycle rule over the whole bucket expires them"
    elif expiry > chosen.maximum_days:
        yield f"keeps its objects for {expiry:.0f} days, which is more than {chosen.maximum_days}"
    elif expiry > chosen.transitions_beyond_days and not takes_access_logs(bucket, graph):
        moves = {name for rule in rules for name, days in rule.transitions if days < expiry}
        if missing := [name for name, classes in _CHEAPER.items() if not classes & moves]:
            yield f"keeps its objects for {expiry:.0f} days and never moves them to {' or '.join(missing)}"
    unfinished = min((rule.unfinished_days for rule in rules if rule.unfinished_days), default=0)
    if (expiry or served) and not unfinished:
        yield "keeps the parts of unfinished uploads for ever: no lifecycle rule ends them all"
    elif unfinished > chosen.maximum_unfinished_days:
        most = chosen.maximum_unfinished_days
        yield f"keeps the parts of unfinished uploads for {unfinished:.0f} days, which is more than {most}"


_CHEAPER: Final = {
    "Infrequent Access": {"STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING"},
    "Glacier": {"GLACIER_IR", "GLACIER", "DEEP_ARCHIVE", "INTELLIGENT_TIERING"},
}
