"""Wildcards, policy variables and ARN parts."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from local.permissions.patterns import (
    Wildcard,
    matches,
    parse_pattern,
    plain_text,
    resolve_pattern,
    split_arn_pattern,
)

TEXTS = st.text(alphabet="ab*?:/\n.[", max_size=12)


def naive(pattern: str, text: str) -> bool:
    """The definition, spelled out: slow, and obviously right."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(naive(pattern[1:], text[i:]) for i in range(len(text) + 1))
    return bool(text) and pattern[0] in ("?", text[0]) and naive(pattern[1:], text[1:])


@given(pattern=TEXTS, text=TEXTS)
@example(pattern="a*b*ab", text="abab")
@example(pattern="*a?b", text="aaab\n")
@example(pattern="", text="")
def test_wildcards_match_what_the_definition_says(pattern: str, text: str) -> None:
    assert matches(parse_pattern(pattern), text) == naive(pattern, text)


@given(text=TEXTS)
def test_every_text_without_wildcards_matches_itself_alone(text: str) -> None:
    literal = text.replace("*", "x").replace("?", "y")

    assert matches(parse_pattern(literal), literal)
    assert not matches(parse_pattern(literal), literal + "z")


def test_a_pattern_of_many_stars_does_not_stall() -> None:
    assert not matches(parse_pattern("*a" * 40 + "b"), "a" * 4000)


def test_case_is_ignored_for_ascii_letters_only() -> None:
    assert matches(parse_pattern("S3:Get*"), "s3:getObject", ignore_case=True)
    assert not matches(parse_pattern("s3:x"), "\u017f3:x", ignore_case=True)
    assert not matches(parse_pattern("S3:Get*"), "s3:getObject")


VALUES = {"aws:PrincipalAccount": "111122223333", "s3:prefix": "a*b"}


@pytest.mark.parametrize(
    ("written", "text", "fits"),
    [
        ("home/${aws:PrincipalAccount}/*", "home/111122223333/cat.jpg", True),
        ("home/${aws:PrincipalAccount}/*", "home/999999999999/cat.jpg", False),
        ("${s3:prefix}", "a*b", True),
        ("${s3:prefix}", "axb", False),
        ("what${?}", "what?", True),
        ("what${?}", "whats", False),
        ("${*}${$}", "*$", True),
        ("${s3:delimiter, 'none'}/*", "none/x", True),
    ],
)
def test_variables_bring_in_literal_text(written: str, text: str, fits: bool) -> None:
    pattern = resolve_pattern(written, VALUES.get)

    assert pattern is not None
    assert matches(pattern, text) is fits


def test_a_variable_without_value_makes_no_pattern() -> None:
    assert resolve_pattern("home/${s3:delimiter}/*", VALUES.get) is None


def test_wildcards_are_characters_where_an_operator_knows_none() -> None:
    assert plain_text(parse_pattern("a*b?")) == "a*b?"


def test_an_arn_pattern_has_six_parts_and_the_last_keeps_its_colons() -> None:
    parts = split_arn_pattern(parse_pattern("arn:aws:logs:*:1?:log-group:x:*"))

    assert parts == [
        ("arn",), ("aws",), ("logs",), ("", Wildcard.ANY, ""), ("1", Wildcard.ONE, ""),
        ("log-group:x:", Wildcard.ANY),
    ]  # fmt: skip
