"""The analyzer as Pulumi's engine asks it: results become diagnostics at their levels.

All rules share one graph, built once per analysis; the SDK would deserialise every resource again for every
policy. Levels are decided when the stack is learnt: from `ConfigureStack` in a preview or update, from a URN
under `pulumi policy analyze`, which never sends it.
"""

import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import Any

import grpc

from guardrails.framework import sdk
from guardrails.framework.asked import node_in_stack, node_of
from guardrails.framework.configuration import (
    StackConfiguration,
    able,
    check_name,
    check_settings,
    load_configuration,
)
from guardrails.framework.errors import ConfigError, UndeterminedError
from guardrails.framework.graph import Graph
from guardrails.framework.levels import Level
from guardrails.framework.message import Messages, lapse
from guardrails.framework.node import project_in, stack_in
from guardrails.framework.outcome import begin, end
from guardrails.framework.remediation import merged
from guardrails.framework.report import Remediated, Report, Result
from guardrails.framework.rule import Rule, Settings
from guardrails.framework.run import Run

_CONFIG = "--policy-pack-config"


def _one_at_a_time(call: Callable[..., Any]) -> Callable[..., Any]:
    """Let a call wait for another: the engine asks one by one, but the SDK would serve four at once."""

    @wraps(call)
    def locked(self: "Analyzer", request: Any, context: grpc.ServicerContext) -> Any:
        with self._lock:
            return call(self, request, context)

    return locked


class Analyzer(sdk.BaseServicer):  # type: ignore[misc]  # the base comes from a checked, untyped lookup
    """Answers the engine: learns stack and levels, mends, judges resources and the stack, and reports."""

    def __init__(self, name: str, version: str, policies: list[Any], *rest: Any) -> None:
        super().__init__(name, version, policies, *rest)
        self._lock = threading.RLock()
        self._identity = {"policyPackName": name, "policyPackVersion": version}
        self._policies = {policy.name: policy for policy in policies}
        self._rules: dict[str, Rule] = {policy.name: policy.rule for policy in policies}
        self._stack = ""
        self._project = ""
        self._configuration: StackConfiguration | None = None
        self._run: Run | None = None
        self._messages = Messages()
        self._levels: dict[str, Level] = {}
        self._settings: dict[str, Settings] = {}
        self._announced: dict[str, Level] = {}
        self._inputs: dict[str, dict[str, Any]] = {}
        self._deploying = False
        self._updating = False

    @_one_at_a_time
    def ConfigureStack(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Learn the stack and read its levels, before the engine asks for them."""
        self._deploying, self._updating = True, not request.dry_run
        with _refusing(context):
            begin()
        self._learn(request.stack, request.project, context)
        self._inputs.clear()
        self._run = None
        return super().ConfigureStack(request, context)

    @_one_at_a_time
    def GetAnalyzerInfo(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """List the policies at the levels of the stack.

        Where the stack is not known yet (`policy analyze`) they are listed as advisory, so that `Configure`
        can tell that somebody asked for more; the levels of guardrails.yaml hold all the same.
        """
        for policy in self._policies.values():
            known = self._configuration
            level = known.level_of(policy.rule) if known else Level.ADVISORY
            self._announced[policy.name] = level
            policy.enforcement_level = sdk.EnforcementLevel(level.value)
        return super().GetAnalyzerInfo(request, context)

    @_one_at_a_time
    def Configure(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Take `--policy-pack-config`, which the engine merges with the announced levels.

        What differs from the announced level was asked for; what equals it is left to guardrails.yaml.
        """
        with _refusing(context):
            for name, config in request.policyConfig.items():
                if name == "all":
                    continue
                rule = check_name(name, self._rules, _CONFIG)
                values = sdk.plain_properties(sdk.wire_properties(config.properties))
                if values:
                    self._settings[name] = check_settings(rule, values, f"{_CONFIG}: {name}")
                asked = Level(self._convert_enforcement_level(config.enforcementLevel).value)
                if asked is not self._announced.get(name):
                    self._levels[name] = able(rule, asked)
        self._run = None
        return super().Configure(request, context)

    @_one_at_a_time
    def Remediate(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Mend a resource by the rules that are to do so; secrets stay secret."""
        self._learn(stack_in(request.urn), project_in(request.urn), context)
        response = sdk.analyzer_pb2.RemediateResponse()
        for rule in self._running().remediating:
            self._mend(rule, request, response)
        return response

    @_one_at_a_time
    def Analyze(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Judge one resource by its inputs, and keep those for the stack rules."""
        self._learn(stack_in(request.urn), project_in(request.urn), context)
        inputs = self._read(request.properties)
        self._inputs[request.urn] = inputs
        node = node_of(request, parent=request.options.parent, inputs=inputs, outputs={})
        results = self._running().resource(node)
        if self._updating and any(result.blocks for result in results):
            # The engine stops here, and never asks about the whole stack.
            self._conclude(self._running().report(len(self._inputs), complete=False))
        return self._response(results)

    @_one_at_a_time
    def AnalyzeStack(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Judge the whole stack, and tell what the run found."""
        if request.resources:
            urn = request.resources[0].urn
            self._learn(stack_in(urn), project_in(urn), context)
        run = self._running()
        nodes = [node_in_stack(each, self._inputs.get(each.urn), self._read) for each in request.resources]
        graph = Graph(nodes, run.configuration.elsewhere)
        response = self._response(run.stack(graph))
        report = run.report(len(graph))
        for exemption in report.expired:
            # It stops the run until somebody has looked at it again.
            self._tell(response, self._rules[exemption.rule], Level.MANDATORY, lapse(exemption))
        self._conclude(report)
        return response

    def _conclude(self, report: Report) -> None:
        """Write the report, and the summary where Pulumi shows what a pack prints."""
        sys.stderr.write(end(report))
        sys.stderr.flush()

    def _mend(self, rule: Rule, request: Any, response: Any) -> None:
        """Add what *rule* changes of the resource in *request*, and let the next rule see it."""
        run = self._running()
        node = node_of(request, inputs=self._read(request.properties), outputs={})
        remedy = rule.remedies.get(node.kind)
        if remedy is None or run.exemptions.covering(rule.id, node.urn, node.name):
            return
        added: dict[str, Any] = {"policyName": rule.id, "description": rule.title, **self._identity}
        try:
            changes = remedy(node, run.configuration.settings_of(rule))
        except UndeterminedError as unknown:
            response.remediations.add(
                **added, diagnostic=run.secrets.redacted(f"{rule.id} cannot mend it: {unknown}")
            )
            return
        if changes:
            wire = merged(sdk.wire_properties(request.properties), changes)
            request.properties.Clear()
            request.properties.update(wire)
            response.remediations.add(**added, properties=request.properties)
            if self._deploying:  # `policy analyze` asks, and changes nothing
                run.remediated(Remediated(rule=rule.id, urn=node.urn, properties=tuple(sorted(changes))))

    def _read(self, properties: Any) -> dict[str, Any]:
        """Return a resource's properties as plain values, and remember which of them are secret."""
        wire = sdk.wire_properties(properties)
        self._running().secrets.learn(wire)
        return sdk.plain_properties(wire)

    def _response(self, results: Iterable[Result]) -> Any:
        """Return the diagnostics of what is not exempted, in an order that does not change between runs."""
        response, run = sdk.analyzer_pb2.AnalyzeResponse(), self._running()
        for result in sorted(results, key=lambda each: each.urn):
            if result.exemption is None:
                expired = run.exemptions.lapsed(result.rule, result.urn, result.name)
                told = self._messages.of(result, run.info(result.rule), expired)
                level = Level.MANDATORY if result.level is Level.REMEDIATE else result.level
                self._tell(response, self._rules[result.rule], level, told, result.urn)
        return response

    def _tell(self, response: Any, rule: Rule, level: Level, text: str, urn: str = "") -> None:
        """Add a diagnostic; the SDK's own way would put the rule's title before what is wrong."""
        response.diagnostics.add(
            policyName=rule.id,
            **self._identity,
            description=rule.title,
            message=text,
            urn=urn,
            enforcementLevel=sdk.wire_level(level),
            severity=sdk.wire_severity(rule.severity),
        )

    def _running(self) -> Run:
        """Return the run over this stack, begun anew when the configuration is learnt anew."""
        if self._run is None:
            base = self._configuration or StackConfiguration()
            configuration = replace(
                base,
                levels={**base.levels, **self._levels},
                settings={**base.settings, **self._settings},
            )
            rules = list(self._rules.values())
            self._run = Run(rules, configuration, project=self._project, stack=self._stack)
            self._messages = Messages()
        return self._run

    def _learn(self, stack: str, project: str, context: grpc.ServicerContext) -> None:
        if project and project != self._project:
            self._project, self._run = project, None
        if stack and (self._configuration is None or stack != self._stack):
            with _refusing(context):
                if not self._deploying:
                    begin()
                self._configuration = load_configuration(Path.cwd(), stack, list(self._rules.values()))
            self._stack, self._run = stack, None


@contextmanager
def _refusing(context: grpc.ServicerContext) -> Iterator[None]:
    """Tell the engine what is wrong with the configuration, so that it stops."""
    try:
        yield
    except ConfigError as wrong:
        context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"guardrails: {wrong}")
