"""What a violation says to whoever reads it in Pulumi's output."""

from collections.abc import Sequence
from textwrap import indent
from typing import Final

from guardrails.framework.report import Exemption, Result, RuleInfo

IN_FULL: Final = 3
"""So many times in a run a rule gives its reasons; for the rest it is enough to say what and how."""

UNKNOWN_FIX: Final = (
    "build the value from what a preview knows (physical names, not ids or ARNs that AWS makes up), "
    "or set `undetermined: advisory` for this stack in guardrails.yaml"
)
"""What helps where a rule cannot judge."""


class Messages:
    """The messages of one run: a long list stays readable, since a rule gives its reasons only at first."""

    def __init__(self) -> None:
        self._in_full: dict[str, list[tuple[str, str]]] = {}

    def of(self, result: Result, rule: RuleInfo, expired: Exemption | None = None) -> str:
        """Return the message of a result; *expired* is the exemption that used to cover it.

        What is said again of a resource (an update follows its preview) is said as before.
        """
        told, this = self._in_full.setdefault(rule.id, []), (result.urn, result.problem)
        if this not in told and len(told) < IN_FULL:
            told.append(this)
        return message(result, rule, expired, in_full=this in told)


def message(result: Result, rule: RuleInfo, expired: Exemption | None = None, *, in_full: bool = True) -> str:
    """Return what is wrong on which resource, the fix and the page; *in_full* also why, and the findings."""
    if result.outcome == "undetermined":
        lines = [f"undetermined: {place(result)} cannot be judged: {result.problem}"]
        fixes = [f"Fix: {UNKNOWN_FIX}", _code("What must hold", result.fix)]
    else:
        lines = [f"{place(result)} {result.problem}"]
        fixes = [_code("Fix", result.fix)]
    if expired:
        lines.append(
            f"Exempted until {expired.expires} by {expired.owner}, no longer: mend it, or renew the exemption"
        )
    reasons = [f"Rule: {rule.title}", f"Why: {rule.why}"] if in_full else []
    return "\n".join([*lines, *reasons, *fixes, *(_cited(rule) if in_full else []), f"Docs: {rule.docs}"])


def lapse(exemption: Exemption) -> str:
    """Return what is said of an exemption whose day is over."""
    return (
        f"the exemption of {exemption.resource} from {exemption.rule} expired on {exemption.expires} "
        f"(owner: {exemption.owner}; reason: {exemption.reason})\n"
        "Fix: take it out of guardrails.yaml, or give it a new date"
    )


def place(result: Result) -> str:
    """Return the resource by name, type and component."""
    component = f" in {result.component}" if result.component else ""
    return f'"{result.name}" ({result.type}){component}'


def _code(name: str, code: str) -> str:
    return f"{name}:\n{indent(code, '    ')}" if "\n" in code else f"{name}: {code}"


def _cited(rule: RuleInfo) -> Sequence[str]:
    cited = ", ".join(f"{each.id} ({each.system}: {each.title})" for each in rule.findings)
    return [f"Findings: {cited}"] if cited else []
