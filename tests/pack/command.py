"""Runs the command `guardrails` in this process, as a shell would."""

import io
import sys
from dataclasses import dataclass
from unittest.mock import patch

from guardrails.cli.app import main


@dataclass(frozen=True, kw_only=True)
class Done:
    """How a command ended."""

    status: int
    out: str
    err: str


def guardrails(*arguments: str, given: bytes = b"") -> Done:
    """Run the command with *given* on standard input."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    with (
        patch.object(sys, "argv", ["guardrails", *arguments]),
        patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(given))),
        patch.object(sys, "stdout", out),
        patch.object(sys, "stderr", err),
    ):
        try:
            main()
            status = 0
        except SystemExit as end:
            status = int(end.code or 0)
    said = []
    for stream in (out, err):
        stream.seek(0)
        said.append(stream.read())
    assert "Traceback" not in "".join(said)
    return Done(status=status, out=said[0], err=said[1])
