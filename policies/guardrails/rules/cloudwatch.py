"""Rules on CloudWatch logs."""

from collections.abc import Iterator
from typing import Annotated, Any, Final

from msgspec import Meta

from guardrails.framework.examples import UNKNOWN, resource, stack
from guardrails.framework.graph import Graph
from guardrails.framework.node import Node
from guardrails.framework.rule import Settings, Severity, stack_rule

_DEFAULT_GROUP: Final = stack(
    resource("lambda.Function", "worker", name="shop-worker-dev"),
    resource("cloudwatch.LogGroup", "logs", name="/aws/lambda/shop-worker-dev", retentionInDays=30),
)
_NAMED_GROUP: Final = stack(
    resource(
        "lambda.Function", "worker", name="shop-worker-dev", loggingConfig={"logGroup": "/shop/worker/dev"}
    ),
    resource("cloudwatch.LogGroup", "logs", name="/shop/worker/dev", retentionInDays=30),
)
_UNNAMED_GROUP: Final = stack(
    resource(
        "lambda.Function", "worker", sources={"loggingConfig": ("logs",)}, loggingConfig={"logGroup": UNKNOWN}
    ),
    resource("cloudwatch.LogGroup", "logs", retentionInDays=30),
)
_DAYS: Final = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827),
    *(2192, 2557, 2922, 3288, 3653),
)
"""The retentions that CloudWatch Logs knows."""


class LogRetentionSettings(Settings):
    """How long logs may and must be kept."""

    minimum_days: Annotated[
        int, Meta(ge=1, le=3653, description="For how many days a log group keeps its records at least.")
    ] = 1
    maximum_days: Annotated[
        int, Meta(ge=1, le=3653, description="For how many days a log group keeps its records at most.")
    ] = 3653
    default_days: Annotated[
        int,
        Meta(
            ge=1,
            le=3653,
            description="What level remediate sets; if the stack does not allow it, the next that it allows.",
        ),
    ] = 365


def _limited(group: Node, settings: LogRetentionSettings) -> dict[str, Any]:
    """Set `retentionInDays` to `defaultDays` where none is stated; CloudWatch then deletes older records."""
    allowed = [days for days in _DAYS if settings.minimum_days <= days <= settings.maximum_days]
    if not allowed or group.inputs.get("retentionInDays") is not None:
        return {}
    return {"retentionInDays": next((days for days in allowed if days >= settings.default_days), allowed[-1])}


@stack_rule(
    severity=Severity.MEDIUM,
    findings=("OP-5.2", "IP-5.3", "UA-4.2", "CC-GOV-1"),
    settings=LogRetentionSettings,
    remedies={"cloudwatch.LogGroup": _limited},
    fixes={
        "cloudwatch.LogGroup": "retention_in_days=30",
        "lambda.Function": (
            'log_group = aws.cloudwatch.LogGroup("orders", name="/shop/orders", retention_in_days=30)\n'
            "aws.lambda_.Function(\n"
            '    ..., logging_config={"log_format": "JSON", "log_group": log_group.name}\n'
            ")"
        ),
    },
    reads=(
        "cloudwatch.LogGroup.name",
        "cloudwatch.LogGroup.retentionInDays",
        "lambda.Function.loggingConfig",
        "lambda.Function.name",
    ),
    passes={
        "a function that names no log group: the group has the name that Lambda takes": _DEFAULT_GROUP,
        "no group /aws/lambda/shop-worker-dev: the function logs to another one": _NAMED_GROUP,
        "a group without a name: the function gets its name from the group itself": _UNNAMED_GROUP,
        "records that are kept for ten years: that is an end, and the stack allows it": _NAMED_GROUP.but(
            "logs", retentionInDays=3653
        ),
    },
    fails={
        "keeps its records for ever": _NAMED_GROUP.but("logs", retentionInDays=None),
        "keeps its records": _NAMED_GROUP.but("logs", retentionInDays=0),
        "keeps its records for 8 days, which CloudWatch Logs does not know": _NAMED_GROUP.but(
            "logs", retentionInDays=8
        ),
        "log group /aws/lambda/shop-worker-dev, which is not part of the stack": _DEFAULT_GROUP.without(
            "logs"
        ),
        "log group /shop/worker/dev, which is not part of the stack": _NAMED_GROUP.without("logs"),
    },
)
def log_retention(subject: Node, graph: Graph, settings: LogRetentionSettings) -> Iterator[str]:
    """Every log group states how long it keeps logs, and every function has one in the stack.

    A log group that Lambda makes by itself has no retention, no key of ours and outlives the stack.
    """
    if subject.kind == "cloudwatch.LogGroup":
        yield from _group_problems(subject, settings)
        return
    if subject.inputs.block("loggingConfig").has("logGroup"):
        own = graph.target(subject, "loggingConfig", "logGroup", kinds=("cloudwatch.LogGroup",))
        name = "" if own else subject.inputs.block("loggingConfig").text("logGroup")
    else:
        name = f"/aws/lambda/{graph.physical_name(subject)}"
        own = graph.named(name, "cloudwatch.LogGroup", near=subject)
    if own is None:
        yield f"writes to the log group {name}, which is not part of the stack"


def _group_problems(group: Node, settings: LogRetentionSettings) -> Iterator[str]:
    days = group.inputs.number("retentionInDays")
    if not days:
        yield "keeps its records for ever"
    elif days not in _DAYS:
        yield f"keeps its records for {days:g} days, which CloudWatch Logs does not know"
    elif not settings.minimum_days <= days <= settings.maximum_days:
        yield (
            f"keeps its records for {days:g} days, "
            f"which is not between {settings.minimum_days} and {settings.maximum_days}"
        )
