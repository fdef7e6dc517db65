"""Requests that a Deny statement stops and nothing else does, built from the statement itself."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product

from local.permissions.administrator import ACCESS
from local.permissions.concerns import Request
from local.permissions.conditions import Condition
from local.permissions.contexts import common
from local.permissions.documents import Kind, Policy, Statement
from local.permissions.evaluator import Front
from local.permissions.keys import Context, is_multivalued
from local.permissions.operators import OPERATORS
from local.permissions.patterns import matches, parse_pattern
from local.permissions.principals import Caller
from local.permissions.recording import Recorded

type Change = Mapping[str, tuple[str, ...] | None]

FILLER = "probe"
_OF_THE_CALLER = "aws:principal"


def probes(
    statement: Statement, policy: Policy, callers: Sequence[Caller], recorded: Sequence[Recorded]
) -> Iterator[tuple[Request, Front]]:
    """Yield requests for each action and resource of *statement*, by each caller, to meet its conditions.

    They are candidates: the evaluator says which of them the statement stops. A Deny of a resource is there
    for when the policies of a caller allow too much, so the callers are allowed everything. What the
    conditions do not ask for is taken from the requests *recorded* under *policy* that were allowed.
    """
    alike = [one for one in recorded if policy in one.front.policies and one.allowed]
    bases = [one.request.context for one in alike] or [Context({})]
    changes = [tuple(_changes(condition)) for condition in statement.conditions]
    front = Front(policies=(policy,) if policy.kind is Kind.IDENTITY else (ACCESS, policy))
    for written, resource in product(statement.actions, statement.resources):
        action = _action(written, [one.request.action for one in alike])
        for base, caller, chosen in product(bases, callers, product(*changes)):
            values: dict[str, tuple[str, ...] | None] = {
                name: (value,) for name, value in common(caller, "").items() if isinstance(value, str)
            }
            for change in chosen:
                values |= change
            request = Request(
                caller=caller, action=action, resource=_filled(resource), context=base.with_values(values)
            )
            yield request, front


def _action(written: str, actions: Sequence[str]) -> str:
    """Return an action that *written* stands for, if possible one of *actions*."""
    fitting = (one for one in actions if matches(parse_pattern(written), one, ignore_case=True))
    return next(fitting, _filled(written))


def _filled(written: str) -> str:
    return written.replace("*", FILLER).replace("?", "x")


def _changes(condition: Condition) -> Iterator[Change]:
    """Yield values of the condition's key that may meet it; who calls is not changed by a value."""
    if condition.key.lower().startswith(_OF_THE_CALLER):
        yield {}
        return
    if condition.operator == "Null":
        yield {condition.key: None if condition.values[0].lower() == "true" else (FILLER,)}
        return
    if OPERATORS[condition.operator].negated:
        if not is_multivalued(condition.key):
            yield {condition.key: None}
        yield {condition.key: (f"arn:aws:{FILLER}:::{FILLER}" if "Arn" in condition.operator else FILLER,)}
        return
    yield {condition.key: (_filled(condition.values[0]),)}
