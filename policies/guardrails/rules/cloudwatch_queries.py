"""The rule on what alarms look at."""

from collections.abc import Iterator
from typing import Any, Final

from guardrails.framework.alarms import query_ids
from guardrails.framework.examples import resource, stack
from guardrails.framework.node import Node
from guardrails.framework.props import Props
from guardrails.framework.rule import Severity, resource_rule

_DIMENSIONS: Final = {
    "AWS/DynamoDB": "TableName",
    "AWS/SQS": "QueueName",
}
"""Namespaces that have no metric without this dimension."""
_KNOWN: Final = {
    "AWS/Events": ("EventBusName", "EventSourceName", "RuleName"),
    "AWS/Lambda": ("EventSourceMappingUUID", "ExecutedVersion", "FunctionName", "Resource"),
    "AWS/SQS": ("QueueName",),
}
"""All dimensions of some namespaces; a metric by another one never has data."""
_BY_OPERATION: Final = ("SystemErrors", "ThrottledRequests")

_SINGLE: Final = stack(
    resource(
        "cloudwatch.MetricAlarm",
        "alarm",
        namespace="AWS/SQS",
        metricName="ApproximateAgeOfOldestMessage",
        dimensions={"QueueName": "shop-work-dev"},
        period=300,
        statistic="Maximum",
    )
)


def _metric(**changes: Any) -> dict[str, Any]:
    base = {"namespace": "AWS/Lambda", "metricName": "Errors", "period": 300, "stat": "Sum"}
    return {key: value for key, value in {**base, **changes}.items() if value is not None}


def _math(*queries: dict[str, Any]) -> Any:
    return stack(resource("cloudwatch.MetricAlarm", "alarm", metricQueries=list(queries)))


_E: Final = {"id": "e", "metric": _metric()}
_I: Final = {"id": "i", "metric": _metric(metricName="Invocations")}
_RATE: Final = {"id": "rate", "expression": "IF(i > 0, 100 * e / i, 'none')", "returnData": True}
_BAND: Final = [
    {"id": "m", "metric": _metric(namespace="Shop"), "returnData": True},
    {"id": "band", "expression": "ANOMALY_DETECTION_BAND(m, 2)", "returnData": True},
]


@resource_rule(
    severity=Severity.MEDIUM,
    findings=("CC-OPS-3", "SP-10", "OP-2.1", "IP-5.1"),
    fixes={
        "cloudwatch.MetricAlarm": (
            "metric_queries=[\n"
            '    {"id": "m0", "metric": {\n'
            '        "namespace": "Shop", "metric_name": "Orders", "period": 300, "stat": "Sum"}},\n'
            '    {"id": "total", "expression": "FILL(m0, 0)", "return_data": True},\n'
            "]"
        )
    },
    reads=tuple(
        f"cloudwatch.MetricAlarm.{prop}"
        for prop in (
            "dimensions",
            "extendedStatistic",
            "metricName",
            "metricQueries",
            "namespace",
            "period",
            "statistic",
            "thresholdMetricId",
        )
    ),
    passes={
        "a metric with the dimension that it is counted by": _SINGLE,
        "no statistic: it looks at a percentile": _SINGLE.but(
            "alarm", statistic=None, extendedStatistic="p99"
        ),
        "no dimension, and a period of 10 s: the metric is the program's own": _SINGLE.but(
            "alarm", namespace="Shop", metricName="Orders", dimensions=None, period=10
        ),
        "three queries: one of them returns data": _math(_E, _I, _RATE),
        "no metric and no dimension: a SELECT sums up all functions": _math(
            {"id": "all", "expression": 'SELECT SUM(Errors) FROM "AWS/Lambda"', "period": 300}
        ),
        "two queries that return data: the band is held against the other": _math(*_BAND).but(
            "alarm", thresholdMetricId="band"
        ),
    },
    fails={
        "states no metricName": _SINGLE.but("alarm", metricName=None),
        "states no namespace": _math(_I, {"id": "e", "metric": _metric(namespace=None)}, _RATE),
        "states no statistic": _SINGLE.but("alarm", statistic=None),
        "states no stat of Errors": _math(_I, {"id": "e", "metric": _metric(stat=None)}, _RATE),
        "has a period of 90 s; CloudWatch takes 10, 20, 30 or multiples of 60": _SINGLE.but(
            "alarm", period=90
        ),
        "a period of 0 s": _SINGLE.but("alarm", period=None),
        "watches ApproximateAgeOfOldestMessage without the dimension QueueName": _SINGLE.but(
            "alarm", dimensions=None
        ),
        "watches SystemErrors without the dimension Operation": _SINGLE.but(
            "alarm",
            namespace="AWS/DynamoDB",
            metricName="SystemErrors",
            dimensions={"TableName": "shop-records-dev"},
        ),
        "has the expression of rate on e, which is none of its queries": _math(_I, _RATE),
        "has the query e with neither metric nor expression": _math({"id": "e"}, _I, _RATE),
        "returns 0 of its queries, where an alarm is on one": _math(_E, _I, {**_RATE, "returnData": False}),
        "thresholdMetricId is none of its queries": _math(*_BAND).but("alarm", thresholdMetricId="other"),
    },
)
def alarm_queries(alarm: Node) -> Iterator[str]:
    """Alarms name metrics that exist.

    CloudWatch takes an alarm on a metric without the dimension that tells whose it is: it never has data.
    """
    queries = alarm.inputs.blocks("metricQueries")
    if not queries:
        yield from _metric_problems(alarm.inputs, ("statistic", "extendedStatistic"))
        return
    yield from _query_problems(queries)
    band = alarm.inputs.text("thresholdMetricId")
    returned = [query for query in queries if query.flag("returnData")]
    if band and band not in [query.text("id") for query in queries]:
        yield "has a threshold that is no query: its thresholdMetricId is none of its queries"
    elif not band and len(queries) > 1 and len(returned) != 1:
        yield f"returns {len(returned)} of its queries, where an alarm is on one"


def _query_problems(queries: list[Props]) -> Iterator[str]:
    ids = [query.text("id") for query in queries]
    for query in queries:
        metric, expression = query.block("metric"), query.text("expression")
        if expression:
            for missing in sorted(query_ids(expression) - set(ids)):
                yield f"has the expression of {query.text('id')} on {missing}, which is none of its queries"
        elif metric.keys():
            yield from _metric_problems(metric, ("stat",))
        else:
            yield f"has the query {query.text('id')} with neither metric nor expression"


def _metric_problems(metric: Props, statistics: tuple[str, ...]) -> Iterator[str]:
    name, namespace = metric.text("metricName"), metric.text("namespace")
    for prop in ("metricName", "namespace"):
        if not metric.text(prop):
            yield f"states no {prop}"
    if not any(metric.text(statistic) for statistic in statistics):
        yield f"states no {statistics[0]} of {name}"
    period = metric.number("period")
    if period not in (10, 20, 30) and (period < 60 or period % 60):
        yield f"has a period of {period:g} s; CloudWatch takes 10, 20, 30 or multiples of 60"
    needed = [_DIMENSIONS[namespace]] if namespace in _DIMENSIONS else []
    if namespace == "AWS/DynamoDB" and name in _BY_OPERATION:
        needed.append("Operation")
    for dimension in needed:
        if not metric.block("dimensions").text(dimension):
            yield f"watches {name} without the dimension {dimension}"
    known = _KNOWN.get(namespace)
    for dimension in metric.block("dimensions").keys() if known else ():
        if dimension not in (known or ()):
            yield f"watches {name} by the dimension {dimension}, which {namespace} does not have"
