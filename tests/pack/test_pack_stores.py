"""Where rules on data stores and keys draw their line: the cases on either side of it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from guardrails.framework.examples import UNKNOWN, Stack, resource, stack
from guardrails.framework.graph import Graph
from guardrails.framework.judge import judge
from guardrails.framework.node import Node
from guardrails.framework.order import NEEDS
from guardrails.framework.props import Props
from guardrails.rules import all_rules
from tests.pack.engine_side import verdicts
from tests.pack.program import program_nodes, verdicts_on
from tests.pack.test_pack_accuracy import Style, nodes

RULES = {rule.id: rule for rule in all_rules()}


def chosen(rule_id: str, example: Stack, **settings: Any) -> list[str]:
    """Return what a rule says under settings of the stack's."""
    rule = RULES[rule_id]
    judged = judge(rule, Graph(nodes(example.samples, Style())), rule.settings(**settings))
    return [each.problem for each in judged]


# --- life cycle ---------------------------------------------------------------------------------------------


def cycle(*rules: dict[str, Any]) -> Stack:
    return stack(
        resource("s3.Bucket", "media", bucket="shop-media-dev"),
        resource("s3.BucketLifecycleConfiguration", "cycle", bucket="shop-media-dev", rules=list(rules)),
    )


WHOLE = {
    "status": "Enabled",
    "expiration": {"days": 90},
    "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7},
}
FOR_EVER = "keeps its objects for ever: no lifecycle rule over the whole bucket expires them"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, []),
        ({"filter": {}}, []),
        ({"filter": {"prefix": ""}}, []),
        ({"prefix": ""}, []),
        ({"prefix": "tmp/"}, [FOR_EVER]),
        ({"filter": {"objectSizeGreaterThan": 1000}}, [FOR_EVER]),
        ({"filter": {"and": {"prefix": "", "tags": {"a": "b"}}}}, [FOR_EVER]),
        ({"status": "Disabled"}, [FOR_EVER]),
        ({"expiration": {"expiredObjectDeleteMarker": True}}, [FOR_EVER]),
        ({"expiration": {"date": "2030-01-01T00:00:00Z"}}, [FOR_EVER]),
    ],
)
def test_only_an_enabled_rule_over_every_object_is_a_life_cycle(
    changes: dict[str, Any], said: list[str]
) -> None:
    assert verdicts(RULES["s3-life-cycle"], cycle({**WHOLE, **changes})) == said


def test_the_shortest_of_several_expiries_counts() -> None:
    long = {**WHOLE, "expiration": {"days": 5000}}

    assert verdicts(RULES["s3-life-cycle"], cycle(long, WHOLE)) == []


@pytest.mark.parametrize(("days", "quiet"), [(180, True), (181, False)])
def test_objects_that_stay_long_move_to_cheaper_classes(days: int, quiet: bool) -> None:
    kept = cycle({**WHOLE, "expiration": {"days": days}})

    assert (verdicts(RULES["s3-life-cycle"], kept) == []) is quiet
    assert chosen("s3-life-cycle", kept, transitions_beyond_days=days) == []


@pytest.mark.parametrize(
    ("classes", "missing"),
    [
        (["STANDARD_IA", "GLACIER_IR"], ""),
        (["ONEZONE_IA", "DEEP_ARCHIVE"], ""),
        (["INTELLIGENT_TIERING"], ""),
        (["STANDARD_IA"], "Glacier"),
        (["GLACIER"], "Infrequent Access"),
    ],
)
def test_infrequent_access_and_glacier_are_both_wanted(classes: list[str], missing: str) -> None:
    moves = [{"days": 30, "storageClass": name} for name in classes]
    said = verdicts(
        RULES["s3-life-cycle"], cycle({**WHOLE, "expiration": {"days": 365}, "transitions": moves})
    )

    assert said == ([f"keeps its objects for 365 days and never moves them to {missing}"] if missing else [])


def test_a_stack_chooses_how_long_noncurrent_versions_stay() -> None:
    example = cycle({**WHOLE, "noncurrentVersionExpiration": {"noncurrentDays": 60}}).plus(
        resource(
            "s3.BucketVersioning",
            "versions",
            bucket="shop-media-dev",
            versioningConfiguration={"status": "Enabled"},
        )
    )

    assert verdicts(RULES["s3-versioning"], example) == [
        "keeps noncurrent versions for 60 days, which is more than 30"
    ]
    assert chosen("s3-versioning", example, maximum_noncurrent_days=60) == []


# --- access logs --------------------------------------------------------------------------------------------


LOGGED = RULES["s3-access-logs"].passing[0]


@pytest.mark.parametrize(
    ("changes", "admitted"),
    [
        ({"Principal": {"Service": ["logging.s3.amazonaws.com", "delivery.logs.amazonaws.com"]}}, True),
        ({"Principal": {"Service": "delivery.logs.amazonaws.com"}}, False),
        ({"Effect": "Deny"}, False),
        ({"Action": ["s3:PUTOBJECT", "s3:GetObject"]}, True),
        ({"Action": "s3:GetObject"}, False),
        ({"Resource": "arn:aws:s3:::shop-logs-dev/media/*"}, True),
        ({"Resource": "arn:aws:s3:::shop-logs-dev"}, False),
    ],
)
def test_logs_arrive_where_the_policy_lets_s3_write(changes: dict[str, Any], admitted: bool) -> None:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": "arn:aws:s3:::shop-logs-dev/*",
        "Condition": {"StringEquals": {"aws:SourceAccount": "111122223333"}},
    }
    said = verdicts(
        RULES["s3-access-logs"], LOGGED.but("policy", policy={"Statement": [{**statement, **changes}]})
    )

    assert [each.split(", ", 1)[1] for each in said] == (
        [] if admitted else ["whose policy does not let logging.s3.amazonaws.com write them there"]
    )


def test_logs_that_leave_the_stack_are_undetermined() -> None:
    (said,) = verdicts(
        RULES["s3-access-logs"], LOGGED.but("logging", targetBucket="central-logs").without("logs", "policy")
    )

    assert said.startswith(
        "cannot be judged: the bucket that takes its access logs is not part of this stack;"
    )


# --- CORS ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("origin", "open_"),
    [
        ("*", True),
        ("https://*", True),
        ("http://*", True),
        ("https://*.example.com", False),
        ("https://example.com", False),
    ],
)
def test_an_origin_is_a_site_or_sites_of_one_owner(origin: str, open_: bool) -> None:
    bucket = stack(resource("s3.Bucket", "media", corsRules=[{"allowedOrigins": [origin]}]))

    assert verdicts(RULES["s3-cors"], bucket) == ["admits every origin by CORS"] * open_


# --- tables -------------------------------------------------------------------------------------------------


def test_a_mode_that_the_provider_filled_in_was_not_chosen() -> None:
    table = resource(
        "dynamodb.Table", "records", name="r", billingMode="PROVISIONED", __defaults=["billingMode"]
    )

    assert verdicts(RULES["dynamodb-billing-mode"], stack(table)) == ["does not say how it is billed"]


def test_insights_of_an_index_are_none_of_the_table() -> None:
    example = RULES["dynamodb-contributor-insights"].passing[0]
    by_day = resource(
        "dynamodb.ContributorInsights", "by-day", tableName="shop-records-dev", indexName="byDay"
    )

    assert verdicts(RULES["dynamodb-contributor-insights"], example.plus(by_day)) == []
    assert verdicts(RULES["dynamodb-contributor-insights"], example.without("insights").plus(by_day)) == [
        "has no Contributor Insights"
    ]


# --- keys ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spec", ["RSA_2048", "HMAC_256"])
def test_keys_that_cannot_rotate_need_not(spec: str) -> None:
    assert (
        verdicts(RULES["kms-key-life"], stack(resource("kms.Key", "key", customerMasterKeySpec=spec))) == []
    )


def test_a_stack_chooses_how_long_a_deletion_can_be_called_off() -> None:
    key = stack(resource("kms.Key", "key", enableKeyRotation=True, deletionWindowInDays=7))

    assert chosen("kms-key-life", key) == []
    assert chosen("kms-key-life", key, minimum_deletion_days=30) == [
        "can be lost in 7 days, which is fewer than 30"
    ]


WRONG_KEYS: dict[str, Callable[[Stack], Stack]] = {
    "sqs.Queue": lambda example: example.traced("work", kmsMasterKeyId=("alerts",)),
    "dynamodb.Table": lambda example: example.traced("records", serverSideEncryption=("work",)),
    "cloudwatch.LogGroup": lambda example: example.traced("logs", kmsKeyId=("work",)),
    "lambda.Function": lambda example: example.traced("worker", kmsKeyArn=("work",)),
}


@pytest.mark.parametrize("kind", WRONG_KEYS)
def test_an_unknown_key_that_comes_from_no_key_is_a_violation(kind: str) -> None:
    example = RULES["customer-managed-keys"].passing[0]

    (said,) = verdicts(RULES["customer-managed-keys"], WRONG_KEYS[kind](example))

    assert said.startswith("takes its key from ")
    assert said.endswith("which is no KMS key")


# --- protection, names, outputs -----------------------------------------------------------------------------


def test_a_stack_chooses_which_environments_are_protected() -> None:
    bucket = stack(resource("s3.Bucket", "media", tags={"Environment": "Live"}, forceDestroy=True))

    assert chosen("data-protection", bucket) == []
    assert chosen("data-protection", bucket, environments=["live"]) == ["is destroyed with all its objects"]


@pytest.mark.parametrize(
    ("name", "holds"),
    [
        ("shop-media-dev", True),
        ("dev-shop", True),
        ("/aws/lambda/shop_dev", True),
        ("DEV.shop", True),
        ("shop-media-devel", False),
        ("shop-media", False),
        ("shop-mediadev", False),
    ],
)
def test_a_name_holds_the_stacks_as_a_part_of_its_own(name: str, holds: bool) -> None:
    said = verdicts(RULES["names"], stack(resource("cloudwatch.LogGroup", "logs", name=name)))

    assert said == ([] if holds else ["has a name that does not hold the stack's, dev"])


STACK = "pulumi:pulumi:Stack"


def exporting(**outputs: Any) -> Stack:
    return stack(resource("sns.Topic", "news", name="shop-news-dev"), resource(STACK, "shop-dev", **outputs))


def said_of_stack(example: Stack) -> list[tuple[str, bool]]:
    found = judge(RULES["stack-outputs"], Graph(nodes(example.samples, Style())))
    return [(each.problem, each.undetermined) for each in found]


def test_outputs_are_searched_at_any_depth() -> None:
    assert said_of_stack(exporting(deep=[{"a": {"b": ["x", "shop-news-dev"]}}])) == []
    assert said_of_stack(exporting(deep=[{"a": {"b": ["x", 3, None, True]}}])) == [
        ("exports none of its topics", False)
    ]


def test_an_output_that_is_not_known_yet_may_be_what_is_missed() -> None:
    assert said_of_stack(exporting(arn=UNKNOWN)) == [
        ("which resource an output names is not known yet", True)
    ]
    assert said_of_stack(exporting(arn=UNKNOWN, name="shop-news-dev")) == []


def test_a_reader_sees_every_text_and_every_unknown() -> None:
    values = Props.of({"a": "x", "b": [UNKNOWN, {"c": "y", "d": UNKNOWN}], "e": 1, "f": None}, "a thing")

    assert values.texts_inside() == ["x", None, "y", None]


# --- the program, with something taken away -----------------------------------------------------------------


def without_depends_on(node: Node) -> Node:
    """Return a resource of the program as if it declared no dependency but by its values."""
    by_value = {urn for urns in node.sources.values() for urn in urns}
    return replace(node, dependencies=tuple(urn for urn in node.dependencies if urn in by_value))


def said_in_program(rule_id: str, changed: Callable[[Node], Node]) -> set[str]:
    return {
        str(verdict.node)
        for verdict in verdicts_on(map(changed, program_nodes("prod")), [RULES[rule_id]])
        if not verdict.undetermined
    }


def test_each_declared_dependency_of_the_program_is_needed() -> None:
    declaring = {
        str(node)
        for node in program_nodes("prod")
        if node.kind in NEEDS and without_depends_on(node).dependencies != node.dependencies
    }
    by_value = {each for each in declaring if "aws:lambda/function:Function" in each}

    assert len(declaring) > 10
    assert said_in_program("creation-order", without_depends_on) == declaring - by_value


def test_a_stack_without_exports_is_reported() -> None:
    def silent(node: Node) -> Node:
        return replace(node, outputs=Props.of({}, "stack")) if node.type == STACK else node

    (said,) = said_in_program("stack-outputs", silent)

    assert "pulumi:pulumi:Stack" in said
