"""The order that every format shows results in: by rule, what stops the deployment and weighs most first."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from guardrails.framework.report import Outcome, Report, Result, RuleInfo

SEVERITIES: Final = ("critical", "high", "medium", "low")
"""From the worst on."""


@dataclass(frozen=True, kw_only=True)
class Group:
    """What one rule said, at one level."""

    rule: RuleInfo
    results: Sequence[Result]

    @property
    def blocks(self) -> bool:
        """Whether this stops the deployment."""
        return self.results[0].blocks

    @property
    def by_fix(self) -> Mapping[tuple[Outcome, str], Mapping[str, Sequence[Result]]]:
        """The results with the same outcome and fix together, inside those the same sentence."""
        found: dict[tuple[Outcome, str], dict[str, list[Result]]] = {}
        for result in self.results:
            same = found.setdefault((result.outcome, result.fix), {})
            same.setdefault(result.problem, []).append(result)
        return found


def groups(report: Report) -> list[Group]:
    """Return what is not exempted: blocking before advisory, then by severity, rule and resource."""
    rules = {rule.id: rule for rule in report.rules}
    found: dict[tuple[bool, str], list[Result]] = {}
    for result in report.results:
        if result.exemption is None:
            found.setdefault((not result.blocks, result.rule), []).append(result)
    made = [
        Group(rule=rules[rule], results=sorted(results, key=_place)) for (_, rule), results in found.items()
    ]
    return sorted(
        made, key=lambda each: (not each.blocks, SEVERITIES.index(each.rule.severity), each.rule.id)
    )


def _place(result: Result) -> tuple[str, str, str]:
    return result.outcome.value, result.urn, result.problem


def exempted(report: Report) -> list[Result]:
    """Return the exempted results, by rule and resource."""
    found = [result for result in report.results if result.exemption]
    return sorted(found, key=lambda each: (each.rule, each.urn, each.problem))


def where(result: Result) -> str:
    """Return a resource's name and type, as messages give them."""
    return f'"{result.name}" ({result.type})'


def within(result: Result) -> str:
    """Return ` in ` and the component that a resource stands in, empty directly below the stack."""
    return f" in {result.component}" if result.component else ""


def number(count: int, one: str, many: str = "") -> str:
    """Return a count with its noun."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def listed(words: Iterable[str]) -> str:
    """Return words joined as a sentence lists them."""
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
