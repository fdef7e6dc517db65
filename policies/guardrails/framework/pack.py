"""The pack as Pulumi lists it: every rule is a policy, which the pack's own analyzer runs."""

from collections.abc import Iterable, Sequence

from guardrails.framework import sdk
from guardrails.framework.analyzer import Analyzer
from guardrails.framework.rule import Phase, Rule


class PolicyPack(sdk.BasePack):
    """Serves *rules* to the engine under the pack's *name*; returns only when the engine is done."""

    def __init__(self, name: str, rules: Sequence[Rule]) -> None:
        sdk.install(Analyzer)
        super().__init__(name, policies_of(rules), enforcement_level=sdk.EnforcementLevel.MANDATORY)


class StackPolicy(sdk.StackValidationPolicy):
    """A stack rule as the SDK lists it; the analyzer runs the rule."""

    def __init__(self, rule: Rule) -> None:
        super().__init__(rule.id, rule.title, _refuse, severity=sdk.Severity(rule.severity.value))
        self.rule = rule


class ResourcePolicy(sdk.ResourceValidationPolicy):
    """A resource rule as the SDK lists it; the analyzer runs the rule."""

    def __init__(self, rule: Rule) -> None:
        super().__init__(rule.id, rule.title, _refuse, severity=sdk.Severity(rule.severity.value))
        self.rule = rule


def policies_of(rules: Iterable[Rule]) -> list[sdk.Policy]:
    """Return one policy for each rule, named as the rule."""
    return [StackPolicy(rule) if rule.phase is Phase.STACK else ResourcePolicy(rule) for rule in rules]


def _refuse(*_args: object) -> None:
    raise NotImplementedError("guardrails' rules run in its own PolicyPack only: guardrails.framework.pack")
