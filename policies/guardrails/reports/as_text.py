"""The report for a terminal: what is wrong, where, why, how to mend it; the summary at the end."""

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from guardrails.framework.message import UNKNOWN_FIX
from guardrails.framework.report import Exemption, Outcome, Report, Result, RuleInfo
from guardrails.reports.escaping import printable
from guardrails.reports.groups import Group, exempted, groups, number, where, within
from guardrails.reports.summary import conclusion, head, summary_table

WIDTH: Final = 100


def to_text(report: Report, width: int = WIDTH) -> str:
    """Return the report in lines of about *width* characters; names and code are never broken."""
    parts = [head(report)]
    parts += [_group(group, width) for group in groups(report)]
    parts += _exempted(report, width)
    parts += _remediated(report)
    parts += _exemptions("EXPIRED EXEMPTIONS", "stop the deployment", report.expired, width)
    parts += _exemptions("UNUSED EXEMPTIONS", "no result needs them", report.unused, width)
    parts.append(f"{summary_table(report)}\n\n{conclusion(report)}")
    return "\n\n".join(parts) + "\n"


def _group(group: Group, width: int) -> str:
    rule, count = group.rule, number(len(group.results), "result")
    title = f"{rule.severity.upper()}  {printable(rule.id)}  [{group.results[0].level}]  {count}"
    lines = [title, *_wrapped(rule.title, "  ", width), *_field("Why", rule.why, width)]
    for (outcome, fix), sentences in group.by_fix.items():
        for problem, results in sentences.items():
            lines += _wrapped(_sentence(outcome, problem, len(results)), "  ", width)
            lines += [f"    - {line}" for line in _places(results)]
        if outcome is Outcome.UNDETERMINED:
            lines += _field("To have it judged", UNKNOWN_FIX, width)
        lines += _code("Fix" if outcome is Outcome.VIOLATION else "What must hold", fix)
    return "\n".join([*lines, *_references(rule, width)])


def _sentence(outcome: Outcome, problem: str, count: int) -> str:
    if outcome is Outcome.UNDETERMINED:
        return f"undetermined, cannot be judged: {problem}:"
    return f"{problem}:" if count == 1 else f"{problem} ({count:,} resources):"


def _places(results: Iterable[Result]) -> Iterator[str]:
    for result in results:
        source = f"  {result.source}" if result.source else ""
        yield printable(f"{where(result)}{within(result)}{source}")


def _references(rule: RuleInfo, width: int) -> Iterator[str]:
    cited = ", ".join(f"{each.id} ({each.system}: {each.title})" for each in rule.findings)
    if cited:
        yield from _field("Findings", cited, width)
    yield f"  Docs: {printable(rule.docs)}"


def _exempted(report: Report, width: int) -> Iterator[str]:
    found = exempted(report)
    if found:
        lines = [f"EXEMPTED  {number(len(found), 'result')}"]
        for result in found:
            lines.append(printable(f"  - {result.rule}: {where(result)}{within(result)}"))
            if result.exemption:
                lines += _wrapped(f"{result.problem}; {_terms(result.exemption)}", "    ", width)
        yield "\n".join(lines)


def _remediated(report: Report) -> Iterator[str]:
    if report.remediated:
        lines = [f"REMEDIATED  {number(len(report.remediated), 'resource')}"]
        for each in report.remediated:
            lines.append(printable(f"  - {each.rule} set {', '.join(each.properties)} of {each.urn}"))
        yield "\n".join(lines)


def _exemptions(title: str, means: str, found: Sequence[Exemption], width: int) -> Iterator[str]:
    if found:
        lines = [f"{title}  {len(found)}  ({means})"]
        for each in found:
            lines.append(printable(f"  - {each.rule}: {each.resource}"))
            lines += _wrapped(_terms(each), "    ", width)
        yield "\n".join(lines)


def _terms(exemption: Exemption) -> str:
    return f"until {exemption.expires}, owner {exemption.owner}: {exemption.reason}"


def _field(name: str, text: str, width: int) -> list[str]:
    return _wrapped(f"{name}: {text}", "  ", width, hanging=" " * 4)


def _code(name: str, code: str) -> list[str]:
    return [f"  {name}:", *(f"      {printable(line)}" for line in code.splitlines())]


def _wrapped(text: str, indent: str, width: int, hanging: str = "") -> list[str]:
    return textwrap.wrap(
        printable(text),
        width,
        initial_indent=indent,
        subsequent_indent=hanging or indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
