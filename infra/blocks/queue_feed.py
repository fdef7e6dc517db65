"""What feeds a function's alias from a queue, in batches of which single messages may fail."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.blocks.function import Function
from infra.blocks.queue import Queue
from infra.naming import Scope
from infra.permissions import Statement, allow


@dataclass(frozen=True, kw_only=True)
class QueueFeedArgs:
    """Which queue feeds which function, and how fast."""

    scope: Scope
    queue: Queue
    function: Function
    batch_size: int
    batch_window_seconds: int
    # At most the function's reserved concurrency, or the queue is throttled; at least 2.
    maximum_concurrency: int


class QueueFeed(pulumi.ComponentResource):
    """An event source mapping; only what a batch reports as failed is received again."""

    def __init__(self, name: str, args: QueueFeedArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("guardrails:blocks:QueueFeed", name, {}, opts)
        mapping = aws.lambda_.EventSourceMapping(
            name,
            event_source_arn=args.queue.arn,
            function_name=args.function.alias_arn,
            batch_size=args.batch_size,
            maximum_batching_window_in_seconds=args.batch_window_seconds,
            function_response_types=["ReportBatchItemFailures"],
            scaling_config=aws.lambda_.EventSourceMappingScalingConfigArgs(
                maximum_concurrency=args.maximum_concurrency
            ),
            tags=args.scope.tags,
            # Lambda checks at once that the role may receive from the queue.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[args.function.role_policy]),
        )
        self.register_outputs({"mappingArn": mapping.arn})


def receive(queue: Queue) -> Statement:
    """Return what a function's role needs so that Lambda feeds it from *queue*."""
    return allow(
        *("sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"),
        on=queue.arn,
        sid="ReceiveMessages",
    )
