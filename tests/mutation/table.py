"""The reviewed table: which mutants no rule needs to name, and why."""

import re
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Final

import yaml
from pydantic import BaseModel, ConfigDict, Field

from tests.mutation.judging import Outcome

TABLE: Final = Path(__file__).with_name("survivors.yaml")
_PARTS: Final = ("kinds", "names", "places", "faults")


class Entry(BaseModel):
    """One reason, and the mutants that it holds for: those that fit a glob of each of the four lists.

    A `*` stands for anything without a dot, `**` for anything. With `refused` the provider's own types must
    say that the mutant lacks a required input, with `referred` others must take values of what it lacks. It
    is about survivors, with `undetermined` about mutants that rules cannot judge any more.
    `held_by` are tests that fail on these mutants, where it is they and not the pack that keep them away.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    why: str = Field(min_length=20)
    kinds: tuple[str, ...] = ("**",)
    names: tuple[str, ...] = ("**",)
    places: tuple[str, ...] = ("**",)
    faults: tuple[str, ...] = ("removed",)
    refused: bool = False
    referred: bool = False
    undetermined: bool = False
    held_by: tuple[str, ...] = ()

    def fitting(self, outcome: Outcome) -> frozenset[tuple[str, str]]:
        """Return the globs that a mutant fits, with their lists; none unless it fits in every list."""
        mutant = outcome.mutant
        texts = (mutant.kind, mutant.name, mutant.place, mutant.fault)
        fits = [
            {(part, glob) for glob in getattr(self, part) if _pattern(glob).fullmatch(text)}
            for part, text in zip(_PARTS, texts, strict=True)
        ]
        proved = (
            outcome.refused >= self.refused
            and outcome.referred >= self.referred
            and outcome.survived is not self.undetermined
        )
        return frozenset[tuple[str, str]]().union(*fits) if all(fits) and proved else frozenset()


def read_table() -> list[Entry]:
    """Return the entries of the table."""
    return [Entry.model_validate(entry) for entry in yaml.safe_load(TABLE.read_text())]


def unexplained(unnamed: Iterable[Outcome], table: Sequence[Entry]) -> list[Outcome]:
    """Return the mutants that no entry is about."""
    return [outcome for outcome in unnamed if not any(entry.fitting(outcome) for entry in table)]


def stale(unnamed: Sequence[Outcome], table: Sequence[Entry]) -> list[str]:
    """Return the globs that no mutant needs any more, with the reason that they stand under."""
    found = []
    for entry in table:
        used = frozenset[tuple[str, str]]().union(*(entry.fitting(outcome) for outcome in unnamed))
        written = [(part, glob) for part in _PARTS for glob in getattr(entry, part)]
        found += [
            f"{part} {glob!r} under {entry.why!r}" for part, glob in written if (part, glob) not in used
        ]
    return found


@cache
def _pattern(glob: str) -> re.Pattern[str]:
    return re.compile(re.escape(glob).replace(r"\*\*", ".*").replace(r"\*", "[^.]*"))
