"""The pack as Pulumi talks to it: rules become policies, verdicts become diagnostics at their levels.

All stack rules share one graph, built once per analysis; the SDK would deserialise every resource again for
every policy. Levels are decided when the stack is learnt: from `ConfigureStack` in a preview or update, from
a URN under `pulumi policy analyze`, which never sends it.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc

from guardrails.framework import sdk
from guardrails.framework.errors import ConfigError
from guardrails.framework.graph import Graph
from guardrails.framework.judge import Verdict, judge
from guardrails.framework.levels import Level, StackLevels, check_names, load_levels
from guardrails.framework.node import Node, label, stack_in
from guardrails.framework.props import Props
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


class Analyzer(sdk.BaseServicer):  # type: ignore[misc]  # the base comes from a checked, untyped lookup
    """Answers the engine: learns stack and levels, remembers inputs, judges resources and the stack."""

    def __init__(self, name: str, version: str, policies: list[Any], *rest: Any) -> None:
        super().__init__(name, version, policies, *rest)
        self._policies = {policy.name: policy for policy in policies}
        self._stack = ""
        self._levels: StackLevels | None = None
        self._overrides: dict[str, Level] = {}
        self._announced: dict[str, Level] = {}
        self._inputs: dict[str, dict[str, Any]] = {}

    def ConfigureStack(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Learn the stack and read its levels, before the engine asks for them."""
        self._learn(request.stack, context)
        self._inputs.clear()
        return super().ConfigureStack(request, context)

    def GetAnalyzerInfo(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """List the policies at the levels of the stack."""
        for policy in self._policies.values():
            level = self._levels.of(policy.name) if self._levels else Level.MANDATORY
            self._announced[policy.name] = level
            policy.enforcement_level = sdk.EnforcementLevel(level.value)
        return super().GetAnalyzerInfo(request, context)

    def Configure(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Take `--policy-pack-config`, which the engine merges with the announced levels.

        What differs from the announced level was asked for; what equals it is left to guardrails.yaml, since
        under `policy analyze` the stack is not known when levels are announced.
        """
        where = "--policy-pack-config"
        with _refusing(context):
            check_names(request.policyConfig, self._policies, where)
            for name, config in request.policyConfig.items():
                if config.properties.fields:
                    raise ConfigError(f"{where}: rule {name!r} has no settings but enforcementLevel")
        for name, config in request.policyConfig.items():
            asked = self._convert_enforcement_level(config.enforcementLevel).value
            level = Level.MANDATORY if asked == "remediate" else Level(asked)
            if level is not self._announced.get(name):
                self._overrides[name] = level
        return super().Configure(request, context)

    def Analyze(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Judge one resource by its inputs, and keep those for the stack rules."""
        self._learn(stack_in(request.urn), context)
        inputs = sdk.plain_properties(request.properties)
        self._inputs[request.urn] = inputs
        node = self._node(request, parent=request.options.parent, inputs=inputs, outputs={})
        return self._judged(Graph([node]), Phase.RESOURCE)

    def AnalyzeStack(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Judge the whole stack."""
        if request.resources:
            self._learn(stack_in(request.resources[0].urn), context)
        return self._judged(Graph(self._nodes(request.resources)), Phase.STACK)

    def _nodes(self, resources: Iterable[Any]) -> Iterable[Node]:
        for resource in resources:
            outputs = sdk.plain_properties(resource.properties)
            inputs = self._inputs.get(resource.urn, outputs)
            sources = {prop: tuple(found.urns) for prop, found in resource.propertyDependencies.items()}
            yield self._node(
                resource,
                parent=resource.parent,
                inputs=inputs,
                outputs=outputs,
                sources=sources,
                dependencies=tuple(resource.dependencies),
            )

    def _node(self, message: Any, *, inputs: dict[str, Any], outputs: dict[str, Any], **rest: Any) -> Node:
        owner = label(message.name, message.type)
        provider = sdk.plain_properties(message.provider.properties)
        return Node(
            urn=message.urn,
            type=message.type,
            name=message.name,
            inputs=Props.of(inputs, owner),
            outputs=Props.of(outputs, owner),
            provider=Props.of(provider, f"the provider of {owner}"),
            **rest,
        )

    def _judged(self, graph: Graph, phase: Phase) -> Any:
        response = sdk.analyzer_pb2.AnalyzeResponse()
        for policy in self._policies.values():
            level = self._level(policy.name)
            if policy.rule.phase is phase and level is not Level.DISABLED:
                for verdict in judge(policy.rule, graph):
                    self._report(response, verdict, level)
        return response

    def _report(self, response: Any, verdict: Verdict, level: Level) -> None:
        """Add a diagnostic: an undetermined verdict has its own level, whatever the rule's."""
        if verdict.undetermined:
            level = self._levels.undetermined if self._levels else Level.MANDATORY
        report = self._create_report_violation(
            response,
            verdict.rule.id,
            verdict.rule.title,
            sdk.EnforcementLevel(level.value),
            sdk.Severity(verdict.rule.severity.value),
        )
        report(verdict.message, verdict.node.urn)

    def _level(self, rule: str) -> Level:
        if rule in self._overrides:
            return self._overrides[rule]
        return self._levels.of(rule) if self._levels else Level.MANDATORY

    def _learn(self, stack: str, context: grpc.ServicerContext) -> None:
        if stack and (self._levels is None or stack != self._stack):
            with _refusing(context):
                self._levels = load_levels(Path.cwd(), stack, self._policies)
            self._stack = stack


@contextmanager
def _refusing(context: grpc.ServicerContext) -> Iterator[None]:
    """Tell the engine what is wrong with the configuration, so that it stops."""
    try:
        yield
    except ConfigError as wrong:
        context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"guardrails: {wrong}")
