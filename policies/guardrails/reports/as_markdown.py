"""The report as a comment on a pull request: Markdown of GitHub's kind that always fits.

The comment begins with a hidden marker, the same in every run of a stack, by which a bot finds and replaces
the comment of the run before. What does not fit is left out from the end, where the least severe stands, and
counted.
"""

import html
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from guardrails.framework.message import UNKNOWN_FIX
from guardrails.framework.report import Exemption, Outcome, Report, Result
from guardrails.reports.escaping import block, printable, prose, span
from guardrails.reports.groups import SEVERITIES, Group, exempted, groups, listed, number
from guardrails.reports.summary import COLUMNS, conclusion, counts

LIMIT: Final = 65_536
"""What a comment may have; GitHub counts characters, this module bytes, which are never fewer."""

_RESERVE: Final = 300
"""Room for the sentence that counts what was left out."""

_SIGNS: Final = {"critical": "🟣", "high": "🔴", "medium": "🟠", "low": "🟡"}
_EXPIRED: Final = "expired exemptions"
_OPEN: Final = 5
"""A rule with more results than this is shown closed."""


@dataclass
class _Page:
    """A comment that takes parts as long as they fit."""

    limit: int
    parts: list[str] = field(default_factory=list)
    size: int = 0

    def add(self, *parts: str) -> bool:
        """Add *parts*, all or none."""
        size = sum(len(part.encode()) + 1 for part in parts)
        fits = self.size + size <= self.limit - _RESERVE
        if fits:
            self.parts += parts
            self.size += size
        return fits

    def section(self, head: str, items: Sequence[str], foot: str) -> int:
        """Add a section with as many of its items as fit; return how many did not."""
        if not items or not self.add(head, items[0], foot):
            return len(items)
        self.parts.pop()
        added = 1
        while added < len(items) and self.add(items[added]):
            added += 1
        self.parts.append(foot)
        return len(items) - added


def marker(project: str, stack: str) -> str:
    """Return the hidden line by which the comment of a stack is found again."""
    return f"<!-- guardrails: {html.escape(printable(f'{project}/{stack}'))} -->"


def to_markdown(report: Report, *, limit: int = LIMIT) -> str:
    """Return the report as Markdown of at most *limit* bytes."""
    page, cut = _Page(limit), Counter[str]()
    page.add(_head(report))
    for group in groups(report):
        cut[group.rule.severity] += page.section(_opening(group), list(_items(group)), _closing(group))
    rest = _rest(report)
    for title, items in rest:
        opening = _details(f"{title}: {len(items)}", shown=title == _EXPIRED)
        cut[title] += page.section(opening, items, "\n</details>\n")
    left = [f"{cut[name]:,} {name}" for name in (*SEVERITIES, *(title for title, _ in rest)) if cut[name]]
    if left:
        page.parts.append(f"**Left out, to fit here:** {listed(left)}. The JSON report has everything.\n")
    return "\n".join(page.parts)


def _head(report: Report) -> str:
    sign = "✅" if report.passed else "🛑"
    scope = f"{number(report.resources, 'resource')}, {number(len(report.rules), 'rule')}"
    return "\n".join(
        [
            marker(report.project, report.stack),
            f"### {sign} Guardrails on {span(f'{report.project}/{report.stack}')}",
            "",
            f"**{conclusion(report).capitalize()}.**",
            "",
            *_table(report),
            f"{prose(report.pack)}, profile {prose(report.profile)}, {scope}.",
            "",
        ]
    )


def _table(report: Report) -> list[str]:
    """Return the table by severity, without empty rows; nothing at all where nothing was found."""
    filled = {name: row for name, row in counts(report).items() if any(row.values())}
    rows = [f"| {name} | {' | '.join(f'{row[c]:,}' for c in COLUMNS)} |" for name, row in filled.items()]
    if not rows:
        return []
    return [f"| {' | '.join(('severity', *COLUMNS))} |", f"|:--|{'--:|' * len(COLUMNS)}", *rows, ""]


def _opening(group: Group) -> str:
    rule, level = group.rule, group.results[0].level
    name, count = html.escape(printable(rule.id)), number(len(group.results), "result")
    title = f"{_SIGNS[rule.severity]} {rule.severity} · <code>{name}</code> · {level} · {count}"
    opening = _details(title, shown=group.blocks and len(group.results) <= _OPEN)
    return f"{opening}**{prose(rule.title)}** {prose(rule.why)}\n"


def _items(group: Group) -> Iterator[str]:
    """Yield one item for each result; the first of a sentence brings that along."""
    for (outcome, _), sentences in group.by_fix.items():
        for problem, results in sentences.items():
            unknown = "*cannot be judged:* " if outcome is Outcome.UNDETERMINED else ""
            opening = f"\n{unknown}{prose(problem)}:\n\n"
            for result in results:
                yield f"{opening}- {_resource(result)}"
                opening = ""


def _resource(result: Result) -> str:
    within = f" in {prose(result.component)}" if result.component else ""
    source = f", {span(result.source)}" if result.source else ""
    return f"{span(result.name)} ({prose(result.type)}){within}{source}"


def _closing(group: Group) -> str:
    """Return how to mend what the group holds, and where to read on."""
    unknown = any(outcome is Outcome.UNDETERMINED for outcome, _ in group.by_fix)
    fixes = [f"To have it judged: {UNKNOWN_FIX}.\n"] if unknown else []
    fixes += [
        f"{'What must hold' if outcome is Outcome.UNDETERMINED else 'Fix'}:\n\n{block(fix, 'python')}\n"
        for outcome, fix in group.by_fix
    ]
    cited = ", ".join(
        f"{prose(each.id)} ({prose(each.system)}: {prose(each.title)})" for each in group.rule.findings
    )
    lines = [f"Findings: {cited}", ""] if cited else []
    return "\n".join(["", *fixes, *lines, f"Docs: {_link(group.rule.docs)}", "", "</details>", ""])


def _rest(report: Report) -> list[tuple[str, list[str]]]:
    passed = [
        f"- {span(each.rule)}: {_resource(each)} {prose(each.problem)}; {_terms(each.exemption)}"
        for each in exempted(report)
        if each.exemption
    ]
    mended = [
        f"- {span(each.rule)} set {prose(', '.join(each.properties))} of {span(each.urn)}"
        for each in report.remediated
    ]
    lists = {
        _EXPIRED: [_exemption(each) for each in report.expired],
        "unused exemptions": [_exemption(each) for each in report.unused],
        "exempted": passed,
        "remediated": mended,
    }
    return [(title, items) for title, items in lists.items() if items]


def _exemption(exemption: Exemption) -> str:
    return f"- {span(exemption.rule)} on {span(exemption.resource)}, {_terms(exemption)}"


def _terms(exemption: Exemption) -> str:
    return f"until {exemption.expires}, owner {prose(exemption.owner)}: {prose(exemption.reason)}"


def _details(title: str, *, shown: bool = False) -> str:
    return f"<details{' open' if shown else ''}><summary>{title}</summary>\n\n"


def _link(docs: str) -> str:
    address = html.escape(printable(docs).replace("<", "%3C").replace(">", "%3E"))
    return f"[{prose(docs)}](<{address}>)" if docs.startswith("https://") else span(docs)
