"""DynamoDB: tables, their keys, indexes and streams."""

from collections.abc import Iterator
from typing import Any

from local.provider.refusals.access import key_exists
from local.provider.refusals.constraints import at_least, between, length, of_model, one_of, pattern
from local.provider.refusals.places import Inputs
from local.provider.refusals.registry import Fault, at_check, at_deploy, constrain, in_use
from local.provider.refusals.situation import Situation

TABLE, INSIGHTS = "aws:dynamodb/table:Table", "aws:dynamodb/contributorInsights:ContributorInsights"
CREATE = "CreateTable - Amazon DynamoDB API Reference"
QUOTAS = "Quotas in Amazon DynamoDB"
NAMES = "Supported data types and naming rules in Amazon DynamoDB"
TTL = "UpdateTimeToLive - Amazon DynamoDB API Reference"
INVALID = "One or more parameter values were invalid: "

_NAME = pattern(r"[a-zA-Z0-9_.-]{3,255}", "3 to 255 letters, digits, underscores, hyphens and dots")
_INDEXES = ("globalSecondaryIndexes", "localSecondaryIndexes")

constrain(
    TABLE,
    "CreateTable",
    error="ValidationException",
    page=NAMES,
    inputs={
        "name": _NAME,
        "hashKey": length(1, 255),
        "rangeKey": length(0, 255),
        "attributes[].name": length(1, 255),
        "attributes[].type": of_model("dynamodb", "ScalarAttributeType"),
        "billingMode": of_model("dynamodb", "BillingMode"),
        "tableClass": of_model("dynamodb", "TableClass"),
        "readCapacity": at_least(0),
        "writeCapacity": at_least(0),
        "streamViewType": of_model("dynamodb", "StreamViewType") | one_of(""),
        "globalSecondaryIndexes": length(0, 20, "indexes"),
        "globalSecondaryIndexes[].name": _NAME,
        "globalSecondaryIndexes[].projectionType": of_model("dynamodb", "ProjectionType"),
        "globalSecondaryIndexes[].nonKeyAttributes": length(1, 20, "attributes"),
        "globalSecondaryIndexes[].readCapacity": at_least(0),
        "localSecondaryIndexes": length(0, 5, "indexes"),
        "localSecondaryIndexes[].name": _NAME,
        "localSecondaryIndexes[].projectionType": of_model("dynamodb", "ProjectionType"),
        "ttl.attributeName": length(0, 255),
        "pointInTimeRecovery.recoveryPeriodInDays": between(1, 35),
    },
)
constrain(
    INSIGHTS,
    "UpdateContributorInsights",
    error="ValidationException",
    page="UpdateContributorInsights - Amazon DynamoDB API Reference",
    inputs={"tableName": length(1, 1024), "indexName": _NAME},
)


def _keys(owner: Inputs) -> list[tuple[str, str]]:
    """Return attribute and kind of each key of a table or index, from either way to write them."""
    if "keySchemas" in owner:
        return [(key.get("attributeName"), key.get("keyType")) for _, key in owner.each("keySchemas")]
    pairs = [(owner.get("hashKey"), "HASH"), (owner.get("rangeKey"), "RANGE")]
    return [(name, kind) for name, kind in pairs if name]


def _indexes(inputs: Inputs) -> Iterator[tuple[str, Inputs]]:
    for name in _INDEXES:
        yield from inputs.each(name)


@at_check(TABLE, error="ValidationException", operation="CreateTable", page=CREATE)
def keys_are_declared(inputs: Inputs) -> Iterator[Fault]:
    """Every key of the table and its indexes has an attribute definition."""
    declared = {one.get("name") for _, one in inputs.each("attributes")}
    for place, owner in [("", inputs), *_indexes(inputs)]:
        for name, kind in _keys(owner):
            if name not in declared:
                path = f"{place}." if place else ""
                which = "hashKey" if kind == "HASH" else "rangeKey"
                given = ", ".join(sorted(declared))
                yield (
                    path + which,
                    f"{INVALID}Some index key attributes are not defined in AttributeDefinitions. Keys: "
                    f"[{name}], "
                    f"AttributeDefinitions: [{given}]",
                )


@at_check(TABLE, error="ValidationException", operation="CreateTable", page=CREATE)
def attributes_are_keys(inputs: Inputs) -> Iterator[Fault]:
    """Attribute definitions are for keys alone, and each stands once."""
    used = {name for owner in [inputs, *(index for _, index in _indexes(inputs))] for name, _ in _keys(owner)}
    seen: set[str] = set()
    for place, one in inputs.each("attributes"):
        name = one.get("name")
        if name not in used:
            yield (
                place,
                f"{INVALID}Some AttributeDefinitions are not used. AttributeDefinitions: [{name}], "
                f"keys used: [{', '.join(sorted(used))}]",
            )
        if name in seen:
            yield place, f"{INVALID}Duplicate AttributeName in AttributeDefinitions: {name}"
        seen.add(name)


@at_check(TABLE, error="ValidationException", operation="CreateTable", page=CREATE)
def hash_key(inputs: Inputs) -> Iterator[Fault]:
    """A table has a hash key, and its range key is another attribute."""
    keys = _keys(inputs)
    if not keys and "restoreSourceName" not in inputs and "restoreSourceTableArn" not in inputs:
        yield (
            "hashKey",
            f"{INVALID}No Hash Key specified in schema. All DynamoDB tables must have exactly one",
        )
    names = [name for name, _ in keys]
    if len(names) != len(set(names)):
        yield (
            "rangeKey",
            f"{INVALID}Both the Hash Key and the Range Key element in the KeySchema have the same name",
        )


@at_check(TABLE, error="ValidationException", operation="CreateTable", page=CREATE)
def indexes_are_distinct(inputs: Inputs) -> Iterator[Fault]:
    """Names of indexes are distinct; a local index has the table's hash key and a range key of its own."""
    seen: set[str] = set()
    for place, index in _indexes(inputs):
        if index.get("name") in seen:
            yield f"{place}.name", f"{INVALID}Duplicate index name: {index.get('name')}"
        seen.add(index.get("name"))
        if place.startswith("local") and "rangeKey" not in inputs:
            yield (
                place,
                f"{INVALID}Table KeySchema does not have a range key, which is required for local indexes",
            )


@at_check(TABLE, error="ValidationException", operation="CreateTable", page=CREATE)
def projections(inputs: Inputs) -> Iterator[Fault]:
    """Non-key attributes are projected by INCLUDE, which needs some, and by no other projection."""
    total = 0
    for place, index in _indexes(inputs):
        included, kind = index.get("nonKeyAttributes") or [], index.get("projectionType", "ALL")
        total += len(included)
        if (kind == "INCLUDE") != bool(included):
            reason = "ProjectionType is INCLUDE, but NonKeyAttributes is not specified"
            if included:
                reason = f"ProjectionType is {kind}, but NonKeyAttributes is specified"
            yield f"{place}.nonKeyAttributes", INVALID + reason
    if total > 100:
        yield (
            "globalSecondaryIndexes",
            f"{INVALID}{total} projected attributes in all indexes, 100 are allowed",
        )


@at_check(TABLE, error="ValidationException", operation="CreateTable", page=CREATE)
def capacity(inputs: Inputs) -> Iterator[Fault]:
    """Provisioned tables and their indexes have capacities of at least 1; tables on demand have none."""
    on_demand = inputs.get("billingMode") == "PAY_PER_REQUEST"
    for place, owner in [("", inputs), *inputs.each("globalSecondaryIndexes")]:
        for name in ("readCapacity", "writeCapacity"):
            units = owner.get(name) or 0
            path = f"{place}.{name}" if place else name
            if on_demand and units > 0:
                yield (
                    path,
                    f"{INVALID}ReadCapacityUnits and WriteCapacityUnits cannot be set with PAY_PER_REQUEST",
                )
            if not on_demand and not units >= 1:
                yield path, f"{INVALID}{units} is less than 1, the least that a PROVISIONED table may have"


@at_check(TABLE, error="ValidationException", operation="CreateTable", page=CREATE)
def stream(inputs: Inputs) -> Iterator[Fault]:
    """A stream that is enabled has a view type."""
    if inputs.get("streamEnabled") and not inputs.get("streamViewType"):
        yield "streamViewType", f"{INVALID}StreamViewType is needed when StreamEnabled is true"


@in_use(TABLE, operation="CreateTable", page=CREATE)
def view_without_a_stream(situation: Situation) -> Iterator[str]:
    """A view type without a stream does nothing: the provider does not send it."""
    if situation.get("streamViewType") and not situation.get("streamEnabled"):
        yield f"table {situation.get('name')} has a streamViewType and no stream: set streamEnabled"


@at_check(TABLE, error="ValidationException", operation="UpdateTimeToLive", page=TTL)
def time_to_live(inputs: Inputs) -> Iterator[Fault]:
    """Time to live names its attribute when it is enabled."""
    if inputs.get("ttl.enabled") and not inputs.get("ttl.attributeName"):
        yield "ttl.attributeName", "TimeToLiveSpecification needs an attribute name when it is enabled"


@at_check(TABLE, error="ValidationException", operation="CreateTable", page=CREATE)
def encryption_key(inputs: Inputs) -> Iterator[Fault]:
    """A table is encrypted with a key of one's own only when server-side encryption is enabled."""
    if inputs.get("serverSideEncryption.kmsKeyArn") and not inputs.get("serverSideEncryption.enabled"):
        yield "serverSideEncryption.kmsKeyArn", f"{INVALID}KMSMasterKeyId needs SSEEnabled"


@at_deploy(TABLE, error="ValidationException", operation="CreateTable", page=CREATE)
def key_of_the_table(situation: Situation) -> Iterator[str]:
    """The key that encrypts a table exists in its region."""
    key: Any = (situation.get("serverSideEncryption") or {}).get("kmsKeyArn")
    if key and not key_exists(key, situation):
        yield f"{INVALID}KMS validation error: {key} does not exist or is not enabled"


@at_deploy(TABLE, error="ResourceInUseException", operation="CreateTable", page=CREATE)
def table_exists_once(situation: Situation) -> Iterator[str]:
    """A table's name is free in its region."""
    name = situation.get("name")
    if situation.creates and any(
        one.get("name") == name and one.get("region", situation.region) == situation.region
        for one in situation.of_type(TABLE)
    ):
        yield f"Table already exists: {name}"
