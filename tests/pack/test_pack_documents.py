"""Policy documents mean the same however they are spelled, and what IAM would refuse is undetermined."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardrails.framework.actions import covers_action, matches
from guardrails.framework.documents import Statement, statements
from guardrails.framework.errors import UndeterminedError
from guardrails.framework.examples import resource
from guardrails.framework.graph import Graph
from guardrails.framework.judge import judge
from guardrails.framework.names import token_of
from guardrails.framework.node import Node
from guardrails.framework.props import Props
from guardrails.rules.iam import iam_exact
from guardrails.rules.iam_trust import role_trust_exact
from guardrails.rules.kms import key_policy_exact
from guardrails.rules.resource_policies import resource_policies_exact
from guardrails.rules.s3 import s3_tls_only
from guardrails.rules.s3_readers import bucket_named_readers
from guardrails.rules.service_access import services_confined
from tests.pack.test_pack_hostile import VALUES

ACTIONS = [
    *("*", "s3:*", "s3:Get*", "s3:GetObject", "s3:GetObjectVersion", "?3:GetObject", "sqs:SendMessage"),
    *("xray:PutTraceSegments", "iam:PassRole", "sts:AssumeRole"),
    *("kms:Decrypt", "kms:*", "kms:CreateGrant", "kms:PutKeyPolicy"),
]
RESOURCES = [
    "*",
    "arn:aws:s3:::media",
    "arn:aws:s3:::media/*",
    "arn:aws:s3:::*",
    "arn:aws:iam::111122223333:role/w",
]
PRINCIPALS = {
    "AWS": ["*", "111122223333", "arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:role/w"],
    "Service": ["lambda.amazonaws.com", "events.amazonaws.com", "scheduler.amazonaws.com", "*"],
    "Federated": ["arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"],
}
OPERATORS = [
    *("StringEquals", "StringLike", "ArnEquals", "ArnNotEquals", "Bool"),
    *("StringEqualsIfExists", "ForAllValues:StringEquals", "ForAnyValue:StringLike"),
]
CONDITIONS = {
    "aws:SourceAccount": ["111122223333", "*"],
    "aws:SourceArn": ["arn:aws:s3:::media", "arn:aws:events:eu-west-1:111122223333:rule/r", "*"],
    "aws:PrincipalArn": ["arn:aws:iam::111122223333:role/w", "arn:aws:iam::111122223333:role/*"],
    "aws:SecureTransport": ["false", "true"],
    "kms:ViaService": ["s3.eu-west-1.amazonaws.com"],
    "kms:GrantIsForAWSResource": ["true"],
    "iam:PassedToService": ["lambda.amazonaws.com"],
    "token.actions.githubusercontent.com:sub": ["repo:shop/media:*", "repo:shop/*"],
}
PLACES = [
    (iam_exact, "iam.RolePolicy", "policy"),
    (role_trust_exact, "iam.Role", "assumeRolePolicy"),
    (key_policy_exact, "kms.KeyPolicy", "policy"),
    (resource_policies_exact, "sqs.QueuePolicy", "policy"),
    (services_confined, "secretsmanager.SecretPolicy", "policy"),
    (s3_tls_only, "s3.Bucket", "policy"),
    (bucket_named_readers, "s3.Bucket", "policy"),
]


def some(values: list[str], least: int = 1) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), min_size=least, max_size=3, unique=True)


@st.composite
def principals(draw: st.DrawFn) -> Any:
    kinds = draw(some(list(PRINCIPALS)))
    return "*" if draw(st.integers(0, 9)) == 0 else {kind: draw(some(PRINCIPALS[kind])) for kind in kinds}


@st.composite
def conditions(draw: st.DrawFn) -> dict[str, dict[str, list[str]]]:
    return {
        operator: {key: draw(some(CONDITIONS[key])) for key in draw(some(list(CONDITIONS)))}
        for operator in draw(some(OPERATORS, 0))
    }


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """A document in one spelling: lists everywhere, AWS's own letter case."""
    found = []
    for number in range(draw(st.integers(1, 3))):
        statement = {
            "Sid": f"S{number}",
            "Effect": draw(st.sampled_from(["Allow", "Deny"])),
            draw(st.sampled_from(["Action", "Action", "NotAction"])): draw(some(ACTIONS)),
            draw(st.sampled_from(["Resource", "Resource", "NotResource"])): draw(some(RESOURCES)),
            draw(st.sampled_from(["Principal", "Principal", "NotPrincipal"])): draw(principals()),
            "Condition": draw(conditions()),
        }
        found.append(statement)
    return {"Version": "2012-10-17", "Statement": found}


class Respelling:
    """Spells a document another way that means the same to AWS."""

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw

    def case(self, text: str) -> str:
        flips = self._draw(st.lists(st.booleans(), min_size=len(text), max_size=len(text)))
        return "".join(c.swapcase() if flip else c for c, flip in zip(text, flips, strict=True))

    def few(self, values: list[Any]) -> Any:
        return values[0] if len(values) == 1 and self._draw(st.booleans()) else values

    def shuffled(self, pairs: dict[str, Any]) -> dict[str, Any]:
        return dict(self._draw(st.permutations(list(pairs.items()))))

    def scalar(self, text: str) -> Any:
        return {"true": True, "false": False}[text] if text in ("true", "false") else text

    def statement(self, written: dict[str, Any]) -> dict[str, Any]:
        spelled = dict(written)
        for key in {"Action", "NotAction"} & set(written):
            spelled[key] = self.few([self.case(action) for action in written[key]])
        for key in {"Resource", "NotResource"} & set(written):
            spelled[key] = self.few(written[key])
        for key in {"Principal", "NotPrincipal"} & set(written):
            who = written[key]
            spelled[key] = (
                {"AWS": "*"} if who == "*" else {kind: self.few(names) for kind, names in who.items()}
            )
        spelled["Condition"] = {
            self.case(operator): {
                self.case(key): self.few([self.scalar(value) for value in values])
                for key, values in self.shuffled(tests).items()
            }
            for operator, tests in self.shuffled(written["Condition"]).items()
        }
        return self.shuffled(spelled)

    def document(self, written: dict[str, Any]) -> Any:
        respelled = {**written, "Statement": self.few([self.statement(s) for s in written["Statement"]])}
        return json.dumps(respelled) if self._draw(st.booleans()) else self.shuffled(respelled)


@st.composite
def spelled_twice(draw: st.DrawFn) -> tuple[dict[str, Any], Any]:
    written = draw(documents())
    return written, Respelling(draw).document(written)


def read(document: Any) -> list[Statement]:
    return statements(Props.of({"policy": document}, "p"), "policy")


def node(kind: str, called: str = "subject", /, **inputs: Any) -> Node:
    sample = resource(kind, called, **inputs)
    values = Props.of(sample.inputs, called)
    return Node(
        urn=f"urn:pulumi:dev::shop::{token_of(kind)}::{called}",
        type=token_of(kind),
        name=called,
        inputs=values,
        outputs=values,
        provider=Props.of({}, "provider"),
    )


WORKER = (
    node(
        "iam.Role",
        "role",
        name="w",
        inlinePolicies=[
            {
                "policy": {
                    "Statement": {
                        "Effect": "Allow",
                        "Action": "s3:PutObject",
                        "Resource": "arn:aws:s3:::media/*",
                    }
                }
            }
        ],
    ),
    node("lambda.Function", "worker", name="w", role="arn:aws:iam::111122223333:role/w"),
)


def said(document: Any) -> list[str]:
    """Return what each rule says about *document* wherever it stands; actions are repeated as written."""
    found = []
    for rule, kind, prop in PLACES:
        given: dict[str, Any] = {prop: document, "bucket": "media"}
        graph = Graph([node(kind, **given), *WORKER])
        found += [
            f"{rule.id} {verdict.undetermined} {verdict.problem.lower()}" for verdict in judge(rule, graph)
        ]
    return sorted(found)


@settings(deadline=None)  # a busy machine is no defect
@given(spelled_twice())
def test_a_document_earns_the_same_verdicts_however_it_is_spelled(pair: tuple[dict[str, Any], Any]) -> None:
    written, respelled = pair

    assert said(respelled) == said(written)
    assert not [each for each in said(written) if "defect" in each]


@settings(deadline=None)
@given(spelled_twice())
def test_a_statement_keeps_all_that_it_says(pair: tuple[dict[str, Any], Any]) -> None:
    written, respelled = pair

    for statement, wrote in zip(read(respelled), written["Statement"], strict=True):
        assert (statement.effect, statement.place) == (wrote["Effect"], f"statement {wrote['Sid']}")
        assert statement.lists(*wrote.get("Action", []))
        assert statement.resources == tuple(wrote.get("Resource", []))
        assert set(statement.exceptions) == {key for key in wrote if key.startswith("Not")}
        assert statement.exceptions.get("NotResource", ()) == tuple(wrote.get("NotResource", []))
        assert dict(statement.conditions) == {
            (operator, key.lower()): tuple(values)
            for operator, tests in wrote["Condition"].items()
            for key, values in tests.items()
        }


@settings(deadline=None, max_examples=50)
@given(documents(), some(ACTIONS[1:]))
def test_widening_an_allow_never_silences_a_rule(written: dict[str, Any], actions: list[str]) -> None:
    first, *others = written["Statement"]
    allowing = {key: value for key, value in first.items() if key != "NotAction"} | {"Effect": "Allow"}

    narrow = said({"Statement": [{**allowing, "Action": actions}, *others]})
    wide = said({"Statement": [{**allowing, "Action": ["*", *actions]}, *others]})

    for rule in ("iam-exact", "role-trust-exact", "key-policy-exact", "resource-policies-exact"):
        heard = [each for each in wide if each.startswith(rule)]
        assert len(heard) >= len([each for each in narrow if each.startswith(rule)])
        assert any("wildcard action * " in each for each in heard)


@st.composite
def broken_documents(draw: st.DrawFn) -> Any:
    """A document in which anything at all stands in one place, an element, a principal, a value."""
    document = json.loads(json.dumps(draw(documents())))
    place = document
    while True:
        key = draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        inner = place[key]
        if not isinstance(inner, dict | list) or not inner or draw(st.integers(0, 3)) == 0:
            break
        place = inner
    place[key] = draw(VALUES)
    return json.dumps(document) if draw(st.booleans()) else document


@settings(deadline=None)
@given(broken_documents())
def test_no_rule_breaks_on_a_document_that_is_wrong_in_one_place(document: Any) -> None:
    assert not [each for each in said(document) if "defect" in each]


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"Statement": [{"Effect": "allow", "Action": "s3:*"}]}, "has an Effect that IAM does not know"),
        ({"Statement": [{"Action": "s3:*", "Resource": "*"}]}, "has an Effect that IAM does not know"),
        ({"statement": []}, "an element that IAM does not know: 'statement'"),
        ({"Version": "2012-10-17"}, "has no Statement"),
        (
            {"Statement": [{"Effect": "Deny", "action": "s3:*"}]},
            "an element that IAM does not know: 'action'",
        ),
        ({"Statement": {"Effect": "Deny", "Principal": {"aws": "*"}}}, "does not know: 'aws'"),
        ({"Statement": {"Effect": "Deny", "Condition": {"Equals": {"a": "b"}}}}, "condition operator"),
        ({"Statement": {"Effect": "Deny", "Condition": {"ForSome:Bool": {"a": "b"}}}}, "condition operator"),
        (
            {"Statement": {"Effect": "Deny", "Condition": {"Bool": {"a": "true"}, "bool": {"A": "false"}}}},
            "compares a key twice by Bool",
        ),
        ('{"Statement": [], "Statement": [{"Effect": "Allow"}]}', "without a key that stands twice"),
        ("{" * 100_000, "should be JSON"),
        ("[" * 100_000, "should be JSON"),
        ("[]", "a JSON object"),
        ({"Statement": "Allow"}, "an object or a list of objects"),
        ({"Statement": {"Effect": "Allow", "Action": [["s3:*"]]}}, "should be text"),
        ({"Statement": {"Effect": "Allow", "Condition": {"Bool": {"a": [{}]}}}}, "should be a number"),
    ],
)
def test_what_iam_would_refuse_is_undetermined(document: Any, words: str) -> None:
    with pytest.raises(UndeterminedError, match="policy") as refused:
        read(document)

    assert words in str(refused.value)


def test_an_empty_document_allows_nothing() -> None:
    assert read("") == read({}) == read({"Statement": []}) == []


def test_condition_values_are_compared_as_text() -> None:
    tests = {
        "numericlessthanequals": {"aws:MultiFactorAuthAge": 3600.0},
        "BOOL": {"aws:SecureTransport": [True]},
    }
    (statement,) = read({"Statement": {"Effect": "Deny", "Condition": tests}})

    assert dict(statement.conditions) == {
        ("NumericLessThanEquals", "aws:multifactorauthage"): ("3600",),
        ("Bool", "aws:securetransport"): ("true",),
    }


def test_principals_keep_their_kind() -> None:
    who = {"AWS": ["111122223333"], "Service": "sns.amazonaws.com", "CanonicalUser": "79a5"}
    (statement,) = read({"Statement": {"Effect": "Allow", "Principal": who, "NotAction": "s3:*"}})

    assert statement.principals_of == {
        "AWS": ("111122223333",),
        "Service": ("sns.amazonaws.com",),
        "CanonicalUser": ("79a5",),
    }
    assert statement.principals == ("111122223333", "sns.amazonaws.com", "79a5")
    assert not statement.everyone


@pytest.mark.parametrize(
    ("elements", "action", "concerned"),
    [
        ({"Action": "S3:getobject"}, "s3:GetObject", True),
        ({"Action": ["sqs:*", "s3:?etObject"]}, "s3:GetObject", True),
        ({"Action": "*"}, "s3:GetObject", True),
        ({"Action": "s3:Get"}, "s3:GetObject", False),
        ({"NotAction": "s3:Put*"}, "s3:GetObject", True),
        ({"NotAction": ["s3:Put*", "S3:GET*"]}, "s3:GetObject", False),
        ({"NotAction": []}, "s3:GetObject", True),
        ({}, "s3:GetObject", False),
    ],
)
def test_a_statement_knows_which_actions_it_is_about(
    elements: dict[str, Any], action: str, concerned: bool
) -> None:
    (statement,) = read({"Statement": {"Effect": "Allow", **elements}})

    assert statement.concerns(action) is concerned


@given(st.text("ab*?.[", max_size=8), st.text("ab.[", max_size=8))
def test_patterns_match_as_a_plain_reading_of_them_says(pattern: str, name: str) -> None:
    def plain(p: str, n: str) -> bool:
        if not p:
            return not n
        if p[0] == "*":
            return any(plain(p[1:], n[start:]) for start in range(len(n) + 1))
        return bool(n) and p[0] in ("?", n[0]) and plain(p[1:], n[1:])

    assert matches(pattern, name) is plain(pattern, name)
    assert covers_action(pattern.upper(), name) is plain(pattern, name)


def test_a_pattern_of_many_stars_does_not_take_for_ever() -> None:
    assert not matches("*a" * 40 + "b", "a" * 5_000)
