"""Rules on how items of DynamoDB tables are found and how they age."""

from collections.abc import Iterator
from typing import Any, Final

from guardrails.framework.examples import resource, stack
from guardrails.framework.node import Node
from guardrails.framework.props import Props
from guardrails.framework.rule import Severity, resource_rule


def _index(**changes: Any) -> dict[str, Any]:
    return {"name": "byDay", "hashKey": "day", "rangeKey": "at", "projectionType": "ALL", **changes}


def _attributes(*names: str) -> list[dict[str, str]]:
    return [{"name": name, "type": "S"} for name in names]


_INDEXED: Final = stack(
    resource(
        "dynamodb.Table",
        "records",
        name="shop-records-dev",
        hashKey="id",
        attributes=_attributes("id", "day", "at"),
        globalSecondaryIndexes=[_index()],
    ),
    resource(
        "dynamodb.Table", "lines", hashKey="order", rangeKey="line", attributes=_attributes("order", "line")
    ),
    resource(
        "dynamodb.Table",
        "locks",
        hashKey="id",
        attributes=_attributes("id"),
        ttl={"enabled": True, "attributeName": "expiration"},
    ),
)
_BY_SCHEMA: Final = _INDEXED.but(
    "records",
    globalSecondaryIndexes=[
        {
            "name": "byDay",
            "keySchemas": [
                {"attributeName": "day", "keyType": "HASH"},
                {"attributeName": "at", "keyType": "RANGE"},
            ],
            "projectionType": "INCLUDE",
            "nonKeyAttributes": ["state"],
        }
    ],
)
_KEYS_ONLY: Final = _INDEXED.but("records", globalSecondaryIndexes=[_index(projectionType="KEYS_ONLY")])


@resource_rule(
    severity=Severity.MEDIUM,
    findings=("CC-REL-10", "IP-2.1", "OP-3.4", "UA-3.3"),
    fixes={
        "dynamodb.Table": (
            "global_secondary_indexes=[{\n"
            '    "name": "byCustomer", "projection_type": "ALL",\n'
            '    "hash_key": "customerId", "range_key": "createdAt",\n'
            "}]  # with each key among attributes\n"
            '# or range_key="createdAt"; for items that are only read by their key and expire:\n'
            '# ttl={"enabled": True, "attribute_name": "expiresAt"}'
        )
    },
    reads=(
        "dynamodb.Table.attributes",
        "dynamodb.Table.globalSecondaryIndexes",
        "dynamodb.Table.hashKey",
        "dynamodb.Table.localSecondaryIndexes",
        "dynamodb.Table.rangeKey",
        "dynamodb.Table.ttl",
    ),
    passes={
        "a table with one key: its items expire, as locks do": _INDEXED,
        "an index without hashKey: its key schemas name the keys": _BY_SCHEMA,
        "an index of keys only: it finds items, and the table has the rest": _KEYS_ONLY,
    },
    fails={
        "knows one key only": _INDEXED.but("locks", ttl=None),
        "one key only": _INDEXED.but("lines", rangeKey=None, attributes=_attributes("order")),
        "declares the attribute at, which is no key": _INDEXED.but(
            "records", globalSecondaryIndexes=[_index(rangeKey=None)]
        ),
        "has the key line, which is not among its attributes": _INDEXED.but(
            "lines", attributes=_attributes("order")
        ),
        "has the index byDay over at, which is not among its attributes": _INDEXED.but(
            "records", attributes=_attributes("id", "day")
        ),
        "has the index byDay over day, at, which": _BY_SCHEMA.but("records", attributes=_attributes("id")),
        "has the index byDay, which includes no attributes": _BY_SCHEMA.but(
            "records", globalSecondaryIndexes=[_index(projectionType="INCLUDE")]
        ),
    },
)
def dynamodb_access_paths(table: Node) -> Iterator[str]:
    """Tables find items by each way that they are asked for: by composite keys and indexes.

    A table with one key answers every other question by being read whole. Items that expire and are only
    read by their key, such as locks, need no more than that.
    """
    own = [key for prop in ("hashKey", "rangeKey") if (key := table.inputs.text(prop))]
    indexes = table.inputs.blocks("globalSecondaryIndexes")
    declared = [each.text("name") for each in table.inputs.blocks("attributes")]
    local = [index.text("rangeKey") for index in table.inputs.blocks("localSecondaryIndexes")]
    used = {*own, *local, *(key for index in indexes for key in _keys(index))}
    if not (_expires(table.inputs) or len(own) > 1 or indexes):
        yield "knows one key only: it has neither a sort key nor a global secondary index"
    if unused := [name for name in declared if name not in used]:
        yield f"declares the attribute {', '.join(unused)}, which is no key of the table or an index"
    if missing := [key for key in [*own, *local] if key not in declared]:
        yield f"has the key {', '.join(missing)}, which is not among its attributes"
    for index in indexes:
        name = index.text("name")
        if missing := [key for key in _keys(index) if key not in declared]:
            yield f"has the index {name} over {', '.join(missing)}, which is not among its attributes"
        projection = index.text("projectionType")
        if not projection or (projection == "INCLUDE" and not index.count("nonKeyAttributes")):
            yield f"has the index {name}, which includes no attributes"


def _keys(index: Props) -> list[str]:
    """Return an index's keys, given one by one or as a schema."""
    schema = [key.text("attributeName") for key in index.blocks("keySchemas")]
    return schema or [key for prop in ("hashKey", "rangeKey") if (key := index.text(prop))]


def _expires(inputs: Props) -> bool:
    ttl = inputs.block("ttl")
    return ttl.flag("enabled") and bool(ttl.text("attributeName"))


_AGEING: Final = stack(
    resource("dynamodb.Table", "locks", hashKey="id", ttl={"enabled": True, "attributeName": "expiration"}),
    resource("dynamodb.Table", "lines", hashKey="order", rangeKey="line"),
    resource("dynamodb.Table", "records", hashKey="id", globalSecondaryIndexes=[_index()]),
)
_AGEING_LINES: Final = _AGEING.but("lines", ttl={"enabled": True, "attributeName": "expiresAt"})


@resource_rule(
    severity=Severity.MEDIUM,
    findings=("CC-REL-9", "OP-3.5"),
    fixes={"dynamodb.Table": 'ttl={"enabled": True, "attribute_name": "expiresAt"}'},
    reads=(
        "dynamodb.Table.globalSecondaryIndexes",
        "dynamodb.Table.rangeKey",
        "dynamodb.Table.ttl",
    ),
    passes={
        "tables whose items stay: they are found by a second key or an index": _AGEING,
        "a TTL where items are found by two keys: nobody has to, and it is switched on": _AGEING_LINES,
    },
    fails={
        "lets no item expire": _AGEING.but("locks", ttl=None),
        "has a TTL that is switched off": _AGEING_LINES.but(
            "lines", ttl={"enabled": False, "attributeName": "expiresAt"}
        ),
        "has a TTL that names no attribute": _AGEING.but("locks", ttl={"enabled": True}),
    },
)
def dynamodb_ttl(table: Node) -> Iterator[str]:
    """Tables whose items are read by one key alone let them expire, and a declared TTL is switched on.

    Such tables hold what is needed for a while, such as locks and sessions, and would grow for ever.
    """
    found = bool(table.inputs.text("rangeKey"))
    found = bool(table.inputs.blocks("globalSecondaryIndexes")) or found
    ttl = table.inputs.block("ttl")
    if not table.inputs.has("ttl"):
        if not found:
            yield "lets no item expire, though its items are read by one key alone"
    elif not ttl.flag("enabled"):
        yield "has a TTL that is switched off"
    elif not ttl.text("attributeName"):
        yield "has a TTL that names no attribute"
