"""What is watched in the system `objects`: its alarms and its dashboard."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pulumi

from infra.blocks.alarms import Alarm, Anomaly, Metric
from infra.blocks.dashboard import DAY_SECONDS, Graph
from infra.blocks.function import Function
from infra.blocks.queue import DeadLetterQueue, Queue
from infra.blocks.queue_worker import QueueWorker
from infra.blocks.scan_gate import ScanGate
from infra.blocks.table import Table
from infra.blocks.watch import (
    dead_letter_alarm,
    function_alarms,
    function_metric,
    queue_alarms,
    queue_metric,
    rule_alarm,
    table_alarms,
    table_metric,
)
from infra.naming import Scope
from infra.systems.objects_stores import DAY_INDEX, Stores

# EventBridge put them there, not a queue: StartMessageMoveTask refuses such a source.
SEND_ON: Final = (
    "mend queue policy or key, then for each message send its body to the work queue, or to the infected "
    "queue if detail.scanResultDetails.scanResultStatus is THREATS_FOUND, and delete it; SQS will not redrive"
)


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The parts of the system that are watched."""

    gate: ScanGate
    worker: QueueWorker
    quarantine: QueueWorker
    undelivered: DeadLetterQueue
    stores: Stores


def business_metric(scope: Scope, name: str, statistic: str = "Sum") -> Metric:
    """Return a metric that the functions emit themselves."""
    return Metric(
        namespace=scope.metrics_namespace,
        name=name,
        dimensions={"service": scope.system},
        statistic=statistic,
    )


def alarms(scope: Scope, parts: Parts) -> list[Alarm]:
    """Return the alarms on functions, queues, delivery, tables and on what should never happen."""
    once = ("DeleteItem", "PutItem", "UpdateItem")
    return [
        *function_alarms("worker", parts.worker.function),
        *function_alarms("quarantine", parts.quarantine.function),
        *queue_alarms("work", parts.worker.queue),
        *queue_alarms("infected", parts.quarantine.queue),
        dead_letter_alarm("undelivered", parts.undelivered, remedy=SEND_ON),
        rule_alarm("scanned", parts.gate.scanned_rule),
        rule_alarm("infected", parts.gate.infected_rule),
        *table_alarms("records", parts.stores.records, indexes=[DAY_INDEX], operations=["PutItem"]),
        *table_alarms("idempotency", parts.stores.idempotency, operations=once),
        Alarm(
            purpose="scans-incomplete",
            description="objects could not be scanned and are not processed: see records that are UNSCANNED",
            metrics=[business_metric(scope, "ScansIncomplete")],
            above=0,
        ),
        Alarm(
            purpose="malformed-events",
            description="events do not look as AWS documents them: the dead-letter queues keep them",
            metrics=[business_metric(scope, "MalformedEvents")],
            above=0,
        ),
    ]


def anomalies(scope: Scope) -> list[Anomaly]:
    """Return the alarm on an unusual number of processed objects.

    Where nothing is processed there is no datapoint, so that a stop is told by the age of what waits.
    """
    return [
        Anomaly(
            purpose="processed-anomaly",
            description="an unusual number of objects is processed for this time, while there is work: ask "
            "the senders; a complete stop is told by the alarms work-age and infected-age",
            metric=business_metric(scope, "ObjectsProcessed"),
        )
    ]


def graphs(scope: Scope, parts: Parts) -> list[Sequence[Graph]]:
    """Return the dashboard's rows, from what users notice down to causes."""
    outcomes = ("ObjectsProcessed", "ObjectsRejected", "ObjectsQuarantined", "ScansIncomplete")
    troubles = ("TransientFailures", "MalformedEvents")
    queues = [parts.worker.queue, parts.quarantine.queue]
    dead = [*(queue.dlq for queue in queues), parts.undelivered]
    rules = [parts.gate.scanned_rule, parts.gate.infected_rule]
    return [
        [
            Graph(title="Outcomes", metrics=[business_metric(scope, name) for name in outcomes]),
            Graph(title="Troubles", metrics=[business_metric(scope, name) for name in troubles]),
            Graph(title="Bytes processed", metrics=[business_metric(scope, "ObjectBytes")]),
        ],
        [
            _function_graph("worker", parts.worker.function),
            _function_graph("quarantine", parts.quarantine.function),
        ],
        [
            Graph(title="Duration (ms)", metrics=_durations(parts)),
            Graph(title="Events by rule", metrics=[_rule_metric(rule) for rule in rules]),
        ],
        [
            Graph(title="Age of the oldest message (s)", metrics=[_age(queue) for queue in queues]),
            Graph(title="Dead letters", metrics=[_depth(queue) for queue in dead]),
        ],
        [
            _table_graph("records", parts.stores.records),
            _table_graph("idempotency", parts.stores.idempotency),
            _storage_graph(parts.stores),
        ],
    ]


def _function_graph(title: str, function: Function) -> Graph:
    names = ("Invocations", "Errors", "Throttles")
    concurrency = function_metric(function, "ConcurrentExecutions", "Maximum")
    return Graph(title=title, metrics=[*(function_metric(function, name) for name in names), concurrency])


def _durations(parts: Parts) -> list[Metric]:
    functions = (parts.worker.function, parts.quarantine.function)
    return [
        function_metric(function, "Duration", statistic)
        for function in functions
        for statistic in ("p50", "p99")
    ]


def _rule_metric(rule_name: pulumi.Input[str]) -> Metric:
    return Metric(namespace="AWS/Events", name="MatchedEvents", dimensions={"RuleName": rule_name})


def _age(queue: Queue) -> Metric:
    return queue_metric(queue.name, "ApproximateAgeOfOldestMessage")


def _depth(queue: DeadLetterQueue) -> Metric:
    return queue_metric(queue.name, "ApproximateNumberOfMessagesVisible")


def _table_graph(title: str, table: Table) -> Graph:
    names = (
        "ConsumedReadCapacityUnits",
        "ConsumedWriteCapacityUnits",
        "ReadThrottleEvents",
        "WriteThrottleEvents",
    )
    return Graph(title=f"Table {title}", metrics=[table_metric(table, name) for name in names])


def _storage_graph(stores: Stores) -> Graph:
    metrics = [
        Metric(
            namespace="AWS/S3",
            name="BucketSizeBytes",
            dimensions={"BucketName": bucket.name, "StorageType": "StandardStorage"},
            statistic="Average",
        )
        for bucket in (stores.intake, stores.quarantine)
    ]
    return Graph(title="Stored (bytes, daily)", metrics=metrics, period_seconds=DAY_SECONDS)
