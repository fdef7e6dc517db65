"""CloudWatch alarms as data: a metric or an expression, a threshold, and what it means when it is crossed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import pulumi
import pulumi_aws as aws

from infra.naming import Kind, Scope

PERIOD_SECONDS: Final = 300
# An anomaly is three periods in a row outside of two standard deviations.
BAND_DEVIATIONS: Final = 2
ANOMALOUS_PERIODS: Final = 3


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One series of CloudWatch data points; `statistic` is one such as Sum, or a percentile such as p99."""

    namespace: str
    name: str
    dimensions: Mapping[str, pulumi.Input[str]]
    statistic: str = "Sum"


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """An alarm on the sum of one or more metrics being above a threshold, in the metric's unit.

    `purpose` ends up in the alarm's name; `description` tells who is woken what it means and where to look.
    """

    purpose: str
    description: str
    metrics: Sequence[Metric]
    above: float
    evaluation_periods: int = 1
    datapoints_to_alarm: int = 1


@dataclass(frozen=True, kw_only=True)
class Anomaly:
    """An alarm on a metric leaving the band that its own history predicts; no data is no anomaly."""

    purpose: str
    description: str
    metric: Metric


@dataclass(frozen=True, kw_only=True)
class AlarmsArgs:
    """Which alarms a system has and which topic they tell."""

    scope: Scope
    topic_arn: pulumi.Input[str]
    alarms: Sequence[Alarm]
    anomalies: Sequence[Anomaly] = field(default=())


class Alarms(pulumi.ComponentResource):
    """Every alarm of a system; each tells the topic when it goes off and when it is over."""

    def __init__(self, name: str, args: AlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("guardrails:blocks:Alarms", name, {}, opts)
        arns = [self._threshold(name, alarm, args) for alarm in args.alarms]
        arns += [self._anomaly(name, anomaly, args) for anomaly in args.anomalies]
        self.arns: list[pulumi.Output[str]] = arns
        self.register_outputs({"alarmArns": self.arns})

    def _threshold(self, name: str, alarm: Alarm, args: AlarmsArgs) -> pulumi.Output[str]:
        single = alarm.metrics[0] if len(alarm.metrics) == 1 else None
        created = aws.cloudwatch.MetricAlarm(
            f"{name}-{alarm.purpose}",
            name=args.scope.name(Kind.ALARM, alarm.purpose),
            alarm_description=alarm.description,
            comparison_operator="GreaterThanThreshold",
            threshold=alarm.above,
            evaluation_periods=alarm.evaluation_periods,
            datapoints_to_alarm=alarm.datapoints_to_alarm,
            treat_missing_data="notBreaching",
            **(_single(single) if single is not None else {"metric_queries": _sum(alarm)}),
            **self._common(args),
        )
        return _arn(created, args.scope)

    def _anomaly(self, name: str, anomaly: Anomaly, args: AlarmsArgs) -> pulumi.Output[str]:
        band = aws.cloudwatch.MetricAlarmMetricQueryArgs(
            id="band",
            expression=f"ANOMALY_DETECTION_BAND(observed, {BAND_DEVIATIONS})",
            label="expected",
            return_data=True,
        )
        created = aws.cloudwatch.MetricAlarm(
            f"{name}-{anomaly.purpose}",
            name=args.scope.name(Kind.ALARM, anomaly.purpose),
            alarm_description=anomaly.description,
            comparison_operator="LessThanLowerOrGreaterThanUpperThreshold",
            threshold_metric_id="band",
            evaluation_periods=ANOMALOUS_PERIODS,
            datapoints_to_alarm=ANOMALOUS_PERIODS,
            treat_missing_data="notBreaching",
            metric_queries=[_query("observed", anomaly.metric, returned=True), band],
            **self._common(args),
        )
        return _arn(created, args.scope)

    def _common(self, args: AlarmsArgs) -> dict[str, object]:
        return {
            "alarm_actions": [args.topic_arn],
            "ok_actions": [args.topic_arn],
            "tags": args.scope.tags,
            "opts": pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        }


def _arn(alarm: aws.cloudwatch.MetricAlarm, scope: Scope) -> pulumi.Output[str]:
    name: pulumi.Output[str] = alarm.name
    return name.apply(scope.alarm_arn)


def _single(metric: Metric) -> dict[str, object]:
    statistic = "extended_statistic" if metric.statistic.startswith("p") else "statistic"
    return {
        "namespace": metric.namespace,
        "metric_name": metric.name,
        "dimensions": metric.dimensions,
        "period": PERIOD_SECONDS,
        statistic: metric.statistic,
    }


def _sum(alarm: Alarm) -> list[aws.cloudwatch.MetricAlarmMetricQueryArgs]:
    """Return the metrics and their sum; a metric without data counts as 0."""
    queries = [_query(f"m{i}", metric, returned=False) for i, metric in enumerate(alarm.metrics)]
    total = " + ".join(f"FILL(m{i}, 0)" for i in range(len(alarm.metrics)))
    return [
        *queries,
        aws.cloudwatch.MetricAlarmMetricQueryArgs(
            id="total", expression=total, label=alarm.purpose, return_data=True
        ),
    ]


def _query(id_: str, metric: Metric, *, returned: bool) -> aws.cloudwatch.MetricAlarmMetricQueryArgs:
    return aws.cloudwatch.MetricAlarmMetricQueryArgs(
        id=id_,
        metric=aws.cloudwatch.MetricAlarmMetricQueryMetricArgs(
            namespace=metric.namespace,
            metric_name=metric.name,
            dimensions=metric.dimensions,
            period=PERIOD_SECONDS,
            stat=metric.statistic,
        ),
        return_data=returned,
    )
