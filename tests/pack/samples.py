"""What a rule says about an example under settings of one's own."""

import json
from collections.abc import Mapping

import msgspec

from guardrails.framework import sdk
from guardrails.framework.examples import UNKNOWN, Sample, Stack, stack
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
        node_of(sample, urns, parent=(parents or {}).get(sample.name, STACK)) for sample in example.samples
    )


def node_of(sample: Sample, urns: Mapping[str, str], *, parent: str = "", region: str = "") -> Node:
    """Return *sample* as a first preview shows it: read by the SDK, ids and ARNs not known yet."""
    token = token_of(sample.kind)
    owner = label(sample.name, token)
    inputs = sdk.plain_properties(dict(sample.inputs))
    computed = {"id": UNKNOWN, "arn": UNKNOWN} if token.startswith("aws:") else {}
    provider = {"region": region} if region else {}
    if sample.default_tags:
        provider["defaultTags"] = json.dumps({"tags": dict(sample.default_tags)})
    before = {name for names in (*sample.sources.values(), sample.after) for name in names}
    return Node(
        urn=urns[sample.name],
        type=token,
        name=sample.name,
        inputs=Props.of(inputs, owner),
        outputs=Props.of({**computed, **inputs, **sample.outputs}, owner),
        provider=Props.of(provider, "the provider"),
        parent=parent,
        sources={prop: tuple(urns[name] for name in names) for prop, names in sample.sources.items()},
        dependencies=tuple(urns[name] for name in sorted(before) if name in urns),
    )


def said(
    rule: Rule, example: Stack, *, parents: dict[str, str] | None = None, **settings: float
) -> list[str]:
    """Return the sentences of *rule* on *example*, undetermined ones marked; *settings* in camelCase."""
    chosen = msgspec.convert(settings, rule.settings)
    found = judge(rule, graph_of(example, parents), chosen)
    return [f"{'undetermined: ' if each.undetermined else ''}{each.problem}" for each in found]
