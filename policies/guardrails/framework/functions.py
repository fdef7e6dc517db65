"""What stands for a function, and what invokes or feeds it."""

from collections.abc import Callable
from functools import partial
from typing import Final

from guardrails.framework.errors import UndeterminedError, WrongSourceError
from guardrails.framework.graph import Graph
from guardrails.framework.names import service_of
from guardrails.framework.node import Node

FUNCTIONS: Final = ("lambda.Function", "lambda.Alias")
"""What stands for a function."""
BESIDE_TARGET: Final = ("iam.Role", "kms.Key", "sqs.Queue")
"""Where else what a schedule says of its target may come from."""
_SOURCES: Final = ("sqs", "dynamodb", "kinesis", "msk", "mq", "docdb")
"""The services that an event source mapping may read from."""


def function_behind(
    node: Node,
    prop: str,
    read: Callable[[], str],
    graph: Graph,
    *,
    kinds: tuple[str, ...] = (),
    beside: tuple[str, ...] = (),
) -> Node | None:
    """Return the function that a value means, itself or by its alias; None if it means something else.

    With *kinds* it comes from one of them, where it is not known yet. Other values inside *prop* may come
    from resources of the kinds *beside*.
    """
    found = graph.origin(node, prop, read, kinds=kinds, beside=beside)
    if isinstance(found, str):
        named_service = service_of(found)
        foreign = not found or named_service not in (None, "lambda")
        resource = None if foreign else graph.named(found, *FUNCTIONS, near=node)
    else:
        resource = found if found.kind in FUNCTIONS else None
    if resource and resource.kind == "lambda.Alias":
        return graph.target(resource, "functionName", kinds=("lambda.Function",))
    return resource


def function_at(node: Node, prop: str, graph: Graph) -> Node | None:
    """Do as `function_behind` for the text at a top-level property where only a function may stand."""
    return function_behind(node, prop, partial(node.inputs.text, prop), graph, kinds=FUNCTIONS)


def naming(function: Node, kind: str, prop: str, graph: Graph) -> list[Node]:
    """Return the resources of *kind* whose *prop* means *function* or an alias of it."""
    return graph.pointing_at(
        function, (kind,), ("function", prop), lambda node: [function_at(node, prop, graph)]
    )


def async_invokers(function: Node, graph: Graph) -> list[Node]:
    """Return what invokes *function* without waiting: targets of event rules, schedules, topics, buckets."""

    def targets(node: Node) -> list[Node | None]:
        return [function_behind(node, "arn", partial(node.inputs.text, "arn"), graph)]

    def subscribes(node: Node) -> bool:
        return node.inputs.text("protocol") == "lambda" and function_at(node, "endpoint", graph) is function

    def notifies(node: Node) -> bool:
        reads = [partial(block.text, "lambdaFunctionArn") for block in node.inputs.blocks("lambdaFunctions")]
        told = partial(function_behind, node, "lambdaFunctions", graph=graph, kinds=FUNCTIONS)
        return any(told(read) is function for read in reads)

    def schedules(node: Node) -> bool:
        read = partial(node.inputs.block("target").text, "arn")
        return function_behind(node, "target", read, graph, beside=BESIDE_TARGET) is function

    return [
        *graph.pointing_at(function, ("cloudwatch.EventTarget",), "invoked", targets),
        *graph.matching("scheduler.Schedule", schedules),
        *graph.matching("sns.TopicSubscription", subscribes),
        *graph.matching("s3.BucketNotification", notifies),
    ]


def mappings_of(function: Node, graph: Graph) -> list[Node]:
    """Return the event source mappings that feed *function* or an alias of it."""
    return naming(function, "lambda.EventSourceMapping", "functionName", graph)


def mappings_reading(queue: Node, graph: Graph) -> list[Node]:
    """Return the event source mappings that feed a function from *queue*."""
    kinds = ("lambda.EventSourceMapping",)
    return graph.pointing_at(queue, kinds, "source", lambda mapping: [source_of(mapping, graph)[1]])


def source_of(mapping: Node, graph: Graph) -> tuple[str, Node | None]:
    """Return the service that an event source mapping reads from, and the resource if it is in this stack.

    Raises
    ------
    WrongSourceError
        The source is not known yet, and comes from something that no mapping can read.
    """
    found = graph.origin(mapping, "eventSourceArn", partial(mapping.inputs.text, "eventSourceArn"))
    if isinstance(found, str):
        service = service_of(found) or ""
        return service, graph.named(found, "sqs.Queue", near=mapping) if service == "sqs" else None
    service = found.kind.split(".", 1)[0]
    if service not in _SOURCES:
        raise WrongSourceError(mapping, "eventSourceArn", found, ("queue", "stream", "broker"))
    return service, found


def queue_read_by(mapping: Node, graph: Graph) -> Node | None:
    """Return the queue that an event source mapping reads, None if it reads something else.

    Raises
    ------
    UndeterminedError
        The queue is not part of the stack.
    """
    service, source = source_of(mapping, graph)
    if service == "sqs" and (source is None or source.kind != "sqs.Queue"):
        graph.elsewhere(mapping.inputs.text("eventSourceArn"), "the queue it reads")
        return None
    return source if service == "sqs" else None


def function_fed_by(mapping: Node, graph: Graph) -> Node:
    """Return the function that an event source mapping feeds.

    Raises
    ------
    UndeterminedError
        The function is not part of the stack.
    """
    function = function_at(mapping, "functionName", graph)
    if function is None:
        raise UndeterminedError("the function it feeds is not part of this stack")
    return function
