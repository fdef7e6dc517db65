"""How a run ends: the summary on the terminal, and the report in the file that the environment names."""

import os
from pathlib import Path
from typing import Final

import msgspec

from guardrails.framework.report import Report
from guardrails.reports.summary import conclusion, head, summary_table

REPORT_VARIABLE: Final = "GUARDRAILS_REPORT"
"""The environment variable that names the file to write the report to, as JSON."""


def begin() -> None:
    """Take an earlier run's report away, so that a run that never ends leaves none."""
    if path := _report_path():
        path.unlink(missing_ok=True)


def end(report: Report) -> str:
    """Write the report if asked to, and return what to tell on the terminal."""
    if path := _report_path():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(msgspec.json.format(msgspec.json.encode(report)) + b"\n")
    return _summary(report)


def _report_path() -> Path | None:
    named = os.environ.get(REPORT_VARIABLE)
    return Path(named) if named else None


def _summary(report: Report) -> str:
    """Return what was judged, the table by severity, what came of the exemptions, and the conclusion."""
    unused = [
        f"unused exemption: {each.rule} on {each.resource} (owner: {each.owner}): take it out"
        for each in report.unused
    ]
    return "\n".join([head(report), summary_table(report), *unused, conclusion(report), ""])
