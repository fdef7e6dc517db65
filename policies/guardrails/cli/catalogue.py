"""What `list` and `explain` tell of rules."""

import json
import textwrap
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Any, Final

from guardrails.cli.errors import InputError
from guardrails.described import by_fix, by_remedy, profiles_of, settings_of
from guardrails.framework.configuration_errors import nearest
from guardrails.framework.examples import UNKNOWN, Stack
from guardrails.framework.findings import all_findings, finding
from guardrails.framework.levels import Profile
from guardrails.framework.rule import Phase, Rule, Severity

_EXAMPLE_WIDTH: Final = 300
_KINDS: Final = 8


class ListFormat(StrEnum):
    """A form of the list of rules."""

    TEXT = "text"
    JSON = "json"


def rule_named(name: str, rules: Sequence[Rule]) -> Rule:
    """Return a rule by its id.

    Raises
    ------
    InputError
        There is none; the message names the nearest.
    """
    by_id = {rule.id: rule for rule in rules}
    if name not in by_id:
        raise InputError(f"there is no rule {name!r}; {nearest(name, by_id)} (all of them: guardrails list)")
    return by_id[name]


def chosen(
    rules: Sequence[Rule], finding_id: str | None, severity: Severity | None, profile: Profile | None
) -> list[Rule]:
    """Return the rules that pass every filter.

    Raises
    ------
    InputError
        There is no such finding; the message names the nearest.
    """
    if finding_id is not None and finding_id not in all_findings():
        raise InputError(f"there is no finding {finding_id!r}; {nearest(finding_id, all_findings())}")
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


def explained(rule: Rule, width: int) -> str:
    """Return everything about a rule that helps to understand and to obey it."""
    phase = {Phase.RESOURCE: "looks at one resource", Phase.STACK: "looks at the whole stack"}[rule.phase]
    parts = [
        _wrapped(
            f"{rule.id}  (severity {rule.severity.value}, {phase}, profile {profiles_of(rule)[0]})", width
        ),
        _wrapped(rule.title, width),
        _wrapped(f"Why: {rule.why}", width),
        ["Findings that it keeps away:", *_findings(rule, width)],
        ["Settings, in guardrails.yaml:", *_settings(rule, width)],
        ["Fix:", *_fixes(rule, width)],
        ["At level remediate:", *_remedies(rule, width)],
        ["Passes:", *_example(rule.passing[0], width)],
        ["Fails:", *_failing(rule, width)],
        [f"Docs: docs/rules.md#{rule.id}"],
    ]
    return "\n\n".join("\n".join(part) for part in parts if len(part) > 1 or not part[0].endswith(":"))


def _findings(rule: Rule, width: int) -> Iterator[str]:
    for cited in map(finding, rule.findings):
        text = f"{cited.id} ({cited.system}, {cited.weight}): {cited.title}. Needed: {cited.need}"
        yield from _wrapped(text, width, "  ", "    ")


def _settings(rule: Rule, width: int) -> Iterator[str]:
    for each in settings_of(rule):
        text = f"{each.name} ({each.allowed}, default {each.default}): {each.about}"
        yield from _wrapped(text, width, "  ", "    ")


def _fixes(rule: Rule, width: int) -> Iterator[str]:
    for fix, kinds in by_fix(rule).items():
        yield from _wrapped(_kinds(kinds), width, "  ", "  ")
        yield textwrap.indent(fix, "      ")


def _remedies(rule: Rule, width: int) -> Iterator[str]:
    for sentence, kinds in by_remedy(rule).items():
        yield from _wrapped(_kinds(kinds), width, "  ", "  ")
        yield from _wrapped(sentence, width, "    ", "    ")


def _kinds(kinds: Sequence[str]) -> str:
    """Return the kinds, of many the first and how many more there are."""
    named, more = ", ".join(kinds[:_KINDS]), len(kinds) - _KINDS
    return f"{named} and {more} more kinds" if more > 0 else named


def _failing(rule: Rule, width: int) -> Iterator[str]:
    for sentence, example in list(rule.fails.items())[:1]:
        yield f'  "… {sentence} …", here:'
        yield from _example(example, width, rule.passing[0])


def _example(example: Stack, width: int, beside: Stack | None = None) -> Iterator[str]:
    """Yield the resources of an example, of a failing one those that differ from *beside*."""
    known = beside.samples if beside else ()
    for sample in example.samples:
        if sample not in known:
            inputs = ", ".join(f"{name}={value!r}" for name, value in sample.inputs.items())
            text = f'{sample.kind} "{sample.name}": {inputs or "no inputs"}'.replace(
                repr(UNKNOWN), "<unknown>"
            )
            yield from _wrapped(
                textwrap.shorten(text, _EXAMPLE_WIDTH, placeholder=" …"), width, "  ", "      "
            )
    kept = [sample for sample in known if sample in example.samples]
    for sample in known if kept else ():
        if sample.name not in {each.name for each in example.samples}:
            yield f'  without {sample.kind} "{sample.name}"'


def _wrapped(text: str, width: int, indent: str = "", hanging: str = "") -> list[str]:
    return textwrap.wrap(
        text,
        width,
        initial_indent=indent,
        subsequent_indent=hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )
