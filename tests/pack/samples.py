"""What a rule says about an example under settings of one's own."""

import msgspec

from guardrails.framework.examples import Stack, stack
from guardrails.framework.graph import Graph
from guardrails.framework.judge import judge
from guardrails.framework.names import token_of
from guardrails.framework.node import Node, label
from guardrails.framework.props import Props
from guardrails.framework.rule import Rule
from tests.pack.engine_side import urn_of

NOTHING = {"no resource: nothing to judge": stack(), "none again: in another stack": stack()}
"""Passing examples of rules that a test makes for another purpose."""

STACK = "urn:pulumi:dev::shop::pulumi:pulumi:Stack::shop-dev"


def graph_of(example: Stack, parents: dict[str, str] | None = None) -> Graph:
    """Return the graph of *example*; *parents* maps names of samples to the URN that each stands under."""
    urns = {sample.name: urn_of(sample.kind, sample.name) for sample in example.samples}
    return Graph(
        Node(
            urn=urns[sample.name],
            type=token_of(sample.kind),
            name=sample.name,
            inputs=Props.of(sample.inputs, label(sample.name, token_of(sample.kind))),
            outputs=Props.of({**sample.inputs, **sample.outputs}, label(sample.name, token_of(sample.kind))),
            provider=Props.of({}, "the provider"),
            parent=(parents or {}).get(sample.name, STACK),
            sources={prop: tuple(urns[name] for name in names) for prop, names in sample.sources.items()},
        )
        for sample in example.samples
    )


def said(
    rule: Rule, example: Stack, *, parents: dict[str, str] | None = None, **settings: float
) -> list[str]:
    """Return the sentences of *rule* on *example*, undetermined ones marked; *settings* in camelCase."""
    chosen = msgspec.convert(settings, rule.settings)
    found = judge(rule, graph_of(example, parents), chosen)
    return [f"{'undetermined: ' if each.undetermined else ''}{each.problem}" for each in found]
