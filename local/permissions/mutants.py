"""Policies with one part left out: a statement, or one entry of a list in it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from local.permissions.conditions import Condition
from local.permissions.documents import Policy, Statement
from local.permissions.principals import Principals


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """*policy* as it is *without* a part of *statement*; `part` is empty for the whole of it."""

    policy: Policy
    statement: Statement
    part: str
    without: Policy

    @property
    def what(self) -> str:
        """Name the part that is left out."""
        return f"{self.part} in {self.statement.name}" if self.part else self.statement.name


def mutants(policy: Policy) -> Iterator[Mutant]:
    """Yield *policy* with each statement left out in turn, then with each entry of a list of several.

    Lists are those of actions, resources, principals and condition values. Entries of NotAction, NotResource
    and NotPrincipal are not taken apart: such a statement counts as a whole.
    """
    for index, statement in enumerate(policy.statements):
        before, after = policy.statements[:index], policy.statements[index + 1 :]
        for part, left in ((("", None)), *_parts(statement)):
            without = replace(policy, statements=(*before, *([left] if left else []), *after))
            yield Mutant(policy=policy, statement=statement, part=part, without=without)


def _parts(statement: Statement) -> Iterator[tuple[str, Statement]]:
    if not statement.not_actions:
        for action, rest in _shortened(statement.actions):
            yield f"action {action}", replace(statement, actions=rest)
    if not statement.not_resources:
        for resource, rest in _shortened(statement.resources):
            yield f"resource {resource}", replace(statement, resources=rest)
    if statement.principals and not statement.principals.negated:
        for principal, named in _fewer_principals(statement.principals):
            yield f"principal {principal}", replace(statement, principals=named)
    for index, condition in enumerate(statement.conditions):
        for value, values in _shortened(condition.values):
            conditions = list(statement.conditions)
            conditions[index] = replace(condition, values=values)
            yield _value(condition, value), replace(statement, conditions=tuple(conditions))


def _shortened(entries: Sequence[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield each of several entries with the others."""
    if len(entries) > 1:
        for index, entry in enumerate(entries):
            yield entry, (*entries[:index], *entries[index + 1 :])


def _fewer_principals(principals: Principals) -> Iterator[tuple[str, Principals]]:
    if len(principals.aws) + len(principals.services) > 1:
        for name in sorted(principals.aws):
            yield name, replace(principals, aws=principals.aws - {name})
        for name in sorted(principals.services):
            yield name, replace(principals, services=principals.services - {name})


def _value(condition: Condition, value: str) -> str:
    return f"value {value} of {condition.written} {condition.key}"
