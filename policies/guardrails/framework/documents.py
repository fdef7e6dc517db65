"""IAM policy documents as rules read them: statements with plain lists."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from guardrails.framework.errors import UndeterminedError
from guardrails.framework.props import Props

_ELEMENTS: Final = {
    "Sid",
    "Effect",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Principal",
    "NotPrincipal",
    "Condition",
}


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One statement. `conditions` maps operator and lower-case condition key to the values."""

    place: str
    effect: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    principals: tuple[str, ...]
    exceptions: tuple[str, ...]
    conditions: Mapping[tuple[str, str], tuple[str, ...]]

    @property
    def allows(self) -> bool:
        """Whether the statement grants."""
        return self.effect == "Allow"

    @property
    def everyone(self) -> bool:
        """Whether the statement is about every principal."""
        return "*" in self.principals


def statements(holder: Props, key: str) -> list[Statement]:
    """Return the statements of the policy document at *key*, given as JSON text or as an object.

    Raises
    ------
    UndeterminedError
        The document, or something in it, is unknown or is not what IAM understands.
    """
    return [
        _statement(block, f"statement {block.text('Sid') or number}")
        for number, block in enumerate(holder.document(key).blocks("Statement"), start=1)
    ]


def _statement(block: Props, place: str) -> Statement:
    if strange := sorted(set(block.keys()) - _ELEMENTS):
        raise UndeterminedError(f"{place} of a policy has an element that IAM does not know: {strange[0]!r}")
    return Statement(
        place=place,
        effect=block.text("Effect"),
        actions=tuple(block.texts("Action")),
        resources=tuple(block.texts("Resource")),
        principals=_principals(block),
        exceptions=tuple(key for key in ("NotAction", "NotResource", "NotPrincipal") if block.has(key)),
        conditions={
            (operator, key.lower()): tuple(_values(tests, key))
            for operator in (block.block("Condition").keys() if block.has("Condition") else [])
            for tests in [block.block("Condition").block(operator)]
            for key in tests.keys()  # noqa: SIM118  Props is no mapping
        },
    )


def _principals(block: Props) -> tuple[str, ...]:
    """Return the principals without their kind: `*`, ARNs, account ids, services."""
    value = block.get("Principal")
    if isinstance(value, str):
        return (value,)
    by_kind = block.block("Principal")
    return tuple(name for kind in by_kind.keys() for name in by_kind.texts(kind))  # noqa: SIM118


def _values(tests: Props, key: str) -> list[str]:
    """Return a condition's values as IAM compares them: booleans are text."""
    value = tests.get(key)
    return [str(value).lower()] if isinstance(value, bool) else tests.texts(key)
