"""Models of request bodies: JSON schema draft 4, and what a body that does not fit is told.

API Gateway's messages are those of its JSON-schema library; the ones here are spelled the same.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from functools import cached_property
from typing import Any

from jsonschema import Draft4Validator, ValidationError, validators

UNCHECKED = ("minItems", "maxItems")
"""Imported models lose these: AWS says that they are not part of request validation ("important notes")."""


class Model:
    """One schema, which may refer to the document's *components*."""

    def __init__(self, schema: Any, components: Mapping[str, Any]) -> None:
        self._schema, self._components = schema, components

    def complaints(self, body: bytes) -> list[str]:
        """Return what is wrong with a body; nothing if it fits."""
        try:
            value = json.loads(body, parse_float=Decimal, parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            return ["Can not parse the body as JSON"]
        try:
            found = sorted(self._validator.iter_errors(value), key=lambda error: list(map(str, error.path)))
        except RecursionError:
            return ["the body is nested too deeply"]
        return [_sentence(error) for error in found]

    @cached_property
    def _validator(self) -> Any:
        root = {"allOf": [self._schema], "components": self._components}
        return _Validator(without_unchecked(root))


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def without_unchecked(schema: Any) -> Any:
    """Return a schema without what API Gateway does not check; properties may bear these names."""
    if isinstance(schema, list):
        return [without_unchecked(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: {name: without_unchecked(one) for name, one in value.items()}
        if key in ("properties", "patternProperties", "definitions", "schemas") and isinstance(value, dict)
        else without_unchecked(value)
        for key, value in schema.items()
        if key not in UNCHECKED
    }


def _json(value: Any) -> str:
    return json.dumps(value, default=str, separators=(",", ":"), ensure_ascii=False)


_TYPES: list[tuple[type | tuple[type, ...], str]] = [
    (bool, "boolean"),
    (str, "string"),
    (int, "integer"),
    ((float, Decimal), "number"),
    (dict, "object"),
    (list, "array"),
]


def _type_of(value: Any) -> str:
    return next((name for kind, name in _TYPES if isinstance(value, kind)), "null")


def _type(error: Any) -> str:
    wanted = error.validator_value if isinstance(error.validator_value, list) else [error.validator_value]
    found, allowed = _type_of(error.instance), _json(sorted(wanted))
    return f"instance type ({found}) does not match any allowed primitive type (allowed: {allowed})"


def _missing(error: Any) -> str:
    missing = sorted(name for name in error.validator_value if name not in error.instance)
    return f"object has missing required properties ({_json(missing)})"


def _additional(error: Any) -> str:
    known = error.schema.get("properties") or {}
    extra = sorted(name for name in error.instance if name not in known)
    return f"object instance has properties which are not allowed by the schema: {_json(extra)}"


def _bound(error: Any, side: str, word: str) -> str:
    return (
        f"numeric instance is {side} than the required {word} "
        f"({word}: {error.validator_value}, found: {error.instance})"
    )


_SENTENCES: dict[str, Callable[[Any], str]] = {
    "type": _type,
    "required": _missing,
    "additionalProperties": _additional,
    "minimum": lambda error: _bound(error, "lower", "minimum"),
    "maximum": lambda error: _bound(error, "greater", "maximum"),
    "minLength": lambda error: (
        f"string {_json(error.instance)} is too short "
        f"(length: {len(error.instance)}, required minimum: {error.validator_value})"
    ),
    "maxLength": lambda error: (
        f"string {_json(error.instance)} is too long "
        f"(length: {len(error.instance)}, maximum allowed: {error.validator_value})"
    ),
    "pattern": lambda error: (
        f"ECMA 262 regex {_json(error.validator_value)} does not match input string {_json(error.instance)}"
    ),
    "enum": lambda error: (
        f"instance value ({_json(error.instance)}) not found in enum "
        f"(possible values: {_json(error.validator_value)})"
    ),
    "uniqueItems": lambda _: "array must not contain duplicate elements",
    "multipleOf": lambda error: (
        f"remainder of division is not zero ({error.instance} / {error.validator_value})"
    ),
    "minProperties": lambda error: (
        f"object has too few properties (found {len(error.instance)} but schema requires at least "
        f"{error.validator_value})"
    ),
    "maxProperties": lambda error: (
        f"object has too many properties (found {len(error.instance)} but schema requires at most "
        f"{error.validator_value})"
    ),
    "anyOf": lambda error: (
        f"instance failed to match at least one required schema among {len(error.validator_value)}"
    ),
    "not": lambda _: "instance matched a schema which it should not have",
}


def _one_of(validator: Any, schemas: list[Any], instance: Any, _: Any) -> Iterator[ValidationError]:
    """Count the schemas that fit: the library's own check stops at the first, and tells no number."""
    matched = sum(validator.evolve(schema=each).is_valid(instance) for each in schemas)
    if matched != 1:
        yield ValidationError(
            f"instance failed to match exactly one schema (matched {matched} out of {len(schemas)})"
        )


_Validator = validators.extend(Draft4Validator, {"oneOf": _one_of})  # type: ignore[no-untyped-call]


def _sentence(error: Any) -> str:
    spelled = _SENTENCES.get(str(error.validator))
    return spelled(error) if spelled else error.message
