"""The rule on who calls a Lambda function and by which name."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

from guardrails.framework.examples import UNKNOWN, resource, stack
from guardrails.framework.functions import BESIDE_TARGET, FUNCTIONS, function_behind, naming
from guardrails.framework.graph import Graph
from guardrails.framework.node import Node
from guardrails.framework.rule import Severity, stack_rule

_ARN: Final = "arn:aws:lambda:eu-west-1:111122223333:function:shop-worker-dev"
_LIVE: Final = stack(
    resource("lambda.Function", "worker", name="shop-worker-dev", publish=True),
    resource(
        "lambda.Alias",
        "live",
        sources={"functionVersion": ("worker",)},
        name="live",
        functionName="shop-worker-dev",
        functionVersion=UNKNOWN,
    ),
)


def _fed(**changes: Any) -> Any:
    return resource("lambda.EventSourceMapping", "feed", **{"functionName": f"{_ARN}:live", **changes})


_BY_ARN: Final = _LIVE.plus(_fed())
_BY_NAME: Final = _LIVE.but("live", functionVersion="7").plus(
    _fed(functionName="shop-worker-dev:live"),
    resource("lambda.Permission", "grant", function="shop-worker-dev", qualifier="live"),
    resource("lambda.FunctionUrl", "url", functionName="shop-worker-dev", qualifier="live"),
    resource("lambda.FunctionEventInvokeConfig", "retry", functionName="shop-worker-dev", qualifier="live"),
)
_BY_SOURCE: Final = _LIVE.plus(
    _fed(sources={"functionName": ("live",)}, functionName=UNKNOWN),
    resource("cloudwatch.EventTarget", "target", arn=f"{_ARN}:live"),
    resource("cloudwatch.EventTarget", "queue", arn="arn:aws:sqs:eu-west-1:111122223333:work"),
)
_ASYNC: Final = _LIVE.plus(
    resource("sns.TopicSubscription", "subscription", protocol="lambda", endpoint=f"{_ARN}:live"),
    resource("sns.TopicSubscription", "mail", protocol="email", endpoint="ops@example.com"),
    resource(
        "s3.BucketNotification", "notification", lambdaFunctions=[{"lambdaFunctionArn": f"{_ARN}:live"}]
    ),
    resource("scheduler.Schedule", "nightly", target={"arn": f"{_ARN}:live"}),
)
_CALLERS: Final = {
    "cloudwatch.EventTarget": "arn",
    "lambda.EventSourceMapping": "functionName",
    "lambda.FunctionEventInvokeConfig": "functionName",
    "lambda.FunctionUrl": "functionName",
    "lambda.Permission": "function",
    "s3.BucketNotification": "lambdaFunctions",
    "scheduler.Schedule": "target",
    "sns.TopicSubscription": "endpoint",
}
_SENDING: Final = ("cloudwatch.EventTarget", "scheduler.Schedule")
"""Kinds that may as well call something else than a function."""
_QUALIFIED: Final = ("lambda.FunctionEventInvokeConfig", "lambda.FunctionUrl", "lambda.Permission")
"""Kinds that name the alias in a property of its own."""


@stack_rule(
    severity=Severity.HIGH,
    findings=("CC-OPS-4",),
    fixes={
        "lambda.Function": (
            "function = aws.lambda_.Function(..., publish=True)\n"
            "aws.lambda_.Alias(\n"
            '    "live", name="live", function_name=function.name, function_version=function.version\n'
            ")"
        ),
        "lambda.Alias": "function_version=function.version",
        **dict.fromkeys(_QUALIFIED, "function_name=function.name, qualifier=alias.name"),
        "lambda.Permission": "function=function.name, qualifier=alias.name",
        "cloudwatch.EventTarget": "arn=alias.arn",
        "lambda.EventSourceMapping": "function_name=alias.arn",
        "s3.BucketNotification": (
            'lambda_functions=[{"lambda_function_arn": alias.arn, "events": ["s3:ObjectCreated:*"]}]'
        ),
        "scheduler.Schedule": 'target={"arn": alias.arn, "role_arn": role.arn}',
        "sns.TopicSubscription": "endpoint=alias.arn",
    },
    reads=(
        "lambda.Alias.functionName",
        "lambda.Alias.functionVersion",
        "lambda.Alias.name",
        "lambda.Function.name",
        "lambda.Function.publish",
        "sns.TopicSubscription.protocol",
        *(f"{kind}.{prop}" for kind, prop in _CALLERS.items()),
        *(f"{kind}.qualifier" for kind in _QUALIFIED),
    ),
    passes={
        "a mapping that calls the alias": _BY_ARN,
        "a fixed version: the alias points at it, and callers know the alias only": _BY_NAME,
        "a function's name unknown until the update: it comes from the alias": _BY_SOURCE,
        "a subscription without alias: it is for e-mail": _ASYNC,
    },
    fails={
        "publishes no versions": _BY_ARN.but("worker", publish=None),
        "has no alias": _LIVE.without("live"),
        "points at $LATEST, no published version": _BY_ARN.but("live", functionVersion="$LATEST"),
        'uses $LATEST of "worker"': _BY_ARN.but("feed", functionName=_ARN),
        "uses $LATEST of": _BY_NAME.but("grant", qualifier=None),
        "uses $LATEST": _LIVE.plus(_fed(sources={"functionName": ("worker",)}, functionName=UNKNOWN)),
        "uses version 7 of": _BY_NAME.but("retry", qualifier="7"),
        "uses blue of": _BY_NAME.but("url", qualifier="blue"),
        'of "worker" (aws:lambda/function:Function)': _ASYNC.but(
            "notification", lambdaFunctions=[{"lambdaFunctionArn": _ARN}]
        ),
    },
)
def lambda_alias(subject: Node, graph: Graph) -> Iterator[str]:
    """Functions publish versions, and whoever calls them calls an alias.

    A caller of $LATEST has new code at once; traffic behind an alias moves step by step and can go back.
    """
    if subject.kind == "lambda.Function":
        if not subject.inputs.flag("publish"):
            yield "publishes no versions"
        if not naming(subject, "lambda.Alias", "functionName", graph):
            yield "has no alias"
    elif subject.kind == "lambda.Alias":
        stated = partial(subject.inputs.text, "functionVersion")
        version = graph.origin(subject, "functionVersion", stated, kinds=("lambda.Function",))
        if version in ("", "$LATEST"):
            yield "points at $LATEST, no published version"
    else:
        for read in _references(subject):
            yield from _call_problems(subject, read, graph)


def _references(caller: Node) -> Iterator[Callable[[], str]]:
    """Yield what reads each text of *caller* that may name a function."""
    prop = _CALLERS[caller.kind]
    if caller.kind == "s3.BucketNotification":
        for block in caller.inputs.blocks(prop):
            yield partial(block.text, "lambdaFunctionArn")
    elif caller.kind == "scheduler.Schedule":
        yield partial(caller.inputs.block(prop).text, "arn")
    elif caller.kind != "sns.TopicSubscription" or caller.inputs.text("protocol") == "lambda":
        yield partial(caller.inputs.text, prop)


def _call_problems(caller: Node, read: Callable[[], str], graph: Graph) -> Iterator[str]:
    prop = _CALLERS[caller.kind]
    kinds = () if caller.kind in _SENDING else FUNCTIONS
    function = function_behind(caller, prop, read, graph, kinds=kinds, beside=BESIDE_TARGET)
    found = graph.origin(caller, prop, read, beside=BESIDE_TARGET) if function else ""
    if function is None or (isinstance(found, Node) and found.kind == "lambda.Alias"):
        return
    qualifier = _qualifier_in(found) if isinstance(found, str) else ""
    if caller.kind in _QUALIFIED and caller.inputs.has("qualifier"):
        stated = partial(caller.inputs.text, "qualifier")
        chosen = graph.origin(caller, "qualifier", stated, kinds=("lambda.Alias",))
        if isinstance(chosen, Node):
            return
        qualifier = chosen
    if qualifier in ("", "$LATEST"):
        yield f"uses $LATEST of {function}, not an alias"
    elif qualifier not in _alias_names(function, graph):
        kind = "version " if qualifier.isdigit() else ""
        yield f"uses {kind}{qualifier} of {function}, which is no alias of this stack"


def _qualifier_in(reference: str) -> str:
    """Return what follows the name in a function's name or ARN: a version, an alias, or nothing."""
    return reference.split("function:")[-1].partition(":")[2]


def _alias_names(function: Node, graph: Graph) -> list[str]:
    return [alias.inputs.text("name") for alias in naming(function, "lambda.Alias", "functionName", graph)]
