"""What guards each finding: rules, tests, or nothing yet, which the table of open findings must say.

The table is `docs/open-findings.yaml`::

    open:                        # no rule and no test yet
      orders: [OP-1.4, OP-2.4]   # what will close them, and which
    in part:                     # rules or tests guard a part of the need; the rest comes with:
      crimes:
        CC-OPS-4: no deployment moves traffic step by step   # and this is missing
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from guardrails.framework.errors import CoverageError
from guardrails.framework.findings import Finding, all_findings
from guardrails.framework.rule import Rule

OPEN: Final[str] = "open"
IN_PART: Final[str] = "in part"


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """A finding with what guards it, and what will close what is not guarded yet."""

    finding: Finding
    rules: tuple[str, ...]
    tests: tuple[str, ...]
    closed_by: str | None
    """The system or part that the rest of the need comes with; none if nothing is open."""
    missing: str = ""
    """What the rest is, where a part is guarded."""

    @property
    def state(self) -> str:
        """Say `guarded`, `in part` or `open`."""
        if not self.closed_by:
            return "guarded"
        return IN_PART if self.rules or self.tests else OPEN


def coverage(rules: Sequence[Rule], guards: Mapping[str, tuple[str, ...]], table: Path) -> Sequence[Coverage]:
    """Return every finding with what guards it.

    Raises
    ------
    CoverageError
        The table says something else than rules and tests; the message names each entry to add or delete.
    """
    entries = _read(table)
    found = []
    for finding in all_findings().values():
        named = [rule.id for rule in rules if finding.id in rule.findings]
        state = next((state for state in (OPEN, IN_PART) if finding.id in entries[state]), None)
        closed_by, missing = entries[state][finding.id] if state else (None, "")
        found.append(
            Coverage(
                finding=finding,
                rules=tuple(sorted(named)),
                tests=guards.get(finding.id, ()),
                closed_by=closed_by,
                missing=missing,
            )
        )
    if problems := _problems(found, entries):
        raise CoverageError(f"{table} does not say what rules and tests guard:\n" + "\n".join(problems))
    return found


type _Entries = Mapping[str, Mapping[str, tuple[str, str]]]
"""For both halves of the table, what closes each finding, and what is missing where a part is guarded."""


def _problems(found: Sequence[Coverage], entries: _Entries) -> list[str]:
    problems = [
        f"- delete {id_!r}: findings.yaml has no such finding"
        for id_ in sorted({*entries[OPEN], *entries[IN_PART]} - set(all_findings()))
    ]
    for each in found:
        id_, guards = each.finding.id, ", ".join((*each.rules, *each.tests))
        if guards and id_ in entries[OPEN]:
            problems.append(f"- delete {id_} from {OPEN!r} (or move it to {IN_PART!r}): {guards} guards it")
        elif not guards and id_ in entries[IN_PART]:
            problems.append(f"- move {id_} from {IN_PART!r} to {OPEN!r}: nothing guards it")
        elif not guards and id_ not in entries[OPEN]:
            problems.append(f"- add {id_} to {OPEN!r} with what will close it: nothing guards it")
    return problems


def _read(table: Path) -> _Entries:
    """Return what the table says."""
    content: dict[str, dict[str, Any]] = yaml.safe_load(table.read_text(encoding="utf-8")) or {}
    if unknown := set(content) - {OPEN, IN_PART}:
        raise CoverageError(f"{table}: unknown key {min(unknown)!r}; there are {OPEN!r} and {IN_PART!r}")
    entries: dict[str, dict[str, tuple[str, str]]] = {OPEN: {}, IN_PART: {}}
    for state, closers in content.items():
        for closer, ids in (closers or {}).items():
            for id_ in ids:
                if id_ in entries[OPEN] or id_ in entries[IN_PART]:
                    raise CoverageError(f"{table}: {id_} stands there twice")
                missing = ids[id_] if isinstance(ids, dict) else ""
                if bool(missing) is not (state == IN_PART):
                    raise CoverageError(
                        f"{table}: say of {id_} what is missing, if and only if it is {IN_PART!r}"
                    )
                entries[state][id_] = (closer, missing)
    return entries
