"""AWS's policy evaluation for a caller and a resource of the same account, as a pure function.

It follows the pages "Policy evaluation logic", "How AWS enforcement code logic evaluates requests to allow or
deny access" and "Permissions boundaries for IAM entities" of AWS's guide to IAM.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from local.permissions.concerns import Concern, Request, concern
from local.permissions.documents import Kind, Policy
from local.permissions.principals import Match

__all__ = ["Decision", "Front", "Grant", "Request", "evaluate"]

_DENIED_IN = {
    Kind.IDENTITY: "an identity-based policy",
    Kind.RESOURCE: "a resource-based policy",
    Kind.TRUST: "a role trust policy",
    Kind.BOUNDARY: "a permissions boundary",
    Kind.SESSION: "a session policy",
}


@dataclass(frozen=True, kw_only=True)
class Front:
    """The policies that have a say in a request; *resource_decides* as `evaluate` takes it."""

    policies: tuple[Policy, ...]
    resource_decides: bool = False


@dataclass(frozen=True, kw_only=True)
class Grant:
    """The part of an Allow statement that a request made use of."""

    statement: str
    action: str
    resource: str


@dataclass(frozen=True, kw_only=True)
class Decision:
    """The outcome for *request*; *reason* names caller, action, resource and the statement that decided.

    *cause* is the end of AWS's own message, empty when allowed. *front* and *concerns* say what was judged.
    """

    request: Request
    allowed: bool
    reason: str
    cause: str = ""
    grants: tuple[Grant, ...] = ()
    front: Front
    concerns: tuple[Concern, ...]


def evaluate(
    request: Request,
    *,
    identity: Sequence[Policy] = (),
    resource: Sequence[Policy] = (),
    resource_decides: bool = False,
) -> Decision:
    """Decide *request* as AWS does within one account.

    An explicit Deny anywhere wins; else a policy of the caller or one of the resource must allow. With
    *resource_decides* (KMS keys, role trust) the caller's policies count only where the resource's own policy
    names the account. *identity* may hold a permissions boundary and session policies of the caller: they
    limit what the other policies allow, but for a session, service or everybody named by the resource itself.

    Raises
    ------
    PolicyError
        A statement that concerns the request holds a condition key or value that is not known, wherever it
        stands: all statements are looked at.
    """
    return decide(request, Front(policies=(*identity, *resource), resource_decides=resource_decides))


def decide(request: Request, front: Front) -> Decision:
    """Decide *request* by the policies in *front*; see `evaluate`."""
    bounded = any(policy.kind is Kind.BOUNDARY for policy in front.policies)
    concerns = tuple(
        found
        for policy in front.policies
        for statement in policy.statements
        if (found := concern(statement, policy.kind, request, bounded=bounded))
    )
    met = [found for found in concerns if found.met]
    denials = [found for found in met if not found.statement.allows]
    grants = () if denials else _granting([found for found in met if found.statement.allows], front)
    asked = f"{request.action} on {request.resource} by {request.caller.principal}"
    if grants:
        names = " and ".join(dict.fromkeys(found.statement.name for found in grants))
        return Decision(
            request=request, allowed=True, reason=f"{asked} is allowed by {names}",
            grants=tuple(map(_grant, grants)), front=front, concerns=concerns,
        )  # fmt: skip
    if denials:
        why = f"denied by {denials[0].statement.name}"
        cause = f"with an explicit deny in {_DENIED_IN[denials[0].kind]}"
    else:
        kind, where = _missing(met, front)
        why = f"allowed by no statement in {where}"
        cause = f"because no {_words(kind)} allows the {request.action} action"
    return Decision(
        request=request,
        allowed=False,
        reason=f"{asked} is {why}",
        cause=cause,
        front=front,
        concerns=concerns,
    )


def _granting(allows: Sequence[Concern], front: Front) -> tuple[Concern, ...]:
    """Return the Allow statements that together allow the request, none if they do not."""
    direct = _named(allows, Match.DIRECT)
    limited = _limited(allows, front)
    limits = tuple(found for found in allows if found.kind.limits)
    if limited and not _unmet_limits(allows, front):
        return (*direct, *limited, *limits)
    return direct


def _limited(allows: Sequence[Concern], front: Front) -> tuple[Concern, ...]:
    """Return what allows the request as far as boundary and session policies let it."""
    identity = tuple(found for found in allows if found.kind is Kind.IDENTITY)
    roles = _named(allows, Match.ROLE)
    if not front.resource_decides:
        return (*roles, *identity)
    account = _named(allows, Match.ACCOUNT)
    if roles or not (account and identity):
        return roles
    return (*account, *identity)


def _named(allows: Iterable[Concern], match: Match) -> tuple[Concern, ...]:
    return tuple(found for found in allows if found.kind.names_principals and found.match is match)


def _unmet_limits(allows: Sequence[Concern], front: Front) -> list[Kind]:
    """Return the kinds of limiting policies of which none allows the request."""
    kinds = dict.fromkeys(policy.kind for policy in front.policies if policy.kind.limits)
    return [kind for kind in kinds if not any(found.kind is kind for found in allows)]


def _missing(met: Sequence[Concern], front: Front) -> tuple[Kind, str]:
    """Return the kind of policy in which an Allow is missing, and the names of those policies."""
    allows = [found for found in met if found.statement.allows]
    if _limited(allows, front):
        kind = _unmet_limits(allows, front)[0]
        return kind, _names(policy for policy in front.policies if policy.kind is kind)
    decisive = next((policy.kind for policy in front.policies if policy.kind.names_principals), Kind.RESOURCE)
    asks_resource = front.resource_decides and not _named(allows, Match.ACCOUNT)
    kind = decisive if asks_resource else Kind.IDENTITY
    return kind, _names(policy for policy in front.policies if not policy.kind.limits)


def _names(policies: Iterable[Policy]) -> str:
    return ", ".join(policy.name for policy in policies) or "any policy, there being none"


def _words(kind: Kind) -> str:
    return kind.value if kind is Kind.BOUNDARY else f"{kind.value} policy"


def _grant(found: Concern) -> Grant:
    return Grant(statement=found.statement.name, action=found.actions[0], resource=found.resources[0])
