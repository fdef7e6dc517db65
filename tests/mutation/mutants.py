"""What can be broken in the program, one thing at a time: made from what it registers, not from the rules.

Every input property at every depth is removed, every boolean flipped, every number pushed to both ends, every
statement that allows something widened, every resource dropped (what refers to it stays). A statement that
denies is not widened, which would take away and not give; it is removed, and so is each of its parts.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from guardrails.framework import sdk
from guardrails.framework.names import kind_of
from tests.mocks import Registered, deployed
from tests.mutation.places import REMOVED, Steps, opened, places, spoken

STACKS: Final = ("prod", "dev")
# The lowest that AWS knows is 0, or -1 where it means "no limit"; nothing is larger than a signed integer.
LOWEST: Final = (-1, 0)
HIGHEST: Final = 2**31 - 1


@dataclass(frozen=True, kw_only=True, eq=False)
class Mutant:
    """The program with *value* at *path* of one resource's inputs, or without that resource.

    `place` and `fault` say so in words; the reviewed table is written in them.
    """

    stack: str
    urn: str
    kind: str
    name: str
    path: Steps
    value: Any
    place: str
    fault: str

    def __str__(self) -> str:
        """A name that stays the same as long as the program has the place."""
        return " ".join(filter(None, [f"{self.stack}: {self.name} [{self.kind}]", self.place, self.fault]))


def all_mutants() -> list[Mutant]:
    """Return the mutants of prod, and those of dev that break something that prod does not have."""
    prod = list(mutants("prod"))
    known = {_beyond_stack(mutant) for mutant in prod}
    return prod + [mutant for mutant in mutants("dev") if _beyond_stack(mutant) not in known]


def mutants(stack: str) -> Iterator[Mutant]:
    """Yield every mutant of *stack*."""
    for resource in deployed(stack, preview=True).resources:
        if resource.custom:
            yield _mutant(stack, resource, {}, (), REMOVED, "dropped")
            tree = opened(sdk.plain_properties(sdk.wire_properties(resource.wire)))
            for path, value in places(tree):
                for changed, fault in faults(path, value):
                    yield _mutant(stack, resource, tree, path, changed, fault)


def faults(path: Steps, value: Any) -> Iterator[tuple[Any, str]]:
    """Yield what the *value* at *path* can be replaced by, and what that is called."""
    yield REMOVED, "removed"
    if isinstance(value, bool):
        yield not value, f"flipped to {str(not value).lower()}"
    elif value in ("true", "false"):
        flipped = "false" if value == "true" else "true"
        yield flipped, f"flipped to {flipped}"
    elif isinstance(value, int | float):
        yield from ((low, f"lowered to {low}") for low in LOWEST if low < value)
        yield HIGHEST, f"raised to {HIGHEST}"
    elif isinstance(value, dict) and value.get("Effect") == "Allow":
        yield from _widened(value)


def _widened(statement: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    first = statement["Action"] if isinstance(statement["Action"], str) else statement["Action"][0]
    for action in (f"{first.split(':')[0]}:*", "*"):
        yield {**statement, "Action": action}, f"widened to action {action}"
    for element in ("Resource", "Principal"):
        if element in statement and statement[element] != "*":
            yield {**statement, element: "*"}, f"widened to {element.lower()} *"
    if "Condition" in statement:
        yield _without(statement, "Condition"), "widened to no condition"


def _without(statement: dict[str, Any], element: str) -> dict[str, Any]:
    return {key: value for key, value in statement.items() if key != element}


def _mutant(stack: str, resource: Registered, tree: Any, path: Steps, value: Any, fault: str) -> Mutant:
    return Mutant(
        stack=stack,
        urn=resource.urn,
        kind=kind_of(resource.type),
        name=resource.name,
        path=path,
        value=value,
        place=spoken(tree, path),
        fault=fault,
    )


def _beyond_stack(mutant: Mutant) -> tuple[str, str, str, str]:
    return (mutant.kind, mutant.name, mutant.place, mutant.fault)
