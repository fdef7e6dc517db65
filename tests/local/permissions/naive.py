"""A second evaluator, for tests alone: AWS's rules as its guide to IAM words them, one after the other.

It knows JSON and nothing of the project. Slow, and obviously right: every wildcard is tried at every place.
"""

import base64
import ipaddress
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

type Json = dict[str, Any]

ANY, ONE = object(), object()


def decide(
    request: Json,
    identity: list[Json],
    resource: list[Json],
    *,
    boundary: list[Json],
    session: list[Json],
    resource_decides: bool,
) -> str:
    """Return `denied` (explicitly), `allowed` or `not allowed`.

    A request has account, role and session, or service; action, resource, and context: key to list of values.
    """
    everything = [*identity, *resource, *boundary, *session]
    if any(applies(s, "Deny", request, bool(boundary)) for s in statements(everything)):
        return "denied"
    from_resource = {
        how_named(s["Principal"], request)
        for s in statements(resource)
        if applies(s, "Allow", request, bool(boundary))
    }
    if "session" in from_resource:
        return (
            "allowed"  # "not limited by an implicit deny in an identity-based policy, a boundary, a session"
        )
    from_identity = any(applies(s, "Allow", request, bool(boundary)) for s in statements(identity))
    if resource_decides:
        granted = "role" in from_resource or ("account" in from_resource and from_identity)
    else:
        granted = "role" in from_resource or from_identity
    for limit in (boundary, session):
        if limit and not any(applies(s, "Allow", request, bool(boundary)) for s in statements(limit)):
            granted = False
    return "allowed" if granted else "not allowed"


def statements(documents: list[Json]) -> list[Json]:
    """Return all statements, each with its document's version."""
    return [{**s, "Version": d.get("Version")} for d in documents for s in listed(d["Statement"])]


def applies(statement: Json, effect: str, request: Json, bounded: bool) -> bool:
    """Whether a statement has *effect* and concerns the request, its conditions included."""
    if statement["Effect"] != effect:
        return False
    if "Principal" in statement and not how_named(statement["Principal"], request):
        return False
    if "NotPrincipal" in statement and spared(statement["NotPrincipal"], request, bounded):
        return False
    fits_action = any(
        fits(list(action_pattern(a)), request["action"].lower())
        for a in listed(statement.get("Action", statement.get("NotAction")))
    )
    if fits_action != ("Action" in statement):
        return False
    fits_resource = any(
        resource_fits(r, request["resource"])
        for r in resolved(listed(statement.get("Resource", statement.get("NotResource"))), statement, request)
    )
    if fits_resource != ("Resource" in statement):
        return False
    return all(
        holds(operator, key, resolved(listed(values), statement, request), request["context"])
        for operator, keys in statement.get("Condition", {}).items()
        for key, values in keys.items()
    )


def listed(value: Any) -> list[Any]:
    """Return a single value as a list of one."""
    return value if isinstance(value, list) else [value]


def named(principal: Any, kind: str) -> list[str]:
    """Return the names of one kind in a Principal element."""
    return listed({"AWS": "*"}.get(kind, []) if principal == "*" else principal.get(kind, []))


def how_named(principal: Any, request: Json) -> str:
    """Return as what the caller is named: session (nothing limits that), role, account, or not at all."""
    aws = named(principal, "AWS")
    if "*" in aws:
        return "session"
    if service := request.get("service"):
        return "session" if service in named(principal, "Service") else ""
    if request["session"] in aws:
        return "session"
    if request["role"] in aws:
        return "role"
    account = request["account"]
    return "account" if account in aws or f"arn:aws:iam::{account}:root" in aws else ""


def spared(principal: Any, request: Json, bounded: bool) -> bool:
    """Whether NotPrincipal spares the caller: role and account are named, and no boundary is attached."""
    aws = named(principal, "AWS")
    if service := request.get("service"):
        return "*" in aws or service in named(principal, "Service")
    if bounded:
        return False
    account = request["account"]
    in_account = account in aws or f"arn:aws:iam::{account}:root" in aws
    return "*" in aws or (in_account and request["role"] in aws)


def action_pattern(text: str) -> list[Any]:
    """Return an action's characters in lower case, wildcards marked."""
    return [{"*": ANY, "?": ONE}.get(c, c) for c in text.lower()]


def resolved(texts: list[Any], statement: Json, request: Json) -> list[list[Any]]:
    """Return patterns as lists of characters and wildcards; one with a variable without value is left out."""
    patterns = []
    for text in texts:
        plain = str(text).lower() if isinstance(text, bool) else str(text)
        pattern: list[Any] | None = []
        variables = statement["Version"] == "2012-10-17"
        for piece in re.split(r"(\$\{[^}]*\})", plain) if variables else [plain]:
            if variables and piece.startswith("${"):
                value = variable(piece[2:-1], request["context"])
                pattern = None if value is None or pattern is None else pattern + list(value)
            elif pattern is not None:
                pattern += [{"*": ANY, "?": ONE}.get(c, c) for c in piece]
        if pattern is not None:
            patterns.append(pattern)
    return patterns


def variable(inside: str, context: Json) -> str | None:
    """Return what a variable stands for: a character, a value of the request, or its default."""
    name, comma, default = inside.partition(",")
    if name.strip() in ("*", "?", "$"):
        return name.strip()
    values = values_of(name.strip(), context)
    if values:
        return str(values[0])
    return default.strip().strip("'") if comma else None


def values_of(key: str, context: Json) -> list[str]:
    """Return a key's values; names of keys ignore case, but for what follows the slash of a tag's key."""

    def folded(name: str) -> str:
        family, slash, tag = name.partition("/")
        return family.lower() + slash + tag

    return next((values for name, values in context.items() if folded(name) == folded(key)), [])


def fits(pattern: list[Any], text: str) -> bool:
    """Whether the whole *text* fits: `*` is any run of characters, `?` any one."""
    if not pattern:
        return not text
    first, rest = pattern[0], pattern[1:]
    if first is ANY:
        return any(fits(rest, text[i:]) for i in range(len(text) + 1))
    return bool(text) and (first is ONE or first == text[0]) and fits(rest, text[1:])


def resource_fits(pattern: list[Any], arn: str) -> bool:
    """Whether an ARN fits a Resource element: wildcards within segments, a last `*` also beyond."""
    if pattern and all(piece is ANY for piece in pattern):
        return True
    missing = 5 - pattern.count(":")
    for _ in range(missing):
        pattern = [*pattern, ":", ANY]
    return _segments_fit(pattern, arn, 0)


def _segments_fit(pattern: list[Any], text: str, segment: int) -> bool:
    if not pattern:
        return not text
    first, rest = pattern[0], pattern[1:]
    if first is ANY:
        beyond = segment == 5 or not rest or rest[0] == ":"
        ends = [i for i in range(len(text) + 1) if beyond or ":" not in text[:i]]
        return any(_segments_fit(rest, text[i:], segment) for i in ends)
    if not text or (first is ONE and text[0] == ":" and segment < 5):
        return False
    if first is not ONE and first != text[0]:
        return False
    return _segments_fit(rest, text[1:], min(segment + (first == ":"), 5))


def holds(operator: str, key: str, patterns: list[list[Any]], context: Json) -> bool:
    """Whether one operator holds for one key."""
    values = values_of(key, context)
    if operator == "Null":
        return any((written(p).lower() == "true") == (not values) for p in patterns)
    quantifier, _, name = operator.rpartition(":")
    base = name.removesuffix("IfExists")
    if not values:
        if base != name:
            return True
        return {"ForAllValues": True, "ForAnyValue": False}.get(quantifier, "Not" in base)
    if "Not" in base:
        met = [not any(equal(base.replace("Not", ""), value, p) for p in patterns) for value in values]
    else:
        met = [any(equal(base, value, p) for p in patterns) for value in values]
    return any(met) if quantifier == "ForAnyValue" else all(met)


def written(pattern: list[Any]) -> str:
    """Return the text of a pattern, for operators to which a wildcard is a character."""
    return "".join({ANY: "*", ONE: "?"}.get(p, p) for p in pattern)


def equal(operator: str, value: str, pattern: list[Any]) -> bool:
    """Compare one value of the request with one of the policy."""
    text = written(pattern)
    if operator == "StringEquals":
        return value == text
    if operator == "StringEqualsIgnoreCase":
        return value.casefold() == text.casefold()
    if operator == "StringLike":
        return fits(pattern, value)
    if operator == "Bool":
        return value.lower() == text.lower()
    if operator == "BinaryEquals":
        return base64.b64decode(value) == base64.b64decode(text)
    if operator == "IpAddress":
        return ipaddress.ip_address(value) in ipaddress.ip_network(text)
    if operator in ("ArnEquals", "ArnLike"):
        parts: list[list[Any]] = [[]]
        for piece in pattern:
            if piece == ":" and len(parts) < 6:
                parts.append([])
            else:
                parts[-1].append(piece)
        found = value.split(":", 5)
        return len(found) == len(parts) == 6 and all(map(fits, parts, found))
    family, relation = re.fullmatch(r"(Numeric|Date)(.*)", operator).groups()  # type: ignore[union-attr]
    left, right = (Decimal(value), Decimal(text)) if family == "Numeric" else (moment(value), moment(text))
    return {
        "Equals": left == right,
        "LessThan": left < right,
        "LessThanEquals": left <= right,
        "GreaterThan": left > right,
        "GreaterThanEquals": left >= right,
    }[relation]


def moment(text: str) -> Decimal:
    """Return seconds since 1970 for an ISO 8601 text, or for such seconds."""
    if text.isdigit():
        return Decimal(text)
    found = datetime.fromisoformat(text)
    return Decimal(str((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()))
