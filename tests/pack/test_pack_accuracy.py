"""The same thing said in another way earns the same verdicts: splits, types, references, order, places.

A bucket is described once and written down in many ways; what rules say may depend on the description alone.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardrails.framework.examples import UNKNOWN, Sample, Stack, resource, stack
from guardrails.framework.graph import Graph
from guardrails.framework.judge import judge
from guardrails.framework.names import token_of
from guardrails.framework.node import Node
from guardrails.framework.rule import Phase, Rule
from guardrails.rules import all_rules
from tests.pack.samples import node_of

RULES = [
    rule
    for rule in all_rules()
    if rule.id.startswith("s3-") or rule.id in ("customer-managed-keys", "data-protection", "names", "tags")
]
ACCOUNT = "111122223333"
FLAGS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
TAGS = {
    "Project": "shop",
    "System": "media",
    "Environment": "prod",
    "Owner": "platform",
    "CostCenter": "1",
    "DataClassification": "internal",
}


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is true of a bucket, however it is written down."""

    closed: bool
    tls: bool
    versioned: bool
    noncurrent_days: int
    expire_days: int
    moves: bool
    unfinished_days: int
    key: str
    bucket_key: bool
    logged: bool
    acl: str
    cors: str
    tagged: bool
    force_destroy: bool


FACTS = st.builds(
    Facts,
    closed=st.booleans(),
    tls=st.booleans(),
    versioned=st.booleans(),
    noncurrent_days=st.sampled_from([0, 7, 40]),
    expire_days=st.sampled_from([0, 90, 400, 4000]),
    moves=st.booleans(),
    unfinished_days=st.sampled_from([0, 3, 20]),
    key=st.sampled_from(["", "S3", "AWS", "ours"]),
    bucket_key=st.booleans(),
    logged=st.booleans(),
    acl=st.sampled_from(["", "private", "public-read"]),
    cors=st.sampled_from(["", "https://shop.example.com", "*"]),
    tagged=st.booleans(),
    force_destroy=st.booleans(),
)


@dataclass(frozen=True, kw_only=True)
class Style:
    """How the facts are written down: `inline` names the aspects that the bucket itself says."""

    old_types: bool = False
    inline: frozenset[str] = frozenset()
    text: bool = False
    reference: str = "name"
    default_tags: bool = False
    bucket: str = "media"
    depth: int = 0
    region: str = "eu-west-1"
    reverse: bool = False
    noise: bool = False

    @property
    def name(self) -> str:
        return f"{self.bucket}-dev-{ACCOUNT}"


ASPECTS = ("versioning", "life cycle", "encryption", "logging", "acl", "cors", "policy")
STYLES = st.builds(
    Style,
    old_types=st.booleans(),
    inline=st.frozensets(st.sampled_from(ASPECTS)),
    text=st.booleans(),
    reference=st.sampled_from(["name", "id", "unknown", "arn"]),
    default_tags=st.booleans(),
    bucket=st.sampled_from(["media", "a", "logs-of-shop"]),
    depth=st.integers(0, 3),
    region=st.sampled_from(["eu-west-1", "us-east-1"]),
    reverse=st.booleans(),
    noise=st.booleans(),
)


def written(facts: Facts, style: Style) -> list[Sample]:
    """Return the resources that say *facts* in *style*; the bucket is always called `bucket`."""
    inline: dict[str, Any] = {}
    samples: list[Sample] = []

    def say(aspect: str, kind: str, split: Mapping[str, Any], own: Mapping[str, Any]) -> None:
        if aspect in style.inline:
            inline.update(own)
        else:
            samples.append(companion(aspect, kind, split, style))

    if facts.versioned:
        enabled = {"enabled": True}
        own = {"versionings": [enabled]} if style.old_types else {"versioning": enabled}
        say("versioning", "s3.BucketVersioning", {"versioningConfiguration": {"status": "Enabled"}}, own)
    split, rule = life_cycle(facts, style)
    say("life cycle", "s3.BucketLifecycleConfiguration", {"rules": [split]}, {"lifecycleRules": [rule]})
    if facts.key:
        own, rules = encryption(facts, style)
        say("encryption", "s3.BucketServerSideEncryptionConfiguration", {"rules": rules}, own)
    if facts.logged:
        target = {"targetBucket": f"logs-dev-{ACCOUNT}", "targetPrefix": "media/"}
        say(
            "logging",
            "s3.BucketLogging",
            target,
            {"loggings": [target]} if style.old_types else {"logging": target},
        )
    if facts.acl:
        say("acl", "s3.BucketAcl", {"acl": facts.acl}, {"acl": facts.acl})
    if facts.cors:
        cors = {"corsRules": [{"allowedOrigins": [facts.cors], "allowedMethods": ["GET"]}]}
        say("cors", "s3.BucketCorsConfiguration", cors, cors)
    if facts.tls:
        policy = {"policy": policy_of(style)}
        say("policy", "s3.BucketPolicy", policy, policy)
    if facts.closed:
        samples.append(companion("block", "s3.BucketPublicAccessBlock", dict.fromkeys(FLAGS, True), style))
    return [bucket_of(facts, style, inline), *samples, *surroundings(style)]


def bucket_of(facts: Facts, style: Style, inline: Mapping[str, Any]) -> Sample:
    inputs = {"bucket": style.name, "forceDestroy": facts.force_destroy, **inline}
    if facts.tagged and not style.default_tags:
        inputs["tags"] = TAGS
    return Sample(
        kind="s3.BucketV2" if style.old_types else "s3.Bucket",
        name="bucket",
        inputs=inputs,
        outputs={"id": style.name},
        default_tags=TAGS if facts.tagged and style.default_tags else {},
        sources={
            prop: ("key",)
            for prop in inline
            if prop.startswith("serverSideEncryption") and facts.key == "ours"
        },
    )


def companion(aspect: str, kind: str, values: Mapping[str, Any], style: Style) -> Sample:
    reference = {
        "name": style.name,
        "id": style.name,
        "arn": f"arn:aws:s3:::{style.name}",
        "unknown": UNKNOWN,
    }
    sources: dict[str, tuple[str, ...]] = {"bucket": ("bucket",)} if style.reference == "unknown" else {}
    if aspect == "encryption":
        sources["rules"] = ("key",)
    old = style.old_types and kind not in ("s3.BucketPolicy", "s3.BucketPublicAccessBlock")
    return Sample(
        kind=f"{kind}V2" if old else kind,
        name=f"{aspect}-of-bucket",
        inputs={"bucket": reference[style.reference], **values},
        sources=sources,
    )


def life_cycle(facts: Facts, style: Style) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the life cycle as a rule of a resource of its own and as the bucket's own."""
    several = style.old_types
    expiry, noncurrent = {"days": facts.expire_days}, {"days": facts.noncurrent_days}
    moves = [{"days": 30, "storageClass": "STANDARD_IA"}, {"days": 90, "storageClass": "GLACIER"}]
    split = {
        "status": "Enabled",
        "filter": {"prefix": ""} if style.text else None,
        "transitions": moves if facts.moves else None,
        "expiration": expiry if facts.expire_days else None,
        "noncurrentVersionExpiration": {"noncurrentDays": facts.noncurrent_days}
        if facts.noncurrent_days
        else None,
        "abortIncompleteMultipartUpload": {"daysAfterInitiation": facts.unfinished_days},
    }
    own = {
        "enabled": True,
        "transitions": moves if facts.moves else [],
        ("expirations" if several else "expiration"): [expiry] if several else expiry,
        ("noncurrentVersionExpirations" if several else "noncurrentVersionExpiration"): noncurrent,
        "abortIncompleteMultipartUploadDays": facts.unfinished_days,
    }
    return {key: value for key, value in split.items() if value is not None}, own


def encryption(facts: Facts, style: Style) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the encryption as the bucket's own and as rules of a resource of its own."""
    default = {
        "S3": {"sseAlgorithm": "AES256"},
        "AWS": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": "alias/aws/s3"},
        "ours": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": UNKNOWN},
    }[facts.key]
    rule = {"applyServerSideEncryptionByDefault": default, "bucketKeyEnabled": facts.bucket_key}
    old = {"applyServerSideEncryptionByDefaults": [default], "bucketKeyEnabled": facts.bucket_key}
    if style.old_types:
        return {"serverSideEncryptionConfigurations": [{"rules": [old]}]}, [rule]
    return {"serverSideEncryptionConfiguration": {"rule": rule}}, [rule]


def policy_of(style: Style) -> Any:
    arn = f"arn:aws:s3:::{style.name}"
    statement = {
        "Effect": "Deny",
        "Principal": {"AWS": ["*"]} if style.old_types else "*",
        "Action": ["s3:*"] if style.reverse else "s3:*",
        "Resource": [arn, f"{arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": False if style.old_types else "false"}},
    }
    document = {"Version": "2012-10-17", "Statement": statement if style.noise else [statement]}
    return json.dumps(document) if style.text else document


def surroundings(style: Style) -> list[Sample]:
    """Return the key, the bucket for logs, and strangers that must make no difference."""
    admitted = {
        "Effect": "Allow",
        "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::logs-dev-{ACCOUNT}/*",
        "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
    }
    strangers = [
        resource("s3.Bucket", "stranger", bucket=f"stranger-dev-{ACCOUNT}", acl="public-read"),
        resource("s3.BucketVersioning", "its-versions", bucket=f"stranger-dev-{ACCOUNT}"),
        resource("s3.BucketLogging", "its-logs", bucket=f"stranger-dev-{ACCOUNT}", targetBucket="elsewhere"),
        resource("sqs.Queue", "work", name=style.name),
    ]
    return [
        resource("kms.Key", "key", enableKeyRotation=True),
        resource("s3.Bucket", "logs", bucket=f"logs-dev-{ACCOUNT}", policy={"Statement": [admitted]}),
        *(strangers if style.noise else ()),
    ]


def nodes(samples: Iterable[Sample], style: Style) -> list[Node]:
    """Return *samples* as a first preview shows them, under components as deep as the style says."""
    chain = "".join(f"shop:parts:Level{level}$" for level in range(style.depth))
    urns = {each.name: f"urn:pulumi:dev::shop::{chain}{token_of(each.kind)}::{each.name}" for each in samples}
    found = [node_of(each, urns, region=style.region) for each in samples]
    return found[::-1] if style.reverse else found


def verdicts(samples: list[Sample], style: Style) -> set[tuple[str, str]]:
    """Return rule and what it says of the bucket, or of what belongs to it, without names of resources."""
    said = set()
    whole = Graph(nodes(samples, style))
    for rule in RULES:
        for verdict in judge(rule, whole):
            if "bucket" in verdict.node.name:
                assert not verdict.undetermined, verdict.problem
                said.add((rule.id, verdict.problem))
    return said


@settings(deadline=None, max_examples=150)  # a busy machine is no defect
@given(FACTS, STYLES)
def test_a_bucket_earns_the_same_verdicts_however_it_is_written_down(facts: Facts, style: Style) -> None:
    plain = Style()

    assert verdicts(written(facts, style), style) == verdicts(written(facts, plain), plain)


@settings(deadline=None, max_examples=50)
@given(STYLES)
def test_a_right_bucket_earns_no_verdict_however_it_is_written_down(style: Style) -> None:
    right = Facts(
        closed=True,
        tls=True,
        versioned=True,
        noncurrent_days=7,
        expire_days=400,
        moves=True,
        unfinished_days=3,
        key="ours",
        bucket_key=True,
        logged=True,
        acl="private",
        cors="https://shop.example.com",
        tagged=True,
        force_destroy=False,
    )

    assert verdicts(written(right, style), style) == set()


@settings(deadline=None, max_examples=100)
@given(FACTS, STYLES, st.sampled_from(["closed", "tls", "versioned", "key", "logged"]))
def test_what_is_taken_away_is_missed_however_it_was_written_down(
    facts: Facts, style: Style, lost: str
) -> None:
    rule = {
        "closed": "s3-public-access",
        "tls": "s3-tls-only",
        "versioned": "s3-versioning",
        "key": "customer-managed-keys",
        "logged": "s3-access-logs",
    }[lost]
    changed: dict[str, Any] = {lost: "" if lost == "key" else False}
    lacking = replace(facts, **changed)

    assert rule in {id_ for id_, _ in verdicts(written(lacking, style), style)}


# --- two regions, loops, components -------------------------------------------------------------------------


def placed(example: Stack, regions: Mapping[str, str], *, chain: str = "") -> list[Node]:
    """Return an example whose resources are deployed by providers of several regions, by name."""
    found = []
    for each in example.samples:
        style = Style(region=regions[each.name])
        (node,) = nodes([replace(each, sources={})], style)
        urn = f"urn:pulumi:dev::shop::{chain}{node.type}::{each.name}"
        found.append(replace(node, urn=urn))
    return found


TWINS = stack(
    resource("dynamodb.Table", "west", name="shop-records-dev"),
    resource("dynamodb.Table", "east", name="shop-records-dev"),
    resource("dynamodb.ContributorInsights", "west-insights", tableName="shop-records-dev"),
    resource("dynamodb.ContributorInsights", "east-insights", tableName="shop-records-dev"),
)
REGIONS = {name: f"us-{name.split('-')[0]}-1" for name in ("west", "east", "west-insights", "east-insights")}


def said_about(rule_id: str, found: list[Node]) -> list[tuple[str, str]]:
    (rule,) = [each for each in all_rules() if each.id == rule_id]
    return [(each.node.name, each.problem) for each in judge(rule, Graph(found))]


def test_namesakes_in_two_regions_have_companions_of_their_own() -> None:
    assert said_about("dynamodb-contributor-insights", placed(TWINS, REGIONS)) == []
    assert said_about("dynamodb-contributor-insights", placed(TWINS.without("east-insights"), REGIONS)) == [
        ("east", "has no Contributor Insights")
    ]


def test_a_region_stated_on_the_resource_goes_before_its_providers() -> None:
    moved = TWINS.without("east-insights").but("west-insights", region="us-east-1")

    assert said_about("dynamodb-contributor-insights", placed(moved, REGIONS)) == [
        ("west", "has no Contributor Insights")
    ]


def test_namesakes_that_nothing_tells_apart_are_undetermined() -> None:
    found = placed(TWINS, dict.fromkeys(REGIONS, "us-east-1"))

    ((_, problem), _) = said_about("dynamodb-contributor-insights", found)

    assert problem.endswith("have the same name in AWS")


def test_a_loop_makes_as_many_verdicts_as_faults() -> None:
    tables = [resource("dynamodb.Table", f"t{n}", name=f"shop-{n}-dev") for n in range(20)]
    watched = [
        resource("dynamodb.ContributorInsights", f"i{n}", tableName=f"shop-{n}-dev")
        for n in range(20)
        if n % 7
    ]

    said = said_about("dynamodb-contributor-insights", nodes([*tables, *watched], Style()))

    assert [name for name, _ in said] == ["t0", "t7", "t14"]


@pytest.mark.parametrize("depth", [0, 1, 3])
def test_components_make_no_difference_but_in_the_name(depth: int) -> None:
    style = Style(depth=depth)
    (bare,) = nodes([resource("dynamodb.Table", "records", name="shop-records-dev")], style)
    parent = (
        bare.urn.rsplit("$", 1)[0] + "::part" if depth else "urn:pulumi:dev::shop::pulumi:pulumi:Stack::s"
    )
    node = replace(bare, parent=parent)

    assert said_about("dynamodb-contributor-insights", [node]) == [("records", "has no Contributor Insights")]
    assert str(node).endswith(f' in "part" (shop:parts:Level{depth - 1})') == bool(depth)


STACK_RULES = [each for each in all_rules() if each.phase is Phase.STACK]


@pytest.mark.parametrize("rule", STACK_RULES, ids=lambda rule: rule.id)
def test_a_stack_rule_is_indifferent_to_the_order_of_resources(rule: Rule) -> None:
    def said(example: Stack, *, reverse: bool) -> list[tuple[str, str]]:
        graph = Graph(nodes(example.samples, Style(reverse=reverse)))
        return sorted((each.node.name, each.problem) for each in judge(rule, graph))

    for example in rule.passing:
        assert said(example, reverse=False) == said(example, reverse=True) == []
    for words, example in rule.fails.items():
        forth = said(example, reverse=False)
        assert any(words in problem for _, problem in forth)
        assert forth == said(example, reverse=True)
