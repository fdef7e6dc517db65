"""What the program sets, broken one thing at a time, is stopped by a rule or explained in the table."""

from collections.abc import Callable

import pytest

from guardrails.rules import all_rules
from tests.mutation.guards import is_test
from tests.mutation.mutants import all_mutants
from tests.mutation.page import PAGE, written
from tests.mutation.score import courts, outcomes, patterns, score, unnamed
from tests.mutation.table import read_table, stale, unexplained
from tests.pack.program import program_nodes

# The mutants are judged once for all tests of a process.
pytestmark = pytest.mark.xdist_group("mutants")


def test_every_mutant_is_stopped_or_explained(record_property: Callable[[str, object], None]) -> None:
    table = read_table()
    record_property("mutation score", "\n".join(score(outcomes(), table)))

    assert patterns(unexplained(unnamed(), table)) == []


def test_every_line_of_the_table_is_needed() -> None:
    assert stale(unnamed(), read_table()) == []


def test_the_figures_on_the_page_are_those_of_the_trial() -> None:
    page = PAGE.read_text()

    assert written(page) == page, "run: python -m tests.mutation docs"


def test_every_mutant_has_a_name_of_its_own() -> None:
    names = [str(mutant) for mutant in all_mutants()]

    assert len(names) == len(set(names)) > 3000


def _judges_code(rule: str) -> bool:
    return rule.startswith("code-") and rule != "code-readable"


CODE = "it judges the functions' code, which tests/pack/test_pack_code_program.py breaks for each such rule"
STOPS_NO_MUTANT = {
    **dict.fromkeys((rule.id for rule in all_rules() if _judges_code(rule.id)), CODE),
    "creation-order": "it judges `depends_on`, which tests/pack/test_pack_stores.py takes away one by one",
    "lambda-environment-secrets": "nothing can be taken away: the program puts no secret into an environment",
    "s3-cors": "nothing can be taken away: no bucket of the program answers to other origins",
    "single-settings": "nothing can be taken away: the program gives each setting once",
    "stack-outputs": "it judges the stack's outputs, which a guard in guards.yaml takes away",
}
"""Rules about what the program deploys that none of these mutants break, with the reason."""


def test_every_rule_about_what_is_deployed_stops_a_mutant() -> None:
    deployed = {node.kind for node in program_nodes("prod")}
    stopping = {rule for outcome in outcomes() for rule in outcome.stopping}
    silent = {rule.id for rule in all_rules() if deployed & set(rule.fixes)} - stopping

    assert silent == set(STOPS_NO_MUTANT)


def test_a_reason_names_tests_that_exist() -> None:
    named = [test for entry in read_table() for test in entry.held_by]

    assert named
    assert [test for test in named if not is_test(test)] == []


def test_judging_by_the_readers_alone_is_judging_by_all() -> None:
    sample = outcomes()[::41]

    assert [courts()[each.mutant.stack].outcome(each.mutant, by_all=True) for each in sample] == list(sample)
