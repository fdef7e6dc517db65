"""The rule on how often queues hand out a message."""

from collections.abc import Iterator
from typing import Annotated, Final

from msgspec import Meta

from guardrails.framework.examples import resource, stack
from guardrails.framework.graph import Graph
from guardrails.framework.joins import queue_of
from guardrails.framework.node import Node
from guardrails.framework.rule import Settings, Severity, stack_rule

_DAY: Final = 24 * 60 * 60
_DLQ_ARN: Final = "arn:aws:sqs:eu-west-1:111122223333:shop-work-dlq-dev"
_DEFAULT_VISIBILITY: Final = 30
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


class RedriveSettings(Settings):
    """How often a queue hands out a message before it is a dead letter."""

    minimum_receives: Annotated[
        int,
        Meta(
            ge=1,
            le=1000,
            description="The least maxReceiveCount; 1 means that nothing is tried a second time.",
        ),
    ] = 2
    maximum_receives: Annotated[
        int, Meta(ge=1, le=1000, description="The highest maxReceiveCount; AWS allows 1,000.")
    ] = 100


@stack_rule(
    severity=Severity.HIGH,
    findings=("OP-4.4", "SP-5"),
    fixes=dict.fromkeys(
        ("sqs.Queue", "sqs.RedrivePolicy"),
        'redrive_policy=json.dumps({"deadLetterTargetArn": dlq_arn, "maxReceiveCount": 5})',
    ),
    reads=(
        "sqs.Queue.messageRetentionSeconds",
        "sqs.Queue.name",
        "sqs.Queue.redrivePolicy",
        "sqs.Queue.visibilityTimeoutSeconds",
        "sqs.RedrivePolicy.queueUrl",
        "sqs.RedrivePolicy.redrivePolicy",
    ),
    settings=RedriveSettings,
    passes={
        "5 attempts of 180 s": _REDRIVEN.without("dlq"),
        "neither times nor a name: AWS's defaults leave time enough": _REDRIVEN.without("dlq").but(
            "work", messageRetentionSeconds=None, visibilityTimeoutSeconds=None, name=None
        ),
        "no redrivePolicy: RedrivePolicy gives it, with its number as text": _SPLIT.without("dlq"),
        "no redrive policy: where one is needed, dead-letter-queues says so": stack(
            resource("sqs.Queue", "plain", name="shop-plain-dev")
        ),
    },
    fails={
        "makes a message a dead letter after 1 receives, not after 2 to 100": _REDRIVEN.but(
            "work", redrivePolicy={"deadLetterTargetArn": _DLQ_ARN, "maxReceiveCount": 1}
        ),
        "after 500 receives": _REDRIVEN.but(
            "work", redrivePolicy={"deadLetterTargetArn": _DLQ_ARN, "maxReceiveCount": 500}
        ),
        "states no maxReceiveCount": _REDRIVEN.but("work", redrivePolicy={"deadLetterTargetArn": _DLQ_ARN}),
        "forgets a message after 500 s, before 3 receives of 180 s are over": _SPLIT.but(
            "work", messageRetentionSeconds=500
        ),
    },
)
def redrive_attempts(holder: Node, graph: Graph, settings: RedriveSettings) -> Iterator[str]:
    """Queues try each message again, and make it a dead letter before they forget it.

    What passes by itself must not end as a dead letter; what expires before its last receive is simply gone.
    """
    policy = holder.inputs.document("redrivePolicy")
    if not policy.keys():
        return
    text = policy.get("maxReceiveCount")
    receives = float(text) if isinstance(text, str) and text.isdecimal() else policy.number("maxReceiveCount")
    least, most = settings.minimum_receives, settings.maximum_receives
    if not policy.has("maxReceiveCount"):
        yield "states no maxReceiveCount in its redrivePolicy"
        return
    if not least <= receives <= most:
        yield f"makes a message a dead letter after {receives:g} receives, not after {least} to {most}"
        return
    queue = queue_of(holder, graph)
    hidden = queue.inputs.number("visibilityTimeoutSeconds", _DEFAULT_VISIBILITY)
    kept = queue.inputs.number("messageRetentionSeconds", _DEFAULT_RETENTION)
    if kept <= receives * hidden:
        yield f"forgets a message after {kept:g} s, before {receives:g} receives of {hidden:g} s are over"
