"""Alarms and dashboards, one by one."""

import json

import pytest

from infra.blocks.alarms import Alarm, Alarms, AlarmsArgs, Anomaly, Metric
from infra.blocks.dashboard import Dashboard, DashboardArgs, Graph
from infra.naming import Scope
from tests.mocks import Deployment, deploy

TOPIC = "arn:aws:sns:eu-central-1:123456789012:alerts"
SOLD = Metric(namespace="shop", name="Sold", dimensions={"service": "shop"})
LOST = Metric(namespace="shop", name="Lost", dimensions={"service": "shop"})
SLOW = Metric(namespace="shop", name="Wait", dimensions={"service": "shop"}, statistic="p99")


def single(name: str, statistic: dict[str, str]) -> dict[str, object]:
    return {
        "namespace": "shop",
        "metricName": name,
        "dimensions": {"service": "shop"},
        "period": 300,
        **statistic,
    }


@pytest.fixture
def made(scope: Scope) -> Deployment:
    """One alarm of each sort."""
    args = AlarmsArgs(
        scope=scope,
        topic_arn=TOPIC,
        alarms=[
            Alarm(purpose="lost", description="Sales are lost", metrics=[LOST], above=0),
            Alarm(
                purpose="slow", description="Sales are slow", metrics=[SLOW], above=800, evaluation_periods=3
            ),
            Alarm(purpose="both", description="All is wrong", metrics=[LOST, SOLD], above=1),
        ],
        anomalies=[Anomaly(purpose="odd", description="Unusual sales", metric=SOLD)],
    )
    return deploy(lambda: Alarms("shop", args))


@pytest.mark.finding("CC-OPS-3")
@pytest.mark.parametrize("name", ["shop-lost", "shop-slow", "shop-both", "shop-odd"])
def test_every_alarm_tells_the_topic_when_it_goes_off_and_when_it_is_over(
    name: str, made: Deployment
) -> None:
    alarm = made.inputs("aws:cloudwatch/metricAlarm:MetricAlarm", name)

    assert (alarm["alarmActions"], alarm["okActions"]) == ([TOPIC], [TOPIC])
    assert alarm["treatMissingData"] == "notBreaching"
    assert alarm["alarmDescription"]


def test_an_alarm_watches_the_sum_of_a_metric(made: Deployment) -> None:
    alarm = made.inputs("aws:cloudwatch/metricAlarm:MetricAlarm", "shop-lost")

    assert single("Lost", {"statistic": "Sum"}).items() <= alarm.items()
    assert (alarm["comparisonOperator"], alarm["threshold"]) == ("GreaterThanThreshold", 0)


def test_an_alarm_watches_a_percentile(made: Deployment) -> None:
    alarm = made.inputs("aws:cloudwatch/metricAlarm:MetricAlarm", "shop-slow")

    assert single("Wait", {"extendedStatistic": "p99"}).items() <= alarm.items()
    assert "statistic" not in alarm
    assert (alarm["threshold"], alarm["evaluationPeriods"]) == (800, 3)


def test_an_alarm_over_several_metrics_watches_their_sum_where_no_data_counts_as_none(
    made: Deployment,
) -> None:
    alarm = made.inputs("aws:cloudwatch/metricAlarm:MetricAlarm", "shop-both")

    *parts, total = alarm["metricQueries"]
    assert [part["metric"]["metricName"] for part in parts] == ["Lost", "Sold"]
    assert total == {
        "id": "total",
        "expression": "FILL(m0, 0) + FILL(m1, 0)",
        "label": "both",
        "returnData": True,
    }
    assert not any(part["returnData"] for part in parts)


@pytest.mark.finding("CC-OPS-3")
def test_an_anomaly_leaves_the_band_of_its_own_history(made: Deployment) -> None:
    alarm = made.inputs("aws:cloudwatch/metricAlarm:MetricAlarm", "shop-odd")

    observed, band = alarm["metricQueries"]
    assert alarm["comparisonOperator"] == "LessThanLowerOrGreaterThanUpperThreshold"
    assert alarm["thresholdMetricId"] == band["id"]
    assert band["expression"] == "ANOMALY_DETECTION_BAND(observed, 2)"
    assert (observed["id"], observed["metric"]["metricName"]) == ("observed", "Sold")
    assert "threshold" not in alarm


def test_alarms_are_known_by_arn_before_they_exist(scope: Scope) -> None:
    args = AlarmsArgs(
        scope=scope,
        topic_arn=TOPIC,
        alarms=[Alarm(purpose="lost", description="Sales are lost", metrics=[LOST], above=0)],
    )

    preview = deploy(lambda: Alarms("shop", args), preview=True)

    (component,) = preview.of("guardrails:blocks:Alarms")
    assert component.outputs == {
        "alarmArns": ["arn:aws:cloudwatch:eu-central-1:123456789012:alarm:sg-shop-lost-dev"]
    }


@pytest.mark.finding("CC-OPS-2")
def test_a_dashboard_shows_alarms_above_rows_of_graphs_that_fill_the_width(scope: Scope) -> None:
    rows = [
        [Graph(title="Sales", metrics=[SOLD, LOST]), Graph(title="Wait", metrics=[SLOW])],
        [Graph(title="Daily", metrics=[SOLD], period_seconds=86400)],
    ]
    args = DashboardArgs(scope=scope, alarm_arns=["arn:alarm"], rows=rows)

    inputs = deploy(lambda: Dashboard("shop", args)).inputs("aws:cloudwatch/dashboard:Dashboard", "shop")
    alarms, sales, wait, daily = json.loads(inputs["dashboardBody"])["widgets"]

    assert inputs["dashboardName"] == "sg-shop-dev"
    assert alarms["properties"]["alarms"] == ["arn:alarm"]
    assert [(each["x"], each["y"], each["width"]) for each in (alarms, sales, wait, daily)] == [
        (0, 0, 24),
        (0, 6, 12),
        (12, 6, 12),
        (0, 12, 24),
    ]
    assert sales["properties"]["metrics"] == [
        ["shop", "Sold", "service", "shop", {"stat": "Sum"}],
        ["shop", "Lost", "service", "shop", {"stat": "Sum"}],
    ]
    assert (sales["properties"]["region"], daily["properties"]["period"]) == ("eu-central-1", 86400)
