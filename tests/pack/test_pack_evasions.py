"""Faults hidden behind what looks right at a glance: each is named, none passes in silence."""

import json
from dataclasses import replace
from typing import Any

import pytest

from guardrails.framework.examples import UNKNOWN, Sample, Stack, resource, stack
from guardrails.framework.graph import Graph
from guardrails.framework.judge import judge
from guardrails.framework.props import Props
from guardrails.rules import all_rules
from tests.pack.samples import graph_of, said

RULES = {rule.id: rule for rule in all_rules()}
TOPIC = "arn:aws:sns:eu-west-1:111122223333:alerts"


def in_regions(example: Stack, **regions: str) -> Graph:
    """Return the graph of *example* where the resources named have providers of these regions."""
    return Graph(
        replace(node, provider=Props.of({"region": regions.get(node.name, "eu-west-1")}, "the provider"))
        for node in graph_of(example)
    )


def judged(rule: str, graph: Graph) -> list[str]:
    return [each.problem for each in judge(RULES[rule], graph)]


def alarm(label: str, metric: str, /, **changes: Any) -> Sample:
    base = {
        "namespace": "AWS/Lambda",
        "metricName": metric,
        "dimensions": {"FunctionName": "shop-worker-dev"},
        "statistic": "Sum",
        "period": 60,
        "evaluationPeriods": 1,
        "threshold": 0,
        "comparisonOperator": "GreaterThanThreshold",
        "alarmActions": [TOPIC],
    }
    return resource("cloudwatch.MetricAlarm", label, **{**base, **changes})


WATCHED = stack(
    resource("lambda.Function", "worker", name="shop-worker-dev"),
    *(alarm(metric.lower(), metric) for metric in ("Errors", "Throttles", "Duration")),
)


# --- regions ------------------------------------------------------------------------------------------------


def test_an_alarm_in_another_region_sees_nothing_of_a_function() -> None:
    assert judged("function-alarms", in_regions(WATCHED)) == []
    assert judged("function-alarms", in_regions(WATCHED, errors="us-east-1")) == [
        "has no alarm with an action on its Errors"
    ]


def test_an_alarm_in_another_region_sees_nothing_although_its_dimension_comes_from_the_function() -> None:
    traced = WATCHED.but("errors", dimensions={"FunctionName": UNKNOWN}).traced(
        "errors", dimensions=("worker",)
    )

    assert judged("function-alarms", in_regions(traced)) == []
    assert judged("function-alarms", in_regions(traced, errors="us-east-1")) != []


def test_a_log_group_in_another_region_is_not_the_functions_own() -> None:
    example = stack(
        resource("lambda.Function", "worker", name="shop-worker-dev"),
        resource("cloudwatch.LogGroup", "group", name="/aws/lambda/shop-worker-dev", retentionInDays=30),
    )

    assert judged("log-retention", in_regions(example)) == []
    assert len(judged("log-retention", in_regions(example, group="us-east-1"))) == 1


def test_an_arn_of_another_region_is_not_the_namesake_here() -> None:
    example = stack(
        resource("sns.Topic", "alerts", name="alerts"),
        alarm("errors", "Errors", alarmActions=[TOPIC.replace("eu-west-1", "us-east-1")]),
    )

    assert ["not part of this stack" in each for each in judged("alarm-actions", in_regions(example))] == [
        True
    ]


# --- one setting of two -------------------------------------------------------------------------------------


def test_of_two_versionings_the_one_that_is_right_does_not_count_alone() -> None:
    def versioning(name: str, status: str) -> Sample:
        return resource(
            "s3.BucketVersioning", name, bucket="shop-media-dev", versioningConfiguration={"status": status}
        )

    bucket = resource("s3.Bucket", "media", bucket="shop-media-dev")
    both = stack(bucket, versioning("on", "Enabled"), versioning("off", "Suspended"))

    assert ["overwrite each other" in each for each in said(RULES["single-settings"], both)] == [True]


# --- alarms that look at something else ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"statistic": "Minimum"}, "looks at the Minimum of what should not happen"),
        ({"statistic": "SampleCount"}, "looks at the SampleCount of what should not happen"),
        ({"statistic": "Average", "threshold": 1}, "cannot go off"),
        ({"statistic": "Maximum", "threshold": 5}, "cannot go off"),
    ],
)
def test_a_statistic_that_hides_errors_is_named(changes: dict[str, Any], problem: str) -> None:
    found = said(RULES["alarm-thresholds"], stack(alarm("errors", "Errors", **changes)))

    assert [problem in each for each in found] == [True]


@pytest.mark.parametrize(
    "changes",
    [
        {"statistic": "Average", "threshold": 0.05},
        {"statistic": "Maximum", "threshold": 0},
        {"statistic": "Sum", "threshold": 5},
        {"statistic": "Average", "threshold": 1, "comparisonOperator": "GreaterThanOrEqualToThreshold"},
    ],
)
def test_a_statistic_that_shows_errors_passes(changes: dict[str, Any]) -> None:
    assert said(RULES["alarm-thresholds"], stack(alarm("errors", "Errors", **changes))) == []


def test_an_alarm_with_a_dimension_that_the_metric_does_not_have_never_has_data() -> None:
    dimensions = {"FunctionName": "shop-worker-dev", "Service": "shop"}

    assert said(RULES["alarm-queries"], stack(alarm("errors", "Errors", dimensions=dimensions))) == [
        "watches Errors by the dimension Service, which AWS/Lambda does not have"
    ]
    by_alias = {"FunctionName": "shop-worker-dev", "Resource": "shop-worker-dev:live"}
    assert said(RULES["alarm-queries"], stack(alarm("errors", "Errors", dimensions=by_alias))) == []


def composed(rule: str) -> Stack:
    return stack(
        alarm("errors", "Errors", name="shop-errors-dev", alarmActions=[]),
        alarm("busy", "Throttles", name="shop-busy-dev"),
        resource("cloudwatch.CompositeAlarm", "all", alarmName="all", alarmRule=rule, alarmActions=[TOPIC]),
    )


@pytest.mark.parametrize(
    "rule",
    [
        "NOT (ALARM(shop-errors-dev))",
        "NOT  ALARM(shop-errors-dev)",
        "not ALARM(shop-errors-dev)",
        "NOT (ALARM(shop-busy-dev) OR ALARM(shop-errors-dev))",
        "ALARM(shop-errors-dev) AND FALSE",
        "(ALARM(shop-errors-dev) OR ALARM(shop-busy-dev)) AND FALSE",
        "OK(shop-errors-dev)",
        "FALSE",
    ],
)
def test_a_composite_alarm_that_an_alarm_cannot_set_off_does_not_act_for_it(rule: str) -> None:
    found = said(RULES["alarm-actions"], composed(rule))

    assert "does nothing when it goes off" in found


@pytest.mark.parametrize(
    "rule",
    [
        "ALARM(shop-errors-dev)",
        'ALARM("shop-errors-dev") OR ALARM("shop-busy-dev")',
        "ALARM('shop-errors-dev') AND NOT ALARM(shop-busy-dev)",
        "NOT (NOT ALARM(arn:aws:cloudwatch:eu-west-1:111122223333:alarm:shop-errors-dev))",
        "(ALARM(shop-errors-dev) AND TRUE) OR FALSE",
        "ALARM(shop-errors-dev) AND NOT (ALARM(shop-busy-dev) OR INSUFFICIENT_DATA(shop-busy-dev))",
    ],
)
def test_a_composite_alarm_that_an_alarm_sets_off_acts_for_it(rule: str) -> None:
    assert "does nothing when it goes off" not in said(RULES["alarm-actions"], composed(rule))


# --- policies -----------------------------------------------------------------------------------------------


def test_a_delivery_that_another_statement_denies_is_not_admitted() -> None:
    (example,) = [
        each
        for each in RULES["deliveries-permitted"].passing
        if "sqs.QueuePolicy" in {sample.kind for sample in each.samples}
    ][:1]
    policy = next(sample for sample in example.samples if sample.kind == "sqs.QueuePolicy")
    allowed = policy.inputs["policy"]["Statement"]
    denied = {"Effect": "Deny", "Principal": "*", "Action": "sqs:Send*", "Resource": "*"}
    statements = [*(allowed if isinstance(allowed, list) else [allowed]), denied]

    found = said(RULES["deliveries-permitted"], example.but(policy.name, policy={"Statement": statements}))

    assert any("does not admit it" in each for each in found)


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:iam::aws:policy/SecretsManagerReadWrite",
        "arn:aws:iam::aws:policy/service-role/AWSLambdaRole",
        "arn:aws:iam::aws:policy/job-function/DatabaseAdministrator",
        "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPowerUser",
        "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicDurableExecutionRolePolicy",
    ],
)
def test_policies_of_aws_that_open_everything_are_broad_whatever_they_are_called(arn: str) -> None:
    assert len(said(RULES["iam-exact"], stack(resource("iam.RolePolicyAttachment", "a", policyArn=arn)))) == 1


# --- what is there and empty --------------------------------------------------------------------------------


def test_a_tag_of_blanks_is_no_tag() -> None:
    tags = {**RULES["tags"].passing[0].samples[0].inputs["tags"], "Owner": " "}

    assert said(RULES["tags"], stack(resource("sqs.Queue", "work", tags=tags))) == ["lacks the tag Owner"]


# --- split resources ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", ["dynamodb-pitr", "customer-managed-keys"])
def test_a_replica_that_is_a_resource_of_its_own_is_judged(rule: str) -> None:
    replica = resource("dynamodb.TableReplica", "replica", globalTableArn=UNKNOWN)

    assert len(said(RULES[rule], stack(replica))) == 1


# --- invocations --------------------------------------------------------------------------------------------


def test_a_function_that_a_schedule_invokes_needs_a_place_for_its_failures() -> None:
    example = stack(
        resource("lambda.Function", "worker", name="shop-worker-dev"),
        resource(
            "scheduler.Schedule",
            "nightly",
            target={"arn": "arn:aws:lambda:eu-west-1:111122223333:function:shop-worker-dev", "roleArn": "r"},
        ),
    )

    assert [
        "is invoked asynchronously by" in each for each in said(RULES["dead-letter-queues"], example)
    ] == [True]


def test_json_text_and_objects_hide_nothing() -> None:
    policy = {"Statement": {"Effect": "Allow", "Action": "s3:Get?bject", "Resource": "arn:aws:s3:::b/*"}}

    for written in (policy, json.dumps(policy)):
        example = stack(resource("iam.RolePolicy", "work", policy=written))
        assert said(RULES["iam-exact"], example) == ["allows the wildcard action s3:Get?bject in statement 1"]
