"""Where the rules on alarms, topics, dashboards and logs draw their lines."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardrails.framework.alarms import acts, watched_by
from guardrails.framework.examples import UNKNOWN, Sample, Stack, resource, stack
from guardrails.rules import all_rules
from tests.pack.engine_side import verdicts
from tests.pack.samples import graph_of, said

RULES = {rule.id: rule for rule in all_rules()}
TOPIC = "arn:aws:sns:eu-west-1:111122223333:alerts"


def query(id_: str, metric: str = "", expression: str = "", *, returned: bool = False) -> dict[str, Any]:
    made = {"metric": {"namespace": "N", "metricName": metric}} if metric else {"expression": expression}
    return {"id": id_, "returnData": returned, **made}


def metrics_of(*queries: dict[str, Any]) -> set[str]:
    (alarm,) = graph_of(stack(resource("cloudwatch.MetricAlarm", "a", metricQueries=list(queries)))).of(
        "cloudwatch.MetricAlarm"
    )
    return {watched.props.text("metricName") for watched in watched_by(alarm)}


def test_only_metrics_that_the_returned_query_is_made_of_decide_about_an_alarm() -> None:
    parts = (query("m1", "A"), query("m2", "B"), query("m3", "C"))

    assert metrics_of(*parts, query("e", expression="m1 + FILL(m3, 0)", returned=True)) == {"A", "C"}
    assert metrics_of(*parts, query("e", expression='SUM(METRICS("m"))', returned=True)) == {"A", "B", "C"}
    half = query("half", expression="m2 / 2")
    assert metrics_of(*parts, half, query("e", expression="half * 100", returned=True)) == {"B"}
    assert metrics_of(*parts, query("e", expression="IF(m1 > 0, 'm2')", returned=True)) == {"A"}
    assert metrics_of(query("m1", "A", returned=True), query("m2", "B")) == {"A"}


def test_queries_that_name_each_other_come_to_an_end() -> None:
    assert metrics_of(query("a", expression="b", returned=True), query("b", expression="a")) == set()


def composite(name: str, rule: str, *actions: str) -> Sample:
    return resource(
        "cloudwatch.CompositeAlarm", name, alarmName=name, alarmRule=rule, alarmActions=list(actions)
    )


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ({"c": "ALARM(slow)"}, True),
        ({"c": 'ALARM( "slow" ) OR ALARM(other)'}, True),
        ({"c": "ALARM(arn:aws:cloudwatch:eu-west-1:111122223333:alarm:slow)"}, True),
        ({"c": "NOT ALARM(slow)"}, False),
        ({"c": "OK(slow)"}, False),
        ({"c": "ALARM(slower)"}, False),
        ({"c": "ALARM(part)", "part": "ALARM(slow)"}, True),
        ({"part": "ALARM(slow) OR ALARM(whole)", "whole": "ALARM(part)"}, False),
    ],
)
def test_an_alarm_acts_by_a_composite_alarm_that_it_sets_off(rules: dict[str, str], expected: bool) -> None:
    graph = graph_of(
        stack(
            resource("cloudwatch.MetricAlarm", "alarm", name="slow"),
            *(composite(name, rule, *([TOPIC] if name == "c" else [])) for name, rule in rules.items()),
        )
    )

    (alarm,) = graph.of("cloudwatch.MetricAlarm")

    assert acts(alarm, graph) is expected


def test_an_action_of_unknown_origin_is_undetermined_and_one_of_a_topic_is_proved() -> None:
    def judged(*origins: str) -> list[str]:
        alarm = resource(
            "cloudwatch.MetricAlarm", "a", sources={"alarmActions": origins}, alarmActions=[UNKNOWN]
        )
        return said(
            RULES["alarm-actions"],
            stack(
                resource("sns.Topic", "one"),
                resource("sns.Topic", "two"),
                resource("lambda.Function", "f"),
                alarm,
            ),
        )

    assert judged("one") == []
    assert judged("one", "two") == []
    assert [each[:13] for each in judged("one", "f")] == ["undetermined:"]
    assert [each[:13] for each in judged()] == ["undetermined:"]


def test_a_topic_outside_of_the_stack_is_undetermined() -> None:
    example = stack(resource("cloudwatch.MetricAlarm", "a", alarmActions=[TOPIC]))

    assert said(RULES["alarm-actions"], example) == [
        "undetermined: the topic that it tells is not part of this stack; if another answers for it, "
        "name its ARN under `elsewhere` in guardrails.yaml"
    ]


def errors_alarm(**inputs: Any) -> Stack:
    base = {
        "namespace": "AWS/Lambda",
        "metricName": "Errors",
        "comparisonOperator": "GreaterThanThreshold",
        "threshold": 0,
        "period": 300,
        "evaluationPeriods": 1,
        "statistic": "Sum",
    }
    return stack(resource("cloudwatch.MetricAlarm", "a", **{**base, **inputs}))


@given(
    periods=st.integers(1, 5000),
    period=st.integers(1, 100).map(lambda n: n * 60),
    limit=st.integers(60, 604_800),
)
def test_an_alarm_goes_off_within_the_time_that_the_stack_allows(
    periods: int, period: int, limit: int
) -> None:
    found = said(
        RULES["alarm-thresholds"],
        errors_alarm(evaluationPeriods=periods, period=period),
        maximumWindowSeconds=limit,
    )

    assert bool(found) == (periods * period > limit)


@given(threshold=st.integers(-5, 300), most=st.integers(0, 200))
def test_an_alarm_on_errors_has_a_threshold_that_errors_cross(threshold: int, most: int) -> None:
    for operator, least in (("GreaterThanThreshold", 0), ("GreaterThanOrEqualToThreshold", 1)):
        example = errors_alarm(threshold=threshold, comparisonOperator=operator)

        found = said(RULES["alarm-thresholds"], example, maximumCount=most)

        assert bool(found) == (not least <= threshold <= most)


@given(timeout=st.integers(1, 900), threshold=st.integers(0, 1_000_000))
def test_an_alarm_on_duration_is_below_the_timeout(timeout: int, threshold: int) -> None:
    example = errors_alarm(
        metricName="Duration", threshold=threshold, dimensions={"FunctionName": "f"}, statistic="Maximum"
    ).plus(resource("lambda.Function", "f", name="f", timeout=timeout))

    assert bool(said(RULES["alarm-thresholds"], example)) == (threshold == 0 or threshold >= timeout * 1000)


def test_the_alarm_on_dead_letters_may_wait_for_as_many_as_the_stack_allows() -> None:
    example = RULES["dead-letter-queues"].passing[0].but("alarm", threshold=50)

    assert said(RULES["dead-letter-queues"], example, maximumMessages=50) == []
    (found,) = said(RULES["dead-letter-queues"], example, maximumMessages=49)
    assert found.endswith("whose alarm waits for more than 49 messages")


def component(name: str) -> str:
    return f"urn:pulumi:dev::shop::shop:systems:System::{name}"


def test_each_system_with_functions_has_an_anomaly_alarm_of_its_own() -> None:
    watched = RULES["business-anomaly-alarm"].passing[0]
    two = watched.plus(resource("lambda.Function", "other", name="other"))
    rule = RULES["business-anomaly-alarm"]
    apart = {"worker": component("a"), "other": component("b")}

    assert said(rule, two) == []
    assert len(said(rule, two, parents={**apart, "unusual": component("a")})) == 1
    assert said(rule, two, parents={**apart, "unusual": component("watch")}) == []
    assert len(said(rule, two.without("unusual"), parents=apart)) == 2
    assert len(said(rule, two.without("unusual"))) == 1


def board(*rows: list[Any]) -> Stack:
    body = json.dumps({"widgets": [{"type": "metric", "properties": {"metrics": list(rows)}}]})
    return stack(
        resource("lambda.Function", "f", name="f"),
        resource("cloudwatch.Dashboard", "board", dashboardName="b", dashboardBody=body),
    )


@pytest.mark.parametrize(
    "rows",
    [
        [["AWS/Lambda", "Errors", "FunctionName", "f"]],
        [["AWS/Lambda", "Errors", "FunctionName", "g"], [".", "Throttles", ".", "f"]],
        [["AWS/Lambda", "Errors", "FunctionName", "g"], ["...", "f", {"stat": "Sum"}]],
        [["AWS/Lambda", "Errors", "Resource", "f:live", "FunctionName", "f"]],
        [[{"expression": "SEARCH('{AWS/Lambda,FunctionName} Errors', 'Sum')"}]],
    ],
)
def test_a_dashboard_shows_a_function_however_its_rows_are_written(rows: list[Any]) -> None:
    assert verdicts(RULES["on-dashboard"], board(*rows)) == []


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [["AWS/Lambda", "Errors", "FunctionName", "ff"]],
        [["AWS/Lambda", "Errors", "Resource", "f"]],
        [["AWS/SQS", "Errors", "FunctionName", "f"]],
        [["AWS/Lambda", "Errors"], [{"label": "FunctionName f"}]],
        [[{"expression": "SEARCH('{AWS/SQS,QueueName} f', 'Sum')"}]],
    ],
)
def test_a_dashboard_that_only_looks_as_if_shows_no_function(rows: list[Any]) -> None:
    assert verdicts(RULES["on-dashboard"], board(*rows)) == [
        "is on no dashboard: none shows an AWS/Lambda metric with FunctionName of its name"
    ]


def test_an_unknown_dashboard_proves_only_what_it_is_made_of() -> None:
    unknown = stack(
        resource("lambda.Function", "f", name="f"),
        resource("lambda.Function", "g", name="g"),
        resource("cloudwatch.Dashboard", "board", sources={"dashboardBody": ("f",)}, dashboardBody=UNKNOWN),
    )

    (found,) = said(RULES["on-dashboard"], unknown)

    assert found.startswith("undetermined: property dashboardBody")


@pytest.mark.parametrize(
    ("days", "least", "most", "passes"),
    [(30, 30, 30, True), (14, 30, 365, False), (400, 30, 365, False), (365, 30, 365, True)],
)
def test_how_long_logs_are_kept_is_a_stacks_choice(days: int, least: int, most: int, passes: bool) -> None:
    group = stack(resource("cloudwatch.LogGroup", "logs", name="/shop", retentionInDays=days))

    found = said(RULES["log-retention"], group, minimumDays=least, maximumDays=most)

    assert (found == []) is passes


@pytest.mark.parametrize(
    ("principal", "action", "passes"),
    [
        ({"Service": "cloudwatch.amazonaws.com"}, "sns:Publish", True),
        ({"Service": ["events.amazonaws.com", "cloudwatch.amazonaws.com"]}, ["SNS:*"], True),
        ("*", "sns:Publish", True),
        ({"Service": "events.amazonaws.com"}, "sns:Publish", False),
        ({"Service": "cloudwatch.amazonaws.com"}, "sns:Subscribe", False),
    ],
)
def test_a_topic_policy_must_let_cloudwatch_in(principal: Any, action: Any, passes: bool) -> None:
    statement = {"Effect": "Allow", "Principal": principal, "Action": action, "Resource": "*"}
    example = RULES["alarm-topics"].passing[0].but("policy", policy={"Statement": [statement]})

    assert (verdicts(RULES["alarm-topics"], example) == []) is passes
