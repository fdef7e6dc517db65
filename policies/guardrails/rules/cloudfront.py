"""Rules on distributions."""

from collections.abc import Iterator
from typing import Any, Final

from guardrails.framework.api import each
from guardrails.framework.examples import UNKNOWN, resource, stack
from guardrails.framework.node import Node
from guardrails.framework.props import Props
from guardrails.framework.rule import Severity, resource_rule

_BEHAVIOR: Final[dict[str, Any]] = {
    "viewerProtocolPolicy": "redirect-to-https",
    "cachePolicyId": UNKNOWN,
    "responseHeadersPolicyId": UNKNOWN,
    "compress": True,
}
_SITE: Final = stack(
    resource(
        "cloudfront.Distribution",
        "site",
        defaultCacheBehavior=_BEHAVIOR,
        orderedCacheBehaviors=[{**_BEHAVIOR, "pathPattern": "/api/*", "viewerProtocolPolicy": "https-only"}],
    )
)
_PLAIN: Final = stack(resource("cloudfront.Distribution", "site", defaultCacheBehavior=_BEHAVIOR))


def _default(**changes: Any) -> dict[str, Any]:
    return {key: value for key, value in {**_BEHAVIOR, **changes}.items() if value is not None}


_READS: Final = (
    "cloudfront.Distribution.defaultCacheBehavior",
    "cloudfront.Distribution.orderedCacheBehaviors",
)


@resource_rule(
    severity=Severity.LOW,
    findings=("CC-PERF-4",),
    fixes={
        "cloudfront.Distribution": (
            "default_cache_behavior={\n"
            '    "cache_policy_id": cache_policy.id, "compress": True,\n'
            '    "response_headers_policy_id": headers_policy.id,\n'
            "}  # beside what is there; the same in each of ordered_cache_behaviors"
        )
    },
    reads=_READS,
    passes={
        "an API behind a cache: its behaviour has a policy, by which nothing need be cached": _SITE,
        "a single behaviour: the default one covers every path": _PLAIN,
    },
    fails={
        "has no cache policy for its other paths": _SITE.but(
            "site", defaultCacheBehavior=_default(cachePolicyId=None)
        ),
        "does not compress answers for /img/*": _SITE.but(
            "site", orderedCacheBehaviors=[{**_BEHAVIOR, "pathPattern": "/img/*", "compress": False}]
        ),
        "sets no headers by a response headers policy": _PLAIN.but(
            "site", defaultCacheBehavior=_default(responseHeadersPolicyId=None)
        ),
    },
)
def cloudfront_caching(distribution: Node) -> Iterator[str]:
    """Each kind of content has its cache policy, is compressed, and gets its headers at the edge.

    By age alone content is stale or fetched too often, and clear text makes callers wait for its size.
    """
    yield from each(_behaviors(distribution), _caching_problems)


def _behaviors(distribution: Node) -> list[Props]:
    inputs = distribution.inputs
    return [inputs.block("defaultCacheBehavior"), *inputs.blocks("orderedCacheBehaviors")]


def _paths(behavior: Props) -> str:
    return behavior.text("pathPattern") or "its other paths"


def _caching_problems(behavior: Props) -> Iterator[str]:
    paths = _paths(behavior)
    if not behavior.has("cachePolicyId"):
        yield f"has no cache policy for {paths}"
    if not behavior.has("responseHeadersPolicyId"):
        yield f"sets no headers by a response headers policy for {paths}"
    if not behavior.flag("compress"):
        yield f"does not compress answers for {paths}"


@resource_rule(
    severity=Severity.HIGH,
    findings=(),
    fixes={
        "cloudfront.Distribution": (
            'default_cache_behavior={"viewer_protocol_policy": "redirect-to-https"}\n'
            "# beside what is there; the same in each of ordered_cache_behaviors"
        )
    },
    reads=_READS,
    passes={
        "https-only, without a redirect: plain HTTP is refused there": _SITE,
        "redirect-to-https, which answers plain HTTP: with nothing but the address to go to": _PLAIN,
    },
    fails={
        "serves plain HTTP for its other paths": _PLAIN.but(
            "site", defaultCacheBehavior=_default(viewerProtocolPolicy="allow-all")
        ),
        "serves plain HTTP for /api/*": _SITE.but(
            "site", orderedCacheBehaviors=[{"pathPattern": "/api/*", "viewerProtocolPolicy": "allow-all"}]
        ),
    },
)
def cloudfront_https(distribution: Node) -> Iterator[str]:
    """Distributions serve nothing over plain HTTP.

    What passes can be read and changed on the way.
    """
    for behavior in _behaviors(distribution):
        if behavior.text("viewerProtocolPolicy") not in ("redirect-to-https", "https-only"):
            yield f"serves plain HTTP for {_paths(behavior)}"
