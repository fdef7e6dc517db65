"""The rules by name, and what `list` tells of them."""

import json
from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from guardrails.cli.errors import InputError
from guardrails.described import profiles_of
from guardrails.framework.configuration_errors import nearest
from guardrails.framework.findings import all_findings, finding
from guardrails.framework.levels import Profile
from guardrails.framework.rule import Rule, Severity


class ListFormat(StrEnum):
    """A form of the list of rules."""

    TEXT = "text"
    JSON = "json"


def rule_named(name: str, rules: Sequence[Rule]) -> Rule:
    """Return a rule by its id, in any case of letters.

    Raises
    ------
    InputError
        There is none; the message names the nearest, or how to ask for a finding.
    """
    by_id = {rule.id: rule for rule in rules}
    if (id_ := name.lower().replace("_", "-")) in by_id:
        return by_id[id_]
    if (cited := all_findings().get(name.upper())) is not None:
        raise InputError(
            f"{cited.id} is no rule but a finding ({cited.title}); "
            f"the rules that keep it away: guardrails list --finding {cited.id}"
        )
    raise InputError(f"there is no rule {name!r}; {nearest(name, by_id)} (all of them: guardrails list)")


def finding_named(name: str) -> str:
    """Return the id of a finding that is given in any case of letters.

    Raises
    ------
    InputError
        There is none; the message names the nearest.
    """
    if name.upper() not in all_findings():
        raise InputError(f"there is no finding {name!r}; {nearest(name, all_findings())}")
    return name.upper()


def chosen(
    rules: Sequence[Rule], finding_id: str | None, severity: Severity | None, profile: Profile | None
) -> list[Rule]:
    """Return the rules that pass every filter."""
    return [
        rule
        for rule in rules
        if (finding_id is None or finding_id in rule.findings)
        and (severity is None or rule.severity is severity)
        and (profile is not Profile.FINDINGS or rule.findings)
    ]


def nothing(finding_id: str | None) -> str:
    """Return why a list is empty."""
    if finding_id is None:
        return "no rule is like that"
    cited = finding(finding_id)
    where = "it is a matter of a file in the repository; " if cited.check == "repo" else ""
    return f"no rule guards {cited.id} ({cited.title}): {where}docs/findings.md says what does, or will"


def as_lines(rules: Sequence[Rule]) -> list[str]:
    """Return one line for each rule: id, severity, title, aligned."""
    width = max((len(rule.id) for rule in rules), default=0)
    return [f"{rule.id:{width}}  {rule.severity.value:8}  {rule.title}" for rule in rules]


def as_json(rules: Sequence[Rule]) -> str:
    """Return the rules as a JSON list."""
    return json.dumps([_described(rule) for rule in rules], indent=2)


def _described(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "title": rule.title,
        "why": rule.why,
        "severity": rule.severity.value,
        "profiles": list(profiles_of(rule)),
        "findings": list(rule.findings),
        "kinds": list(rule.fixes),
        "fixes": list(dict.fromkeys(rule.fixes.values())),
        "mends": list(rule.remedies),
    }
