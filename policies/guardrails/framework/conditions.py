"""Which conditions truly narrow what a statement allows."""

import re
from collections.abc import Callable, Mapping
from typing import Final

from guardrails.framework.actions import has_wildcard, matches
from guardrails.framework.documents import Statement

# `…IfExists` and `ForAllValues:` also admit requests that lack the key; negated operators admit all others.
EQUALS: Final = tuple(
    f"{quantifier}{operator}"
    for quantifier in ("", "ForAnyValue:")
    for operator in ("StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnEquals", "ArnLike")
)
"""Operators that demand one of the values."""

_EXEMPTING: Final = ("ArnNotEquals", "ArnNotLike", "StringNotEquals", "StringNotLike")
_ACCOUNT: Final = re.compile(r"[0-9]{12}")
_ROOT: Final = re.compile(r"([0-9]{12}|arn:[\w-]+:iam::[0-9]{12}:root)")
_OWN_ACCOUNT: Final = "${aws:resourceaccount}"
"""The one policy variable that no request can choose: whose the resource is."""


def names_account(arn: str) -> bool:
    """Tell whether an ARN, perhaps with wildcards, can only be of one account."""
    parts = arn.split(":", 5)
    return len(parts) == 6 and (_ACCOUNT.fullmatch(parts[4]) is not None or parts[4].lower() == _OWN_ACCOUNT)


def is_account(principal: str) -> bool:
    """Tell whether a principal stands for a whole account."""
    return _ROOT.fullmatch(principal) is not None


def names_source(arn: str) -> bool:
    """Tell whether an ARN pattern is bound to an account, or to a bucket, whose ARN has none."""
    parts = arn.split(":", 5)
    bucket = len(parts) == 6 and parts[2] == "s3" and parts[4] in ("", "*") and is_fixed(parts[5])
    return bucket or names_account(arn)


def names_service(value: str) -> bool:
    """Tell whether a value begins with a service, whatever the region."""
    return is_fixed(value.split(".", 1)[0])


def names_context(value: str) -> bool:
    """Tell whether the value of an encryption context is bound to something, an ARN to an account."""
    return names_source(value) if value.startswith("arn:") else begins_fixed(value)


def is_fixed(value: str) -> bool:
    """Tell whether a value is one value and no pattern, nor whatever the request brings."""
    variable = "${" in value and value.lower() != _OWN_ACCOUNT
    return bool(value) and not has_wildcard(value) and not variable


def begins_fixed(value: str) -> bool:
    """Tell whether a pattern begins with something that it demands."""
    return bool(value) and value[0] not in "*?" and "${" not in value


NARROWING: Final[Mapping[str, Callable[[str], bool]]] = {
    "aws:principalaccount": is_fixed,
    "aws:principalarn": is_fixed,
    "aws:principalorgid": is_fixed,
    "aws:principalorgpaths": begins_fixed,
    "aws:sourceaccount": is_fixed,
    "aws:sourcearn": names_source,
    "aws:sourceorgid": is_fixed,
    "aws:sourceorgpaths": begins_fixed,
    "aws:sourceowner": is_fixed,
    "aws:sourcevpc": is_fixed,
    "aws:sourcevpce": is_fixed,
    "kms:calleraccount": is_fixed,
    "kms:encryptioncontext:*": names_context,
    "kms:viaservice": names_service,
    "sts:externalid": is_fixed,
}
"""Condition keys, some as patterns, that tell who asks or for whom, and which values really do."""


def narrowed_by(statement: Statement, *keys: str) -> bool:
    """Tell whether one condition on one of *keys* of `NARROWING` holds only for those that it names."""
    return any(
        operator in EQUALS and values and all(NARROWING[wanted](value) for value in values)
        for (operator, key), values in statement.conditions.items()
        for wanted in keys
        if matches(wanted, key)
    )


def exempts_named(operator: str, key: str, values: tuple[str, ...]) -> bool:
    """Tell whether a condition of a denial exempts roles by name, or by the id that begins their sessions."""
    if operator not in _EXEMPTING or not values:
        return False
    if key == "aws:userid":
        return all(is_fixed(value.split(":", 1)[0]) for value in values)
    return key == "aws:principalarn" and all(":role/" in arn and is_fixed(arn) for arn in values)


def confined(statement: Statement) -> bool:
    """Tell whether a service may use the statement only on behalf of named accounts.

    The ARN of a bucket alone holds no account: it could be deleted and made anew by somebody else.
    """
    sources = [value for values in statement.values_of("aws:SourceArn", *EQUALS) for value in values]
    return narrowed_by(
        statement, "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths", "aws:sourceowner"
    ) or bool(sources and all(map(names_account, sources)))
