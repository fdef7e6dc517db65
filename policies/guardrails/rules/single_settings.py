"""The rule on settings that a resource has once, however many resources of the program give them."""

from collections.abc import Iterator
from typing import Any, Final

from guardrails.framework.examples import UNKNOWN, Stack, resource, stack
from guardrails.framework.graph import Graph
from guardrails.framework.names import PART_OF, token_of
from guardrails.framework.node import Node
from guardrails.framework.rule import Severity, stack_rule

_TOPICS: Final = "arn:aws:sns:eu-west-1:111122223333:"
_QUEUES: Final = "https://sqs.eu-west-1.amazonaws.com/111122223333/"


def _twice(kind: str) -> Stack:
    prop, owner = PART_OF[kind]
    given: dict[str, Any] = {prop: UNKNOWN, "sources": {prop: ("owner",)}}
    return stack(resource(owner, "owner"), resource(kind, "one", **given), resource(kind, "other", **given))


def _apart(kind: str, first: str, second: str, **owner: Any) -> Stack:
    prop, owned = PART_OF[kind]
    one: dict[str, Any] = {prop: first}
    other: dict[str, Any] = {prop: second}
    return stack(
        resource(owned, "owner", **owner), resource(kind, "one", **one), resource(kind, "other", **other)
    )


@stack_rule(
    severity=Severity.HIGH,
    findings=("IP-1.1", "IP-1.2", "IP-1.3", "CC-REL-9"),
    fixes=dict.fromkeys(PART_OF, "# one resource with what both say, such as one policy with all statements"),
    reads=(
        *(f"{kind}.{prop}" for kind, (prop, _) in PART_OF.items()),
        *("s3.Bucket.bucket", "sns.Topic.name", "sqs.Queue.name"),
    ),
    passes={
        "two policies of almost the same bucket: the names differ": _apart(
            "s3.BucketPolicy", "shop-media-dev", "shop-media-dev-2", bucket="shop-media-dev"
        ),
        "two policies of queues: one is of the dead-letter queue": _apart(
            "sqs.QueuePolicy", f"{_QUEUES}shop-work-dev", f"{_QUEUES}shop-dlq-dev", name="shop-work-dev"
        ),
        "two policies of topics: one name begins like the other": _apart(
            "sns.TopicPolicy", f"{_TOPICS}shop-news-dev", f"{_TOPICS}shop-dev", name="shop-news-dev"
        ),
        "one policy of a topic": _twice("sns.TopicPolicy").without("other"),
    },
    fails={f'and "other" ({token_of(kind)})': _twice(kind) for kind in PART_OF},
)
def single_settings(setting: Node, graph: Graph) -> Iterator[str]:
    """One resource of the program gives what a resource has once, such as its policy.

    Of two that give them AWS keeps what comes last: on some days that without the denial, the versions or the
    expiry.
    """
    if rival := graph.once(_rivals, setting.kind).get(setting):
        yield f"and {rival} overwrite each other"


def _rivals(kind: str, graph: Graph) -> dict[Node, Node]:
    """Return, for the first of several resources that set the same, the second."""
    prop, owner = PART_OF[kind]
    by_owner: dict[Node, list[Node]] = {}
    for node in graph.of(kind):
        if target := graph.target(node, prop, kinds=(owner,)):
            by_owner.setdefault(target, []).append(node)
    several = (sorted(likes, key=lambda each: each.urn) for likes in by_owner.values() if len(likes) > 1)
    return {first: second for first, second, *_ in several}
