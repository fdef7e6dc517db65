"""What is watched on each kind of block: its metrics, and the alarms that every one of its kind has."""

from collections.abc import Sequence
from typing import Final

import pulumi

from infra.blocks.alarms import Alarm, Metric
from infra.blocks.function import Function
from infra.blocks.queue import DeadLetterQueue, Queue
from infra.blocks.table import Table

REDRIVE: Final = "look at a message, mend the cause, then redrive"


def function_metric(function: Function, name: str, statistic: str = "Sum") -> Metric:
    """Return a metric of all versions of *function*."""
    return Metric(
        namespace="AWS/Lambda", name=name, dimensions={"FunctionName": function.name}, statistic=statistic
    )


def queue_metric(name: pulumi.Input[str], metric: str, statistic: str = "Maximum") -> Metric:
    """Return a metric of the queue *name*."""
    return Metric(namespace="AWS/SQS", name=metric, dimensions={"QueueName": name}, statistic=statistic)


def table_metric(table: Table, name: str, **dimensions: str) -> Metric:
    """Return a metric of *table*, of one of its indexes or operations if *dimensions* say so."""
    return Metric(namespace="AWS/DynamoDB", name=name, dimensions={"TableName": table.name, **dimensions})


def function_alarms(purpose: str, function: Function) -> list[Alarm]:
    """Return the alarms on errors, throttles and duration of *function*."""
    near_timeout_ms = function.timeout_seconds * 1000 * 0.8
    return [
        Alarm(
            purpose=f"{purpose}-errors",
            description=f"{purpose} failed as a whole, not single messages: its log group has the exception",
            metrics=[function_metric(function, "Errors")],
            above=0,
        ),
        Alarm(
            purpose=f"{purpose}-throttles",
            description=f"{purpose} was throttled: compare its concurrency with what is reserved for it",
            metrics=[function_metric(function, "Throttles")],
            above=0,
        ),
        Alarm(
            purpose=f"{purpose}-duration",
            description=f"{purpose} takes 80% of its {function.timeout_seconds} s: raise timeout or memory",
            metrics=[function_metric(function, "Duration", "p99")],
            above=near_timeout_ms,
            evaluation_periods=3,
            datapoints_to_alarm=2,
        ),
    ]


def dead_letter_alarm(purpose: str, queue: DeadLetterQueue, *, remedy: str = REDRIVE) -> Alarm:
    """Return the alarm on anything being in *queue*; redrives do not count as sent, so depth tells.

    *remedy* is for a queue of another source than a queue: SQS redrives only what came from one.
    """
    return Alarm(
        purpose=f"{purpose}-depth",
        description=f"{purpose} holds what failed for good: {remedy}",
        metrics=[queue_metric(queue.name, "ApproximateNumberOfMessagesVisible")],
        above=0,
    )


def queue_alarms(purpose: str, queue: Queue) -> list[Alarm]:
    """Return the alarms on the age of what waits in *queue* and on its dead-letter queue."""
    return [
        Alarm(
            purpose=f"{purpose}-age",
            description=f"messages wait too long in {purpose}: its function is slow, throttled or failing",
            metrics=[queue_metric(queue.name, "ApproximateAgeOfOldestMessage")],
            above=2 * queue.visibility_timeout_seconds,
        ),
        dead_letter_alarm(f"{purpose}-dlq", queue.dlq),
    ]


def table_alarms(
    purpose: str, table: Table, *, indexes: Sequence[str] = (), operations: Sequence[str]
) -> list[Alarm]:
    """Return the alarms on throttles of *table* and its *indexes*, and on system errors of *operations*.

    CloudWatch has throttles per table and per index, and system errors per table and operation: an alarm on
    the table alone would never see an index's throttle, nor any system error.
    """
    events = ("ReadThrottleEvents", "WriteThrottleEvents")
    places: list[dict[str, str]] = [{}, *({"GlobalSecondaryIndexName": index} for index in indexes)]
    return [
        Alarm(
            purpose=f"{purpose}-throttles",
            description=f"{purpose} is throttled: Contributor Insights names the hot key",
            metrics=[table_metric(table, event, **place) for event in events for place in places],
            above=0,
        ),
        Alarm(
            purpose=f"{purpose}-system-errors",
            description=f"DynamoDB fails on {purpose}: callers retry; if it lasts see AWS Health",
            metrics=[table_metric(table, "SystemErrors", Operation=operation) for operation in operations],
            above=0,
        ),
    ]


def rule_alarm(purpose: str, rule_name: pulumi.Input[str]) -> Alarm:
    """Return the alarm on events that a rule matched and could not deliver."""
    return Alarm(
        purpose=f"{purpose}-undelivered",
        description=f"rule {purpose} could not deliver events: see the queue of undelivered events",
        metrics=[
            Metric(namespace="AWS/Events", name="FailedInvocations", dimensions={"RuleName": rule_name})
        ],
        above=0,
    )
