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


RULES_AIMED_AT = 200
CPU_AIM, PREVIEW_AIM, START_AIM = 2.0, 1.10, 1.5
"""What the pack may cost: CPU seconds at 600 resources with 200 rules; ratios of a preview, of a start."""

_ASKED = 600
"""So many resources the CPU aim is about; the shortest stack that has them is held to it."""
_LINEAR = 1.25
"""By so much the cost of a resource may differ between the shortest and the longest stack."""

_HEAD = """\
# Benchmarks

Written by `make bench`; figures are of the machine and day on which it last ran. Both packs are measured
in turn in the same run. The baseline is a pack whose single policy does nothing (the SDK takes no pack
without a policy).
"""


def page(growth: Sequence[Growth], whole: Whole) -> str:
    """Return the page."""
    rules, aims = all_rules(), aims_of(growth, whole)
    machine = f"{os.cpu_count()} processors, {platform.machine()}, Python {platform.python_version()}"
    lines = [
        _HEAD,
        f"{len(rules)} rules; {machine}.",
        "",
        "## Aims",
        "",
        "| what | aim | figure | |",
        "|---|---|---|---|",
        *(
            f"| {aim.what} | ≤ {aim.most:.2f}{aim.unit} | {aim.figure:.2f}{aim.unit} | "
            f"{'met' if aim.met else '**missed**'} |"
            for aim in aims
        ),
        "",
        f"An empty pack alone makes the whole preview {whole.ratio_empty:.2f} times as long. What starts",
        f"Python and Pulumi's SDK is {_share(whole)} of what this pack adds there; no rule can spare it.",
        "",
        "## CPU of the pack's process for one preview",
        "",
        "The stack is made of whole copies of stack prod's resources, so that a long one holds the same",
        "kinds in the same shares as a short one (of prod's first 100 resources one is Lambda's, of the",
        "rest six are). The functions of each copy have code of their own. CPU seconds after start-up,",
        "by the process's own clock, of Remediate and Analyze of each resource, then AnalyzeStack.",
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
        f"Wall seconds, {whole.runs} rounds; what a pack costs by itself is in the row of the empty one.",
        "",
        "| | seconds | to no pack | to the empty pack |",
        "|---|---|---|---|",
        f"| no pack | {whole.without:.2f} | 1 | |",
        f"| empty pack | {whole.with_empty:.2f} | {whole.ratio_empty:.2f} | 1 |",
        f"| this pack | {whole.with_pack:.2f} | {whole.ratio:.2f} | {whole.ratio_to_empty:.2f} |",
    ]
    return "\n".join(lines) + "\n"


@dataclass(frozen=True, kw_only=True)
class Aim:
    """Something that was measured, and the most that it may be."""

    what: str
    most: float
    figure: float
    unit: str = ""

    @property
    def met(self) -> bool:
        """Whether the figure is within the aim."""
        return self.figure <= self.most


def aims_of(growth: Sequence[Growth], whole: Whole) -> Sequence[Aim]:
    """Return the aims with their figures; rules that are still to come are counted like those there are."""
    rules = len(all_rules())
    at = next(each for each in growth if each.resources >= _ASKED)
    of_rules = max(0.0, at.preview - at.baseline_preview) * RULES_AIMED_AT / rules
    first, last = growth[0], growth[-1]
    return [
        Aim(what=f"CPU at {at.resources} resources, all rules", most=CPU_AIM, figure=at.preview, unit=" s"),
        Aim(
            what=f"the same for {RULES_AIMED_AT} rules, reckoned from what {rules} add to the baseline",
            most=CPU_AIM,
            figure=at.baseline_preview + of_rules,
            unit=" s",
        ),
        Aim(
            what=f"CPU of one resource of {last.resources} to that of one of {first.resources} (linear: 1)",
            most=_LINEAR,
            figure=(last.preview / last.resources) / (first.preview / first.resources),
        ),
        Aim(
            what="start-up, to that of an empty pack",
            most=START_AIM,
            figure=growth[0].start / growth[0].baseline_start,
        ),
        Aim(what="whole preview of prod, to one without a pack", most=PREVIEW_AIM, figure=whole.ratio),
    ]


def _share(whole: Whole) -> str:
    """Return which part of what the pack adds to a preview an empty pack adds, too."""
    added = whole.ratio - 1
    return f"{min(1.0, max(0.0, (whole.ratio_empty - 1) / added)):.0%}" if added > 0 else "all"
