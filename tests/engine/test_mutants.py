"""What rules say of mutants in process they say in a real preview: one for each rule, in a few previews."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest

from local.stack import preview_engine
from tests.mutation.broken_program import write_broken
from tests.mutation.judging import Complaint, Outcome
from tests.mutation.mutants import Mutant
from tests.mutation.score import courts, outcomes

# The mutants are judged once for all tests of a process.
pytestmark = pytest.mark.xdist_group("mutants")

PREVIEWS = 4
MADE_UP = "names"
"""The rule whose words tell the name that the provider makes up where the program gives none."""


@dataclass(kw_only=True)
class Batch:
    """Mutants of prod for one preview, each of another resource, and the rules that they are there for."""

    mutants: list[Mutant] = field(default_factory=list)
    rules: set[str] = field(default_factory=set)
    expected: frozenset[Complaint] = frozenset()

    def takes(self, mutant: Mutant, rules: set[str]) -> bool:
        """Take *mutant* for *rules* unless it hides what is said of others, or they what is said of it."""
        if any(each.urn == mutant.urn for each in self.mutants):
            return False
        expected = courts()["prod"].together([*self.mutants, mutant])
        certain = not any(each.undetermined for each in expected)
        if not certain or not self.rules | rules <= {each.rule for each in expected}:
            return False
        self.mutants.append(mutant)
        self.rules |= rules
        self.expected = expected
        return True


@cache
def batches() -> list[Batch]:
    """Return mutants for as many rules as possible; those come first that the fewest rules stop."""
    made = [Batch() for _ in range(PREVIEWS)]
    waiting = {rule for outcome in usable() for rule in outcome.stopping}
    for outcome in sorted(usable(), key=lambda outcome: len(outcome.stopping)):
        rules = outcome.stopping & waiting
        if rules and any(batch.takes(outcome.mutant, rules) for batch in made):
            waiting -= rules
    return made


def usable() -> Iterator[Outcome]:
    """Yield mutants of prod that a preview takes and that rules are certain about.

    In a preview a resource without a name already has the one that the provider made up, by which others
    find it: only in process is it nameless.
    """
    for outcome in outcomes():
        nameless = MADE_UP in outcome.stopping and len(outcome.stopping) > 1
        taken = not (outcome.refused or outcome.referred or nameless)
        if outcome.mutant.stack == "prod" and taken and not outcome.doubting:
            yield outcome


@pytest.mark.slow
def test_a_real_preview_stops_mutants_as_the_trial_does(tmp_path: Path) -> None:
    for number, batch in enumerate(batches()):
        variant = write_broken(tmp_path / f"variant{number}", batch.mutants)
        with preview_engine(tmp_path / f"engine{number}", variant) as engine:
            engine.select("prod")
            run = engine.preview()

        assert run.status != 0, run.output
        output = " ".join(run.output.split())
        exact = {each for each in batch.expected if each.rule != MADE_UP}
        assert sorted(each.text for each in exact if each.text not in output) == [], run.output
        said = re.findall(r"- \[mandatory\] (?:\[severity: \w+\] )?([\w-]+) \(([\w:]+): ([\w-]+)\)", output)
        assert sorted(said) == sorted(map(announced, batch.expected)), run.output


def announced(complaint: Complaint) -> tuple[str, str, str]:
    """Return what the engine says above a complaint: rule, short type and name of the resource."""
    token, name = complaint.urn.split("::")[2].split("$")[-1], complaint.urn.rsplit("::", 1)[1]
    package, module, kind = token.split(":")
    return complaint.rule, f"{package}:{module.split('/')[0]}:{kind}", name


@pytest.mark.slow
def test_every_rule_that_stops_what_the_provider_takes_is_tried_in_a_real_preview() -> None:
    stopping = {rule for outcome in outcomes() if not outcome.refused for rule in outcome.stopping}

    assert set().union(*(batch.rules for batch in batches())) == stopping
