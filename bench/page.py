"""The page of measured figures."""

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass

from guardrails.rules import all_rules


@dataclass(frozen=True, kw_only=True)
class Growth:
    """CPU seconds of both packs' processes for a stack of so many resources, medians."""

    resources: int
    baseline_start: float
    start: float
    baseline_preview: float
    preview: float
    diagnostics: int


@dataclass(frozen=True, kw_only=True)
class Whole:
    """Wall seconds of a preview of prod, medians, and medians of the ratios run by run.

    `ratio` and `ratio_empty` are to a preview without a pack, `ratio_to_empty` is to one with an empty pack.
    """

    without: float
    with_empty: float
    with_pack: float
    ratio_empty: float
    ratio: float
    ratio_to_empty: float
    runs: int


_HEAD = """\
# Benchmarks

Written by `make bench`; figures are of the machine and day on which it last ran. Both packs are measured
in turn in the same run. The baseline is a pack whose single policy does nothing (the SDK takes no pack
without a policy).
"""


def page(growth: Sequence[Growth], whole: Whole) -> str:
    """Return the page."""
    rules = all_rules()
    machine = f"{os.cpu_count()} processors, {platform.machine()}, Python {platform.python_version()}"
    lines = [
        _HEAD,
        f"{len(rules)} rules; {machine}.",
        "",
        "## CPU of the pack's process for one preview",
        "",
        "The stack is made of copies of stack prod's resources (the last copy is cut off, so that some",
        "complaints are true). CPU seconds after start-up: Remediate and Analyze of each resource, then",
        "AnalyzeStack.",
        "",
        "| resources | baseline | all rules | by resource (ms) | complaints |",
        "|---|---|---|---|---|",
        *(
            f"| {each.resources} | {each.baseline_preview:.2f} s | {each.preview:.2f} s | "
            f"{1000 * each.preview / each.resources:.2f} | {each.diagnostics} |"
            for each in growth
        ),
        "",
        "## Start-up",
        "",
        "CPU seconds until the pack has listed its policies for a stack.",
        "",
        "| baseline | all rules | ratio |",
        "|---|---|---|",
        f"| {growth[0].baseline_start:.2f} s | {growth[0].start:.2f} s | "
        f"{growth[0].start / growth[0].baseline_start:.2f} |",
        "",
        "## A whole preview of prod by the real engine, with the local provider",
        "",
        f"Wall seconds, {whole.runs} rounds. Most of what a pack costs here is the start of Python and of",
        "Pulumi's SDK, which an empty pack costs, too.",
        "",
        "| | seconds | to no pack | to the empty pack |",
        "|---|---|---|---|",
        f"| no pack | {whole.without:.2f} | 1 | |",
        f"| empty pack | {whole.with_empty:.2f} | {whole.ratio_empty:.2f} | 1 |",
        f"| this pack | {whole.with_pack:.2f} | {whole.ratio:.2f} | {whole.ratio_to_empty:.2f} |",
    ]
    return "\n".join(lines) + "\n"
