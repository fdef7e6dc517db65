"""The rule on the alarms that functions must have."""

from collections.abc import Iterator
from typing import Any, Final

from guardrails.framework.alarms import ALARM_READS, alarms_on
from guardrails.framework.examples import UNKNOWN, Sample, resource, stack
from guardrails.framework.fixes import alarm
from guardrails.framework.graph import Graph
from guardrails.framework.node import Node
from guardrails.framework.rule import Severity, stack_rule


def _alarm(name: str, metric: str) -> Sample:
    return resource(
        "cloudwatch.MetricAlarm",
        name,
        namespace="AWS/Lambda",
        metricName=metric,
        dimensions={"FunctionName": "shop-worker-dev"},
        alarmActions=[UNKNOWN],
    )


def _query(metric: str) -> dict[str, Any]:
    dimensions = {"FunctionName": "shop-worker-dev"}
    return {"metric": {"namespace": "AWS/Lambda", "metricName": metric, "dimensions": dimensions}}


_FUNCTION: Final = resource("lambda.Function", "worker", name="shop-worker-dev")
_METRICS: Final = ("Errors", "Throttles", "Duration")
_WATCHED: Final = stack(_FUNCTION, *(_alarm(metric, metric) for metric in _METRICS))
_SUMMED: Final = _WATCHED.without("Errors", "Throttles").plus(
    resource(
        "cloudwatch.MetricAlarm",
        "trouble",
        metricQueries=[
            {"id": "e", **_query("Errors")},
            {"id": "t", **_query("Throttles")},
            {"id": "sum", "expression": "FILL(e, 0) + FILL(t, 0)", "returnData": True},
        ],
        alarmActions=[UNKNOWN],
    ),
)
_COMPOSED: Final = _WATCHED.but("Duration", name="shop-slow-dev", alarmActions=None).plus(
    resource(
        "cloudwatch.CompositeAlarm",
        "slow",
        alarmRule='ALARM("arn:aws:cloudwatch:eu-west-1:111122223333:alarm:shop-slow-dev") AND NOT OK(x)',
        alarmActions=[UNKNOWN],
        actionsEnabled=True,
    )
)
_UNNAMED: Final = stack(
    resource("lambda.Function", "worker"),
    *(
        resource(
            "cloudwatch.MetricAlarm",
            metric,
            sources={"dimensions": ("worker",)},
            namespace="AWS/Lambda",
            metricName=metric,
            dimensions={"FunctionName": UNKNOWN, "Resource": UNKNOWN},
            alarmActions=[UNKNOWN],
        )
        for metric in _METRICS
    ),
)


@stack_rule(
    severity=Severity.HIGH,
    findings=("SP-10", "OP-2.1", "IP-5.1", "CC-OPS-3", "UA-5.2"),
    fixes={
        "lambda.Function": alarm("orders-errors", "AWS/Lambda", "Errors", "FunctionName", "function.name")
        + "  # likewise for Throttles and Duration"
    },
    reads=("lambda.Function.name", *ALARM_READS),
    passes={
        "alarms on errors, throttles and duration": _WATCHED,
        "no alarm on Errors or Throttles alone: one is on their sum": _SUMMED,
        "an alarm without action: a composite alarm names it by its ARN, and acts": _COMPOSED,
        "dimensions unknown until the update: they come from the function": _UNNAMED,
    },
    fails={
        "has no alarm with an action on its Errors": _WATCHED.without("Errors"),
        "has no alarm with an action on its Throttles": _WATCHED.but("Throttles", alarmActions=[]),
        "has no alarm with an action on its Duration": _WATCHED.but("Duration", actionsEnabled=False),
        "no alarm with an action on its Duration": _COMPOSED.but("slow", actionsEnabled=False),
        "on its Duration": _COMPOSED.but("slow", alarmRule="ALARM(shop-other-dev)"),
        "on its Errors": _WATCHED.but("Errors", dimensions={"FunctionName": "shop-other-dev"}),
        "no alarm with an action on its Errors": _WATCHED.but("Errors", namespace="Shop"),
        "an action on its Throttles": _SUMMED.but(
            "trouble",
            metricQueries=[
                {"id": "e", **_query("Errors")},
                {"id": "t", **_query("Throttles")},
                {"id": "sum", "expression": "FILL(e, 0)", "returnData": True},
            ],
        ),
    },
)
def function_alarms(function: Node, graph: Graph) -> Iterator[str]:
    """Alarms act on each function's errors, throttles and duration.

    A function that fails, is held back or runs out of time is otherwise noticed by those who wait for it.
    """
    for metric in _METRICS:
        if not alarms_on(function, graph, namespace="AWS/Lambda", metric=metric, dimension="FunctionName"):
            yield f"has no alarm with an action on its {metric}"
