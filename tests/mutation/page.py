"""The figures on docs/mutation.md, which are written by `python -m tests.mutation docs` and not by hand."""

import re
from typing import Final

from guardrails.rules import all_rules
from local.toolchain import ROOT
from tests.mutation.guards import read_guards
from tests.mutation.score import outcomes, unnamed
from tests.mutation.table import read_table, unexplained

PAGE: Final = ROOT / "docs" / "mutation.md"
_FIGURES: Final = re.compile(r"(?<=<!-- figures -->\n).*?(?=<!-- end of figures -->)", re.DOTALL)


def figures() -> str:
    """Return what the trial found, as Markdown."""
    found, guards = outcomes(), read_guards()
    stopped = [outcome for outcome in found if outcome.stopping]
    direct = sum(outcome.on_itself for outcome in stopped)
    survived = sum(outcome.survived for outcome in found)
    stopping = {rule for outcome in stopped for rule in outcome.stopping}
    guarded = {finding for guard in guards.guards for finding in guard.findings}
    awaited = {finding for each in guards.not_deployed for finding in each.findings}
    rows = {
        "all": (len(found), ""),
        "stopped": (
            len(stopped),
            f"{direct:,} on the broken resource, {len(stopped) - direct:,} on one joined with it",
        ),
        "undetermined": (
            len(found) - len(stopped) - survived,
            "the deployment is blocked; each has its reason in the table",
        ),
        "surviving": (survived, "each has its reason in the table"),
        "unexplained": (len(unexplained(unnamed(), read_table())), ""),
    }
    lines = [f"| {name} | {count:,} | {meaning} |" for name, (count, meaning) in rows.items()]
    summary = (
        f"Of {len(all_rules())} rules {len(stopping)} stop mutants. The {len(guards.guards)} guards cover "
        f"{len(guarded)} findings; {len(awaited)} more wait for what their rules are about."
    )
    return "\n".join(["", "| mutants | | |", "|---|---|---|", *lines, "", summary, "", ""])


def written(page: str) -> str:
    """Return *page* with these figures."""
    return _FIGURES.sub(lambda _: figures(), page)
