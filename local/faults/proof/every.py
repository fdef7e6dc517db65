"""Every fault there is, each with its share of the matches of its site."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from local.errors import LocalStackError
from local.faults.fault import SITES, Fault

LATE_MILLISECONDS = 100
FIRST_CALLS = 10
"""Most batches of the worker make so many; one that makes fewer is killed at its end."""


def every(share: float, seed: int, kinds: Sequence[str] = ()) -> list[Fault]:
    """Return each kind, or those of *kinds*, at each of its sites; pauses are no matter of share.

    Errors and kills strike half of *share* before the effect and half after it. Since the first fault that
    strikes is the only one, a later one gets a larger part of what the earlier ones leave: *share* of all.
    """
    faults: list[Fault] = []
    taken: dict[str, float] = defaultdict(float)
    for kind, site, moment, part in _all(kinds):
        left = 1 - taken[site] * share
        if part * share > left + 1e-9:
            raise LocalStackError(f"{share:.0%} of every fault are more than all {site}: at most 25%")
        taken[site] += part
        faults.append(
            Fault(
                kind=kind,  # type: ignore[arg-type]
                on=site,  # type: ignore[arg-type]
                when=moment,  # type: ignore[arg-type]
                share=min(1, part * share / left),
                seed=seed,
                milliseconds=None if kind == "kill" else LATE_MILLISECONDS,
                calls=FIRST_CALLS,
            )
        )
    return faults


def _all(kinds: Sequence[str]) -> Iterator[tuple[str, str, str, float]]:
    """Yield kind, site, moment, and the part of the share."""
    for kind, sites in SITES.items():
        if kind == "pause" or (kinds and kind not in kinds):
            continue
        moments = ("before", "after") if kind in ("error", "kill") else ("before",)
        yield from ((kind, site, moment, 1 / len(moments)) for site in sites for moment in moments)
