"""What is configured about a bucket, however it is split over resources and whichever type says it.

pulumi-aws 6 called inline properties of `BucketV2` in the plural (`versionings`, `loggings`, …), and life
cycles have several forms: here they are one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import inf
from typing import Final

from guardrails.framework.graph import Graph
from guardrails.framework.node import Node
from guardrails.framework.props import Props

LIFE_CYCLE_READS: Final = (
    "s3.Bucket.bucket",
    "s3.Bucket.lifecycleRules",
    "s3.BucketLifecycleConfiguration.bucket",
    "s3.BucketLifecycleConfiguration.rules",
)
LOGGING_READS: Final = (
    "s3.Bucket.bucket",
    "s3.Bucket.logging",
    "s3.Bucket.loggings",
    "s3.BucketLogging.bucket",
    "s3.BucketLogging.targetBucket",
)


@dataclass(frozen=True, kw_only=True)
class LifeCycleRule:
    """A rule over every object of a bucket; 0 days stand for never."""

    expire_days: float
    noncurrent_days: float
    unfinished_days: float
    transitions: frozenset[tuple[str, float]]
    """Storage class and after how many days; infinitely many where no days are stated."""


def life_cycle(bucket: Node, graph: Graph) -> list[LifeCycleRule]:
    """Return the enabled life cycle rules over the whole of *bucket*."""
    cycles = graph.companions(bucket, "s3.BucketLifecycleConfiguration", "bucket")
    rules = [rule for cycle in cycles for rule in cycle.inputs.blocks("rules")]
    return [_rule(each) for each in [*bucket.inputs.blocks("lifecycleRules"), *rules] if _is_over_all(each)]


def _is_over_all(rule: Props) -> bool:
    enabled = rule.text("status") == "Enabled" or rule.flag("enabled")
    narrowed = rule.text("prefix") or rule.count("tags") or any(map(_narrows, rule.blocks("filter")))
    return enabled and not narrowed


def _narrows(chosen: Props) -> bool:
    return any(key != "prefix" for key in chosen.keys()) or bool(chosen.text("prefix"))  # noqa: SIM118


def _rule(rule: Props) -> LifeCycleRule:
    expiry = rule.any_blocks("expiration", "expirations")
    noncurrent = rule.any_blocks("noncurrentVersionExpiration", "noncurrentVersionExpirations")
    unfinished = [
        each.number("daysAfterInitiation") for each in rule.blocks("abortIncompleteMultipartUpload")
    ]
    return LifeCycleRule(
        expire_days=sum(each.number("days") for each in expiry),
        noncurrent_days=sum(_noncurrent_days(each) for each in noncurrent),
        unfinished_days=sum(unfinished) or rule.number("abortIncompleteMultipartUploadDays"),
        transitions=frozenset(map(_transition, rule.blocks("transitions"))),
    )


def _transition(step: Props) -> tuple[str, float]:
    return step.text("storageClass"), step.number("days") if step.has("days") else inf


def _noncurrent_days(expiry: Props) -> float:
    """Return after how many days the last noncurrent version goes; some may be kept for ever."""
    if expiry.number("newerNoncurrentVersions"):
        return 0
    return expiry.number("noncurrentDays") or expiry.number("days")


@dataclass(frozen=True, kw_only=True)
class Logging:
    """Where access logs of a bucket go: `holder` and `prop` are where it stands, `read` reads the target."""

    holder: Node
    prop: str
    read: Callable[[], str]
    settings: Props

    def target(self, graph: Graph) -> Node | None:
        """Return the bucket that takes the logs, None if it is not part of the stack."""
        return graph.traced(self.holder, self.prop, self.read, kinds=("s3.Bucket",))


def logging_of(bucket: Node, graph: Graph) -> list[Logging]:
    """Return where the access logs of *bucket* go."""
    split = graph.companions(bucket, "s3.BucketLogging", "bucket")
    return [*_inline_logging(bucket), *(_logging(each, "targetBucket", each.inputs) for each in split)]


def takes_access_logs(bucket: Node, graph: Graph) -> bool:
    """Tell whether a bucket is where access logs go, and no more: it is not logged itself."""

    def targets(node: Node) -> list[Node | None]:
        return [logging.target(graph) for logging in _inline_logging(node)]

    split = graph.companions(bucket, "s3.BucketLogging", "targetBucket")
    inline = graph.pointing_at(bucket, ("s3.Bucket",), "access logs", targets)
    return bool(split or inline) and not logging_of(bucket, graph)


def is_served(bucket: Node, graph: Graph) -> bool:
    """Tell whether a distribution has *bucket* as an origin."""

    def serves(distribution: Node) -> bool:
        if bucket in graph.sources(distribution, "origins"):
            return True
        name = graph.physical_name(bucket)
        return any(
            origin.text("domainName").startswith(f"{name}.s3")
            for origin in distribution.inputs.blocks("origins")
        )

    return bool(graph.matching("cloudfront.Distribution", serves))


def _inline_logging(bucket: Node) -> list[Logging]:
    return [
        _logging(bucket, prop, block)
        for prop in ("logging", "loggings")
        for block in bucket.inputs.blocks(prop)
    ]


def _logging(holder: Node, prop: str, settings: Props) -> Logging:
    return Logging(holder=holder, prop=prop, read=partial(settings.text, "targetBucket"), settings=settings)


def encryption_rules(bucket: Node, graph: Graph) -> list[tuple[Node, str, Props]]:
    """Return the rules on default encryption, each with the resource and the property that it stands in."""
    rules = []
    for prop in ("serverSideEncryptionConfiguration", "serverSideEncryptionConfigurations"):
        for inline in bucket.inputs.blocks(prop):
            rules += [(bucket, prop, rule) for rule in inline.any_blocks("rule", "rules")]
    for split in graph.companions(bucket, "s3.BucketServerSideEncryptionConfiguration", "bucket"):
        rules += [(split, "rules", rule) for rule in split.inputs.blocks("rules")]
    return rules
