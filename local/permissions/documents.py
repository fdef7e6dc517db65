"""Policy documents, read once into statements that can be judged."""

import enum
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.permissions.conditions import Condition, parse_conditions
from local.permissions.errors import PolicyError
from local.permissions.principals import Principals, parse_principals

_VERSIONS = ("2012-10-17", "2008-10-17")
_ACTION = re.compile(r"[A-Za-z0-9-]+:[A-Za-z0-9*?-]+")
_DOCUMENT = frozenset({"Version", "Id", "Statement"})
STATEMENT_ELEMENTS = frozenset(
    {
        "Sid",
        "Effect",
        "Principal",
        "NotPrincipal",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
    }
)


class Kind(enum.Enum):
    """What a policy hangs on, in the words of AWS's messages."""

    IDENTITY = "identity-based"
    RESOURCE = "resource-based"
    TRUST = "role trust"
    BOUNDARY = "permissions boundary"
    SESSION = "session"

    @property
    def names_principals(self) -> bool:
        """Whether its statements say whom they concern; the others concern whom they are attached to."""
        return self in (Kind.RESOURCE, Kind.TRUST)

    @property
    def limits(self) -> bool:
        """Whether it grants nothing, and bounds what other policies grant."""
        return self in (Kind.BOUNDARY, Kind.SESSION)


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One statement; *name* says which, for messages and records."""

    name: str
    allows: bool
    actions: tuple[str, ...]
    not_actions: bool
    resources: tuple[str, ...]
    not_resources: bool
    principals: Principals | None
    conditions: tuple[Condition, ...]
    variables: bool

    def __hash__(self) -> int:
        return hash(self.name)


@dataclass(frozen=True, kw_only=True)
class Policy:
    """A policy document with the name that people know it by."""

    name: str
    kind: Kind
    statements: tuple[Statement, ...]

    def __hash__(self) -> int:
        return hash(self.name)


def parse_policy(document: str | Mapping[str, Any], *, name: str, kind: Kind) -> Policy:
    """Read a policy document given as JSON text or as an object.

    Raises
    ------
    PolicyError
        The document holds an element, operator or value that AWS or the evaluator does not know.
    """
    try:
        content = json.loads(document) if isinstance(document, str) else document
    except ValueError as error:
        raise PolicyError(f"{name}: not JSON: {error}") from None
    if not isinstance(content, Mapping) or "Statement" not in content:
        raise PolicyError(f"{name}: not a policy document with a Statement")
    _refuse_unknown(content, _DOCUMENT, name)
    version = content.get("Version", _VERSIONS[1])
    if version not in _VERSIONS:
        raise PolicyError(f"{name}: Version {version!r} is not one of {', '.join(_VERSIONS)}")
    statements = content["Statement"]
    listed = [statements] if isinstance(statements, Mapping) else list(statements)
    return Policy(
        name=name,
        kind=kind,
        statements=tuple(
            _statement(one, index, name, kind, variables=version == _VERSIONS[0])
            for index, one in enumerate(listed)
        ),
    )


def _statement(raw: Any, index: int, policy: str, kind: Kind, *, variables: bool) -> Statement:
    if not isinstance(raw, Mapping):
        raise PolicyError(f"{policy}: statement {index} is not an object")
    where = f"statement {raw.get('Sid') or index!r} of {policy}"
    _refuse_unknown(raw, STATEMENT_ELEMENTS, where)
    if raw.get("Effect") not in ("Allow", "Deny"):
        raise PolicyError(f"{where}: Effect {raw.get('Effect')!r} is not Allow or Deny")
    actions, not_actions = _one_of(raw, "Action", where)
    if kind is Kind.TRUST:
        raw = {**raw, "Resource": "*"}  # a trust policy has none: it is about the role that it belongs to
    resources, not_resources = _one_of(raw, "Resource", where)
    _refuse_malformed(actions, resources, where)
    return Statement(
        name=where,
        allows=raw["Effect"] == "Allow",
        actions=actions,
        not_actions=not_actions,
        resources=resources,
        not_resources=not_resources,
        principals=_principals(raw, kind, where),
        conditions=parse_conditions(raw.get("Condition", {}), where=where, variables=variables),
        variables=variables,
    )


def _principals(raw: Mapping[str, Any], kind: Kind, where: str) -> Principals | None:
    given = raw.keys() & {"Principal", "NotPrincipal"}
    if not kind.names_principals:
        if given:
            raise PolicyError(f"{where}: no {kind.value} policy may name a principal")
        return None
    if len(given) != 1:
        raise PolicyError(f"{where}: needs exactly one of Principal and NotPrincipal")
    negated = "NotPrincipal" in given
    if negated and kind is Kind.TRUST:
        raise PolicyError(f"{where}: AWS refuses NotPrincipal in a trust policy; name the principals")
    if negated and raw["Effect"] == "Allow":
        raise PolicyError(f"{where}: AWS does not support NotPrincipal with Allow; name the principals")
    return parse_principals(raw[given.pop()], where=where, negated=negated)


def _one_of(raw: Mapping[str, Any], element: str, where: str) -> tuple[tuple[str, ...], bool]:
    given = raw.keys() & {element, f"Not{element}"}
    if len(given) != 1:
        raise PolicyError(f"{where}: needs exactly one of {element} and Not{element}")
    name = given.pop()
    value = raw[name]
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list | tuple) or not listed or not all(isinstance(v, str) for v in listed):
        raise PolicyError(f"{where}: {name} must be text or a list of texts, not {value!r}")
    return tuple(listed), name != element


def _refuse_malformed(actions: tuple[str, ...], resources: tuple[str, ...], where: str) -> None:
    for action in actions:
        if action != "*" and not _ACTION.fullmatch(action):
            raise PolicyError(
                f"{where}: action {action!r} is not * or begins with no service, as in s3:GetObject"
            )
    for resource in resources:
        if resource != "*" and not resource.startswith("arn:"):
            raise PolicyError(f"{where}: resource {resource!r} is not * and not an ARN")


def _refuse_unknown(raw: Mapping[str, Any], known: frozenset[str], where: str) -> None:
    if unknown := sorted(raw.keys() - known):
        raise PolicyError(f"{where}: element {unknown[0]!r} is not one of {sorted(known)}")
