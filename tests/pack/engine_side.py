"""Plays the engine: asks the pack's analyzer with the engine's own messages, in this process."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pulumi.runtime.proto import analyzer_pb2

from guardrails.framework import sdk
from guardrails.framework.analyzer import Analyzer
from guardrails.framework.examples import UNKNOWN, Stack
from guardrails.framework.names import token_of
from guardrails.framework.pack import policies_of
from guardrails.framework.rule import Rule

PROJECT = "shop"
SECRET_SIGNATURE = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}


class RefusedError(Exception):
    """The analyzer refused a call, as the engine would show it."""


class Call:
    """The gRPC context of one call."""

    def abort(self, code: object, details: str) -> None:
        raise RefusedError(details)


@dataclass(frozen=True, kw_only=True)
class Diagnostic:
    """What the engine would print."""

    rule: str
    level: str
    urn: str
    message: str

    @property
    def undetermined(self) -> bool:
        return "undetermined:" in self.message


def secret(value: Any) -> dict[str, Any]:
    """Return *value* marked as a secret, as the engine sends it."""
    return {**SECRET_SIGNATURE, "value": value}


def urn_of(kind: str, name: str, stack: str = "dev") -> str:
    return f"urn:pulumi:{stack}::{PROJECT}::shop:systems:Media${token_of(kind)}::{name}"


class Engine:
    """An analyzer with rules, asked as the engine asks it."""

    def __init__(self, rules: Iterable[Rule], stack: str = "dev") -> None:
        self.stack = stack
        self.analyzer = Analyzer(
            "guardrails",
            "0.1.0",
            policies_of(rules),
            sdk.EnforcementLevel.MANDATORY,
            None,
            None,
            None,
            None,
            None,
        )

    def configure(
        self, config: Mapping[str, str] | None = None, *, tell_stack: bool = True
    ) -> dict[str, str]:
        """Go through the engine's opening, with --policy-pack-config as rule name to level.

        Returns the levels that the analyzer announced.
        """
        if tell_stack:
            request = analyzer_pb2.AnalyzerStackConfigureRequest(
                stack=self.stack, project=PROJECT, dry_run=True
            )
            self.analyzer.ConfigureStack(request, Call())
        info = self.analyzer.GetAnalyzerInfo(None, Call())
        levels = {policy.name: policy.enforcementLevel for policy in info.policies}
        announced = {
            name: analyzer_pb2.EnforcementLevel.Name(level).lower() for name, level in levels.items()
        }
        asked = config or {}
        levels |= {
            name: analyzer_pb2.EnforcementLevel.Value(
                asked.get(name, asked.get("all", announced.get(name, ""))).upper()
            )
            for name in {*levels, *asked} - {"all"}
        }
        self.analyzer.Configure(
            analyzer_pb2.ConfigureAnalyzerRequest(
                policyConfig={
                    name: analyzer_pb2.PolicyConfig(enforcementLevel=level) for name, level in levels.items()
                }
            ),
            Call(),
        )
        return announced

    def preview(self, example: Stack, *, with_inputs: bool = True) -> list[Diagnostic]:
        """Preview the example as a stack never deployed before; without inputs, judge it as a bare state."""
        found = []
        for sample in example.samples if with_inputs else ():
            request = analyzer_pb2.AnalyzeRequest(
                type=token_of(sample.kind), urn=urn_of(sample.kind, sample.name, self.stack), name=sample.name
            )
            request.properties.update(sample.inputs)
            request.options.parent = f"urn:pulumi:{self.stack}::{PROJECT}::shop:systems:Media::media-system"
            _provide(request, sample.default_tags)
            found += self.analyzer.Analyze(request, Call()).diagnostics
        found += self.analyzer.AnalyzeStack(self.stack_request(example), Call()).diagnostics
        return [
            Diagnostic(
                rule=each.policyName,
                level=analyzer_pb2.EnforcementLevel.Name(each.enforcementLevel).lower(),
                urn=each.urn,
                message=each.message,
            )
            for each in found
        ]

    def stack_request(self, example: Stack) -> analyzer_pb2.AnalyzeStackRequest:
        """Return the end of a first preview: ids and ARNs unknown unless the example has them."""
        urns = {sample.name: urn_of(sample.kind, sample.name, self.stack) for sample in example.samples}
        request = analyzer_pb2.AnalyzeStackRequest()
        for sample in example.samples:
            message = request.resources.add(
                type=token_of(sample.kind),
                urn=urns[sample.name],
                name=sample.name,
                parent=f"urn:pulumi:{self.stack}::{PROJECT}::shop:systems:Media::media-system",
            )
            unknown = {"id": UNKNOWN, "arn": UNKNOWN} if message.type.startswith("aws:") else {}
            message.properties.update({**unknown, **sample.inputs, **sample.outputs})
            for prop, names in sample.sources.items():
                message.propertyDependencies[prop].urns.extend(urns[name] for name in names)
            before = {name for names in (*sample.sources.values(), sample.after) for name in names}
            message.dependencies.extend(urns[name] for name in sorted(before) if name in urns)
            _provide(message, sample.default_tags)
        return request


def _provide(message: Any, default_tags: Mapping[str, str]) -> None:
    """Attach the provider, whose properties are text."""
    message.provider.type = "pulumi:providers:aws"
    message.provider.name = "default"
    if default_tags:
        message.provider.properties.update({"defaultTags": json.dumps({"tags": dict(default_tags)})})


def switched_on(rule: Rule) -> dict[str, str]:
    """Return the --policy-pack-config that makes a rule run which the profile does not have."""
    return {} if rule.findings else {rule.id: "mandatory"}


def verdicts(rule: Rule, example: Stack) -> list[str]:
    """Return what a rule says, one sentence for each complaint, without the resource it begins with."""
    engine = Engine([rule])
    engine.configure(switched_on(rule))
    return [
        each.message.splitlines()[0].split("(shop:systems:Media) ", 1)[1] for each in engine.preview(example)
    ]
