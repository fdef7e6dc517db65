"""The language of EventBridge's event patterns (AWS: "Comparison operators for use in event patterns")."""

import ipaddress
import json
import re
from collections.abc import Callable
from typing import Any

_OPERATORS = {"=", "<", "<=", ">", ">="}


def pattern_fault(text: str) -> str:
    """Return what is wrong with a pattern; empty if it is valid."""
    try:
        pattern = json.loads(text)
    except ValueError as error:
        return f"it is not JSON: {error}"
    if not isinstance(pattern, dict):
        return "Filter is not an object"
    return _object_fault(pattern, "") if pattern else "Empty objects are not allowed"


def _object_fault(pattern: dict[str, Any], path: str) -> str:
    for key, value in pattern.items():
        place = f"{path}.{key}" if path else key
        if key == "$or":
            if (
                not isinstance(value, list)
                or len(value) < 2
                or not all(isinstance(one, dict) for one in value)
            ):
                return f'"{place}" must be a list of two or more patterns'
            fault = next((found for one in value if (found := _object_fault(one, path))), "")
        elif isinstance(value, dict):
            fault = _object_fault(value, place) if value else f'Empty objects are not allowed: "{place}"'
        elif isinstance(value, list):
            fault = _list_fault(value, place)
        else:
            fault = f'"{place}" must be an object or an array'
        if fault:
            return fault
    return ""


def _list_fault(values: list[Any], place: str) -> str:
    if not values:
        return f'Empty arrays are not allowed: "{place}"'
    for value in values:
        if isinstance(value, list):
            return f'"{place}" must not hold an array in an array'
        if isinstance(value, dict) and (fault := _match_fault(value)):
            return f'"{place}": {fault}'
    return ""


def _match_fault(match: dict[str, Any]) -> str:
    if len(match) != 1:
        return "Only one key allowed in match expression"
    (name, value), *_ = match.items()
    judge = _MATCHES.get(name)
    if judge is None:
        return f"Unrecognized match type {name}"
    return judge(value)


def _text(value: Any) -> str:
    return "" if isinstance(value, str) and value else "the match needs a text that is not empty"


def _affix(value: Any) -> str:
    if isinstance(value, dict):
        known = list(value) == ["equals-ignore-case"]
        return (
            _text(value["equals-ignore-case"])
            if known
            else "only equals-ignore-case may stand in a prefix or suffix"
        )
    return _text(value)


def _wildcard(value: Any) -> str:
    return "Consecutive wildcard characters" if isinstance(value, str) and "**" in value else _text(value)


def _exists(value: Any) -> str:
    return "" if isinstance(value, bool) else "exists match pattern must be either true or false."


def _numeric(value: Any) -> str:
    if not isinstance(value, list) or len(value) not in (2, 4):
        return "numeric match needs an operator and a number, or two of each"
    for operator, number in zip(value[::2], value[1::2], strict=True):
        if operator not in _OPERATORS:
            return f"Unrecognized numeric range operator: {operator}"
        if isinstance(number, bool) or not isinstance(number, int | float):
            return f"Value of {operator} must be numeric"
    if len(value) == 4 and not (value[0][0] == ">" and value[2][0] == "<" and value[1] < value[3]):
        return "numeric range must go from a lower to an upper border"
    return ""


def _cidr(value: Any) -> str:
    try:
        ipaddress.ip_network(value, strict=False)
    except ValueError:
        return f"Malformed CIDR: {value}"
    return "" if re.search(r"/\d+$", value) else f"Malformed CIDR, one '/' required: {value}"


def _anything_but(value: Any) -> str:
    if isinstance(value, dict):
        if len(value) != 1 or not value.keys() <= {"prefix", "suffix", "equals-ignore-case", "wildcard"}:
            return "anything-but takes texts, numbers, prefix, suffix, equals-ignore-case or wildcard"
        inner = next(iter(value.values()))
        return next(
            (fault for one in (inner if isinstance(inner, list) else [inner]) if (fault := _text(one))), ""
        )
    listed = value if isinstance(value, list) else [value]
    if not listed:
        return "Empty arrays are not allowed"
    kinds = {str if isinstance(one, str) else float for one in listed if isinstance(one, str | int | float)}
    if len(kinds) != 1 or not all(isinstance(one, str | int | float) for one in listed):
        return "Inside anything but list, either all values are number or string, mixed type is not supported"
    return ""


_MATCHES: dict[str, Callable[[Any], str]] = {
    "prefix": _affix,
    "suffix": _affix,
    "equals-ignore-case": _text,
    "wildcard": _wildcard,
    "exists": _exists,
    "numeric": _numeric,
    "cidr": _cidr,
    "anything-but": _anything_but,
}
