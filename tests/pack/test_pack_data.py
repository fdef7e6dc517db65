"""The data that rules carry, held against the AWS SDK for Pulumi and the findings."""

import json
import re
from functools import cache
from pathlib import Path

import pulumi_aws
import pytest

from guardrails.framework.actions import takes_no_resource
from guardrails.framework.errors import RuleDefinitionError
from guardrails.framework.findings import all_findings, finding
from guardrails.framework.names import kind_of, name_in, token_of
from guardrails.framework.rule import Rule
from guardrails.rules import all_rules
from guardrails.rules.tags import taggable_kinds
from tests.pack import no_resource_level

PACKAGE = Path(pulumi_aws.__file__).parent


@cache
def inputs() -> dict[str, set[str]]:
    """Return the inputs of every AWS kind, read from the SDK's sources: importing them all takes minutes."""
    catalogue = re.search(r'resource_modules="""(.*?)"""', (PACKAGE / "__init__.py").read_text(), re.DOTALL)
    assert catalogue
    kinds: dict[Path, dict[str, str]] = {}
    for entry in json.loads(catalogue[1]):
        folder = PACKAGE.joinpath(*entry["fqn"].split(".")[1:])
        kinds.setdefault(folder, {}).update(
            {name: kind_of(token) for token, name in entry["classes"].items()}
        )
    found: dict[str, set[str]] = {}
    for folder, names in kinds.items():
        for file in folder.glob("*.py"):
            source = file.read_text()
            name = re.search(r"^class (\w+)Args:", source, re.MULTILINE)
            kind = name and (name[1] if name[1] in names else name[1].removesuffix("Init"))
            if name and kind in names and not file.name.startswith("_"):
                block = re.split(
                    r"^(?:@pulumi|class )", source[name.end() :], maxsplit=1, flags=re.MULTILINE
                )[0]
                getters = re.findall(
                    r'@pulumi\.getter(?:\(name="(\w+)"\))?\n(?:    @.*\n)?    def (\w+)\(self\)', block
                )
                found.setdefault(names[kind], set()).update(given or own for given, own in getters)
    return found


def test_every_kind_and_property_that_rules_read_exists_in_the_sdk() -> None:
    assert len(inputs()) > 1700
    for rule in all_rules():
        for read in rule.reads:
            kind, prop = read.rsplit(".", 1)
            assert kind == "provider" or prop in inputs()[kind], f"{rule.id} reads {read}"
        assert set(rule.fixes) - {"pulumi:pulumi:Stack"} <= set(inputs()), rule.id
        for example in [*rule.passing, *rule.fails.values()]:
            for sample in example.samples:
                if sample.kind == "pulumi:pulumi:Stack":
                    continue  # a stack's own properties are its outputs, called as the program likes
                assert set(sample.inputs) - {"__defaults"} <= inputs()[sample.kind], rule.id


def test_the_list_of_taggable_types_is_the_sdks() -> None:
    taggable = {kind for kind, names in inputs().items() if "tags" in names}

    assert sorted(taggable - set(taggable_kinds())) == [], "add to taggable.yaml"
    assert sorted(set(taggable_kinds()) - taggable) == [], "take out of taggable.yaml"


def test_the_actions_without_resource_level_are_policy_sentrys() -> None:
    assert no_resource_level.FILE.read_text(encoding="utf-8") == no_resource_level.rendered(), (
        no_resource_level.REGENERATE
    )


@pytest.mark.parametrize(
    ("action", "without"),
    [
        ("xray:PutTraceSegments", True),
        ("XRAY:puttracesegments", True),
        ("ec2:DescribeVpcs", True),
        ("sts:GetCallerIdentity", True),
        ("s3:ListAllMyBuckets", True),
        ("s3:GetObject", False),
        ("iam:PassRole", False),
        ("sts:AssumeRole", False),
        ("xray:", False),
        ("xray", False),
        ("", False),
        ("madeup:DoSomething", False),
        ("xray:PutTraceSegmentsOfTheFuture", False),
    ],
)
def test_actions_without_resource_level_are_known_in_any_case_and_unknown_ones_are_none(
    action: str, without: bool
) -> None:
    assert takes_no_resource(action) is without


def test_findings_are_complete_and_of_the_known_kinds() -> None:
    found = all_findings().values()

    assert len(found) == 154
    assert {each.weight for each in found} == {"high", "medium", "low"}
    assert {each.check for each in found} == {"resource", "stack", "code", "repo"}
    assert {each.system for each in found} == {"crimes", "objects", "orders", "images", "uploads"}
    assert len({each.title for each in found}) == len(found)
    assert len({each.need for each in found}) == len(found)


def test_an_unknown_finding_is_refused() -> None:
    with pytest.raises(RuleDefinitionError, match="no finding 'XX-1'"):
        finding("XX-1")


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.id)
def test_a_rule_shows_two_stacks_that_look_wrong_and_are_right_and_one_that_it_stops(rule: Rule) -> None:
    shown = {label: example for label, example in rule.passes.items() if ": " in label}
    judged = {sample.kind for example in shown.values() for sample in example.samples}

    assert len(set(map(repr, shown.values()))) >= 2
    assert len(shown) == len({label.partition(": ")[0] for label in shown})
    assert judged & set(rule.fixes)
    assert rule.fails


def test_rules_are_named_and_in_order() -> None:
    rules = all_rules()

    assert [rule.id for rule in rules] == sorted({rule.id for rule in rules})
    for rule in rules:
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", rule.id)


@pytest.mark.parametrize(
    ("token", "kind"),
    [
        ("aws:s3/bucketV2:BucketV2", "s3.Bucket"),
        ("aws:s3/bucketVersioningV2:BucketVersioningV2", "s3.BucketVersioning"),
        ("aws:lambda/function:Function", "lambda.Function"),
        ("pulumi:providers:aws", "pulumi:providers:aws"),
        ("shop:systems:Media", "shop:systems:Media"),
    ],
)
def test_a_kind_is_a_short_type(token: str, kind: str) -> None:
    assert kind_of(token) == kind


def test_a_kind_and_its_token_are_one() -> None:
    assert all(kind_of(token_of(kind)) == kind for kind in inputs())


@pytest.mark.parametrize(
    ("reference", "kind", "name"),
    [
        ("arn:aws:sqs:eu-west-1:111122223333:work", "sqs.Queue", "work"),
        ("https://sqs.eu-west-1.amazonaws.com/111122223333/work", "sqs.Queue", "work"),
        ("arn:aws:sns:eu-west-1:111122223333:work", "sqs.Queue", None),
        ("arn:aws:lambda:eu-west-1:111122223333:function:worker:live", "lambda.Function", "worker"),
        ("worker:live", "lambda.Function", "worker"),
        ("111122223333:function:worker", "lambda.Function", "worker"),
        ("arn:aws:dynamodb:eu-west-1:111122223333:table/records/stream/2026", "dynamodb.Table", "records"),
        (
            "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/w:*",
            "cloudwatch.LogGroup",
            "/aws/lambda/w",
        ),
        ("arn:aws:iam::111122223333:role/service/worker", "iam.Role", "worker"),
        ("arn:aws:iam::111122223333:policy/worker", "iam.Role", None),
        ("arn:aws:s3:::media", "s3.Bucket", "media"),
        ("alias/shop", "kms.Alias", "alias/shop"),
        ("arn:aws:kms:eu-west-1:111122223333:alias/shop", "kms.Alias", "alias/shop"),
    ],
)
def test_a_reference_means_a_name(reference: str, kind: str, name: str | None) -> None:
    assert name_in(reference, kind) == name
