"""Measure, and write docs/benchmarks.md: `python -m bench [pack] [local [EVENTS]]`, without a word both.

EVENTS is how many events the local stack's memory is measured over.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from bench.local_stack import measure, section
from bench.page import Growth, Whole, page
from bench.process import Cost, cost, write_empty_pack
from bench.stacks import STACK, requests
from local.engine.engine import Engine
from local.stack import preview_engine
from local.toolchain import ROOT

COPIES: Final = (1, 3, 5, 13)
"""Of the program's resources: about 100, 400, 600 and 1,600 of them."""
RUNS: Final = 5
PREVIEWS: Final = 7
PACK: Final = ROOT / "policies"
LOCAL: Final = "# The local stack\n"


def main() -> int:
    """Measure what is asked for, and put it into its part of the page."""
    words = sys.argv[1:] or ["pack", "local"]
    target = ROOT / "docs" / "benchmarks.md"
    parts = dict(zip(("pack", "local"), target.read_text().partition(LOCAL)[::2], strict=True))
    with tempfile.TemporaryDirectory(prefix="guardrails-bench-") as scratch:
        if "pack" in words:
            parts["pack"] = f"{_pack(Path(scratch))}\n"
        if "local" in words:
            numbers = [int(word) for word in words if word.isdigit()]
            measured = measure(Path(scratch) / "stack", os.getloadavg()[0], *numbers)
            parts["local"] = section(measured).removeprefix(LOCAL)
    written = [parts["pack"], *([LOCAL + parts["local"]] if parts["local"] else [])]
    text = "\n".join(f"{part.rstrip()}\n" for part in written)
    target.write_text(text)
    sys.stdout.write(text)
    return 0


def _pack(folder: Path) -> str:
    empty = write_empty_pack(folder / "empty")
    growth = [_growth(copies, empty, folder) for copies in COPIES]
    return page(growth, _whole(folder / "engine"))


def _growth(copies: int, empty: Path, folder: Path) -> Growth:
    """Measure both packs in turn, so that a machine that slows down slows both."""
    asked = requests(copies, folder)
    length = len(asked.resources)
    pairs = [(cost(empty, asked, folder), cost(PACK, asked, folder)) for _ in range(RUNS)]
    sys.stderr.write(f"{length} resources measured\n")

    def median(which: int, read: Callable[[Cost], float]) -> float:
        return statistics.median(read(pair[which]) for pair in pairs)

    return Growth(
        resources=length,
        baseline_start=median(0, lambda each: each.start),
        start=median(1, lambda each: each.start),
        baseline_preview=median(0, lambda each: each.preview),
        preview=median(1, lambda each: each.preview),
        diagnostics=pairs[0][1].diagnostics,
    )


def _whole(folder: Path) -> Whole:
    """Time previews of the real program by the real engine: without a pack, with an empty one, with ours."""
    with preview_engine(folder) as engine:
        engine.select(STACK)
        write_empty_pack(engine.project / "empty")
        commands = [("preview",), *(("preview", "--policy-pack", pack) for pack in ("empty", "policies"))]
        for arguments in commands:  # what is cached is cached for all
            engine.require(*arguments)
        rounds = [[_timed(engine, arguments) for arguments in commands] for _ in range(PREVIEWS)]
    without, empty, packed = (statistics.median(each[i] for each in rounds) for i in range(3))
    return Whole(
        without=without,
        with_empty=empty,
        with_pack=packed,
        ratio_empty=statistics.median(each[1] / each[0] for each in rounds),
        ratio=statistics.median(each[2] / each[0] for each in rounds),
        ratio_to_empty=statistics.median(each[2] / each[1] for each in rounds),
        runs=PREVIEWS,
    )


def _timed(engine: Engine, arguments: Sequence[str]) -> float:
    begun = time.monotonic()
    engine.require(*arguments)
    return time.monotonic() - begun


if __name__ == "__main__":
    sys.exit(main())
