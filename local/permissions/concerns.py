"""How one statement concerns a request: by which of its actions, resources and condition values."""

from dataclasses import dataclass

from local.permissions.conditions import Outcome, check_keys, judge, single_value
from local.permissions.documents import Kind, Statement
from local.permissions.keys import Context
from local.permissions.patterns import matches, matches_resource, parse_pattern, resolve_pattern
from local.permissions.principals import Caller, Match, match_principals


@dataclass(frozen=True, kw_only=True)
class Request:
    """Who wants to do what to which resource (an ARN, or `*` where the action has none)."""

    caller: Caller
    action: str
    resource: str
    context: Context


@dataclass(frozen=True, kw_only=True)
class Concern:
    """A statement whose principals, actions and resources fit a request.

    `actions` and `resources` are those of the statement's entries that fit, all of them; of a statement with
    NotAction or NotResource, `*`.
    """

    statement: Statement
    kind: Kind
    match: Match
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    outcomes: tuple[Outcome, ...]

    @property
    def met(self) -> bool:
        """Whether every condition holds."""
        return all(outcome.met for outcome in self.outcomes)


def concern(statement: Statement, kind: Kind, request: Request, *, bounded: bool) -> Concern | None:
    """Say how *statement* concerns *request*, None if it does not; *bounded* callers have a boundary.

    Raises
    ------
    PolicyError
        A condition holds a key or value that is not known. All conditions are judged, so that one which
        cannot be is an error whatever the others say.
    """
    match = Match.DIRECT
    if statement.principals:
        match = match_principals(statement.principals, request.caller, bounded=bounded)
    if match is Match.NONE:
        return None
    actions = _fitting_actions(statement, request.action)
    resources = _fitting_resources(statement, request) if actions else ()
    if not resources:
        return None
    check_keys(statement.conditions)
    return Concern(
        statement=statement,
        kind=kind,
        match=match,
        actions=actions,
        resources=resources,
        outcomes=tuple(judge(condition, request.context) for condition in statement.conditions),
    )


def _fitting_actions(statement: Statement, action: str) -> tuple[str, ...]:
    fitting = tuple(w for w in statement.actions if matches(parse_pattern(w), action, ignore_case=True))
    return _everything_but(fitting) if statement.not_actions else fitting


def _fitting_resources(statement: Statement, request: Request) -> tuple[str, ...]:
    fitting = tuple(written for written in statement.resources if _is_resource(statement, written, request))
    return _everything_but(fitting) if statement.not_resources else fitting


def _everything_but(fitting: tuple[str, ...]) -> tuple[str, ...]:
    return () if fitting else ("*",)


def _is_resource(statement: Statement, written: str, request: Request) -> bool:
    if statement.variables:
        pattern = resolve_pattern(written, lambda key: single_value(request.context, key, statement.name))
    else:
        pattern = parse_pattern(written)
    return pattern is not None and matches_resource(pattern, request.resource)
