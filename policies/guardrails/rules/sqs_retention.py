"""Rules on how long queues keep messages."""

from collections.abc import Iterator
from typing import Annotated, Final

from msgspec import Meta

from guardrails.framework.examples import resource, stack
from guardrails.framework.failures import failure_queue
from guardrails.framework.graph import Graph
from guardrails.framework.joins import queue_of
from guardrails.framework.node import Node
from guardrails.framework.rule import Settings, Severity, resource_rule, stack_rule

_DAY: Final = 24 * 60 * 60
_MOST: Final = 14 * _DAY
_DLQ_ARN: Final = "arn:aws:sqs:eu-west-1:111122223333:shop-work-dlq-dev"
_DEFAULT_RETENTION: Final = 4 * _DAY

_REDRIVEN: Final = stack(
    resource("sqs.Queue", "dlq", name="shop-work-dlq-dev", messageRetentionSeconds=14 * _DAY),
    resource(
        "sqs.Queue",
        "work",
        name="shop-work-dev",
        visibilityTimeoutSeconds=180,
        messageRetentionSeconds=4 * _DAY,
        redrivePolicy={"deadLetterTargetArn": _DLQ_ARN, "maxReceiveCount": 5},
    ),
)
_SPLIT: Final = _REDRIVEN.but("work", redrivePolicy=None).plus(
    resource(
        "sqs.RedrivePolicy",
        "redrive",
        queueUrl="https://sqs.eu-west-1.amazonaws.com/111122223333/shop-work-dev",
        redrivePolicy=f'{{"deadLetterTargetArn": "{_DLQ_ARN}", "maxReceiveCount": "3"}}',
    )
)

_STATED: Final = stack(resource("sqs.Queue", "work", messageRetentionSeconds=4 * _DAY))


@resource_rule(
    severity=Severity.LOW,
    findings=("CC-GOV-1",),
    fixes={"sqs.Queue": "message_retention_seconds=4 * 24 * 60 * 60"},
    reads=("sqs.Queue.messageRetentionSeconds",),
    passes={
        "4 days, and stated": _STATED,
        "messages that are gone after a minute: somebody chose that": _STATED.but(
            "work", messageRetentionSeconds=60
        ),
        "14 days: the most that SQS takes": _STATED.but("work", messageRetentionSeconds=_MOST),
    },
    fails={
        "leaves to the provider how long it keeps messages": _STATED.but(
            "work", messageRetentionSeconds=None
        ),
        "keeps messages for 30 s; SQS takes 60 to 1209600": _STATED.but("work", messageRetentionSeconds=30),
        "keeps messages for 1209601 s": _STATED.but("work", messageRetentionSeconds=_MOST + 1),
    },
)
def sqs_retention(queue: Node) -> Iterator[str]:
    """Queues state how long they keep messages.

    What waits in a queue is data: that it is gone after four days should be somebody's decision.
    """
    prop = "messageRetentionSeconds"
    if not queue.inputs.has(prop) or queue.inputs.filled_in(prop):
        yield "leaves to the provider how long it keeps messages"
        return
    kept = queue.inputs.number(prop)
    if not 60 <= kept <= _MOST:
        yield f"keeps messages for {kept:.0f} s; SQS takes 60 to {_MOST}"


_PATHS: Final[dict[str, tuple[str, ...]]] = {
    "cloudwatch.EventTarget": ("deadLetterConfig", "arn"),
    "lambda.EventSourceMapping": ("destinationConfig", "onFailure", "destinationArn"),
    "lambda.Function": ("deadLetterConfig", "targetArn"),
    "lambda.FunctionEventInvokeConfig": ("destinationConfig", "onFailure", "destination"),
    "sns.TopicSubscription": ("redrivePolicy", "deadLetterTargetArn"),
    "sqs.Queue": ("redrivePolicy", "deadLetterTargetArn"),
    "sqs.RedrivePolicy": ("redrivePolicy", "deadLetterTargetArn"),
}
_KEPT: Final = _REDRIVEN.plus(
    resource("cloudwatch.EventTarget", "target", deadLetterConfig={"arn": _DLQ_ARN}),
    resource("lambda.Function", "worker", deadLetterConfig={"targetArn": _DLQ_ARN}),
    resource("sns.TopicSubscription", "fan", redrivePolicy={"deadLetterTargetArn": _DLQ_ARN}),
    resource(
        "lambda.FunctionEventInvokeConfig",
        "invoke",
        destinationConfig={"onFailure": {"destination": _DLQ_ARN}},
    ),
    resource(
        "lambda.EventSourceMapping",
        "stream",
        destinationConfig={"onFailure": {"destinationArn": _DLQ_ARN}},
    ),
)


class DeadLetterRetentionSettings(Settings):
    """How long failures are kept."""

    minimum_days: Annotated[
        int,
        Meta(
            ge=1,
            le=14,
            description="For how many days a dead-letter queue keeps what it gets; AWS allows 14.",
        ),
    ] = 7


@stack_rule(
    severity=Severity.MEDIUM,
    findings=("SP-5", "UA-2.3"),
    fixes=dict.fromkeys(
        _PATHS, "aws.sqs.Queue(..., message_retention_seconds=14 * 24 * 60 * 60)  # for the dead letters"
    ),
    reads=(
        *(f"{kind}.{path[0]}" for kind, path in _PATHS.items()),
        "sns.Topic.name",
        "sqs.Queue.messageRetentionSeconds",
        "sqs.Queue.name",
        "sqs.RedrivePolicy.queueUrl",
    ),
    settings=DeadLetterRetentionSettings,
    passes={
        "14 days for failures of every kind": _KEPT,
        "no redrivePolicy: RedrivePolicy gives it": _SPLIT,
        "7 days of the 14 that SQS allows: the stack asks for no more": _REDRIVEN.but(
            "dlq", messageRetentionSeconds=7 * _DAY
        ),
        "a dead-letter target that keeps nothing: it is a topic": stack(
            resource("sns.Topic", "failures", name="shop-failures-dev"),
            resource(
                "lambda.Function",
                "worker",
                deadLetterConfig={"targetArn": "arn:aws:sns:eu-west-1:111122223333:shop-failures-dev"},
            ),
        ),
        "a function and a rule without dead-letter queue: there is nothing to keep": _KEPT.but(
            "worker", deadLetterConfig=None
        ).but("target", deadLetterConfig=None),
    },
    fails={
        "which keeps them for 4 days, not for 7": _REDRIVEN.but("dlq", messageRetentionSeconds=None),
        "keeps them for 1 days": _KEPT.without("target", "work", "fan", "invoke", "stream").but(
            "dlq", messageRetentionSeconds=_DAY
        ),
        "which keeps them no longer than the queue that they come from": _SPLIT.but(
            "dlq", messageRetentionSeconds=7 * _DAY
        ).but("work", messageRetentionSeconds=7 * _DAY),
    },
)
def dead_letter_retention(holder: Node, graph: Graph, settings: DeadLetterRetentionSettings) -> Iterator[str]:
    """Dead-letter queues keep failures for days, and longer than the queue they come from.

    A message keeps its first date when it becomes a dead letter: it may expire before anybody has seen it.
    """
    path = _PATHS[holder.kind]
    if not holder.inputs.has(path[0]) or not holder.inputs.document(path[0]).has(path[1]):
        return
    dlq = failure_queue(holder, path, graph)
    if dlq is None:
        return
    kept = dlq.inputs.number("messageRetentionSeconds", _DEFAULT_RETENTION)
    if kept < settings.minimum_days * _DAY:
        yield (
            f"sends failures to the queue {dlq}, which keeps them for {kept / _DAY:.2g} days, "
            f"not for {settings.minimum_days}"
        )
        return
    source = queue_of(holder, graph) if holder.kind in ("sqs.Queue", "sqs.RedrivePolicy") else None
    if source and kept <= source.inputs.number("messageRetentionSeconds", _DEFAULT_RETENTION):
        yield (
            f"sends failures to the queue {dlq}, "
            "which keeps them no longer than the queue that they come from"
        )
