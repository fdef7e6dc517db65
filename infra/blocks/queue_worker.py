"""A function that is fed by events from a queue of its own, and everything between rule and function.

rule ──► queue ──► function
│        └──► dead-letter queue (failed five times)
└──► undelivered events
"""

from dataclasses import dataclass, replace

import pulumi

from infra.blocks.event_delivery import EventDelivery, EventDeliveryArgs
from infra.blocks.function import Function, FunctionArgs
from infra.blocks.queue import DeadLetterQueue, Queue, QueueArgs
from infra.blocks.queue_feed import QueueFeed, QueueFeedArgs, receive


@dataclass(frozen=True, kw_only=True)
class QueueWorkerArgs:
    """Where events come from, what works on them, and how fast."""

    queue_purpose: str
    rule_name: pulumi.Output[str]
    undelivered: DeadLetterQueue
    function: FunctionArgs
    batch_size: int
    batch_window_seconds: int
    maximum_concurrency: int


class QueueWorker(pulumi.ComponentResource):
    """A queue, its feed, and the function behind it."""

    def __init__(self, name: str, args: QueueWorkerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("guardrails:blocks:QueueWorker", name, {}, opts)
        scope, child = args.function.scope, pulumi.ResourceOptions(parent=self)
        self.queue = Queue(
            f"{name}-queue",
            QueueArgs(
                scope=scope,
                purpose=args.queue_purpose,
                key_arn=args.function.key_arn,
                visibility_timeout_seconds=visibility(
                    args.function.timeout_seconds, args.batch_window_seconds
                ),
                rules=[args.rule_name.apply(scope.rule_arn)],
            ),
            child,
        )
        delivery = EventDeliveryArgs(rule_name=args.rule_name, queue=self.queue, undelivered=args.undelivered)
        EventDelivery(name, delivery, child)
        permissions = [receive(self.queue), *args.function.permissions]
        self.function = Function(name, replace(args.function, permissions=permissions), child)
        feed = QueueFeedArgs(
            scope=scope,
            queue=self.queue,
            function=self.function,
            batch_size=args.batch_size,
            batch_window_seconds=args.batch_window_seconds,
            maximum_concurrency=args.maximum_concurrency,
        )
        QueueFeed(name, feed, child)
        self.outputs: dict[str, pulumi.Output[str]] = {
            "functionName": self.function.name,
            "functionArn": self.function.arn,
            "aliasArn": self.function.alias_arn,
            "logGroup": self.function.log_group,
            "queueUrl": self.queue.url,
            "queueArn": self.queue.arn,
            "dlqUrl": self.queue.dlq.url,
            "dlqArn": self.queue.dlq.arn,
        }
        self.register_outputs(self.outputs)


def visibility(timeout_seconds: int, batch_window_seconds: int) -> int:
    """Return for how many seconds a received message stays hidden: AWS advises 6 timeouts and the window."""
    return 6 * timeout_seconds + batch_window_seconds
