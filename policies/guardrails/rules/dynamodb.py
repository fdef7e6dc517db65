"""Rules on DynamoDB tables."""

from collections.abc import Iterator
from typing import Any, Final

from guardrails.framework.examples import resource, stack
from guardrails.framework.node import Node
from guardrails.framework.rule import Settings, Severity, resource_rule

_RECOVERABLE: Final = stack(
    resource("dynamodb.Table", "records", name="shop-records-dev", pointInTimeRecovery={"enabled": True})
)


def _recoverable(table: Node, _settings: Settings) -> dict[str, Any]:
    """Switch recovery on for the table; its replicas are the program's to mend."""
    enabled = table.inputs.block("pointInTimeRecovery").flag("enabled")
    return {} if enabled else {"pointInTimeRecovery": {"enabled": True}}


@resource_rule(
    severity=Severity.HIGH,
    findings=("CC-REL-8", "SP-15", "OP-4.2", "IP-2.2", "UA-7.2"),
    fixes={"dynamodb.Table": 'point_in_time_recovery={"enabled": True}'},
    remedies={"dynamodb.Table": _recoverable},
    reads=("dynamodb.Table.pointInTimeRecovery", "dynamodb.Table.replicas"),
    passes=[
        _RECOVERABLE,
        _RECOVERABLE.but("records", replicas=[{"regionName": "eu-west-1", "pointInTimeRecovery": True}]),
    ],
    fails={
        "has no point-in-time recovery": _RECOVERABLE.but("records", pointInTimeRecovery=None),
        "point-in-time": _RECOVERABLE.but("records", pointInTimeRecovery={"enabled": False}),
        "has no point-in-time recovery in its replica in eu-west-1": _RECOVERABLE.but(
            "records", replicas=[{"regionName": "eu-west-1"}]
        ),
    },
)
def dynamodb_pitr(table: Node) -> Iterator[str]:
    """Tables keep point-in-time recovery, in every stack.

    A wrong write or a deleted item can then be undone to the second, for up to 35 days.
    """
    if not table.inputs.block("pointInTimeRecovery").flag("enabled"):
        yield "has no point-in-time recovery"
    for replica in table.inputs.blocks("replicas"):
        if not replica.flag("pointInTimeRecovery"):
            yield f"has no point-in-time recovery in its replica in {replica.text('regionName')}"
