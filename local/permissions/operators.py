"""The condition operators of IAM: how one value of the request compares with one value of the policy."""

import base64
import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from local.permissions.patterns import ARN_SEGMENTS, Pattern, matches, plain_text, split_arn_pattern

type Compare = Callable[[str, Pattern], bool]


class OperandError(ValueError):
    """A value in a policy is not of the kind that its operator compares."""


@dataclass(frozen=True, kw_only=True)
class Operator:
    """A comparison; a negated one holds when none of the policy's values compares."""

    compare: Compare
    negated: bool = False


def _string(value: str, pattern: Pattern) -> bool:
    return value == plain_text(pattern)


def _string_any_case(value: str, pattern: Pattern) -> bool:
    return value.casefold() == plain_text(pattern).casefold()


def _arn(value: str, pattern: Pattern) -> bool:
    parts = split_arn_pattern(pattern)
    if len(parts) != ARN_SEGMENTS:
        raise OperandError(
            f"{plain_text(pattern)!r} is not an ARN of {ARN_SEGMENTS} parts separated by colons"
        )
    found = value.split(":", ARN_SEGMENTS - 1)
    return len(found) == ARN_SEGMENTS and all(map(matches, parts, found))


def _bool(value: str, pattern: Pattern) -> bool:
    wanted = plain_text(pattern).lower()
    if wanted not in ("true", "false"):
        raise OperandError(f"{wanted!r} is not true or false")
    return value.lower() == wanted


def _bytes(value: str, pattern: Pattern) -> bool:
    try:
        wanted = base64.b64decode(plain_text(pattern), validate=True)
    except ValueError:
        raise OperandError(f"{plain_text(pattern)!r} is not base64") from None
    try:
        return base64.b64decode(value, validate=True) == wanted
    except ValueError:
        return False


def _number(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise OperandError(f"{text!r} is not a number")
    return number


def _moment(text: str) -> datetime:
    """Read ISO 8601 or seconds since 1970; without an offset it is UTC."""
    try:
        if text.replace(".", "", 1).isdigit() and "-" not in text and len(text) > len("2026"):
            return datetime.fromtimestamp(float(text), UTC)
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise OperandError(f"{text!r} is not a date (ISO 8601 or seconds since 1970)") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _address(value: str, pattern: Pattern) -> bool:
    text = plain_text(pattern)
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise OperandError(f"{text!r} is not an IP address or CIDR block") from None
    try:
        return ipaddress.ip_address(value) in network
    except ValueError:
        return False


def _ordered[T](read: Callable[[str], T], holds: Callable[[T, T], bool]) -> Compare:
    def compare(value: str, pattern: Pattern) -> bool:
        wanted = read(plain_text(pattern))
        try:
            return holds(read(value), wanted)
        except OperandError:
            return False  # the request's value is of another kind: as in AWS it just does not compare

    return compare


def _family[T](name: str, read: Callable[[str], T]) -> dict[str, Operator]:
    equal = _ordered(read, lambda a, b: a == b)
    return {
        f"{name}Equals": Operator(compare=equal),
        f"{name}NotEquals": Operator(compare=equal, negated=True),
        f"{name}LessThan": Operator(compare=_ordered(read, lambda a, b: a < b)),  # type: ignore[operator]
        f"{name}LessThanEquals": Operator(compare=_ordered(read, lambda a, b: a <= b)),  # type: ignore[operator]
        f"{name}GreaterThan": Operator(compare=_ordered(read, lambda a, b: a > b)),  # type: ignore[operator]
        f"{name}GreaterThanEquals": Operator(compare=_ordered(read, lambda a, b: a >= b)),  # type: ignore[operator]
    }


def _like(value: str, pattern: Pattern) -> bool:
    return matches(pattern, value)


OPERATORS: dict[str, Operator] = {
    "StringEquals": Operator(compare=_string),
    "StringNotEquals": Operator(compare=_string, negated=True),
    "StringEqualsIgnoreCase": Operator(compare=_string_any_case),
    "StringNotEqualsIgnoreCase": Operator(compare=_string_any_case, negated=True),
    "StringLike": Operator(compare=_like),
    "StringNotLike": Operator(compare=_like, negated=True),
    "ArnEquals": Operator(compare=_arn),
    "ArnLike": Operator(compare=_arn),
    "ArnNotEquals": Operator(compare=_arn, negated=True),
    "ArnNotLike": Operator(compare=_arn, negated=True),
    "Bool": Operator(compare=_bool),
    "BinaryEquals": Operator(compare=_bytes),
    "IpAddress": Operator(compare=_address),
    "NotIpAddress": Operator(compare=_address, negated=True),
    **_family("Numeric", _number),
    **_family("Date", _moment),
}
