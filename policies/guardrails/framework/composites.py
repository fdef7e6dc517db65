"""Rules of composite alarms: whether an alarm can set a composite alarm off."""

import re
from collections.abc import Iterator
from itertools import product
from typing import Final

from guardrails.framework.errors import UndeterminedError

_TOKEN: Final = re.compile(
    r"\s*+(?:(?P<word>AND|OR|NOT|TRUE|FALSE)\b|(?P<paren>[()])"
    r"|(?P<state>ALARM|OK|INSUFFICIENT_DATA)\s*+\(\s*+(?P<name>\"[^\"]*\"|'[^']*'|[^\s()]+)\s*+\))",
    re.IGNORECASE,
)
_BINDS: Final = {"OR": 1, "AND": 2, "NOT": 3}

type _Values = frozenset[tuple[bool, bool]]
"""What an expression may be before the alarm goes off, and then; of other alarms nothing is known."""

_ANY: Final[_Values] = frozenset({(False, False), (True, True)})
_STATES: Final[dict[str, _Values]] = {
    "ALARM": frozenset({(False, True)}),
    "OK": frozenset({(True, False)}),
    "INSUFFICIENT_DATA": frozenset({(False, False)}),
}


def sets_off(rule: str, alarm: str) -> bool:
    """Tell whether a composite alarm with *rule* can go off because the alarm of that name does.

    Raises
    ------
    UndeterminedError
        The rule is none that CloudWatch understands.
    """
    if alarm not in rule:  # most are about others
        return False
    try:
        return (False, True) in _evaluated(rule, alarm)
    except (IndexError, ValueError):
        raise UndeterminedError("the rule of a composite alarm cannot be read") from None


def _evaluated(rule: str, alarm: str) -> _Values:
    """Work an expression out with a stack of values and one of operators, however deep it nests."""
    values: list[_Values] = []
    waiting: list[str] = []

    def apply() -> None:
        operator, last = waiting.pop(), values.pop()
        if operator == "NOT":
            values.append(frozenset((not before, not then) for before, then in last))
            return
        join = all if operator == "AND" else any
        pairs = product(values.pop(), last)
        values.append(frozenset((join((a, c)), join((b, d))) for (a, b), (c, d) in pairs))

    for read in _tokens(rule, alarm):
        if isinstance(read, frozenset):
            values.append(read)
        elif read == ")":
            while waiting[-1] != "(":
                apply()
            waiting.pop()
        else:
            while read in ("AND", "OR") and waiting and _BINDS.get(waiting[-1], 0) >= _BINDS[read]:
                apply()
            waiting.append(read)
    while waiting:
        apply()
    (value,) = values
    return value


def _tokens(rule: str, alarm: str) -> Iterator[str | _Values]:
    at = 0
    text = rule.rstrip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise ValueError(at)
        at = found.end()
        if word := (found["word"] or found["paren"] or "").upper():
            yield _ANY & {(word == "TRUE",) * 2} if word in ("TRUE", "FALSE") else word
        else:
            name = found["name"].strip("\"'").rsplit(":alarm:", 1)[-1]
            yield _STATES[found["state"].upper()] if name == alarm else _ANY
