"""The Principal and NotPrincipal elements of a resource policy."""

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.permissions.errors import PolicyError

_ROOT = re.compile(r"(?:arn:[^:]+:iam::)?(\d{12})(?::root)?")
_TYPES = frozenset({"AWS", "Service", "Federated", "CanonicalUser"})


class Match(enum.Enum):
    """How a statement's principals concern the caller."""

    NONE = enum.auto()
    ACCOUNT = enum.auto()  # the account is named: an Allow only lets identity policies decide
    ROLE = (
        enum.auto()
    )  # the role is named: boundary and session policies of its sessions still limit an Allow
    DIRECT = enum.auto()  # the session, user, service or everybody is named: an Allow needs no other


@dataclass(frozen=True, kw_only=True)
class Principals:
    """Whom a statement names: ARNs, account numbers, `*`, service names."""

    where: str
    negated: bool
    aws: frozenset[str]
    services: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who asks: a role or user by ARN (of a role with the ARN of its session) or a service by its name."""

    principal: str
    account: str
    session_arn: str | None = None

    @property
    def is_service(self) -> bool:
        """Whether an AWS service asks in its own name."""
        return not self.principal.startswith("arn:")

    @property
    def is_role(self) -> bool:
        """Whether a session of a role asks, which is another principal than the role."""
        return ":role/" in self.principal


def parse_principals(element: Any, *, where: str, negated: bool) -> Principals:
    """Read a Principal or NotPrincipal element.

    Raises
    ------
    PolicyError
        The kind of principal is unknown, or an ARN holds a wildcard, which AWS refuses.
    """
    by_type = {"AWS": "*"} if element == "*" else element
    if not isinstance(by_type, Mapping) or not by_type or by_type.keys() - _TYPES:
        raise PolicyError(f'{where}: principal {element!r} is not "*" or an object with {sorted(_TYPES)}')
    names = {kind: [names] if isinstance(names, str) else list(names) for kind, names in by_type.items()}
    aws = frozenset(names.get("AWS", []))
    if partial := sorted(name for name in aws if name != "*" and ("*" in name or "?" in name)):
        raise PolicyError(
            f"{where}: principal {partial[0]!r} holds a wildcard, which AWS refuses; name the role"
        )
    return Principals(
        where=where, negated=negated, aws=aws, services=frozenset(names.get("Service", []))
    )  # fmt: skip


def match_principals(principals: Principals, caller: Caller, *, bounded: bool = False) -> Match:
    """Say how *principals* concern *caller* ("Principal", "NotPrincipal" in AWS's guide).

    NotPrincipal spares a role only if its account is named beside it, because AWS looks at the account first,
    and nobody who is *bounded* by a permissions boundary.
    """
    everyone = "*" in principals.aws
    if caller.is_service:
        named = everyone or caller.principal in principals.services
        return Match.DIRECT if named != principals.negated else Match.NONE
    account = any((m := _ROOT.fullmatch(name)) and m[1] == caller.account for name in principals.aws)
    role, session = (name in principals.aws for name in (caller.principal, caller.session_arn))
    if principals.negated:
        return Match.NONE if not bounded and (everyone or (account and role)) else Match.DIRECT
    if everyone or session or (role and not caller.is_role):
        return Match.DIRECT
    if role:
        return Match.ROLE
    return Match.ACCOUNT if account else Match.NONE
