"""IAM policy documents as rules read them: statements with plain lists."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from guardrails.framework.actions import covers_action
from guardrails.framework.errors import UndeterminedError
from guardrails.framework.props import Props

_DOCUMENT: Final = {"Version", "Id", "Statement"}
_EXCEPTIONS: Final = ("NotAction", "NotResource", "NotPrincipal")
_ELEMENTS: Final = {"Sid", "Effect", "Action", "Resource", "Principal", "Condition", *_EXCEPTIONS}
_EFFECTS: Final = ("Allow", "Deny")
_PRINCIPALS: Final = ("AWS", "Service", "Federated", "CanonicalUser")
_OPERATORS: Final = {
    name.lower(): name
    for name in (
        *("StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"),
        *("StringLike", "StringNotLike", "NumericEquals", "NumericNotEquals", "NumericLessThan"),
        *("NumericLessThanEquals", "NumericGreaterThan", "NumericGreaterThanEquals", "DateEquals"),
        *("DateNotEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals"),
        *("Bool", "BinaryEquals", "IpAddress", "NotIpAddress", "ArnEquals", "ArnLike", "ArnNotEquals"),
        *("ArnNotLike", "Null"),
    )
}
_SETS: Final = {"forallvalues": "ForAllValues", "foranyvalue": "ForAnyValue"}
_IF_EXISTS: Final = "ifexists"


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One statement.

    `actions` and `resources` are as written; AWS ignores the case of actions, so ask `concerns` or `lists`.
    `exceptions` maps NotAction, NotResource and NotPrincipal, where they stand, to what they except.
    `principals_of` maps AWS, Service, Federated and CanonicalUser to names. `conditions` maps operator, in
    AWS's spelling with its `ForAllValues:`, `ForAnyValue:` or `IfExists`, and lower-case key to the values.
    """

    place: str
    effect: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    principals_of: Mapping[str, tuple[str, ...]]
    exceptions: Mapping[str, tuple[str, ...]]
    conditions: Mapping[tuple[str, str], tuple[str, ...]]

    @property
    def allows(self) -> bool:
        """Whether the statement grants."""
        return self.effect == "Allow"

    @property
    def denies(self) -> bool:
        """Whether the statement forbids."""
        return self.effect == "Deny"

    @property
    def principals(self) -> tuple[str, ...]:
        """All principals without their kind: `*`, ARNs, account ids, services."""
        return tuple(name for names in self.principals_of.values() for name in names)

    @property
    def everyone(self) -> bool:
        """Whether the statement is about every principal."""
        return "*" in self.principals

    def concerns(self, action: str) -> bool:
        """Tell whether the statement is about *action*, by name, pattern or exception."""
        if any(covers_action(pattern, action) for pattern in self.actions):
            return True
        excepted = self.exceptions.get("NotAction")
        return excepted is not None and not any(covers_action(pattern, action) for pattern in excepted)

    def lists(self, *actions: str) -> bool:
        """Tell whether the statement names each of *actions* itself, in whatever case."""
        return {action.lower() for action in actions} <= {action.lower() for action in self.actions}

    def values_of(self, key: str, *operators: str) -> Iterator[tuple[str, ...]]:
        """Yield the values that condition *key* is compared with by one of *operators*."""
        for operator in operators:
            if values := self.conditions.get((operator, key.lower())):
                yield values


def statements(holder: Props, key: str) -> list[Statement]:
    """Return the statements of the policy document at *key*, given as JSON text or as an object.

    Raises
    ------
    UndeterminedError
        The document, or something in it, is unknown or is not what IAM understands.
    """
    document = holder.document(key)
    names = document.keys()
    if strange := sorted(set(names) - _DOCUMENT):
        raise UndeterminedError(f"a policy has an element that IAM does not know: {strange[0]!r}")
    if names and "Statement" not in names:
        raise UndeterminedError("a policy has no Statement")
    return [
        _statement(block, f"statement {block.text('Sid') or number}")
        for number, block in enumerate(document.blocks("Statement"), start=1)
    ]


def _statement(block: Props, place: str) -> Statement:
    if strange := sorted(set(block.keys()) - _ELEMENTS):
        raise UndeterminedError(f"{place} of a policy has an element that IAM does not know: {strange[0]!r}")
    effect = block.text("Effect")
    if effect not in _EFFECTS:
        raise UndeterminedError(f"{place} of a policy has an Effect that IAM does not know")
    return Statement(
        place=place,
        effect=effect,
        actions=tuple(block.texts("Action")),
        resources=tuple(block.texts("Resource")),
        principals_of=_principals(block, "Principal"),
        exceptions={key: _excepted(block, key) for key in _EXCEPTIONS if block.has(key)},
        conditions=_conditions(block, place),
    )


def _excepted(block: Props, key: str) -> tuple[str, ...]:
    if key != "NotPrincipal":
        return tuple(block.texts(key))
    return tuple(name for names in _principals(block, key).values() for name in names)


def _principals(block: Props, key: str) -> dict[str, tuple[str, ...]]:
    value = block.get(key)
    if value is None or isinstance(value, str):
        return {"AWS": (value,)} if value else {}
    by_kind = block.block(key)
    if strange := sorted(set(by_kind.keys()) - {*_PRINCIPALS, "*"}):
        raise UndeterminedError(f"a policy has a kind of principal that IAM does not know: {strange[0]!r}")
    return {kind: tuple(by_kind.texts(kind)) for kind in by_kind.keys()}  # noqa: SIM118  Props is no mapping


def _conditions(block: Props, place: str) -> dict[tuple[str, str], tuple[str, ...]]:
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    tests = block.block("Condition")
    for written in tests.keys():  # noqa: SIM118  Props is no mapping
        operator, compared = _operator(written, place), tests.block(written)
        for key in compared.keys():  # noqa: SIM118
            if (operator, key.lower()) in found:
                raise UndeterminedError(f"{place} of a policy compares a key twice by {operator}")
            found[operator, key.lower()] = tuple(compared.scalars(key))
    return found


def _operator(written: str, place: str) -> str:
    """Return a condition operator in AWS's spelling."""
    *quantifier, name = written.lower().split(":")
    bare = name.removesuffix(_IF_EXISTS)
    if bare not in _OPERATORS or len(quantifier) > 1 or not set(quantifier) <= set(_SETS):
        raise UndeterminedError(f"{place} of a policy has a condition operator that IAM does not know")
    prefix = f"{_SETS[quantifier[0]]}:" if quantifier else ""
    return f"{prefix}{_OPERATORS[bare]}{'IfExists' if name != bare else ''}"
