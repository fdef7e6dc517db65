"""The rule on queues that fill and are read by nobody."""

from collections.abc import Iterator
from functools import partial
from typing import Final

from guardrails.framework.examples import UNKNOWN, resource, stack
from guardrails.framework.functions import mappings_reading
from guardrails.framework.graph import Graph
from guardrails.framework.names import name_in
from guardrails.framework.node import Node
from guardrails.framework.roles import ROLE_READS, role_statements
from guardrails.framework.rule import Severity, stack_rule

_QUEUES: Final = ("sqs.Queue",)
_ARN: Final = "arn:aws:sqs:eu-west-1:111122223333:shop-work-dev"
_READING: Final = {
    "Statement": {"Effect": "Allow", "Action": ["sqs:ReceiveMessage", "sqs:DeleteMessage"], "Resource": _ARN}
}
_READ: Final = stack(
    resource("sqs.Queue", "work", name="shop-work-dev"),
    resource("cloudwatch.EventTarget", "target", arn=_ARN),
    resource("lambda.EventSourceMapping", "feed", eventSourceArn=_ARN),
)
_PIPED: Final = _READ.without("feed", "target").plus(
    resource("s3.BucketNotification", "notification", queues=[{"queueArn": _ARN}]),
    resource("pipes.Pipe", "pipe", source=_ARN),
)


@stack_rule(
    severity=Severity.MEDIUM,
    findings=("IP-3.1",),
    fixes={
        "sqs.Queue": (
            "aws.lambda_.EventSourceMapping(\n"
            '    "orders", event_source_arn=queue.arn, function_name=alias.arn\n'
            ")"
        )
    },
    reads=(
        *ROLE_READS,
        "cloudwatch.EventTarget.arn",
        "lambda.Function.role",
        "lambda.EventSourceMapping.eventSourceArn",
        "pipes.Pipe.source",
        "s3.BucketNotification.queues",
        "sns.TopicSubscription.endpoint",
        "sns.TopicSubscription.protocol",
        "sqs.Queue.name",
    ),
    passes={
        "a queue that a function reads": _READ,
        "no function: a pipe reads it": _PIPED,
        "no function and no pipe: a role of the stack may receive": _READ.without("feed").plus(
            resource("iam.Role", "task", name="shop-task-dev"),
            resource("iam.RolePolicy", "reading", role="shop-task-dev", policy=_READING),
        ),
        "a queue that nobody reads: nothing is sent to it but what fails": stack(
            resource("sqs.Queue", "dlq", name="shop-work-dlq-dev"),
            resource("sns.TopicSubscription", "mail", protocol="email", endpoint="ops@example.com"),
        ),
        "addresses unknown until the update: both come from the queue": stack(
            resource("sqs.Queue", "work"),
            resource(
                "sns.TopicSubscription",
                "fan",
                sources={"endpoint": ("work",)},
                protocol="sqs",
                endpoint=UNKNOWN,
            ),
            resource(
                "lambda.EventSourceMapping",
                "feed",
                sources={"eventSourceArn": ("work",)},
                eventSourceArn=UNKNOWN,
            ),
        ),
    },
    fails={
        'is filled by "target"': _READ.without("feed"),
        'is filled by "notification"': _PIPED.without("pipe"),
        "and read by no function of this stack": _READ.without("target", "feed").plus(
            resource("sns.TopicSubscription", "fan", protocol="sqs", endpoint=_ARN)
        ),
    },
)
def queue_consumers(queue: Node, graph: Graph) -> Iterator[str]:
    """Queues that events are sent to are read by a function, or by something else that has a role to.

    An upload whose event waits in a queue that nobody reads starts nothing, until it expires there.
    """
    filled = _fillers(queue, graph)
    if not filled or mappings_reading(queue, graph) or graph.companions(queue, "pipes.Pipe", "source"):
        return
    if not graph.matching("iam.Role", partial(_polls, queue, graph)):
        yield f"is filled by {filled[0]} and read by no function of this stack"


def _polls(queue: Node, graph: Graph, role: Node) -> bool:
    """Tell whether a role lets something else than a function, such as a container, read *queue*."""
    if role in graph.once(_roles_of_functions):
        return False
    name = graph.physical_name(queue)
    reading = [each for each in role_statements(role, graph) if each.concerns("sqs:ReceiveMessage")]
    arns = [arn for each in reading if each.allows for arn in each.resources]
    return any(name_in(arn, "sqs.Queue") == name for arn in arns)


def _roles_of_functions(graph: Graph) -> set[Node | None]:
    return {graph.target(each, "role", kinds=("iam.Role",)) for each in graph.of("lambda.Function")}


def _fillers(queue: Node, graph: Graph) -> list[Node]:
    """Return what sends events to *queue*: rules' targets, topics and buckets."""

    def subscribes(node: Node) -> bool:
        return node.inputs.text("protocol") == "sqs" and _means(node, "endpoint", queue, graph, _QUEUES)

    def notifies(node: Node) -> bool:
        reads = [partial(block.text, "queueArn") for block in node.inputs.blocks("queues")]
        return any(graph.traced(node, "queues", read, kinds=_QUEUES) is queue for read in reads)

    return [
        *graph.matching("cloudwatch.EventTarget", lambda node: _means(node, "arn", queue, graph)),
        *graph.matching("sns.TopicSubscription", subscribes),
        *graph.matching("s3.BucketNotification", notifies),
    ]


def _means(node: Node, prop: str, queue: Node, graph: Graph, kinds: tuple[str, ...] = ()) -> bool:
    """Tell whether *prop* names *queue*; what comes from something else, of *kinds* if any, does not."""
    found = graph.origin(node, prop, partial(node.inputs.text, prop), kinds=kinds)
    if isinstance(found, Node):
        return found is queue
    return bool(found) and graph.named(found, "sqs.Queue", near=node) is queue
