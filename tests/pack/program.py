"""The real program as the pack sees it in a first preview, in this process: for rules and for mutations."""

from collections.abc import Iterable, Sequence
from functools import cache

from guardrails.framework import sdk
from guardrails.framework.examples import UNKNOWN
from guardrails.framework.graph import Graph
from guardrails.framework.judge import Verdict, judge
from guardrails.framework.node import Node, label
from guardrails.framework.props import Props
from guardrails.framework.rule import Rule
from tests.mocks import Registered, deployed


@cache
def program_nodes(stack: str) -> tuple[Node, ...]:
    """Return every resource of the program in a first preview of *stack*; the stack itself is the first."""
    deployment = deployed(stack, preview=True)
    return (_stack_node(deployment.exports, deployment.resources[0]), *map(node_of, deployment.resources))


def node_of(resource: Registered) -> Node:
    """Return a resource as the analyzer hands it to rules."""
    owner = label(resource.name, resource.type)
    inputs = sdk.plain_properties(sdk.wire_properties(resource.wire))
    computed = {"id": UNKNOWN, "arn": UNKNOWN} if resource.custom else {}
    return Node(
        urn=resource.urn,
        type=resource.type,
        name=resource.name,
        inputs=Props.of(inputs, owner),
        outputs=Props.of({**computed, **inputs}, owner),
        provider=Props.of({"region": "eu-central-1"}, f"the provider of {owner}"),
        parent=resource.parent,
        sources={prop: tuple(urns) for prop, urns in resource.property_dependencies.items()},
        dependencies=tuple(resource.dependencies),
    )


def verdicts_on(nodes: Iterable[Node], rules: Sequence[Rule]) -> list[Verdict]:
    """Return what *rules* say about a stack of *nodes*."""
    graph = Graph(nodes)
    return [verdict for rule in rules for verdict in judge(rule, graph)]


def _stack_node(exports: dict[str, object], first: Registered) -> Node:
    stack, project = first.urn.removeprefix("urn:pulumi:").split("::")[:2]
    token, name = "pulumi:pulumi:Stack", f"{project}-{stack}"
    return Node(
        urn=f"urn:pulumi:{stack}::{project}::{token}::{name}",
        type=token,
        name=name,
        inputs=Props.of({}, name),
        outputs=Props.of(exports, name),
        provider=Props.of({}, name),
    )
