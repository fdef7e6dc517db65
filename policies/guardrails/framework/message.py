"""What a violation says to whoever reads it in Pulumi's output."""

from collections.abc import Sequence
from typing import Final

from guardrails.framework.report import Exemption, Result, RuleInfo

_UNKNOWN_FIX: Final = (
    "build the value from what a preview knows (physical names, not ids or ARNs that AWS makes up), "
    "or set `undetermined: advisory` for this stack in guardrails.yaml"
)


def message(result: Result, rule: RuleInfo, expired: Exemption | None = None) -> str:
    """Return a result in full: what and where, why it matters, the fix, the findings, the page.

    *expired* is the exemption that used to cover it.
    """
    if result.outcome == "undetermined":
        lines = [f"undetermined: {place(result)} cannot be judged: {result.problem}"]
        fixes = [f"Fix: {_UNKNOWN_FIX}", f"What must hold: {result.fix}"]
    else:
        lines = [f"{place(result)} {result.problem}"]
        fixes = [f"Fix: {result.fix}"]
    if expired:
        lines.append(
            f"Exempted until {expired.expires} by {expired.owner}, no longer: mend it, or renew the exemption"
        )
    return "\n".join([*lines, f"Why: {rule.why}", *fixes, *_cited(rule), f"Docs: {rule.docs}"])


def place(result: Result) -> str:
    """Return the resource by name, type and component."""
    component = f" in {result.component}" if result.component else ""
    return f'"{result.name}" ({result.type}){component}'


def _cited(rule: RuleInfo) -> Sequence[str]:
    cited = ", ".join(f"{each.id} ({each.system}: {each.title})" for each in rule.findings)
    return [f"Findings: {cited}"] if cited else []
