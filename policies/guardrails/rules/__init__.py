"""The rules, one module for each service. A module in this package is all it takes to add some."""

import pkgutil
from importlib import import_module

from guardrails.framework.errors import RuleDefinitionError
from guardrails.framework.findings import finding
from guardrails.framework.rule import Rule


def all_rules() -> list[Rule]:
    """Return every rule that a module of this package defines, by id.

    Raises
    ------
    RuleDefinitionError
        Two rules share an id, or a rule names a finding that does not exist.
    """
    rules: dict[str, Rule] = {}
    for module in pkgutil.iter_modules(__path__):
        members = vars(import_module(f"{__name__}.{module.name}"))
        for rule in [member for member in members.values() if isinstance(member, Rule)]:
            if rules.setdefault(rule.id, rule) is not rule:
                raise RuleDefinitionError(f"two rules are called {rule.id!r}; the second is in {module.name}")
            for cited in rule.findings:
                finding(cited)
    return [rules[id_] for id_ in sorted(rules)]
