"""What `explain` tells of a rule."""

import sys
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from guardrails.described import by_fix, by_remedy, check_of, place_of, profiles_of, settings_of
from guardrails.framework.configuration import load_configuration
from guardrails.framework.errors import ConfigError
from guardrails.framework.findings import finding
from guardrails.framework.rule import Phase, Rule
from guardrails.shown import nearest_pass, shown

_KINDS: Final = 8
_PHASES: Final = {Phase.RESOURCE: "looks at one resource", Phase.STACK: "looks at the whole stack"}


def explained(rule: Rule, width: int, docs: str, *, examples: bool = False, source: bool = False) -> str:
    """Return everything about a rule that helps to understand and to obey it.

    *docs* says where else it is described; *examples* shows all of them in full, not only the first ones.
    """
    about = f"severity {rule.severity.value}, {_PHASES[rule.phase]}, profile {profiles_of(rule)[0]}"
    shortened = not examples and len(rule.passes) + len(rule.fails) > 2
    parts = [
        _wrapped(f"{rule.id}  ({about})", width),
        _wrapped(rule.title, width),
        _wrapped(f"Why: {rule.why}", width),
        ["Findings that it keeps away:", *_findings(rule, width)],
        ["Settings, in guardrails.yaml:", *_settings(rule, width)],
        ["Fix:", *_fixes(rule, width)],
        ["At level remediate:", *_remedies(rule, width)],
        ["Passes:", *_passing(rule, width, examples)],
        ["Fails:", *_failing(rule, width, examples)],
        ["Check:", *([textwrap.indent(check_of(rule), "  ")] if source else [])],
        [
            *([f"All examples in full: guardrails explain {rule.id} --examples"] if shortened else []),
            f"Written in: {_place(rule)}" + ("" if source else f" (guardrails explain {rule.id} --source)"),
            *([f"Docs: {docs}"] if docs else []),
        ],
    ]
    return "\n\n".join("\n".join(part) for part in parts if len(part) > 1 or not part[0].endswith(":"))


def page_of(rule: Rule, folder: Path, rules: Sequence[Rule]) -> str:
    """Return where guardrails.yaml of the program in *folder* has the rule described, empty if nowhere."""
    try:
        configuration = load_configuration(folder, "", rules)
    except ConfigError as wrong:
        sys.stderr.write(f"note: {wrong}\n")
        return ""
    return configuration.docs_of(rule) if configuration.docs else ""


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


def _passing(rule: Rule, width: int, examples: bool) -> Iterator[str]:
    for number, (label, example) in enumerate(rule.passes.items()):
        yield from _wrapped(f"- {label}", width, "  ", "    ")
        if examples or not number:
            yield textwrap.indent(shown(example, width - 6), " " * 6)


def _failing(rule: Rule, width: int, examples: bool) -> Iterator[str]:
    """Yield what a rule says, and where: beside the first passing example, or beside the nearest of all."""
    for number, (words, example) in enumerate(rule.fails.items()):
        yield from _wrapped(f'- "… {words} …"', width, "  ", "    ")
        if examples or not number:
            near = nearest_pass(example, rule.passes) if examples else next(iter(rule.passes))
            body = shown(example, width - 6, rule.passes[near], f'as in "{near}"')
            yield textwrap.indent(body, " " * 6)


def _place(rule: Rule) -> str:
    place = place_of(rule)
    file, here = place.file.resolve(), Path.cwd().resolve()
    return f"{file.relative_to(here) if file.is_relative_to(here) else file}:{place.line}"


def _wrapped(text: str, width: int, indent: str = "", hanging: str = "") -> list[str]:
    return textwrap.wrap(
        text,
        width,
        initial_indent=indent,
        subsequent_indent=hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )
