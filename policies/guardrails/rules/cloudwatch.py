"""Rules on CloudWatch logs."""

from collections.abc import Iterator
from typing import Final

from guardrails.framework.examples import UNKNOWN, resource, stack
from guardrails.framework.graph import Graph
from guardrails.framework.node import Node
from guardrails.framework.rule import Severity, stack_rule

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


@stack_rule(
    severity=Severity.MEDIUM,
    findings=("OP-5.2", "IP-5.3"),
    fixes={
        "cloudwatch.LogGroup": "retention_in_days=30",
        "lambda.Function": "aws.cloudwatch.LogGroup(…, retention_in_days=30), and on the function "
        'logging_config={"log_format": "JSON", "log_group": log_group.name}',
    },
    reads=(
        "cloudwatch.LogGroup.name",
        "cloudwatch.LogGroup.retentionInDays",
        "lambda.Function.loggingConfig",
        "lambda.Function.name",
    ),
    passes=[_DEFAULT_GROUP, _NAMED_GROUP, _UNNAMED_GROUP],
    fails={
        "keeps its records for ever": _NAMED_GROUP.but("logs", retentionInDays=None),
        "keeps its records": _NAMED_GROUP.but("logs", retentionInDays=0),
        "log group /aws/lambda/shop-worker-dev, which is not part of the stack": _DEFAULT_GROUP.without(
            "logs"
        ),
        "log group /shop/worker/dev, which is not part of the stack": _NAMED_GROUP.without("logs"),
    },
)
def log_retention(subject: Node, graph: Graph) -> Iterator[str]:
    """Every log group states how long it keeps logs, and every function has one in the stack.

    A log group that Lambda makes by itself has no retention, no key of ours and outlives the stack.
    """
    if subject.kind == "cloudwatch.LogGroup":
        if not subject.inputs.number("retentionInDays"):
            yield "keeps its records for ever"
        return
    if subject.inputs.block("loggingConfig").has("logGroup"):
        own = graph.target(subject, "loggingConfig", "logGroup", kinds=("cloudwatch.LogGroup",))
        name = "" if own else subject.inputs.block("loggingConfig").text("logGroup")
    else:
        name = f"/aws/lambda/{graph.physical_name(subject)}"
        own = graph.named(name, "cloudwatch.LogGroup", near=subject)
    if own is None:
        yield f"writes to the log group {name}, which is not part of the stack"
