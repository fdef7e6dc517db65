"""An unknown at any place that a rule looks at, however deep and set or not, is never silence."""

import pytest

from guardrails.framework.rule import Rule
from guardrails.rules import all_rules
from tests.pack.unknown_places import read_places, said

QUICK = "an API with a target, whichever it is, has a quick-created route and stage, and as such it is judged"
FRONT = "CloudFront takes nothing there but the id of such a policy: there is one, whichever it will be"
OWN_NAME = "the dead-letter queue is found by its own name, whatever this queue is called"
REVIEWED = {
    ("api-versioned-paths", "apigatewayv2.Api.target"): QUICK,
    ("waf-associations", "apigatewayv2.Api.target"): QUICK,
    (
        "alarm-thresholds",
        "cloudwatch.MetricAlarm.threshold",
    ): "of a metric without known bounds any number is",
    ("cloudfront-caching", "cloudfront.Distribution.defaultCacheBehavior.cachePolicyId"): FRONT,
    ("cloudfront-caching", "cloudfront.Distribution.defaultCacheBehavior.responseHeadersPolicyId"): FRONT,
    ("dead-letter-queues", "sqs.Queue.kmsMasterKeyId"): "customer-managed-keys judges which key it is",
    ("dead-letter-queues", "sqs.Queue.name"): OWN_NAME,
    ("dead-letter-retention", "sqs.Queue.name"): OWN_NAME,
    (
        "dead-letter-queues",
        "cloudwatch.MetricAlarm.metricQueries[].metric.dimensions",
    ): "all that is in the queries comes from the queue",
    (
        "dynamodb-access-paths",
        "dynamodb.Table.globalSecondaryIndexes[].nonKeyAttributes[]",
    ): "the index includes an attribute, whichever it is",
    (
        "dynamodb-contributor-insights",
        "dynamodb.ContributorInsights.indexName",
    ): "the table's own insights are there, whatever these are of",
    (
        "on-dashboard",
        "cloudwatch.Dashboard.dashboardBody.widgets[].properties.metrics[]",
    ): "what is not known of the body comes from the resource, which it therefore shows",
}
"""Where silence is right, by rule and place, and why."""


def silent_places(rule: Rule, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Return where an unknown, put into any example of *rule*, leaves it silent."""
    return {
        place.pattern
        for example in (*rule.passing, *rule.fails.values())
        for place in read_places(rule, example, monkeypatch)
        if not said(rule, place.unknown_in(example))
    }


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.id)
def test_no_rule_is_silent_about_an_unknown_that_it_looks_at(
    rule: Rule, monkeypatch: pytest.MonkeyPatch
) -> None:
    reviewed = {place for id_, place in REVIEWED if id_ == rule.id}

    assert silent_places(rule, monkeypatch) == reviewed


def test_every_reason_is_about_a_rule() -> None:
    assert {id_ for id_, _ in REVIEWED} <= {rule.id for rule in all_rules()}
