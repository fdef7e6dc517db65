"""The formats by name, and where a report in one of them goes."""

from enum import StrEnum
from pathlib import Path

import typer

from guardrails.cli.inputs import write_text
from guardrails.framework.report import Report
from guardrails.reports.as_json import to_json
from guardrails.reports.as_junit import to_junit
from guardrails.reports.as_markdown import to_markdown
from guardrails.reports.as_sarif import to_sarif
from guardrails.reports.as_text import to_text
from guardrails.reports.places import Program
from guardrails.reports.summary import conclusion, summary_table


class Format(StrEnum):
    """A form of the report."""

    TEXT = "text"
    JSON = "json"
    JUNIT = "junit"
    SARIF = "sarif"
    MARKDOWN = "markdown"


def rendered(report: Report, form: Format, folder: Path, width: int) -> str:
    """Return *report* in a format; *folder* is the program's, where SARIF looks for lines."""
    if form is Format.TEXT:
        return to_text(report, width)
    if form is Format.SARIF:
        program = Program(folder)
        return to_sarif(report, program.place, program.place_of("guardrails.yaml"))
    return {Format.JSON: to_json, Format.JUNIT: to_junit, Format.MARKDOWN: to_markdown}[form](report)


def put(text: str, output: Path | None, report: Report) -> None:
    """Write *text* to *output* and the summary to the terminal, or *text* to the terminal."""
    if output is None:
        typer.echo(text, nl=False)
    else:
        write_text(output, text)
        typer.echo(f"{summary_table(report)}\n\n{conclusion(report)}\nwritten to {output}")
