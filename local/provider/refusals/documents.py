"""The grammar of policy documents, in the words of IAM (AWS: "Grammar of the IAM JSON policy language").

The evaluator reads documents too, but knows fewer condition keys than AWS, which is no fault of a document.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from local.permissions.documents import STATEMENT_ELEMENTS, Kind

_ACTION = re.compile(r"\*|[a-zA-Z0-9-]+:[a-zA-Z0-9*?]+")
_RESOURCE = re.compile(r"\*|arn:[^:]*:[^:]*:[^:]*:[^:]*:.+|arn:[^:]*(:[^:]*)*\*")
_SID = re.compile(r"[A-Za-z0-9]*")
_BASES = """
StringEquals StringNotEquals StringEqualsIgnoreCase StringNotEqualsIgnoreCase StringLike StringNotLike
NumericEquals NumericNotEquals NumericLessThan NumericLessThanEquals NumericGreaterThan
NumericGreaterThanEquals
DateEquals DateNotEquals DateLessThan DateLessThanEquals DateGreaterThan DateGreaterThanEquals
Bool BinaryEquals IpAddress NotIpAddress ArnEquals ArnLike ArnNotEquals ArnNotLike Null
"""
_OPERATORS = frozenset(_BASES.lower().split())
_OPERATOR = re.compile(r"(?:forallvalues:|foranyvalue:)?([a-z]+?)(ifexists)?")
_SYNTAX = "Syntax errors in policy."


def grammar_fault(document: Any, kind: Kind) -> str:
    """Return what IAM would answer to a document that breaks the grammar; empty if it does not."""
    try:
        content = json.loads(document) if isinstance(document, str) else document
    except ValueError:
        return "This policy contains invalid Json"
    if not isinstance(content, Mapping) or "Statement" not in content:
        return _SYNTAX
    if content.keys() - {"Version", "Id", "Statement"}:
        return _SYNTAX
    if content.get("Version", "2008-10-17") not in ("2012-10-17", "2008-10-17"):
        return _SYNTAX
    listed = content["Statement"]
    found = [listed] if isinstance(listed, Mapping) else listed
    if not isinstance(found, list) or not found or not all(isinstance(one, Mapping) for one in found):
        return _SYNTAX
    return next(_faults(found, kind), "")


def _faults(found: list[Mapping[str, Any]], kind: Kind) -> Iterator[str]:
    sids = [str(one["Sid"]) for one in found if one.get("Sid")]
    if len(sids) != len(set(sids)):
        yield "Statement IDs (SID) in a single policy must be unique."
    for one in found:
        if one.keys() - STATEMENT_ELEMENTS or one.get("Effect") not in ("Allow", "Deny"):
            yield _SYNTAX
        if kind is Kind.IDENTITY and not _SID.fullmatch(str(one.get("Sid", ""))):
            yield f"Statement IDs (SID) must be alpha-numeric: {one['Sid']}"
        yield from _action_faults(one)
        yield from _principal_faults(one, kind)
        yield from _resource_faults(one, kind)
        yield from _condition_faults(one.get("Condition", {}))


def _texts_or_fault(one: Mapping[str, Any], element: str) -> list[str] | None:
    """Return the values of an element or of its Not form; None if both are there, or not as texts."""
    present = one.keys() & {element, f"Not{element}"}
    value = one[present.pop()] if len(present) == 1 else []
    listed = [value] if isinstance(value, str) else value
    if len(present) or not isinstance(listed, list) or not all(isinstance(item, str) for item in listed):
        return None
    return listed


def _action_faults(one: Mapping[str, Any]) -> Iterator[str]:
    actions = _texts_or_fault(one, "Action")
    if actions is None:
        yield _SYNTAX
    elif not actions:
        yield "Policy statement must contain actions."
    elif any(not _ACTION.fullmatch(action) for action in actions):
        yield "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."


def _resource_faults(one: Mapping[str, Any], kind: Kind) -> Iterator[str]:
    resources = _texts_or_fault(one, "Resource")
    if kind is Kind.TRUST:
        if one.keys() & {"Resource", "NotResource"}:
            yield "Has prohibited field Resource"
    elif resources is None:
        yield _SYNTAX
    elif not resources:
        yield "Policy statement must contain resources."
    elif kind is Kind.IDENTITY:
        for resource in resources:
            if not _RESOURCE.fullmatch(resource) and "${" not in resource:
                yield f'Resource {resource} must be in ARN format or "*".'


def _principal_faults(one: Mapping[str, Any], kind: Kind) -> Iterator[str]:
    present = one.keys() & {"Principal", "NotPrincipal"}
    if kind is Kind.IDENTITY:
        if present:
            yield "Policy document should not specify a principal."
        return
    if len(present) != 1:
        yield "Missing required field Principal" if not present else _SYNTAX
        return
    principal = one[present.pop()]
    if principal == "*":
        return
    known = {"AWS", "Service", "Federated", "CanonicalUser"}
    if (
        not isinstance(principal, Mapping)
        or not principal
        or principal.keys() - known
        or any("*" in name and name != "*" for name in texts(principal.get("AWS")))
    ):
        yield "Invalid principal in policy"


def _condition_faults(condition: Any) -> Iterator[str]:
    if not isinstance(condition, Mapping):
        yield _SYNTAX
        return
    for operator, keys in condition.items():
        found = _OPERATOR.fullmatch(operator.lower())
        if not found or found[1] not in _OPERATORS:
            yield f"Invalid Condition type : {operator}."
        elif not isinstance(keys, Mapping):
            yield _SYNTAX


def statements(document: Any) -> list[Mapping[str, Any]]:
    """Return the statements of a document; none if it is not one, which `grammar_fault` says."""
    try:
        content = json.loads(document) if isinstance(document, str) else document
    except ValueError:
        return []
    found = content.get("Statement", []) if isinstance(content, Mapping) else []
    listed = [found] if isinstance(found, Mapping) else found
    return [one for one in listed if isinstance(one, Mapping)] if isinstance(listed, list) else []


def texts(value: Any) -> list[str]:
    """Return an element's values, of which one may stand without a list."""
    return [value] if isinstance(value, str) else [str(item) for item in value or []]
