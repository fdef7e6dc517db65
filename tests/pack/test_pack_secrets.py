"""No value that Pulumi marks as a secret comes out in what the pack says, however a rule quotes it."""

import json
from dataclasses import replace
from typing import Any

import pytest

from guardrails.framework.examples import Stack, resource, stack
from guardrails.framework.rule import Rule
from guardrails.framework.secrets import Secrets
from guardrails.rules import all_rules
from tests.pack.engine_side import Engine, secret, switched_on

RULES = {rule.id: rule for rule in all_rules()}


def problems(rule: Rule, example: Stack) -> list[str]:
    engine = Engine([rule])
    engine.configure(switched_on(rule))
    found = engine.preview(example)
    return [
        *(each.problem for each in engine.analyzer._running().report(1).results),
        *(each.message for each in found if "hunter2" in each.message),
    ]


def hidden(example: Stack, *, as_text: bool) -> Stack:
    """Return the example with all inputs secret; documents as JSON text, as they mostly are."""

    def hide(value: Any) -> Any:
        return secret(json.dumps(value) if as_text and isinstance(value, dict) else value)

    return Stack(
        tuple(
            replace(each, inputs={key: hide(value) for key, value in each.inputs.items()})
            for each in example.samples
        )
    )


def texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value] if len(value) >= 4 else []
    members = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    return [text for member in members for text in texts(member)]


@pytest.mark.parametrize("as_text", [False, True], ids=["objects", "JSON text"])
@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_no_sentence_quotes_a_secret_text(rule: Rule, as_text: bool) -> None:
    for example in rule.fails.values():
        # A resource's name is no secret, and what stands for one is the word itself.
        open_ = {"secret", *(sample.name for sample in example.samples)}
        secrets = {text for sample in example.samples for text in texts(sample.inputs)} - open_

        for problem in problems(rule, hidden(example, as_text=as_text)):
            assert not [text for text in secrets if text in problem], problem


@pytest.mark.parametrize(
    ("rule", "sample"),
    [
        ("lambda-runtime", resource("lambda.Function", "f", runtime=secret("hunter2.9"))),
        ("iam-exact", resource("iam.RolePolicy", "p", policy=secret(
            json.dumps({"Statement": {"Effect": "Allow", "Action": "s3:hunter2*", "Resource": "*"}})
        ))),
        ("resource-policies-exact", resource("sqs.Queue", "q", policy={"Statement": [
            {"Sid": secret("hunter2"), "Effect": "Allow", "Principal": "*", "Action": "sqs:*"}
        ]})),
        ("iam-exact", resource("iam.RolePolicyAttachment", "a", role="r", policyArn=secret(
            "arn:aws:iam::aws:policy/hunter2FullAccess"
        ))),
        ("s3-versioning", resource("s3.Bucket", "b", bucket="b", lifecycleRules=[
            {"enabled": True, "noncurrentVersionExpiration": {"days": secret(12345)}}
        ])),
    ],
)  # fmt: skip
def test_what_a_rule_says_of_a_secret_is_said_without_it(rule: str, sample: Any) -> None:
    said = " ".join(problems(RULES[rule], stack(sample)))

    assert said
    assert "hunter2" not in said
    assert "12345" not in said


def test_short_secrets_are_hidden_where_they_stand_alone() -> None:
    secrets = Secrets()
    secrets.add({"a": ["x1", 60, True]})

    assert secrets.redacted("x1 is kept 60 days, 600 in all, x12 is a name") == (
        "[secret] is kept [secret] days, 600 in all, x12 is [secret] name"
    )
    assert secrets.redacted("* and true are no secrets") == "* and true are no secrets"
