"""How a run ends: the summary on the terminal, and the report in the file that the environment names."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from guardrails.framework.errors import ConfigError
from guardrails.framework.report import Report
from guardrails.reports.summary import conclusion, head, summary_table

REPORT_VARIABLE: Final = "GUARDRAILS_REPORT"
"""The environment variable that names the file to write the report to, as JSON."""


def begin() -> None:
    """Take an earlier run's report away, so that a run that never ends leaves none.

    Raises
    ------
    ConfigError
        The file cannot be written, or is something else than a report.
    """
    if not (path := _report_path()):
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            msgspec.json.decode(path.read_bytes(), type=Report)
            path.unlink()
        _write(path, b"")
        path.unlink()
    except msgspec.MsgspecError:
        raise ConfigError(
            f"{REPORT_VARIABLE}: {path} is there and no report; name another file, or take it away"
        ) from None
    except OSError as unwritable:
        raise ConfigError(f"{REPORT_VARIABLE}: {path} cannot be written: {unwritable.strerror}") from None


def end(report: Report) -> str:
    """Write the report if asked to, and return what to tell on the terminal."""
    if path := _report_path():
        _write(path, msgspec.json.format(msgspec.json.encode(report)) + b"\n")
    return _summary(report)


def _write(path: Path, content: bytes) -> None:
    """Write a file as a whole or not at all."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_bytes(content)
        beside.replace(path)
    except OSError:
        with suppress(OSError):
            beside.unlink()
        raise


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
