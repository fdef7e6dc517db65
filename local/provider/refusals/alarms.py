"""CloudWatch: alarms and dashboards."""

import json
import re
from collections.abc import Iterator
from typing import Any

from local.provider.refusals.constraints import arn, at_least, constraint, length, of_model, one_of, pattern
from local.provider.refusals.places import Inputs
from local.provider.refusals.registry import Fault, at_check, at_deploy, constrain
from local.provider.refusals.situation import Situation

ALARM, DASHBOARD = "aws:cloudwatch/metricAlarm:MetricAlarm", "aws:cloudwatch/dashboard:Dashboard"
PUT = "PutMetricAlarm - Amazon CloudWatch API Reference"
BODY = "Dashboard body structure and syntax"
MATH = "Using math expressions with CloudWatch metrics"
HOUR, DAY = 3600, 86_400
_BANDS = ("LessThanLowerOrGreaterThanUpperThreshold", "LessThanLowerThreshold", "GreaterThanUpperThreshold")
_STATISTICS = r"SampleCount|Average|Sum|Minimum|Maximum|IQM"
_RANGE = r"\((\d+(\.\d+)?%?)?:(\d+(\.\d+)?%?)?\)"
_EXTENDED = (
    rf"p(100|\d{{1,2}}(\.\d{{1,10}})?)|(tm|wm|tc|ts)(\d{{1,2}}(\.\d+)?|100)|IQM|(PR|TM|WM|TC|TS){_RANGE}"
)
_ACTION = (
    arn("sns") | arn("lambda") | arn("autoscaling") | arn("ssm") | arn("automate") | arn("ssm-incidents")
)
_METRIC_ID = pattern(
    r"[a-z][a-zA-Z0-9_]*", "a lower-case letter with letters, digits and underscores"
) & length(1, 255)


def _is_period(value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and (value in (10, 20, 30) or (0 < value <= DAY and value % 60 == 0))


_PERIOD = constraint("10, 20, 30 or a multiple of 60 up to 86,400", _is_period)

constrain(
    ALARM,
    "PutMetricAlarm",
    error="ValidationError",
    page=PUT,
    inputs={
        "name": of_model("cloudwatch", "AlarmName"),
        "alarmDescription": of_model("cloudwatch", "AlarmDescription"),
        "comparisonOperator": of_model("cloudwatch", "ComparisonOperator"),
        "evaluationPeriods": at_least(1),
        "datapointsToAlarm": at_least(1),
        "period": _PERIOD,
        "namespace": of_model("cloudwatch", "Namespace"),
        "metricName": of_model("cloudwatch", "MetricName"),
        "statistic": of_model("cloudwatch", "Statistic"),
        "extendedStatistic": pattern(_EXTENDED, "a percentile such as p99.9, or a trimmed statistic"),
        "unit": of_model("cloudwatch", "StandardUnit"),
        "treatMissingData": one_of("breaching", "notBreaching", "ignore", "missing"),
        "evaluateLowSampleCountPercentiles": one_of("evaluate", "ignore"),
        "dimensions": length(0, 30, "dimensions"),
        "alarmActions": length(0, 5, "actions"),
        "okActions": length(0, 5, "actions"),
        "insufficientDataActions": length(0, 5, "actions"),
        "alarmActions[]": _ACTION,
        "okActions[]": _ACTION,
        "insufficientDataActions[]": _ACTION,
        "thresholdMetricId": length(1, 255),
        "metricQueries": length(1, 20, "queries"),
        "metricQueries[].id": _METRIC_ID,
        "metricQueries[].expression": of_model("cloudwatch", "MetricExpression"),
        "metricQueries[].metric.period": _PERIOD,
        "metricQueries[].metric.stat": pattern(f"{_STATISTICS}|{_EXTENDED}", "a statistic of CloudWatch"),
        "metricQueries[].metric.namespace": of_model("cloudwatch", "Namespace"),
        "metricQueries[].metric.metricName": of_model("cloudwatch", "MetricName"),
        "metricQueries[].metric.unit": of_model("cloudwatch", "StandardUnit"),
    },
)
constrain(
    DASHBOARD,
    "PutDashboard",
    error="InvalidParameterInput",
    page="PutDashboard - Amazon CloudWatch API Reference",
    inputs={
        "dashboardName": pattern(r"[A-Za-z0-9_-]{1,255}", "1 to 255 letters, digits, hyphens and underscores")
    },
)


@at_check(ALARM, error="ValidationError", operation="PutMetricAlarm", page=PUT)
def metric_or_queries(inputs: Inputs) -> Iterator[Fault]:
    """An alarm watches one metric, with a period and one statistic, or the result of queries."""
    single = ("metricName", "namespace", "period", "statistic", "extendedStatistic", "dimensions")
    if "metricQueries" in inputs:
        for name in single:
            if name in inputs:
                yield (
                    name,
                    "Metrics list cannot be used together with MetricName, Namespace, Period or a statistic",
                )
        return
    if "metricName" not in inputs:
        yield "metricName", "The parameter MetricName or Metrics must be specified."
        return
    statistics = [name for name in ("statistic", "extendedStatistic") if name in inputs]
    if len(statistics) != 1:
        yield "statistic", "Exactly one of Statistic and ExtendedStatistic must be specified"
    for name in ("namespace", "period"):
        if name not in inputs:
            yield name, f"is required with metricName {inputs.get('metricName')}"


@at_check(ALARM, error="ValidationError", operation="PutMetricAlarm", page=PUT)
def threshold(inputs: Inputs) -> Iterator[Fault]:
    """Comparisons with a band name the band by thresholdMetricId; all others have a threshold."""
    band = inputs.get("comparisonOperator") in _BANDS
    if band and "thresholdMetricId" not in inputs:
        yield "thresholdMetricId", f"is required for {inputs.get('comparisonOperator')}"
    if not band and "threshold" not in inputs:
        yield "threshold", f"is required for {inputs.get('comparisonOperator')}"
    if not band and "thresholdMetricId" in inputs:
        yield "thresholdMetricId", f"cannot be used with {inputs.get('comparisonOperator')}"
    if band and "threshold" in inputs:
        yield "threshold", f"cannot be used with {inputs.get('comparisonOperator')}"


@at_check(ALARM, error="ValidationError", operation="PutMetricAlarm", page=PUT)
def evaluated_time(inputs: Inputs) -> Iterator[Fault]:
    """An alarm looks back for at most a day, with periods of an hour or more for at most seven."""
    count = inputs.get("evaluationPeriods", 1)
    periods = [inputs.get("period")]
    periods += [query.get("metric.period") for _, query in inputs.each("metricQueries")]
    period = max([one for one in periods if isinstance(one, int | float)], default=0)
    limit = 7 * DAY if period >= HOUR else DAY
    if period * count > limit:
        yield (
            "evaluationPeriods",
            f"Metrics cannot be checked across more than {limit} seconds (EvaluationPeriods * Period "
            "must be <= "
            f"{limit}): {count} * {period}",
        )
    if inputs.get("datapointsToAlarm", 1) > count:
        yield (
            "datapointsToAlarm",
            f"DatapointsToAlarm must be less than or equal to EvaluationPeriods, {count}",
        )


@at_check(ALARM, error="ValidationError", operation="PutMetricAlarm", page=MATH)
def queries(inputs: Inputs) -> Iterator[Fault]:
    """Queries have ids of their own, each a metric or an expression of known ids, and one is watched."""
    if "metricQueries" not in inputs:
        return
    found = list(inputs.each("metricQueries"))
    ids = [query.get("id") for _, query in found]
    band = inputs.get("thresholdMetricId")
    watched = [query for _, query in found if query.get("returnData") and query.get("id") != band]
    if len(ids) != len(set(ids)):
        yield "metricQueries", "Invalid metrics list: ids are not unique"
    if len(watched) != 1:
        yield (
            "metricQueries",
            f"Exactly one element of the metrics list should return data, {len(watched)} do",
        )
    if band and band not in ids:
        yield "thresholdMetricId", f"there is no query {band!r}"
    for place, query in found:
        if ("metric" in query) == ("expression" in query):
            yield place, "has either a metric or an expression"
        for name in _names(query.get("expression") or ""):
            if name not in ids:
                yield f"{place}.expression", f"Invalid metrics list: {name!r} is not the id of a query"


def _names(expression: str) -> Iterator[str]:
    """Yield the ids that an expression uses: what begins in lower case, outside quotes, and is not called."""
    if re.match(r"\s*(SELECT|SEARCH)\b", expression):
        return
    plain = re.sub(r"'[^']*'|\"[^\"]*\"", "", expression)
    yield from (name for name in re.findall(r"(?<![\w.])([a-z]\w*)\b(?!\s*\()", plain))


@at_check(DASHBOARD, error="InvalidParameterInput", operation="PutDashboard", page=BODY)
def dashboard_body(inputs: Inputs) -> Iterator[Fault]:
    """A dashboard has at most 500 widgets of known types, within 24 columns, with what each type needs."""
    try:
        body = json.loads(inputs.get("dashboardBody"))
    except ValueError as error:
        yield "dashboardBody", f"The field DashboardBody must be a valid JSON object: {error}"
        return
    widgets = body.get("widgets") if isinstance(body, dict) else None
    if not isinstance(widgets, list) or len(widgets) > 500:
        yield "dashboardBody", "The dashboard body is invalid: it needs widgets, an array of at most 500"
        return
    for index, widget in enumerate(widgets):
        for fault in _widget_faults(widget):
            yield "dashboardBody", f"The dashboard body is invalid: /widgets/{index}: {fault}"


def _widget_faults(widget: Any) -> Iterator[str]:
    kinds = {"metric", "text", "log", "alarm", "explorer", "custom"}
    if not isinstance(widget, dict) or widget.get("type") not in kinds:
        yield f"type should be one of {', '.join(sorted(kinds))}"
        return
    properties = widget.get("properties")
    if not isinstance(properties, dict):
        yield "should have required property 'properties'"
        return
    needed = {"text": "markdown", "log": "query", "alarm": "alarms"}.get(widget["type"])
    if needed and needed not in properties:
        yield f"properties should have required property '{needed}'"
    if widget["type"] == "metric" and not properties.keys() & {"metrics", "annotations"}:
        yield "properties should have required property 'metrics' or 'annotations'"
    for name, low, high in (("x", 0, 23), ("y", 0, 10_000), ("width", 1, 24), ("height", 1, 1000)):
        value = widget.get(name, low)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            yield f"{name} should be from {low} to {high}, not {value!r}"


@at_deploy(ALARM, error="ValidationError", operation="PutMetricAlarm", page=PUT)
def region_of_the_actions(situation: Situation) -> Iterator[str]:
    """An alarm's actions are in its own region."""
    for name in ("alarmActions", "okActions", "insufficientDataActions"):
        for action in situation.get(name, []):
            region = action.split(":")[3]
            if region and region != situation.region:
                yield f"Invalid region {region} specified. Only {situation.region} is supported."
