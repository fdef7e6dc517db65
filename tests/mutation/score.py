"""The whole trial: every mutant judged once for all tests, and what came of it in words."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from textwrap import TextWrapper
from typing import Final

from guardrails.rules import all_rules
from tests.mutation.judging import Court, Outcome
from tests.mutation.mutants import STACKS, all_mutants
from tests.mutation.table import Entry, unexplained

_LINES: Final = TextWrapper(width=110, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False)
_NUMBER: Final = re.compile(r"(?<=[./])\d+(?=\.|$)")


@cache
def courts() -> dict[str, Court]:
    """Return each mutated stack under all rules."""
    return {stack: Court(stack, all_rules()) for stack in STACKS}


@cache
def outcomes() -> tuple[Outcome, ...]:
    """Judge every mutant."""
    return tuple(courts()[mutant.stack].outcome(mutant) for mutant in all_mutants())


def survivors() -> list[Outcome]:
    """Return the mutants whose fault no rule names."""
    return [outcome for outcome in outcomes() if outcome.survived]


def unnamed() -> list[Outcome]:
    """Return the mutants whose fault no rule names as a violation: survivors, and what is undetermined."""
    return [outcome for outcome in outcomes() if not outcome.stopping]


def score(found: Sequence[Outcome], table: Sequence[Entry]) -> list[str]:
    """Return the score, line by line: in all, then how many each rule stops."""
    stopped = [outcome for outcome in found if outcome.stopping]
    doubted = [outcome for outcome in found if outcome.doubting and not outcome.stopping]
    survived = [outcome for outcome in found if outcome.survived]
    without_reason = unexplained([*doubted, *survived], table)
    by_rule = Counter(rule for outcome in found for rule in outcome.stopping)
    silent = sorted({rule.id for rule in all_rules()} - set(by_rule))
    direct = sum(outcome.on_itself for outcome in stopped)
    return [
        f"{len(found)} mutants: {len(stopped)} stopped by a rule that names the fault, {direct} on the "
        f"broken resource and {len(stopped) - direct} on one that is joined with it; "
        f"{len(doubted)} more are undetermined, which blocks too, and {len(survived)} survive: of both "
        f"{len(doubted) + len(survived) - len(without_reason)} are explained, "
        f"{len(without_reason)} unexplained",
        "mutants that each rule stops:",
        *_LINES.wrap(", ".join(f"{rule} {count}" for rule, count in by_rule.most_common())),
        "rules that stop none:",
        *_LINES.wrap(", ".join(silent)),
    ]


def patterns(found: Iterable[Outcome]) -> list[str]:
    """Return mutants in the words of the table, one line for what differs in resource or position."""
    groups: dict[tuple[str, str, str], set[str]] = {}
    for outcome in found:
        mutant = outcome.mutant
        place = _NUMBER.sub("*", mutant.place)
        groups.setdefault((mutant.kind, place, mutant.fault), set()).add(mutant.name)
    return [" | ".join([*key, ", ".join(sorted(names))]) for key, names in sorted(groups.items())]
