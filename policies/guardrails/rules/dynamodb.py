"""Rules on DynamoDB tables."""

from collections.abc import Iterator
from typing import Any, Final

from guardrails.framework.examples import UNKNOWN, Sample, resource, stack
from guardrails.framework.graph import Graph
from guardrails.framework.node import Node
from guardrails.framework.rule import Settings, Severity, resource_rule, stack_rule

_RECOVERABLE: Final = stack(
    resource("dynamodb.Table", "records", name="shop-records-dev", pointInTimeRecovery={"enabled": True})
)


def _recoverable(table: Node, _settings: Settings) -> dict[str, Any]:
    """Set `pointInTimeRecovery.enabled` of the table; its replicas are the program's to mend."""
    enabled = table.inputs.block("pointInTimeRecovery").flag("enabled")
    return {} if enabled else {"pointInTimeRecovery": {"enabled": True}}


@resource_rule(
    severity=Severity.HIGH,
    findings=("CC-REL-8", "SP-15", "OP-4.2", "IP-2.2", "UA-7.2"),
    fixes={
        "dynamodb.Table": 'point_in_time_recovery={"enabled": True}',
        "dynamodb.TableReplica": "point_in_time_recovery=True",
    },
    remedies={"dynamodb.Table": _recoverable},
    reads=(
        "dynamodb.Table.pointInTimeRecovery",
        "dynamodb.Table.replicas",
        "dynamodb.TableReplica.pointInTimeRecovery",
    ),
    passes={
        "a table that can be recovered": _RECOVERABLE,
        "no enabled: a replica that is a resource of its own says true and nothing else": stack(
            resource("dynamodb.TableReplica", "abroad", pointInTimeRecovery=True)
        ),
        "a replica, which takes nothing over from its table: it says so itself": _RECOVERABLE.but(
            "records", replicas=[{"regionName": "eu-west-1", "pointInTimeRecovery": True}]
        ),
    },
    fails={
        "has no point-in-time recovery": _RECOVERABLE.but("records", pointInTimeRecovery=None),
        "point-in-time": _RECOVERABLE.but("records", pointInTimeRecovery={"enabled": False}),
        '"abroad"': stack(resource("dynamodb.TableReplica", "abroad")),
        "has no point-in-time recovery in its replica in eu-west-1": _RECOVERABLE.but(
            "records", replicas=[{"regionName": "eu-west-1"}]
        ),
    },
)
def dynamodb_pitr(table: Node) -> Iterator[str]:
    """Tables keep point-in-time recovery, in every stack.

    A wrong write or a deleted item can then be undone to the second, for up to 35 days.
    """
    if table.kind == "dynamodb.TableReplica":
        if not table.inputs.flag("pointInTimeRecovery"):
            yield "has no point-in-time recovery"
        return
    if not table.inputs.block("pointInTimeRecovery").flag("enabled"):
        yield "has no point-in-time recovery"
    for replica in table.inputs.blocks("replicas"):
        if not replica.flag("pointInTimeRecovery"):
            yield f"has no point-in-time recovery in its replica in {replica.text('regionName')}"


_ON_DEMAND: Final = stack(
    resource("dynamodb.Table", "records", name="shop-records-dev", billingMode="PAY_PER_REQUEST")
)


def _scaling(kind: str, name: str, unit: str, place: str = "table/shop-records-dev") -> Sample:
    dimension = f"dynamodb:{'index' if '/index/' in place else 'table'}:{unit}CapacityUnits"
    return resource(kind, name, resourceId=place, scalableDimension=dimension)


_SCALED: Final = _ON_DEMAND.but("records", billingMode="PROVISIONED").plus(
    _scaling("appautoscaling.Target", "reads", "Read"),
    _scaling("appautoscaling.Policy", "read-policy", "Read"),
    _scaling("appautoscaling.Target", "writes", "Write"),
    _scaling("appautoscaling.Policy", "write-policy", "Write"),
)
_INDEX: Final = "table/shop-records-dev/index/byDay"
_SCALED_INDEX: Final = _SCALED.but("records", globalSecondaryIndexes=[{"name": "byDay"}]).plus(
    *(
        _scaling(f"appautoscaling.{kind}", f"{unit}-{kind}", unit, _INDEX)
        for kind in ("Target", "Policy")
        for unit in ("Read", "Write")
    )
)


@stack_rule(
    severity=Severity.LOW,
    findings=("SP-8", "OP-5.6", "CC-COST-4"),
    fixes={
        "dynamodb.Table": (
            'billing_mode="PAY_PER_REQUEST"\n'
            '# or "PROVISIONED", with an aws.appautoscaling.Target and an aws.appautoscaling.Policy for\n'
            "# ReadCapacityUnits and WriteCapacityUnits of the table and of each index"
        )
    },
    reads=(
        "appautoscaling.Policy.resourceId",
        "appautoscaling.Policy.scalableDimension",
        "appautoscaling.Target.resourceId",
        "appautoscaling.Target.scalableDimension",
        "dynamodb.Table.billingMode",
        "dynamodb.Table.globalSecondaryIndexes",
        "dynamodb.Table.name",
    ),
    passes={
        "billed on demand": _ON_DEMAND,
        "provisioned capacity: of reads and writes each scales by itself": _SCALED,
        "an index with capacity of its own: it scales apart from its table": _SCALED_INDEX,
    },
    fails={
        "does not say how it is billed": _ON_DEMAND.but("records", billingMode=None),
        "does not say": _ON_DEMAND.but("records", billingMode="PROVISIONED", __defaults=["billingMode"]),
        "no scaling of the table's ReadCapacityUnits": _SCALED.without("reads"),
        "no scaling of the table's WriteCapacityUnits": _SCALED.without("write-policy"),
        "no scaling of the index byDay's WriteCapacityUnits": _SCALED_INDEX.without("Write-Target"),
    },
)
def dynamodb_billing_mode(table: Node, graph: Graph) -> Iterator[str]:
    """Tables say how they are billed, and provisioned ones scale by themselves.

    The default is provisioned capacity, which throttles beyond what it was set to and is paid for at night.
    """
    mode = table.inputs.text("billingMode")
    if not mode or table.inputs.filled_in("billingMode"):
        yield "does not say how it is billed"
    elif mode == "PROVISIONED":
        table_id = f"table/{graph.physical_name(table)}"
        places = {("the table", "table"): table_id}
        for index in table.inputs.blocks("globalSecondaryIndexes"):
            name = index.text("name")
            places[f"the index {name}", "index"] = f"{table_id}/index/{name}"
        for (label, level), place in places.items():
            for unit in ("ReadCapacityUnits", "WriteCapacityUnits"):
                if not _is_scaled(place, f"dynamodb:{level}:{unit}", graph):
                    yield f"is provisioned with no scaling of {label}'s {unit}"


def _is_scaled(place: str, dimension: str, graph: Graph) -> bool:
    """Tell whether a target and a policy scale a dimension of a table or index."""

    def scales(node: Node) -> bool:
        at = node.inputs.text("resourceId")
        return node.inputs.text("scalableDimension") == dimension and at == place

    return all(graph.matching(f"appautoscaling.{kind}", scales) for kind in ("Target", "Policy"))


_WATCHED: Final = stack(
    resource("dynamodb.Table", "records", name="shop-records-dev"),
    resource("dynamodb.ContributorInsights", "insights", tableName="shop-records-dev"),
)
_WATCHED_UNNAMED: Final = _WATCHED.but("insights", tableName=UNKNOWN).traced(
    "insights", tableName=("records",)
)
_WATCHED_TWICE: Final = _WATCHED.plus(
    resource("dynamodb.ContributorInsights", "by-day", tableName="shop-records-dev", indexName="byDay")
)


@stack_rule(
    severity=Severity.LOW,
    findings=("OP-3.3",),
    fixes={"dynamodb.Table": 'aws.dynamodb.ContributorInsights("orders", table_name=table.name)'},
    reads=(
        "dynamodb.ContributorInsights.indexName",
        "dynamodb.ContributorInsights.tableName",
        "dynamodb.Table.name",
    ),
    passes={
        "insights of a table": _WATCHED,
        "insights of a table unknown until the update: its name comes from this one": _WATCHED_UNNAMED,
        "insights of an index, which are none of its table: the table has its own beside": _WATCHED_TWICE,
    },
    fails={
        "has no Contributor Insights": _WATCHED.without("insights"),
        "no Contributor Insights": _WATCHED_TWICE.without("insights"),
    },
)
def dynamodb_contributor_insights(table: Node, graph: Graph) -> Iterator[str]:
    """Contributor Insights are on for tables.

    They name the keys that take the most traffic; a throttle by a hot key cannot be traced otherwise.
    """

    def watched(insights: Node) -> list[Node | None]:
        if insights.inputs.text("indexName"):
            return []
        return [graph.target(insights, "tableName", kinds=("dynamodb.Table",))]

    if not graph.pointing_at(table, ("dynamodb.ContributorInsights",), "whole table", watched):
        yield "has no Contributor Insights"
