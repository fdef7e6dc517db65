"""Statements say exactly what is granted, and what is too broad cannot be written."""

import json
from collections.abc import Callable
from typing import Any

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.errors import BroadPermissionError
from infra.permissions import (
    Statement,
    allow,
    deny,
    document,
    is_named,
    principals,
    render,
    service,
    trust,
)
from tests.mocks import deploy

QUEUE = "arn:aws:sqs:eu-central-1:123456789012:work"
TABLE = "arn:aws:dynamodb:eu-central-1:123456789012:table/records"
actions = st.from_regex(r"[a-z0-9]{2,10}:[A-Z][a-zA-Z]{2,20}", fullmatch=True)


def rendered(*statements: Statement | Callable[[], Statement]) -> dict[str, Any]:
    """Return the resolved document; a statement that holds an output is made where outputs live."""
    resolved: list[str] = []

    def program() -> None:
        made = [statement() if callable(statement) else statement for statement in statements]
        document(*made).apply(resolved.append)

    deploy(program)
    decoded: dict[str, Any] = json.loads(resolved[0])
    return decoded


def test_a_statement_holds_its_actions_sorted_and_nothing_else() -> None:
    assert rendered(allow("sqs:SendMessage", "sqs:GetQueueUrl", on=QUEUE, sid="Send")) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Send",
                "Effect": "Allow",
                "Action": ["sqs:GetQueueUrl", "sqs:SendMessage"],
                "Resource": QUEUE,
            }
        ],
    }


def test_a_resource_policy_names_principal_and_condition() -> None:
    statement = allow(
        "sqs:SendMessage",
        on=QUEUE,
        sid="Events",
        to=service("events.amazonaws.com"),
        when={"StringEquals": {"aws:SourceAccount": "123456789012"}},
    )

    (plain,) = rendered(statement)["Statement"]

    assert plain["Principal"] == {"Service": "events.amazonaws.com"}
    assert plain["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}}


def test_a_denial_may_be_as_broad_as_it_likes() -> None:
    statement = deny("s3:*", on="*", sid="Tls", when={"Bool": {"aws:SecureTransport": "false"}})

    (plain,) = rendered(statement)["Statement"]

    assert (plain["Effect"], plain["Principal"], plain["Action"]) == ("Deny", "*", "s3:*")


@pytest.mark.finding("CC-SEC-7")
@given(action=actions, cut=st.integers(0, 30), wildcard=st.sampled_from("*?"))
def test_a_wildcard_anywhere_in_an_action_is_refused(action: str, cut: int, wildcard: str) -> None:
    with pytest.raises(BroadPermissionError, match="wildcard action"):
        allow(action[:cut] + wildcard, on=QUEUE, sid="Broad")


def test_no_action_is_refused() -> None:
    with pytest.raises(BroadPermissionError, match="names no action"):
        allow(on=QUEUE, sid="Empty")


@pytest.mark.parametrize("everybody", ["*", {"AWS": "*"}, {"Service": "*"}])
def test_allowing_everybody_is_refused(everybody: Any) -> None:
    with pytest.raises(BroadPermissionError, match="allows everybody"):
        allow("sqs:SendMessage", on=QUEUE, sid="Open", to=everybody)


@pytest.mark.finding("OP-1.3")
@pytest.mark.parametrize(
    "resource",
    [
        "*",
        "arn:aws:s3:::*",
        "arn:aws:s3:::*/*",
        "arn:aws:s3:::bucket*",
        "arn:aws:sqs:*:123456789012:work",
        "arn:aws:sqs:eu-central-1:*:work",
        "arn:aws:sqs:eu-central-1:123456789012:*",
        "arn:aws:sqs:eu-central-1:123456789012:work*",
        "arn:aws:dynamodb:eu-central-1:123456789012:table/*",
        "arn:aws:dynamodb:eu-central-1:123456789012:table/rec*",
        "arn:aws:logs:eu-central-1:123456789012:log-group:*",
        "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/*",
        "arn:aws:events:eu-central-1:123456789012:rule/DO-NOT*",
        "arn:*:sqs:eu-central-1:123456789012:work",
        "records",
    ],
)
def test_a_wildcard_before_or_within_a_name_is_refused(resource: str) -> None:
    with pytest.raises(BroadPermissionError, match="name the resource"):
        rendered(allow("dynamodb:PutItem", on=resource, sid="Broad"))


@pytest.mark.parametrize(
    "resource",
    [
        QUEUE,
        TABLE,
        f"{TABLE}/index/*",
        f"{TABLE}/stream/*",
        "arn:aws:s3:::bucket",
        "arn:aws:s3:::bucket/*",
        "arn:aws:s3:::bucket/folder/*",
        "arn:aws:iam::123456789012:role/worker",
        "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/worker:*",
        "arn:aws:events:eu-central-1:123456789012:rule/DO-NOT-DELETE-AmazonGuardDutyMalwareProtectionS3*",
    ],
)
def test_a_named_resource_and_what_lies_beneath_it_are_taken(resource: str) -> None:
    assert is_named(resource)


def test_a_resource_that_becomes_known_later_is_checked_then() -> None:
    def late() -> Statement:
        unknown_yet = pulumi.Output.from_input("arn:aws:s3:::").apply(lambda start: f"{start}*")
        return allow("s3:GetObject", on=unknown_yet, sid="Late")

    with pytest.raises(BroadPermissionError, match="'Late' allows s3:GetObject"):
        rendered(late)


def test_actions_without_resource_level_may_be_allowed_on_everything() -> None:
    (plain,) = rendered(allow("xray:PutTraceSegments", on="*", sid="Traces"))["Statement"]

    assert plain["Resource"] == "*"


def test_one_action_with_resource_level_beside_them_is_refused() -> None:
    with pytest.raises(BroadPermissionError):
        rendered(allow("xray:PutTraceSegments", "s3:GetObject", on="*", sid="Mixed"))


def test_a_star_means_the_key_in_a_key_policy_alone() -> None:
    root = principals("arn:aws:iam::123456789012:root")

    (plain,) = rendered(allow("kms:Decrypt", on="*", sid="Key", to=root))["Statement"]

    assert plain["Resource"] == "*"
    with pytest.raises(BroadPermissionError):
        rendered(allow("kms:Decrypt", on="*", sid="Role"))


def test_a_trust_policy_names_one_service_and_its_conditions() -> None:
    plain = json.loads(trust("lambda.amazonaws.com", when={"StringEquals": {"aws:SourceAccount": "1"}}))

    assert plain["Statement"] == [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"aws:SourceAccount": "1"}},
        }
    ]


@given(names=st.lists(actions, min_size=1, unique=True))
def test_the_document_does_not_depend_on_the_order_of_actions(names: list[str]) -> None:
    assert rendered(allow(*names, on=QUEUE, sid="A")) == rendered(allow(*reversed(names), on=QUEUE, sid="A"))


def test_rendering_keeps_the_order_of_statements() -> None:
    plain = [{"Sid": sid, "Effect": "Deny", "Action": "s3:*", "Resource": ["*"]} for sid in ("B", "A")]

    assert [statement["Sid"] for statement in json.loads(render(plain))["Statement"]] == ["B", "A"]
