"""The rule on watching what a system is there for."""

from collections.abc import Iterator
from typing import Any, Final

from guardrails.framework.alarms import acts, watched_by
from guardrails.framework.examples import UNKNOWN, resource, stack
from guardrails.framework.graph import Graph
from guardrails.framework.node import Node
from guardrails.framework.rule import Severity, stack_rule

_OPERATORS: Final = (
    "GreaterThanUpperThreshold",
    "LessThanLowerOrGreaterThanUpperThreshold",
    "LessThanLowerThreshold",
)


def _queries(
    namespace: str = "Shop", expression: str = "ANOMALY_DETECTION_BAND(orders, 2)"
) -> list[dict[str, Any]]:
    metric = {"namespace": namespace, "metricName": "Orders", "period": 300, "stat": "Sum"}
    return [
        {"id": "orders", "metric": metric, "returnData": True},
        {"id": "band", "expression": expression, "returnData": True},
    ]


_WATCHED: Final = stack(
    resource("lambda.Function", "worker", name="shop-worker-dev"),
    resource(
        "cloudwatch.MetricAlarm",
        "unusual",
        comparisonOperator="LessThanLowerOrGreaterThanUpperThreshold",
        thresholdMetricId="band",
        metricQueries=_queries(),
        alarmActions=[UNKNOWN],
        actionsEnabled=True,
    ),
)


@stack_rule(
    severity=Severity.MEDIUM,
    findings=("CC-OPS-3",),
    fixes={
        "lambda.Function": (
            "aws.cloudwatch.MetricAlarm(\n"
            '    "orders-anomaly", comparison_operator="LessThanLowerOrGreaterThanUpperThreshold",\n'
            '    evaluation_periods=1, threshold_metric_id="band", alarm_actions=[topic.arn],\n'
            "    metric_queries=[\n"
            '        {"id": "m", "return_data": True, "metric": {\n'
            '            "namespace": "Shop", "metric_name": "Orders", "period": 3600, "stat": "Sum"}},\n'
            '        {"id": "band", "return_data": True, "expression": "ANOMALY_DETECTION_BAND(m, 2)"},\n'
            "    ],\n"
            ")"
        )
    },
    reads=(
        "cloudwatch.CompositeAlarm.actionsEnabled",
        "cloudwatch.CompositeAlarm.alarmActions",
        "cloudwatch.CompositeAlarm.alarmName",
        "cloudwatch.CompositeAlarm.alarmRule",
        "cloudwatch.MetricAlarm.actionsEnabled",
        "cloudwatch.MetricAlarm.alarmActions",
        "cloudwatch.MetricAlarm.comparisonOperator",
        "cloudwatch.MetricAlarm.metricQueries",
        "cloudwatch.MetricAlarm.name",
        "cloudwatch.MetricAlarm.thresholdMetricId",
    ),
    passes={
        "an alarm on a band round the number of orders": _WATCHED,
        "a second function without such an alarm: one is enough for a system": _WATCHED.plus(
            resource("lambda.Function", "second", name="shop-second-dev")
        ),
        "a band without a width: CloudWatch has a default": _WATCHED.but(
            "unusual", metricQueries=_queries(expression="ANOMALY_DETECTION_BAND( orders )")
        ),
        "an alarm on the lower side only: too few orders are what nobody notices": _WATCHED.but(
            "unusual", comparisonOperator="LessThanLowerThreshold"
        ),
        "an alarm without action: a composite alarm over it acts": _WATCHED.but(
            "unusual", name="shop-unusual-dev", alarmActions=None
        ).plus(
            resource(
                "cloudwatch.CompositeAlarm",
                "trouble",
                alarmRule="ALARM(shop-unusual-dev)",
                alarmActions=[UNKNOWN],
                actionsEnabled=True,
            )
        ),
    },
    fails={
        "belongs to a system without an alarm on an anomaly of a metric of its own": _WATCHED.without(
            "unusual"
        ),
        "without an alarm on an anomaly": _WATCHED.but("unusual", metricQueries=_queries("AWS/Lambda")),
        "without an alarm": _WATCHED.but("unusual", thresholdMetricId=None),
        "belongs to a system": _WATCHED.but("unusual", alarmActions=None),
        "belongs to": _WATCHED.but("unusual", name="shop-unusual-dev", alarmActions=None).plus(
            resource("cloudwatch.CompositeAlarm", "mute", alarmRule="ALARM(shop-unusual-dev)")
        ),
        "system without an alarm": _WATCHED.but("unusual", metricQueries=_queries(expression="orders * 2")),
    },
)
def business_anomaly_alarm(function: Node, graph: Graph) -> Iterator[str]:
    """In each system with functions an alarm acts on an anomaly of a metric of its own.

    Orders that stop coming raise no error: only their number tells. A system is a component directly below
    the stack; its first function stands for it, and alarms in components without functions count for all.
    """
    first = graph.once(_first_functions)
    system = graph.system(function)
    if function is not first[system]:
        return
    others = first.keys() - {system}

    def watches(alarm: Node) -> bool:
        return graph.system(alarm) not in others and _on_anomaly(alarm) and acts(alarm, graph)

    if not graph.matching("cloudwatch.MetricAlarm", watches):
        yield "belongs to a system without an alarm on an anomaly of a metric of its own"


def _first_functions(graph: Graph) -> dict[str, Node]:
    """Return one function of each system, the same in each run, since resources come in any order."""
    functions = sorted(graph.of("lambda.Function"), key=lambda function: function.urn, reverse=True)
    return {graph.system(function): function for function in functions}


def _on_anomaly(alarm: Node) -> bool:
    """Tell whether an alarm holds a metric of a namespace of one's own against the band it is expected in."""
    band = alarm.inputs.text("thresholdMetricId")
    bands = [query for query in alarm.inputs.blocks("metricQueries") if band and query.text("id") == band]
    if not any(query.text("expression").startswith("ANOMALY_DETECTION_BAND(") for query in bands):
        return False
    if alarm.inputs.text("comparisonOperator") not in _OPERATORS:
        return False
    namespaces = [each.props.text("namespace") for each in watched_by(alarm) if each.props.text("metricName")]
    return any(namespace and not namespace.startswith("AWS/") for namespace in namespaces)
