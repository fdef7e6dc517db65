"""The real program, stack by stack, under every rule: the quick form of what the engine's gate shows."""

import pytest

from guardrails.rules import all_rules
from tests.pack.program import program_nodes, verdicts_on


@pytest.mark.parametrize("stack", ["dev", "prod", "local"])
def test_the_program_passes_every_rule_in_a_first_preview(stack: str) -> None:
    found = verdicts_on(program_nodes(stack), all_rules())

    assert [(verdict.rule.id, str(verdict.node), verdict.problem) for verdict in found] == []
