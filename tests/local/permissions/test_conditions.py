"""Condition operators, one request value at a time, as AWS documents them."""

import json
from typing import Any

import pytest

from local.permissions.errors import PolicyError
from local.permissions.keys import Context, Values
from tests.local.permissions.asking import allow, ask, on_role

ARN = "arn:aws:iam::111122223333:role/worker"


def met(operator: str, key: str, wanted: Any, values: dict[str, Values]) -> bool:
    return ask(on_role(allow(Condition={operator: {key: wanted}})), values=values).allowed


@pytest.mark.parametrize(
    ("operator", "wanted", "value", "expected"),
    [
        ("StringEquals", "a", "a", True),
        ("StringEquals", "a", "A", False),
        ("StringEquals", ["b", "a"], "a", True),
        ("StringEquals", "a*", "ab", False),
        ("StringNotEquals", "a", "b", True),
        ("StringNotEquals", ["a", "b"], "b", False),
        ("StringEqualsIgnoreCase", "Ab", "aB", True),
        ("StringNotEqualsIgnoreCase", "Ab", "aB", False),
        ("StringLike", "a*c?", "abcd", True),
        ("StringLike", "a*c", "abcd", False),
        ("StringNotLike", "a*", "abc", False),
        ("StringNotLike", ["x*", "y*"], "abc", True),
    ],
)
def test_strings(operator: str, wanted: Any, value: str, expected: bool) -> None:
    assert met(operator, "s3:prefix", wanted, {"s3:prefix": value}) is expected


@pytest.mark.parametrize(
    ("operator", "wanted", "expected"),
    [
        ("ArnEquals", ARN, True),
        ("ArnLike", "arn:aws:iam::*:role/work*", True),
        ("ArnEquals", "arn:aws:iam::111122223333:role/*", True),
        ("ArnLike", "arn:aws:iam::111122223333:user/*", False),
        ("ArnLike", "arn:*:*:*:*:*", True),
        ("ArnNotEquals", ARN, False),
        ("ArnNotLike", "arn:aws:iam::111122223333:user/*", True),
    ],
)
def test_arns_part_by_part(operator: str, wanted: str, expected: bool) -> None:
    assert met(operator, "aws:PrincipalArn", wanted, {"aws:PrincipalArn": ARN}) is expected


@pytest.mark.parametrize(
    ("operator", "wanted", "value", "expected"),
    [
        ("Bool", "true", "true", True),
        ("Bool", False, "false", True),
        ("Bool", "false", "true", False),
        ("Bool", "TRUE", "true", True),
    ],
)
def test_booleans(operator: str, wanted: Any, value: str, expected: bool) -> None:
    assert met(operator, "aws:SecureTransport", wanted, {"aws:SecureTransport": value}) is expected


@pytest.mark.parametrize(
    ("operator", "wanted", "expected"),
    [
        ("NumericEquals", "10.0", True),
        ("NumericNotEquals", 10, False),
        ("NumericLessThan", "10", False),
        ("NumericLessThanEquals", "10", True),
        ("NumericGreaterThan", 9, True),
        ("NumericGreaterThanEquals", "10.5", False),
    ],
)
def test_numbers(operator: str, wanted: Any, expected: bool) -> None:
    assert met(operator, "s3:max-keys", wanted, {"s3:max-keys": "10"}) is expected


@pytest.mark.parametrize(
    ("operator", "wanted", "expected"),
    [
        ("DateLessThan", "2026-11-22T00:00:00Z", True),
        ("DateGreaterThan", "2026-11-22T00:00:00Z", False),
        ("DateEquals", "2026-11-21T13:00:00+01:00", True),
        ("DateNotEquals", "2026-11-21T12:00:00Z", False),
        ("DateLessThanEquals", "1795262400", True),
        ("DateGreaterThanEquals", "2026-11-21", True),
    ],
)
def test_dates(operator: str, wanted: str, expected: bool) -> None:
    assert met(operator, "aws:CurrentTime", wanted, {"aws:CurrentTime": "2026-11-21T12:00:00Z"}) is expected


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        ("StringEquals", False),
        ("StringLike", False),
        ("StringNotEquals", True),
        ("StringNotLike", True),
        ("ArnNotLike", True),
        ("StringEqualsIfExists", True),
        ("StringNotEqualsIfExists", True),
        ("ForAllValues:StringEquals", True),
        ("ForAnyValue:StringEquals", False),
        ("ForAnyValue:StringNotEquals", False),
        ("ForAllValues:StringEqualsIfExists", True),
    ],
)
def test_a_key_that_the_request_does_not_have(operator: str, expected: bool) -> None:
    assert met(operator, "s3:prefix", "arn:aws:s3:::x", {}) is expected


@pytest.mark.parametrize(
    ("operator", "wanted", "keys", "expected"),
    [
        ("ForAllValues:StringEquals", ["a", "b"], ["a", "b"], True),
        ("ForAllValues:StringEquals", ["a", "b"], ["a", "c"], False),
        ("ForAllValues:StringEquals", ["a", "b"], [], True),
        ("ForAnyValue:StringEquals", ["a", "b"], ["c", "a"], True),
        ("ForAnyValue:StringEquals", ["a", "b"], ["c"], False),
        ("ForAllValues:StringNotEquals", ["a"], ["b", "c"], True),
        ("ForAllValues:StringNotEquals", ["a"], ["b", "a"], False),
        ("ForAnyValue:StringNotEquals", ["a"], ["b", "a"], True),
        ("ForAnyValue:StringNotLike", ["a*"], ["ab", "ac"], False),
        ("ForAllValues:StringLike", ["a*"], ["ab", "ac"], True),
    ],
)
def test_sets(operator: str, wanted: Any, keys: list[str], expected: bool) -> None:
    assert met(operator, "s3:RequestObjectTagKeys", wanted, {"s3:RequestObjectTagKeys": keys}) is expected


@pytest.mark.parametrize(
    ("wanted", "values", "expected"),
    [
        ("true", {}, True),
        ("false", {}, False),
        (True, {"s3:prefix": "x"}, False),
        (False, {"s3:prefix": "x"}, True),
    ],
)
def test_null(wanted: Any, values: dict[str, Values], expected: bool) -> None:
    assert met("Null", "s3:prefix", wanted, values) is expected


def test_all_operators_and_all_keys_must_hold() -> None:
    condition = {
        "StringEquals": {"s3:prefix": "a", "s3:delimiter": "/"},
        "NumericLessThan": {"s3:max-keys": "5"},
    }
    policy = on_role(allow(Condition=condition))
    values: dict[str, Values] = {"s3:prefix": "a", "s3:delimiter": "/", "s3:max-keys": "4"}

    assert ask(policy, values=values).allowed
    for key in values:
        assert not ask(policy, values={**values, key: "9"}).allowed


def test_key_names_ignore_case_but_object_tags_do_not() -> None:
    assert met("StringEquals", "S3:PREFIX", "a", {"s3:prefix": "a"})
    tagged: dict[str, Values] = {"s3:RequestObjectTag/Scan": "clean"}
    assert met("StringEquals", "s3:requestobjecttag/Scan", "clean", tagged)
    assert not met("StringEquals", "s3:RequestObjectTag/scan", "clean", tagged)


def test_variables_are_filled_in_and_one_without_value_compares_with_nothing() -> None:
    account: dict[str, Values] = {"aws:PrincipalAccount": "1", "aws:ResourceAccount": "1"}

    assert met("StringEquals", "aws:ResourceAccount", "${aws:PrincipalAccount}", account)
    assert not met("StringEquals", "aws:ResourceAccount", "${s3:prefix}", account)
    assert met("StringNotEquals", "aws:ResourceAccount", "${s3:prefix}", account)


def test_variables_are_plain_text_in_documents_of_2008() -> None:
    condition = {"StringEquals": {"s3:prefix": "${aws:PrincipalAccount}"}}
    policy = on_role(allow(Condition=condition), version="2008-10-17")

    assert ask(policy, values={"s3:prefix": "${aws:PrincipalAccount}"}).allowed


@pytest.mark.parametrize(
    "operator",
    ["StringMatches", "stringequals", "ForSomeValues:StringEquals", "NullIfExists", "BinaryNotEquals"],
)
def test_an_unknown_operator_is_an_error_that_names_it(operator: str) -> None:
    with pytest.raises(PolicyError, match=f"statement 0 of inline policy 'work'.*{operator!r}"):
        on_role(allow(Condition={operator: {"s3:prefix": "a"}}))


def test_if_exists_for_any_value_is_an_error_because_aws_documents_both_answers_for_an_absent_key() -> None:
    with pytest.raises(PolicyError, match=r"ForAnyValue:StringEqualsIfExists.*Null"):
        on_role(allow(Condition={"ForAnyValue:StringEqualsIfExists": {"s3:RequestObjectTagKeys": "a"}}))


@pytest.mark.parametrize("effect", ["Allow", "Deny"])
@pytest.mark.parametrize("key", ["aws:SourceIp", "aws:PrincipalTag/team", "s3:Prefixes", "nonsense"])
def test_an_unknown_key_is_an_error_that_names_it_and_never_a_decision(key: str, effect: str) -> None:
    statement = {**allow(Condition={"StringEqualsIfExists": {key: "a"}}), "Sid": "Odd", "Effect": effect}

    with pytest.raises(PolicyError, match=f"statement 'Odd' of inline policy 'work'.*{key!r}"):
        ask(on_role(allow(), statement))


def test_an_unknown_key_is_an_error_even_where_another_condition_fails() -> None:
    condition = {"StringEquals": {"s3:prefix": "never"}, "IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}

    with pytest.raises(PolicyError, match="aws:SourceIp"):
        ask(on_role(allow(Condition=condition)), values={"s3:prefix": "a"})


def test_an_unknown_variable_is_an_error() -> None:
    with pytest.raises(PolicyError, match="aws:username"):
        ask(on_role(allow(on="arn:aws:s3:::intake/${aws:username}/*")))


@pytest.mark.parametrize(
    ("operator", "key", "wanted"),
    [
        ("NumericEquals", "s3:max-keys", "many"),
        ("NumericEquals", "s3:max-keys", "NaN"),
        ("DateEquals", "aws:CurrentTime", "yesterday"),
        ("ArnLike", "aws:PrincipalArn", "*"),
        ("Bool", "aws:SecureTransport", "yes"),
        ("Null", "s3:prefix", "maybe"),
        ("IpAddress", "s3:prefix", "300.0.0.0"),
    ],
)
def test_a_value_that_the_operator_cannot_compare_is_an_error(operator: str, key: str, wanted: str) -> None:
    values: dict[str, Values] = {
        "s3:max-keys": "1",
        "s3:prefix": "10.0.0.1",
        "aws:CurrentTime": "2026-11-21T12:00:00Z",
        "aws:PrincipalArn": ARN,
        "aws:SecureTransport": "true",
    }
    with pytest.raises(PolicyError, match=operator):
        met(operator, key, wanted, values)


def test_a_request_value_of_another_kind_just_does_not_compare() -> None:
    assert not met("NumericLessThan", "s3:prefix", "5", {"s3:prefix": "four"})
    assert not met("ArnLike", "s3:prefix", "arn:*:*:*:*:*", {"s3:prefix": "four"})
    assert met("NotIpAddress", "s3:prefix", "10.0.0.0/8", {"s3:prefix": "four"})
    assert met("IpAddress", "s3:prefix", "10.0.0.0/8", {"s3:prefix": "10.1.2.3"})


def test_many_values_need_a_set_operator() -> None:
    with pytest.raises(PolicyError, match="ForAnyValue:StringEquals"):
        met("StringEquals", "s3:RequestObjectTagKeys", "a", {"s3:RequestObjectTagKeys": ["a"]})


@pytest.mark.parametrize("broken", ["text", {"StringEquals": "text"}, {"StringEquals": {"s3:prefix": {}}}])
def test_a_malformed_condition_is_an_error(broken: Any) -> None:
    with pytest.raises(PolicyError, match="statement 0"):
        on_role(allow(Condition=json.loads(json.dumps(broken))))


def test_a_context_refuses_values_for_keys_that_no_policy_could_ask_for() -> None:
    with pytest.raises(PolicyError, match="aws:Typo"):
        Context({"aws:Typo": "x"})
