"""The pack's side of the conversation: messages, phases, defects."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from guardrails.framework.errors import RuleDefinitionError
from guardrails.framework.examples import UNKNOWN, Stack, resource, stack
from guardrails.framework.graph import Graph
from guardrails.framework.node import Node
from guardrails.framework.rule import Rule, Severity, resource_rule, stack_rule
from guardrails.rules import all_rules
from tests.pack.engine_side import Call, Engine, secret, urn_of
from tests.pack.samples import NOTHING

RULES = {rule.id: rule for rule in all_rules()}


def judged(example: Stack, *rules: Rule, stack_name: str = "dev") -> list[Any]:
    engine = Engine(rules, stack_name)
    engine.configure()
    return engine.preview(example)


def test_a_violation_says_what_where_why_how_and_which_findings() -> None:
    (found,) = judged(stack(resource("dynamodb.Table", "records")), RULES["dynamodb-pitr"])

    assert found.urn == urn_of("dynamodb.Table", "records")
    assert found.message.splitlines() == [
        '"records" (aws:dynamodb/table:Table) in "media-system" (shop:systems:Media) '
        "has no point-in-time recovery",
        "Rule: Tables keep point-in-time recovery, in every stack.",
        "Why: A wrong write or a deleted item can then be undone to the second, for up to 35 days.",
        'Fix: point_in_time_recovery={"enabled": True}',
        "Findings: CC-REL-8 (crimes: tables cannot be rewound), SP-15 (objects: only prod can recover), "
        "OP-4.2 (orders: orders cannot be rewound), IP-2.2 (images: image records cannot be rewound), "
        "UA-7.2 (uploads: no copy of the data)",
        "Docs: guardrails explain dynamodb-pitr",
    ]


@pytest.mark.parametrize("rule", ["dynamodb-pitr", "s3-tls-only"])
def test_from_the_fourth_time_on_a_rule_says_what_and_how_but_not_why_again(rule: str) -> None:
    kind = next(iter(RULES[rule].fixes))
    resources = [resource(kind, f"store-{number}", bucket=f"store-{number}") for number in range(6)]

    found = judged(stack(*resources), RULES[rule])

    assert [each.urn for each in found] == [urn_of(kind, f"store-{number}") for number in range(6)]
    assert ["\nWhy: " in each.message for each in found] == [True] * 3 + [False] * 3
    assert ["\nFindings: " in each.message for each in found] == [True] * 3 + [False] * 3
    assert all("\nFix:" in each.message and "\nDocs: " in each.message for each in found)


def test_the_order_of_a_state_does_not_change_the_messages() -> None:
    buckets = [resource("s3.Bucket", f"store-{number}", bucket=f"store-{number}") for number in range(6)]

    one, another = (judged(stack(*each), RULES["s3-tls-only"]) for each in (buckets, buckets[::-1]))

    assert [each.message for each in one] == [each.message for each in another]


def test_a_resource_that_is_judged_again_gets_the_message_that_it_had() -> None:
    engine = Engine([RULES["dynamodb-pitr"]])
    engine.configure()
    example = stack(*(resource("dynamodb.Table", f"table-{number}") for number in range(5)))

    first = [(each.urn, each.message) for each in engine.preview(example)]

    assert [(each.urn, each.message) for each in engine.preview(example)] == first
    engine.configure()
    assert [(each.urn, each.message) for each in engine.preview(example)] == first


def test_an_undetermined_verdict_names_the_property_and_both_ways_out() -> None:
    policy = resource("s3.BucketPolicy", "policy", bucket="shop-media-dev", policy=UNKNOWN)
    bucket = resource("s3.Bucket", "media", bucket="shop-media-dev")

    (found,) = judged(stack(bucket, policy), RULES["s3-tls-only"])

    assert '"media" (aws:s3/bucket:Bucket)' in found.message
    assert 'property policy of "policy" (aws:s3/bucketPolicy:BucketPolicy) is not known yet' in found.message
    assert "Fix: build the value from what a preview knows" in found.message
    assert "`undetermined: advisory`" in found.message


def test_no_message_holds_a_secret_value() -> None:
    statement = {
        "Effect": "Allow",
        "Action": "sqs:*",
        "Resource": "*",
        "Condition": {"Bool": {"hunter2": "hunter2"}},
    }
    example = stack(
        resource("iam.RolePolicy", "p", role="w", policy=secret({"Statement": [statement]})),
        resource("sqs.Queue", "q", tags=secret({"Project": "hunter2"}), kmsMasterKeyId=secret("hunter2")),
        resource("lambda.Function", "f", name="f", environment={"variables": {"TOKEN": secret("hunter2")}}),
        resource("s3.Bucket", "b", bucket="b", policy=secret("hunter2")),
    )

    found = judged(example, *RULES.values())

    assert {"iam-exact", "tags", "customer-managed-keys", "s3-tls-only"} <= {each.rule for each in found}
    assert not [each for each in found if "hunter2" in each.message]


def broken(node: Node) -> Iterator[str]:
    """Break.

    For the test.
    """
    yield "is seen before the defect"
    raise ZeroDivisionError(f"value {node.inputs.text('name')}")


def of_queues(check: Any, decorator: Any = resource_rule) -> Rule:
    rule: Rule = decorator(
        severity=Severity.LOW, findings=["SP-5"], fixes={"sqs.Queue": "…"}, reads=[], passes=NOTHING, fails={}
    )(check)
    return rule


def test_a_defect_in_a_rule_blocks_and_lets_the_other_rules_speak() -> None:
    example = stack(resource("sqs.Queue", "first", name="hunter2"), resource("dynamodb.Table", "records"))

    found = judged(example, of_queues(broken), RULES["dynamodb-pitr"])

    assert [(each.rule, each.level, each.undetermined) for each in found] == [
        ("broken", "mandatory", False),
        ("broken", "mandatory", True),
        ("dynamodb-pitr", "mandatory", False),
    ]
    assert "rule broken has a defect (ZeroDivisionError at test_pack_analyzer.py:" in found[1].message
    assert "hunter2" not in found[1].message


def test_a_resource_rule_speaks_before_the_resource_is_created() -> None:
    engine = Engine([RULES["dynamodb-pitr"], RULES["s3-tls-only"]])
    engine.configure()
    example = stack(resource("dynamodb.Table", "records"), resource("s3.Bucket", "media", bucket="b"))
    engine.preview(example)

    late = engine.analyzer.AnalyzeStack(engine.stack_request(example), Call()).diagnostics

    assert [each.policyName for each in late] == ["s3-tls-only"]


def test_what_aws_fills_in_is_judged_as_absent_where_the_program_omits_it() -> None:
    queue = resource("sqs.Queue", "work", outputs={"kmsMasterKeyId": UNKNOWN})

    (found,) = judged(stack(queue), RULES["customer-managed-keys"])

    assert "uses no customer-managed key" in found.message


def test_without_inputs_an_unknown_output_is_undetermined() -> None:
    engine = Engine([RULES["customer-managed-keys"]])
    engine.configure()
    queue = resource("sqs.Queue", "work", outputs={"kmsMasterKeyId": UNKNOWN})

    assert [each.undetermined for each in engine.preview(stack(queue), with_inputs=False)] == [True]


def test_inputs_of_an_earlier_preview_are_forgotten() -> None:
    engine = Engine([RULES["customer-managed-keys"]])
    engine.configure()
    engine.preview(stack(resource("kms.Key", "key", enableKeyRotation=True), resource("sqs.Queue", "work")))
    engine.configure()
    keyed = stack(
        resource("kms.Key", "key", enableKeyRotation=True),
        resource("sqs.Queue", "work", sources={"kmsMasterKeyId": ("key",)}, kmsMasterKeyId=UNKNOWN),
    )

    assert engine.preview(keyed, with_inputs=False) == []


def test_all_stack_rules_share_one_graph() -> None:
    graphs = []

    def first(_node: Node, graph: Graph) -> Iterator[str]:
        """Look.

        For the test.
        """
        graphs.append(graph)
        yield from ()

    rule = of_queues(first, stack_rule)
    judged(stack(resource("sqs.Queue", "q")), rule, replace(rule, id="second"))

    assert len(graphs) == 2
    assert graphs[0] is graphs[1]


def test_a_rule_without_a_reason_is_refused() -> None:
    def bare(node: Node) -> Iterator[str]:
        """Say nothing about why."""
        yield from ()

    with pytest.raises(RuleDefinitionError, match="rule bare needs a docstring"):
        of_queues(bare)


def test_a_rule_must_show_two_examples_that_look_wrong_and_are_right() -> None:
    plain = {"a queue": stack(), "a small queue: nobody sends much": stack()}
    make = resource_rule(
        severity=Severity.LOW, findings=[], fixes={"sqs.Queue": "…"}, reads=[], passes=plain, fails={}
    )

    with pytest.raises(RuleDefinitionError, match="rule broken needs two passing examples that look wrong"):
        make(broken)


def test_namesakes_in_two_regions_are_told_apart_by_region() -> None:
    def of(name: str, region: str, action: str | None) -> list[Any]:
        alarm: dict[str, Any] = {"alarmActions": [action]} if action else {}
        return [
            resource("sqs.Queue", f"dlq-{name}", name="dlq", region=region, kmsMasterKeyId="alias/shop"),
            resource("sqs.Queue", f"work-{name}", name="work", region=region,
                     redrivePolicy={"deadLetterTargetArn": f"arn:aws:sqs:{region}:111122223333:dlq"}),
            resource("lambda.EventSourceMapping", f"feed-{name}", functionName="f", region=region,
                     eventSourceArn=f"arn:aws:sqs:{region}:111122223333:work"),
            resource("cloudwatch.MetricAlarm", f"alarm-{name}", region=region,
                     namespace="AWS/SQS", metricName="ApproximateNumberOfMessagesVisible",
                     dimensions={"QueueName": "dlq"}, comparisonOperator="GreaterThanThreshold",
                     threshold=0, **alarm),
        ]  # fmt: skip

    found = judged(
        stack(*of("near", "eu-west-1", "arn:topic"), *of("far", "eu-central-1", None)),
        RULES["dead-letter-queues"],
    )

    assert [each.urn for each in found] == [urn_of("lambda.EventSourceMapping", "feed-far")]


def test_namesakes_in_one_region_are_undetermined() -> None:
    twins = [
        resource("cloudwatch.LogGroup", name, name="/aws/lambda/f", retentionInDays=7) for name in ("a", "b")
    ]

    (found,) = judged(stack(resource("lambda.Function", "f", name="f"), *twins), RULES["log-retention"])

    assert found.undetermined
    assert "have the same name in AWS" in found.message


def test_what_a_bridged_provider_notes_about_defaults_is_no_property() -> None:
    tags = {
        "__defaults": [],
        **dict.fromkeys(("Project", "System", "Environment", "Owner", "CostCenter"), "x"),
    }
    whole = {
        "status": "Enabled",
        "filter": {"__defaults": []},
        "noncurrentVersionExpiration": {"noncurrentDays": 7},
    }
    example = stack(
        resource("s3.Bucket", "media", bucket="b", tags={**tags, "DataClassification": "public"}),
        resource("s3.BucketVersioning", "v", bucket="b", versioningConfiguration={"status": "Enabled"}),
        resource("s3.BucketLifecycleConfiguration", "l", bucket="b", rules=[whole]),
    )

    assert judged(example, RULES["tags"], RULES["s3-versioning"]) == []


def test_a_value_of_another_shape_is_undetermined() -> None:
    example = stack(resource("dynamodb.Table", "records", pointInTimeRecovery="yes please"))

    (found,) = judged(example, RULES["dynamodb-pitr"])

    assert found.undetermined
    assert "should be an object or a list of objects" in found.message
