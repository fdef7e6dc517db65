"""The rule on whether alarms can go off, and in time."""

from collections.abc import Iterator
from typing import Annotated, Any, Final

from msgspec import Meta

from guardrails.framework.alarms import Watched, rises, watched_by
from guardrails.framework.examples import resource, stack
from guardrails.framework.graph import Graph
from guardrails.framework.node import Node
from guardrails.framework.rule import Settings, Severity, stack_rule

_COUNTS: Final = {
    ("AWS/DynamoDB", "ReadThrottleEvents"),
    ("AWS/DynamoDB", "SystemErrors"),
    ("AWS/DynamoDB", "ThrottledRequests"),
    ("AWS/DynamoDB", "WriteThrottleEvents"),
    ("AWS/Events", "FailedInvocations"),
    ("AWS/Lambda", "DeadLetterErrors"),
    ("AWS/Lambda", "Errors"),
    ("AWS/Lambda", "Throttles"),
}
"""Metrics that count what should not happen."""


def _alarm(namespace: str, metric: str, threshold: float, **changes: Any) -> Any:
    told = {
        "comparisonOperator": "GreaterThanThreshold",
        "evaluationPeriods": 1,
        "period": 300,
        "statistic": "Sum",
        **changes,
    }
    return resource(
        "cloudwatch.MetricAlarm", "alarm", namespace=namespace, metricName=metric, threshold=threshold, **told
    )


_ERRORS: Final = stack(_alarm("AWS/Lambda", "Errors", 0))
_SLOW: Final = stack(
    resource("lambda.Function", "worker", name="shop-worker-dev", timeout=30),
    _alarm(
        "AWS/Lambda",
        "Duration",
        24_000,
        evaluationPeriods=3,
        datapointsToAlarm=2,
        dimensions={"FunctionName": "shop-worker-dev"},
        statistic=None,
        extendedStatistic="p99",
    ),
)
_OLD: Final = stack(
    resource("sqs.Queue", "work", name="shop-work-dev", messageRetentionSeconds=3600),
    _alarm("AWS/SQS", "ApproximateAgeOfOldestMessage", 600, dimensions={"QueueName": "shop-work-dev"}),
)
_BAND: Final = stack(
    resource(
        "cloudwatch.MetricAlarm",
        "alarm",
        comparisonOperator="LessThanLowerOrGreaterThanUpperThreshold",
        evaluationPeriods=3,
        thresholdMetricId="band",
        metricQueries=[
            {"id": "m", "metric": {"namespace": "Shop", "metricName": "Orders", "period": 60, "stat": "Sum"}},
            {"id": "band", "expression": "ANOMALY_DETECTION_BAND(m, 2)", "returnData": True},
        ],
    )
)


_QUERIES: Final = [
    {"id": "e", "metric": {"namespace": "AWS/Lambda", "metricName": "Errors", "period": 300}},
    {"id": "i", "metric": {"namespace": "AWS/Lambda", "metricName": "Invocations", "period": 300}},
    {"id": "rate", "expression": "1000 * e / i", "returnData": True},
]
_MATH: Final = stack(
    resource(
        "cloudwatch.MetricAlarm",
        "alarm",
        comparisonOperator="GreaterThanThreshold",
        evaluationPeriods=1,
        threshold=250,
        metricQueries=_QUERIES,
    )
)


_HIDING: Final = ("Minimum", "SampleCount")
"""Statistics of Errors that are low although some invocations fail, or high although none does."""
_RATES: Final = ("Average", "Maximum")
"""Statistics of what each invocation reports: 1 if it failed, else 0."""


class ThresholdSettings(Settings):
    """From when on an alarm counts as one that cannot warn in time."""

    maximum_count: Annotated[
        int,
        Meta(
            ge=0,
            le=1_000_000,
            description="The highest threshold on a metric that counts errors or throttles.",
        ),
    ] = 100
    maximum_window_seconds: Annotated[
        int,
        Meta(
            ge=60,
            le=604_800,
            description="How long all periods of an alarm may take; AWS allows a day, or a week.",
        ),
    ] = 86_400


@stack_rule(
    severity=Severity.MEDIUM,
    findings=("CC-OPS-3", "SP-10", "OP-2.1", "IP-5.1", "UA-5.2"),
    fixes={
        "cloudwatch.MetricAlarm": (
            'comparison_operator="GreaterThanThreshold", threshold=0, period=300, evaluation_periods=1\n'
            "# for Duration below the function's timeout,\n"
            "# for ApproximateAgeOfOldestMessage below the queue's retention"
        )
    },
    reads=(
        *(
            f"cloudwatch.MetricAlarm.{prop}"
            for prop in (
                "comparisonOperator",
                "datapointsToAlarm",
                "dimensions",
                "evaluationPeriods",
                "metricName",
                "metricQueries",
                "namespace",
                "period",
                "statistic",
                "threshold",
                "thresholdMetricId",
            )
        ),
        "lambda.Function.name",
        "lambda.Function.timeout",
        "sqs.Queue.messageRetentionSeconds",
        "sqs.Queue.name",
    ),
    settings=ThresholdSettings,
    passes={
        "a threshold of 0: the first error is above it": _ERRORS,
        "a threshold of 24,000: in milliseconds, and the function may run for 30 s": _SLOW,
        "messages that wait for 10 minutes: the queue keeps them for an hour": _OLD,
        "no threshold: a band is in its place": _BAND,
        "more than 250, over Errors: it compares an expression, errors in a thousand calls": _MATH,
        "goes off below 1, after a whole day: no order at all is the trouble": stack(
            _alarm("Shop", "Orders", 1, comparisonOperator="LessThanThreshold", period=86_400)
        ),
        "a threshold of 50,000: messages that wait are no errors": stack(
            _alarm("AWS/SQS", "ApproximateNumberOfMessagesVisible", 50_000)
        ),
    },
    fails={
        "waits for more than 5000, though it counts what should not happen (at most 100)": _ERRORS.but(
            "alarm", threshold=5000
        ),
        "is always in alarm": _ERRORS.but("alarm", threshold=-1),
        "is always": _ERRORS.but("alarm", comparisonOperator="GreaterThanOrEqualToThreshold"),
        "goes off when there are few": _ERRORS.but("alarm", comparisonOperator="LessThanThreshold"),
        "states no threshold": _ERRORS.but("alarm", threshold=None),
        "goes off when its metric is low": _OLD.but("alarm", comparisonOperator="LessThanThreshold"),
        "always in alarm": _SLOW.but("alarm", threshold=-5),
        "in alarm: its metric is never below its threshold": _SLOW.but("alarm", threshold=0),
        "needs 300000 s": _ERRORS.but("alarm", evaluationPeriods=1000),
        "states no evaluationPeriods": _ERRORS.but("alarm", evaluationPeriods=0),
        "needs more data points (4) than it looks at (3)": _SLOW.but("alarm", datapointsToAlarm=4),
        "cannot go off: its function never runs longer than 30000 ms": _SLOW.but("alarm", threshold=30_000),
        "cannot go off: its queue keeps no message longer than 3600 s": _OLD.but("alarm", threshold=3600),
    },
)
def alarm_thresholds(alarm: Node, graph: Graph, settings: ThresholdSettings) -> Iterator[str]:
    """Alarms have a threshold that can be crossed, and go off within a day.

    An alarm that cannot go off, goes off a week later or never stops is as good as none.
    """
    yield from _window_problems(alarm, settings)
    if alarm.inputs.has("thresholdMetricId") and alarm.inputs.text("thresholdMetricId"):
        return
    if not alarm.inputs.has("threshold"):
        yield "states no threshold"
        return
    watched = watched_by(alarm)
    if watched and all(_counts(each) for each in watched):
        yield from _count_problems(alarm, watched, settings)
    elif not alarm.inputs.has("metricQueries"):
        yield from _limit_problems(alarm, watched[0], graph)


def _window_problems(alarm: Node, settings: ThresholdSettings) -> Iterator[str]:
    props = alarm.inputs
    periods = props.number("evaluationPeriods")
    queries = [query.block("metric").number("period") for query in props.blocks("metricQueries")]
    window = periods * max([props.number("period"), *queries])
    if periods < 1:
        yield "states no evaluationPeriods"
    elif window > settings.maximum_window_seconds:
        yield f"needs {window:g} s to go off, more than {settings.maximum_window_seconds}"
    if props.number("datapointsToAlarm") > periods >= 1:
        yield f"needs more data points ({props.number('datapointsToAlarm'):g}) than it looks at ({periods:g})"


def _counts(watched: Watched) -> bool:
    return watched.name in _COUNTS


def _count_problems(alarm: Node, watched: list[Watched], settings: ThresholdSettings) -> Iterator[str]:
    threshold = alarm.inputs.number("threshold")
    statistic = alarm.inputs.text("statistic")
    errors = all(each.is_metric("AWS/Lambda", "Errors") for each in watched)
    if not rises(alarm):
        yield "goes off when there are few of what should not happen"
    elif _is_below(threshold, 0, alarm):
        yield "is always in alarm: its metric is never below its threshold"
    elif errors and statistic in _HIDING:
        yield f"looks at the {statistic} of what should not happen, which hides it"
    elif errors and statistic in _RATES and not _is_below(threshold, 1, alarm):
        yield f"cannot go off: the {statistic} of errors is never more than 1"
    elif threshold > settings.maximum_count:
        yield (
            f"waits for more than {threshold:g}, though it counts what should not happen "
            f"(at most {settings.maximum_count})"
        )


def _is_below(threshold: float, value: float, alarm: Node) -> bool:
    """Tell whether a metric of *value* sets off an alarm with *threshold*."""
    inclusive = alarm.inputs.text("comparisonOperator") == "GreaterThanOrEqualToThreshold"
    return threshold <= value if inclusive else threshold < value


def _limit_problems(alarm: Node, watched: Watched, graph: Graph) -> Iterator[str]:
    """Yield the problem of a threshold that the metric cannot reach, or never leaves."""
    takes_time = watched.is_metric("AWS/Lambda", "Duration")
    if takes_time:
        function = watched.owner("FunctionName", "lambda.Function", graph)
        limit = (function.inputs.number("timeout") or 3) * 1000 if function else 0
        reason = f"its function never runs longer than {limit:g} ms"
    elif watched.is_metric("AWS/SQS", "ApproximateAgeOfOldestMessage"):
        queue = watched.owner("QueueName", "sqs.Queue", graph)
        limit = queue.inputs.number("messageRetentionSeconds") or 345_600 if queue else 0
        reason = f"its queue keeps no message longer than {limit:g} s"
    else:
        return
    threshold = alarm.inputs.number("threshold")
    if not rises(alarm):
        yield "goes off when its metric is low, where high is bad"
    elif _is_below(threshold, 0, alarm) or (takes_time and threshold <= 0):
        yield "is always in alarm: its metric is never below its threshold"
    elif limit and threshold >= limit:
        yield f"cannot go off: {reason}"
