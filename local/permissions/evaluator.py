"""AWS's policy evaluation for a caller and a resource of the same account, as a pure function."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from local.permissions.conditions import check_keys, holds, single_value
from local.permissions.documents import Kind, Policy, Statement
from local.permissions.keys import Context
from local.permissions.patterns import matches, parse_pattern, resolve_pattern
from local.permissions.principals import Caller, Match, match_principals

_DENIED_IN = {
    Kind.IDENTITY: "an identity-based",
    Kind.RESOURCE: "a resource-based",
    Kind.TRUST: "a role trust",
}


@dataclass(frozen=True, kw_only=True)
class Request:
    """Who wants to do what to which resource (an ARN, or `*` where the action has none)."""

    caller: Caller
    action: str
    resource: str
    context: Context


@dataclass(frozen=True, kw_only=True)
class Grant:
    """The part of an Allow statement that a request made use of."""

    statement: str
    action: str
    resource: str


@dataclass(frozen=True, kw_only=True)
class Decision:
    """The outcome for *request*; *reason* names caller, action, resource and the statement that decided.

    *cause* is the end of AWS's own message, empty when allowed.
    """

    request: Request
    allowed: bool
    reason: str
    cause: str = ""
    grants: tuple[Grant, ...] = ()


@dataclass(kw_only=True)
class _Findings:
    denied: list[tuple[Statement, Kind]] = field(default_factory=list)
    by_identity: list[Grant] = field(default_factory=list)
    by_resource: list[Grant] = field(default_factory=list)
    by_account: list[Grant] = field(default_factory=list)


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
    names the account.

    Raises
    ------
    PolicyError
        A statement that concerns the request holds a condition key or value that is not known, wherever it
        stands: all statements are looked at.
    """
    found = _Findings()
    for policy in (*identity, *resource):
        for statement in policy.statements:
            _judge_statement(statement, policy.kind, request, found)
    grants = _effective(found, resource_decides=resource_decides)
    if grants and not found.denied:
        names = " and ".join(dict.fromkeys(grant.statement for grant in grants))
        reason = f"{_asked(request)} is allowed by {names}"
        return Decision(request=request, allowed=True, reason=reason, grants=grants)
    if found.denied:
        statement, kind = found.denied[0]
        why = f"denied by {statement.name}"
        cause = f"with an explicit deny in {_DENIED_IN[kind]} policy"
    else:
        side = Kind.RESOURCE if resource_decides and not found.by_account else Kind.IDENTITY
        why = f"allowed by no statement in {_names(identity, resource)}"
        cause = f"because no {side.value} policy allows the {request.action} action"
    return Decision(request=request, allowed=False, reason=f"{_asked(request)} is {why}", cause=cause)


def _asked(request: Request) -> str:
    return f"{request.action} on {request.resource} by {request.caller.principal}"


def _effective(found: _Findings, *, resource_decides: bool) -> tuple[Grant, ...]:
    if resource_decides and not found.by_resource:
        return (*found.by_account, *found.by_identity) if found.by_account and found.by_identity else ()
    return (*found.by_resource, *([] if resource_decides else found.by_identity))


def _judge_statement(statement: Statement, kind: Kind, request: Request, found: _Findings) -> None:
    match = match_principals(statement.principals, request.caller) if statement.principals else Match.DIRECT
    if match is Match.NONE:
        return
    action = _first_action(statement, request.action)
    resource = _first_resource(statement, request)
    if action is None or resource is None:
        return
    check_keys(statement.conditions)
    # All are judged before any counts: a value that cannot be compared is an error whatever the others say.
    met = [holds(condition, request.context) for condition in statement.conditions]
    if not all(met):
        return
    if not statement.allows:
        found.denied.append((statement, kind))
        return
    grant = Grant(statement=statement.name, action=action, resource=resource)
    if kind is Kind.IDENTITY:
        found.by_identity.append(grant)
    else:
        (found.by_resource if match is Match.DIRECT else found.by_account).append(grant)


def _first_action(statement: Statement, action: str) -> str | None:
    """Return the pattern by which the statement concerns *action*, None if it does not."""
    for written in statement.actions:
        if matches(parse_pattern(written), action, ignore_case=True):
            return None if statement.not_actions else written
    return "*" if statement.not_actions else None


def _first_resource(statement: Statement, request: Request) -> str | None:
    for written in statement.resources:
        if statement.variables:
            pattern = resolve_pattern(written, lambda key: single_value(request.context, key, statement.name))
        else:
            pattern = parse_pattern(written)
        if pattern is not None and matches(pattern, request.resource):
            return None if statement.not_resources else written
    return "*" if statement.not_resources else None


def _names(identity: Sequence[Policy], resource: Sequence[Policy]) -> str:
    names = [policy.name for policy in (*identity, *resource)]
    return ", ".join(names) if names else "any policy, there being none"
