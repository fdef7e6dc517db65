"""The rule on how long queues hide what is worked on."""

from collections.abc import Iterator
from typing import Annotated, Final

from msgspec import Meta

from guardrails.framework.examples import UNKNOWN, resource, stack
from guardrails.framework.functions import function_fed_by, queue_read_by
from guardrails.framework.graph import Graph
from guardrails.framework.node import Node
from guardrails.framework.rule import Settings, Severity, stack_rule

_WORK_ARN: Final = "arn:aws:sqs:eu-west-1:111122223333:shop-work-dev"
_DEFAULT_VISIBILITY: Final = 30
_DEFAULT_TIMEOUT: Final = 3

_HIDDEN: Final = stack(
    resource("sqs.Queue", "work", name="shop-work-dev", visibilityTimeoutSeconds=182),
    resource("lambda.Function", "worker", name="shop-worker-dev", timeout=30),
    resource(
        "lambda.EventSourceMapping",
        "feed",
        eventSourceArn=_WORK_ARN,
        functionName="shop-worker-dev:live",
        maximumBatchingWindowInSeconds=2,
    ),
)


class VisibilitySettings(Settings):
    """How long a queue hides a message that its function works on."""

    factor: Annotated[
        int,
        Meta(
            ge=1,
            le=100,
            description="How many times the function's timeout a message stays hidden; AWS advises 6.",
        ),
    ] = 6


@stack_rule(
    severity=Severity.MEDIUM,
    findings=("SP-11",),
    fixes={
        "lambda.EventSourceMapping": (
            "aws.sqs.Queue(..., visibility_timeout_seconds=6 * function_timeout + batching_window)"
        )
    },
    reads=(
        "lambda.EventSourceMapping.eventSourceArn",
        "lambda.EventSourceMapping.functionName",
        "lambda.EventSourceMapping.maximumBatchingWindowInSeconds",
        "lambda.Function.name",
        "lambda.Function.timeout",
        "sqs.Queue.name",
        "sqs.Queue.visibilityTimeoutSeconds",
    ),
    settings=VisibilitySettings,
    passes={
        "six times the timeout, and the window": _HIDDEN,
        "nothing stated: by default 30 s are more than six times 3": _HIDDEN.but(
            "work", visibilityTimeoutSeconds=None
        )
        .but("worker", timeout=None)
        .but("feed", maximumBatchingWindowInSeconds=None),
        "hidden for 12 hours: too long is no mistake here": _HIDDEN.but(
            "work", visibilityTimeoutSeconds=43_200
        ),
        "hidden for 18 s: the function may run for 3": stack(
            resource("sqs.Queue", "work", visibilityTimeoutSeconds=18),
            resource("lambda.Function", "worker", name="shop-worker-dev", timeout=3),
            resource(
                "lambda.EventSourceMapping",
                "feed",
                sources={"eventSourceArn": ("work",), "functionName": ("worker",)},
                eventSourceArn=UNKNOWN,
                functionName=UNKNOWN,
            ),
        ),
    },
    fails={
        "which hides a message for 181 s, less than 6 times 30 + 2 = 182 s": _HIDDEN.but(
            "work", visibilityTimeoutSeconds=181
        ),
        "hides a message for 30 s": _HIDDEN.but("work", visibilityTimeoutSeconds=None),
        "6 times 300 + 2": _HIDDEN.but("worker", timeout=300),
    },
)
def sqs_visibility(mapping: Node, graph: Graph, settings: VisibilitySettings) -> Iterator[str]:
    """Queues hide messages six times as long as the function behind may run, and the batching window.

    A message that reappears while it is worked on is handled twice, and counts as failed when it was not.
    """
    queue = queue_read_by(mapping, graph)
    if queue is None:
        return
    function = function_fed_by(mapping, graph)
    timeout = function.inputs.number("timeout", _DEFAULT_TIMEOUT)
    window = mapping.inputs.number("maximumBatchingWindowInSeconds")
    hidden = queue.inputs.number("visibilityTimeoutSeconds", _DEFAULT_VISIBILITY)
    needed = settings.factor * timeout + window
    if hidden < needed:
        yield (
            f"reads the queue {queue}, which hides a message for {hidden:g} s, "
            f"less than {settings.factor} times {timeout:g} + {window:g} = {needed:g} s"
        )
