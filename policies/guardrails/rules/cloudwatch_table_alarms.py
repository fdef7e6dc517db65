"""The rule on the alarms that tables must have."""

from collections.abc import Callable, Iterator
from typing import Any, Final

from guardrails.framework.alarms import ALARM_READS, Watched, alarms_on
from guardrails.framework.examples import UNKNOWN, Sample, resource, stack
from guardrails.framework.fixes import alarm
from guardrails.framework.graph import Graph
from guardrails.framework.node import Node
from guardrails.framework.rule import Severity, stack_rule

_THROTTLES: Final = ("ReadThrottleEvents", "WriteThrottleEvents")
_INDEX: Final = "GlobalSecondaryIndexName"


def _on_table(name: str, metric: str, **dimensions: str) -> Sample:
    return resource(
        "cloudwatch.MetricAlarm",
        name,
        namespace="AWS/DynamoDB",
        metricName=metric,
        dimensions={"TableName": "shop-records-dev", **dimensions},
        alarmActions=[UNKNOWN],
    )


_SYSTEM_ERRORS: Final = {
    "namespace": "AWS/DynamoDB",
    "metricName": "SystemErrors",
    "dimensions": {"TableName": "shop-records-dev", "Operation": "Query"},
}
_TABLE: Final = stack(
    resource("dynamodb.Table", "records", name="shop-records-dev"),
    *(_on_table(metric, metric) for metric in _THROTTLES),
    _on_table("system", "SystemErrors", Operation="PutItem"),
)
_INDEXED: Final = _TABLE.but("records", globalSecondaryIndexes=[{"name": "by-day", "hashKey": "day"}]).plus(
    *(_on_table(f"index-{metric}", metric, **{_INDEX: "by-day"}) for metric in _THROTTLES)
)


@stack_rule(
    severity=Severity.HIGH,
    findings=("SP-10", "OP-2.1", "IP-5.1"),
    fixes={
        "dynamodb.Table": (
            alarm("orders-throttles", "AWS/DynamoDB", "ReadThrottleEvents", "TableName", "table.name") + "\n"
            "# likewise for WriteThrottleEvents, both also per index with the dimension\n"
            "# GlobalSecondaryIndexName, and for SystemErrors with the dimension Operation"
        )
    },
    reads=("dynamodb.Table.globalSecondaryIndexes", "dynamodb.Table.name", *ALARM_READS),
    passes={
        "alarms on the throttles and system errors of a table": _TABLE,
        "the same metric twice: throttles of an index are counted apart": _INDEXED,
        "no alarm on throttle events, of table or index: one counts the throttled requests": _INDEXED.without(
            *(f"index-{metric}" for metric in _THROTTLES), *_THROTTLES
        ).plus(_on_table("throttled", "ThrottledRequests", Operation="PutItem")),
        "an alarm without action: a composite alarm over it acts": _TABLE.without("system")
        .plus(
            resource(
                "cloudwatch.MetricAlarm",
                "system",
                name="shop-records-system-dev",
                metricQueries=[
                    {"id": "m0", "metric": _SYSTEM_ERRORS},
                    {"id": "total", "expression": "SUM(METRICS())", "returnData": True},
                ],
                actionsEnabled=True,
            )
        )
        .plus(
            resource(
                "cloudwatch.CompositeAlarm",
                "trouble",
                alarmRule="ALARM(shop-records-system-dev)",
                alarmActions=[UNKNOWN],
                actionsEnabled=True,
            )
        ),
    },
    fails={
        "has no alarm with an action on its ReadThrottleEvents": _TABLE.without("ReadThrottleEvents"),
        "on its WriteThrottleEvents": _TABLE.but("WriteThrottleEvents", alarmActions=[]),
        "on its SystemErrors by Operation": _TABLE.but(
            "system", dimensions={"TableName": "shop-records-dev"}
        ),
        "an action on its SystemErrors by Operation": _TABLE.but(
            "system", name="shop-system-dev", alarmActions=None
        ).plus(resource("cloudwatch.CompositeAlarm", "mute", alarmRule="ALARM(shop-system-dev)")),
        "on the ReadThrottleEvents of its index by-day": _INDEXED.without("index-ReadThrottleEvents"),
        "no alarm with an action on its WriteThrottleEvents": _TABLE.but(
            "WriteThrottleEvents",
            dimensions={"TableName": "shop-records-dev", "GlobalSecondaryIndexName": "by-day"},
        ),
    },
)
def table_alarms(table: Node, graph: Graph) -> Iterator[str]:
    """Alarms act on each table's throttles, those of its indexes, and its system errors.

    CloudWatch counts throttles by table and by index, and system errors by operation: an alarm on one sees
    nothing of the other.
    """

    def watched(metric: str, **where: Any) -> bool:
        return bool(
            alarms_on(table, graph, namespace="AWS/DynamoDB", metric=metric, dimension="TableName", **where)
        )

    indexes = [index.text("name") for index in table.inputs.blocks("globalSecondaryIndexes")]
    missing = [
        f"the {metric} of its index {index}" if index else f"its {metric}"
        for index in ["", *indexes]
        for metric in _THROTTLES
        if not watched(metric, where=_in_index(index))
    ]
    if missing and watched("ThrottledRequests", where=_by_operation):
        missing = []
    if not watched("SystemErrors", where=_by_operation):
        missing.append("its SystemErrors by Operation")
    for what in missing:
        yield f"has no alarm with an action on {what}"


def _by_operation(watched: Watched) -> bool:
    return bool(watched.dimension("Operation"))


def _in_index(index: str) -> Callable[[Watched], bool]:
    return lambda watched: watched.dimension(_INDEX) == index
