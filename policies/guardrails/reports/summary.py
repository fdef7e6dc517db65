"""The end of a run: how many results of each severity, and whether the deployment may go on.

Plain text without colour; the pack itself prints it, so nothing but the report is imported.
"""

from collections import Counter
from typing import Final

from guardrails.framework.report import Outcome, Report, Result
from guardrails.reports.escaping import printable
from guardrails.reports.groups import SEVERITIES, listed, number

COLUMNS: Final = ("violations", "undetermined", "exempted", "remediated")


def head(report: Report) -> str:
    """Return in one line what was judged, by what."""
    scope = f"{number(report.resources, 'resource')}, {number(len(report.rules), 'rule')}"
    stack = printable(f"{report.project}/{report.stack}")
    return f"{printable(report.pack)}: {stack}, profile {printable(report.profile)}, {scope}"


def counts(report: Report) -> dict[str, dict[str, int]]:
    """Return how many results there are, by severity and column; `total` is the last row."""
    severities = {rule.id: rule.severity for rule in report.rules}
    found = Counter((severities[result.rule], _column(result)) for result in report.results)
    found.update((severities[each.rule], "remediated") for each in report.remediated)
    rows = {severity: {name: found[severity, name] for name in COLUMNS} for severity in SEVERITIES}
    rows["total"] = {name: sum(row[name] for row in rows.values()) for name in COLUMNS}
    return rows


def _column(result: Result) -> str:
    if result.exemption:
        return "exempted"
    return "violations" if result.outcome is Outcome.VIOLATION else "undetermined"


def summary_table(report: Report) -> str:
    """Return the table by severity, aligned, without a line end."""
    rows: list[tuple[str, ...]] = [("severity", *COLUMNS)]
    rows += [(name, *(str(row[column]) for column in COLUMNS)) for name, row in counts(report).items()]
    widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if index else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )


def conclusion(report: Report) -> str:
    """Return in one sentence whether something stops the deployment, and what does not."""
    stops = [number(len(report.blocking), "result")] if report.blocking else []
    stops += [number(len(report.expired), "expired exemption")] if report.expired else []
    advice = len(report.results) - len(report.blocking) - sum(bool(each.exemption) for each in report.results)
    rest = f"; {number(advice, 'advisory result')}" if advice else ""
    if report.passed:
        return f"passed: nothing stops the deployment{rest}"
    verb = "stops" if len(report.blocking) + len(report.expired) == 1 else "stop"
    early = "" if report.complete else ", which ended before the whole stack was judged"
    return f"blocked: {listed(stops)} {verb} the deployment{early}{rest}"
