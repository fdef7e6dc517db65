"""The Condition element of a statement: parsed once, judged for each request."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.permissions.errors import PolicyError
from local.permissions.keys import Context, is_known, is_multivalued
from local.permissions.operators import OPERATORS, OperandError
from local.permissions.patterns import Pattern, parse_pattern, resolve_pattern

_ALL, _ANY = "ForAllValues", "ForAnyValue"


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One operator on one key; *where* names policy and statement for messages."""

    where: str
    written: str
    operator: str
    quantifier: str | None
    if_exists: bool
    key: str
    values: tuple[str, ...]
    variables: bool


def parse_conditions(block: Any, *, where: str, variables: bool) -> tuple[Condition, ...]:
    """Read a Condition element.

    Raises
    ------
    PolicyError
        An operator is unknown or the element is malformed.
    """
    if not isinstance(block, Mapping):
        raise PolicyError(f"{where}: Condition must be an object, not {type(block).__name__}")
    found = []
    for written, tests in block.items():
        if not isinstance(tests, Mapping):
            raise PolicyError(f"{where}: condition operator {written!r} must hold an object of keys")
        quantifier, operator, if_exists = _split_operator(written, where)
        for key, values in tests.items():
            found.append(
                Condition(
                    where=where, written=written, operator=operator, quantifier=quantifier,
                    if_exists=if_exists, key=key, values=_texts(values, where, key), variables=variables,
                )
            )  # fmt: skip
    return tuple(found)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Whether a condition is met, and which of its values compared with each value of the request.

    `hits` is empty for an absent key, and for Null holds what the one comparison said.
    """

    met: bool
    hits: tuple[tuple[bool, ...], ...] = ()


def judge(condition: Condition, context: Context) -> Outcome:
    """Compare *condition* with the request ("Condition operators", "Multivalued context keys").

    A negated operator holds for a value that none of the policy's values compares with, and for an absent
    key. Without a value ForAllValues holds and ForAnyValue does not, whatever the operator.

    Raises
    ------
    PolicyError
        The key, or a variable's key, is not known, or a value is not of the operator's kind.
    """
    values = context.get(condition.key)
    if condition.operator == "Null":
        right = tuple((values is None) == _absence(condition, wanted) for wanted in condition.values)
        return Outcome(met=any(right), hits=(right,))
    operator = OPERATORS[condition.operator]
    if values is None:
        absent = condition.quantifier == _ALL if condition.quantifier else operator.negated
        return Outcome(met=condition.if_exists or absent)
    try:
        hits = tuple(_hits(condition, value, context) for value in values)
    except OperandError as error:
        raise PolicyError(f"{condition.where}: {condition.written} on {condition.key!r}: {error}") from None
    met = (any(row) != operator.negated for row in hits)
    return Outcome(met=any(met) if condition.quantifier == _ANY else all(met), hits=hits)


def check_keys(conditions: tuple[Condition, ...]) -> None:
    """Refuse keys that a judgement cannot answer, whatever the other conditions of the statement say."""
    for condition in conditions:
        if not is_known(condition.key):
            raise PolicyError(
                f"{condition.where}: condition key {condition.key!r} is not known to the evaluator; "
                "add it to local/permissions/keys.py together with its true value"
            )
        if is_multivalued(condition.key) and not condition.quantifier and condition.operator != "Null":
            raise PolicyError(
                f"{condition.where}: {condition.key!r} has many values; "
                f"write {_ALL}:{condition.written} or {_ANY}:{condition.written}"
            )


def single_value(context: Context, key: str, where: str) -> str | None:
    """Return the value of a policy variable, None where the request does not have it."""
    if not is_known(key) or is_multivalued(key):
        raise PolicyError(f"{where}: policy variable ${{{key}}} is not a known single-valued condition key")
    values = context.get(key)
    return values[0] if values else None


def _absence(condition: Condition, wanted: str) -> bool:
    if wanted.lower() not in ("true", "false"):
        raise PolicyError(f"{condition.where}: Null on {condition.key!r}: {wanted!r} is not true or false")
    return wanted.lower() == "true"


def _hits(condition: Condition, value: str, context: Context) -> tuple[bool, ...]:
    """Say which of the policy's values compare with *value*; all are tried, so that none hides an error."""
    compare = OPERATORS[condition.operator].compare
    patterns = (_resolved(condition, wanted, context) for wanted in condition.values)
    return tuple(pattern is not None and compare(value, pattern) for pattern in patterns)


def _resolved(condition: Condition, wanted: str, context: Context) -> Pattern | None:
    if not condition.variables:
        return parse_pattern(wanted)
    return resolve_pattern(wanted, lambda key: single_value(context, key, condition.where))


def _split_operator(written: str, where: str) -> tuple[str | None, str, bool]:
    quantifier, colon, rest = written.partition(":")
    if not colon:
        quantifier, rest = "", written
    operator = rest.removesuffix("IfExists")
    known = operator in OPERATORS or written == "Null"
    if not known or quantifier not in ("", _ALL, _ANY):
        raise PolicyError(f"{where}: condition operator {written!r} is not known to the evaluator")
    if quantifier == _ANY and operator != rest:
        raise PolicyError(
            f"{where}: condition operator {written!r}: AWS documents that IfExists holds without the key and "
            "ForAnyValue does not; say which is meant by a statement of its own with Null"
        )
    return quantifier or None, operator, operator != rest


def _texts(values: Any, where: str, key: str) -> tuple[str, ...]:
    texts = []
    for value in values if isinstance(values, list | tuple) else [values]:
        if isinstance(value, bool):
            texts.append(str(value).lower())
        elif isinstance(value, str | int | float):
            texts.append(str(value))
        else:
            raise PolicyError(f"{where}: value of {key!r} must be text, number or boolean, not {value!r}")
    return tuple(texts)
