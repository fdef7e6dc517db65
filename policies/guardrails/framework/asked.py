"""Resources as the engine tells of them in its questions."""

from collections.abc import Callable, Mapping
from typing import Any

from guardrails.framework import sdk
from guardrails.framework.node import Node, label
from guardrails.framework.props import Props


def node_of(message: Any, *, inputs: Mapping[str, Any], outputs: Mapping[str, Any], **rest: Any) -> Node:
    """Return the resource that *message* is about."""
    owner = label(message.name, message.type)
    provider = sdk.plain_properties(sdk.wire_properties(message.provider.properties))
    return Node(
        urn=message.urn,
        type=message.type,
        name=message.name,
        inputs=Props.of(inputs, owner),
        outputs=Props.of(outputs, owner),
        provider=Props.of(provider, f"the provider of {owner}"),
        **rest,
    )


def node_in_stack(
    message: Any, inputs: Mapping[str, Any] | None, read: Callable[[Any], dict[str, Any]]
) -> Node:
    """Return a resource of a whole stack; without *inputs* its outputs are in their place."""
    outputs = read(message.properties)
    return node_of(
        message,
        parent=message.parent,
        inputs=outputs if inputs is None else inputs,
        outputs=outputs,
        sources={prop: tuple(found.urns) for prop, found in message.propertyDependencies.items()},
        dependencies=tuple(message.dependencies),
    )
