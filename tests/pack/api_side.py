"""Judges an example stack in this process, without the engine's messages: quick enough for thousands."""

from collections.abc import Sequence

from guardrails.framework.examples import UNKNOWN, Sample, Stack
from guardrails.framework.graph import Graph
from guardrails.framework.judge import judge
from guardrails.framework.names import token_of
from guardrails.framework.node import Node, label
from guardrails.framework.props import Props
from guardrails.framework.rule import Rule
from tests.pack.engine_side import urn_of

type Said = tuple[str, str, str, bool]
"""Rule, resource, sentence, and whether the rule could not tell."""


def said(rules: Sequence[Rule], example: Stack) -> list[Said]:
    """Return all that *rules* say about *example* in its first preview."""
    graph = graph_of(example)
    return [
        (rule.id, verdict.node.name, verdict.problem, verdict.undetermined)
        for rule in rules
        for verdict in judge(rule, graph)
    ]


def graph_of(example: Stack) -> Graph:
    """Return an example as rules see it; ids and ARNs are unknown unless it has them."""
    urns = {sample.name: urn_of(sample.kind, sample.name) for sample in example.samples}
    return Graph(_node(sample, urns) for sample in example.samples)


def _node(sample: Sample, urns: dict[str, str]) -> Node:
    owner = label(sample.name, token_of(sample.kind))
    return Node(
        urn=urns[sample.name],
        type=token_of(sample.kind),
        name=sample.name,
        inputs=Props.of(sample.inputs, owner),
        outputs=Props.of({"id": UNKNOWN, "arn": UNKNOWN, **sample.inputs, **sample.outputs}, owner),
        provider=Props.of({}, f"the provider of {owner}"),
        sources={prop: tuple(urns[name] for name in names) for prop, names in sample.sources.items()},
    )
