"""The report as JSON, the form that every other is made of, and the way back."""

import json
from typing import Any, Final

import msgspec

from guardrails.framework.errors import GuardrailsError
from guardrails.framework.report import FORMAT, Report

SCHEMA: Final = "https://json-schema.org/draft/2020-12/schema"


class ReportError(GuardrailsError):
    """A text is no report that this version of the pack can read."""


def to_json(report: Report) -> str:
    """Return the report as JSON; `docs/report.schema.json` describes it."""
    return msgspec.json.format(msgspec.json.encode(report)).decode() + "\n"


def from_json(text: str) -> Report:
    """Read a report back.

    Raises
    ------
    ReportError
        It is not JSON, of a newer format, or not of the form that the schema describes.
    """
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        raise ReportError("the report is not JSON") from None
    if not isinstance(content, dict) or "format" not in content:
        raise ReportError("the JSON is no report of guardrails: it has no field 'format'")
    if content["format"] != FORMAT:
        raise ReportError(
            f"the report has format {content['format']!r}, this guardrails reads {FORMAT}; "
            "use the version that wrote it, or a newer one"
        )
    try:
        report = msgspec.json.decode(text, type=Report)
    except (ValueError, RecursionError) as invalid:  # msgspec names places and types, never values
        raise ReportError(f"the report is damaged: {invalid}") from None
    _check_rules(report)
    return report


def _check_rules(report: Report) -> None:
    known = {rule.id for rule in report.rules}
    named = [each.rule for each in report.results] + [each.rule for each in report.remediated]
    for rule in named:
        if rule not in known:
            raise ReportError(f"the report is damaged: it has a result of rule {rule!r}, but no such rule")


def report_schema() -> dict[str, Any]:
    """Return the JSON schema of the report."""
    return {"$schema": SCHEMA, "title": "guardrails report", **msgspec.json.schema(Report)}
