"""The page about every rule."""

import html
from collections.abc import Iterator, Sequence
from typing import Final

from guardrails.described import by_fix, by_kind, by_remedy, place_of, profiles_of, service_of, settings_of
from guardrails.framework.findings import finding
from guardrails.framework.rule import Rule
from guardrails.shown import nearest_pass, shown

_FEW: Final = 8
"""A longer list of kinds is folded."""

_WIDTH: Final = 100

_HEADER: Final = """\
# Rules

Generated from the rules themselves by `make docs`: {count} rules, of which profile `findings` has {cited};
profile `strict` has all. Each rule is one function in
[policies/guardrails/rules/](../policies/guardrails/rules), with its examples beside it.
[findings.md](findings.md) has what they keep away, [guardrails.md](guardrails.md) the command that explains
a rule on a terminal, and [use-this-pack.md](use-this-pack.md) how a stack chooses levels and settings.

The service is that of the file. [What is mended](#what-is-mended-at-level-remediate) is on one list.
"""

_MENDED: Final = """\
## What is mended at level remediate

Only where a stack asks for it, and only where it loses nothing and locks nobody out. Secrets stay secret.

| rule | kinds | what is done |
|---|---|---|
"""


def rules_page(rules: Sequence[Rule]) -> str:
    """Return the page: a table by service, then every rule in the order of their ids."""
    header = _HEADER.format(count=len(rules), cited=sum(bool(rule.findings) for rule in rules))
    ordered = sorted(rules, key=lambda rule: rule.id)
    sections = ("\n\n".join(_section(rule)) + "\n" for rule in ordered)
    return "\n".join([header, _contents(ordered), _mended(ordered), *sections])


def _contents(rules: Sequence[Rule]) -> str:
    lines = ["| service | rule | severity | findings | what holds |", "|---|---|---|---|---|"]
    for rule in sorted(rules, key=lambda rule: (service_of(rule).lower(), rule.id)):
        cited = ", ".join(map(_link, rule.findings)) or "none"
        cells = (service_of(rule), f"[{rule.id}](#{rule.id})", rule.severity.value, cited, rule.title)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _mended(rules: Sequence[Rule]) -> str:
    rows = [
        f"| [{rule.id}](#{rule.id}) | {_folded(kinds)} | {sentence} |\n"
        for rule in rules
        for sentence, kinds in by_remedy(rule).items()
    ]
    return _MENDED + "".join(rows)


def _section(rule: Rule) -> Iterator[str]:
    place = place_of(rule)
    file = f"rules/{place.file.name}"
    yield f"## {rule.id}"
    yield rule.title
    yield rule.why
    yield (
        f"Severity {rule.severity.value}, profile {profiles_of(rule)[0]}. "
        f"Code and examples: [{file}](../policies/guardrails/{file}#L{place.line})."
    )
    if rule.findings:
        cited = [(finding(id_), _link(id_)) for id_ in rule.findings]
        yield "Findings: " + ", ".join(f"{link} ({each.system}: {each.title})" for each, link in cited) + "."
    if settings := settings_of(rule):
        yield "Settings:"
        yield "\n".join(
            f"- `{each.name}` ({each.allowed}, default `{each.default}`): {each.about}" for each in settings
        )
    for sentence, kinds in by_remedy(rule).items():
        yield _listed("At level `remediate`", kinds) + f"\n\n> {sentence}"
    for fix, kinds in by_fix(rule).items():
        yield _listed("Fix", kinds) + f"\n\n```python\n{fix}\n```"
    yield from _examples(rule)
    yield _reads(rule)


def _examples(rule: Rule) -> Iterator[str]:
    """Yield a failing example and the passing one nearest to it, both folded, and what others show."""
    words, failing = next(iter(rule.fails.items()))
    label = nearest_pass(failing, rule.passes)
    yield _example("Passes", label, shown(rule.passes[label], _WIDTH))
    if others := [f"- {each}" for each in rule.passes if each != label]:
        yield "\n".join(["Passes as well:", "", *others])
    yield _example("Fails", f"… {words} …", shown(failing, _WIDTH, rule.passes[label], "as in what passes"))
    if others := [f"- … {each} …" for each in rule.fails if each != words]:
        yield "\n".join(["Fails as well:", "", *others])


def _example(what: str, called: str, body: str) -> str:
    summary = f"<details><summary>{what}: {html.escape(called)}</summary>"
    return f"{summary}\n\n```yaml\n{body}\n```\n\n</details>"


def _listed(what: str, kinds: Sequence[str]) -> str:
    """Return *what* with the kinds that it is for; many are folded."""
    if len(kinds) <= _FEW:
        return f"{what}, for {_folded(kinds)}:"
    names = ", ".join(f"`{kind}`" for kind in kinds)
    return f"<details><summary>{what}, for {len(kinds)} kinds</summary>\n\n{names}\n\n</details>"


def _folded(kinds: Sequence[str]) -> str:
    return ", ".join(f"`{kind}`" for kind in kinds) if len(kinds) <= _FEW else f"{len(kinds)} kinds"


def _reads(rule: Rule) -> str:
    """Return the properties that the rule reads, kinds of the same properties together; many are folded."""
    together: dict[tuple[str, ...], list[str]] = {}
    for kind, props in by_kind(rule).items():
        together.setdefault(tuple(props), []).append(f"`{kind}`")
    lines = [
        f"- {', '.join(kinds)}: {', '.join(f'`{prop}`' for prop in props)}"
        for props, kinds in together.items()
    ]
    count = sum(map(len, together.values()))
    if count <= _FEW:
        return "\n".join(["Reads:", "", *lines])
    folded = f"<details><summary>Reads {len(rule.reads)} properties of {count} kinds</summary>"
    return "\n".join([folded, "", *lines, "", "</details>"])


def _link(id_: str) -> str:
    return f"[{id_}](findings.md#{id_.lower().replace('.', '')})"
