"""DynamoDB tables."""

from types import MappingProxyType
from typing import Any

from local.provider.emulation import Call, Emulation, emulates, given, pairs
from local.provider.values import Properties

NOT_CHECKED = (
    "DynamoDB: provisioned capacity does not throttle, items never expire, point-in-time recovery "
    "keeps nothing.",
)
"""For the page docs/local-stack.md."""


def _key_schema(keys: Properties) -> list[dict[str, str]]:
    """Return the key schema of a table or an index, from either way to write it."""
    if schemas := keys.get("keySchemas"):
        return [{"AttributeName": key["attributeName"], "KeyType": key["keyType"]} for key in schemas]
    pairs = [(keys.get("hashKey"), "HASH"), (keys.get("rangeKey"), "RANGE")]
    return [{"AttributeName": name, "KeyType": kind} for name, kind in pairs if name]


def _throughput(properties: Properties) -> dict[str, Any]:
    if properties.get("billingMode") == "PAY_PER_REQUEST":
        return {}
    return {
        "ProvisionedThroughput": {
            "ReadCapacityUnits": properties.get("readCapacity", 1),
            "WriteCapacityUnits": properties.get("writeCapacity", 1),
        }
    }


def _index(index: Properties, table: Properties) -> dict[str, Any]:
    projection = given(
        ProjectionType=index.get("projectionType", "ALL"), NonKeyAttributes=index.get("nonKeyAttributes")
    )
    throughput = _throughput(index | {"billingMode": table.get("billingMode")})
    return {
        "IndexName": index["name"],
        "KeySchema": _key_schema(index),
        "Projection": projection,
        **throughput,
    }


def _definitions(properties: Properties) -> list[dict[str, str]]:
    return [
        {"AttributeName": attribute["name"], "AttributeType": attribute["type"]}
        for attribute in properties["attributes"]
    ]


def _index_changes(call: Call) -> list[dict[str, Any]]:
    """Return what makes the old indexes the new ones; a changed index is deleted and created."""
    old, new = (
        {index["name"]: index for index in properties.get("globalSecondaryIndexes", [])}
        for properties in (call.before, call.inputs)
    )
    changed = {name for name in old.keys() & new.keys() if old[name] != new[name]}
    return [{"Delete": {"IndexName": name}} for name in sorted(old.keys() - new.keys() | changed)] + [
        {"Create": _index(new[name], call.inputs)} for name in sorted(new.keys() - old.keys() | changed)
    ]


def _stream(properties: Properties) -> dict[str, Any]:
    if not properties.get("streamEnabled"):
        return {"StreamEnabled": False}
    return {"StreamEnabled": True, "StreamViewType": properties.get("streamViewType")}


def _outputs(description: Properties) -> Properties:
    return given(
        arn=description["TableArn"],
        streamArn=description.get("LatestStreamArn"),
        streamLabel=description.get("LatestStreamLabel"),
    )


def _keys(schema: list[Properties], *, as_schemas: bool) -> Properties:
    """Return a key schema in one of the two ways in which a program writes it."""
    if as_schemas:
        return {
            "keySchemas": [
                {"attributeName": key["AttributeName"], "keyType": key["KeyType"]} for key in schema
            ]
        }
    names = {key["KeyType"]: key["AttributeName"] for key in schema}
    return {"hashKey": names["HASH"], "rangeKey": names.get("RANGE")}


def _capacity(description: Properties, mode: str) -> Properties:
    throughput = description.get("ProvisionedThroughput", {}) if mode == "PROVISIONED" else {}
    units = {"readCapacity": "ReadCapacityUnits", "writeCapacity": "WriteCapacityUnits"}
    return {key: throughput.get(name) for key, name in units.items()}


def _told(table: Properties, before: Properties) -> Properties:
    """Return what the description of a table tells."""
    mode = table.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED")
    by_names = {each["name"] for each in before.get("globalSecondaryIndexes", []) if each.get("hashKey")}
    indexes = [
        {
            "name": index["IndexName"],
            "projectionType": index["Projection"]["ProjectionType"],
            "nonKeyAttributes": index["Projection"].get("NonKeyAttributes"),
            **_keys(index["KeySchema"], as_schemas=index["IndexName"] not in by_names),
            **_capacity(index, mode),
        }
        for index in table.get("GlobalSecondaryIndexes", [])
    ]
    stream = table.get("StreamSpecification", {})
    return {
        "name": table["TableName"],
        **_keys(table["KeySchema"], as_schemas=False),
        **_capacity(table, mode),
        "billingMode": mode,
        "attributes": [
            {"name": each["AttributeName"], "type": each["AttributeType"]}
            for each in table["AttributeDefinitions"]
        ],
        "globalSecondaryIndexes": indexes,
        "deletionProtectionEnabled": table.get("DeletionProtectionEnabled", False),
        "streamEnabled": stream.get("StreamEnabled", False),
        "streamViewType": stream.get("StreamViewType"),
    }


def _encryption(table: Properties) -> Properties:
    sse = table.get("SSEDescription", {})
    enabled = {"enabled": sse.get("Status") == "ENABLED", "kmsKeyArn": sse.get("KMSMasterKeyArn")}
    return {"serverSideEncryption": enabled}


@emulates("aws:dynamodb/table:Table")
class Table(Emulation):
    """A table with its indexes, stream, TTL, encryption, PITR and deletion protection."""

    replaces = frozenset({"name", "hashKey", "rangeKey", "localSecondaryIndexes"})
    unset = MappingProxyType({"billingMode": "PROVISIONED", "readCapacity": 1, "writeCapacity": 1})

    def create(self, call: Call) -> tuple[str, Properties]:
        """Create the table."""
        inputs = call.inputs
        indexes = [_index(index, inputs) for index in inputs.get("globalSecondaryIndexes", [])]
        sse = inputs.get("serverSideEncryption", {})
        encryption = given(Enabled=True, SSEType="KMS", KMSMasterKeyId=sse.get("kmsKeyArn"))
        answer = call.aws("dynamodb").create_table(
            TableName=inputs["name"],
            AttributeDefinitions=_definitions(inputs),
            KeySchema=_key_schema(inputs),
            BillingMode=inputs.get("billingMode", "PROVISIONED"),
            Tags=call.tag_list,
            DeletionProtectionEnabled=bool(inputs.get("deletionProtectionEnabled")),
            **_throughput(inputs),
            **given(
                GlobalSecondaryIndexes=indexes or None,
                StreamSpecification=_stream(inputs) if inputs.get("streamEnabled") else None,
                SSESpecification=encryption if sse.get("enabled") else None,
            ),
        )["TableDescription"]
        self._settings(call)
        return inputs["name"], _outputs(answer)

    def update(self, call: Call) -> Properties:
        """Change everything in place but encryption, which moto does not change."""
        dynamodb, inputs, arn = call.aws("dynamodb"), call.inputs, call.before["arn"]
        stream = _stream(inputs) if _stream(inputs) != _stream(call.before) else None
        answer = dynamodb.update_table(
            TableName=call.id,
            AttributeDefinitions=_definitions(inputs),
            BillingMode=inputs.get("billingMode", "PROVISIONED"),
            DeletionProtectionEnabled=bool(inputs.get("deletionProtectionEnabled")),
            **_throughput(inputs),
            **given(GlobalSecondaryIndexUpdates=_index_changes(call) or None, StreamSpecification=stream),
        )["TableDescription"]
        self._settings(call)
        call.retag(
            lambda: dynamodb.tag_resource(ResourceArn=arn, Tags=call.tag_list),
            lambda keys: dynamodb.untag_resource(ResourceArn=arn, TagKeys=keys),
        )
        return _outputs(answer)

    def read(self, call: Call) -> Properties:
        """Tell everything but local indexes; encryption, which moto never changes, of what is looked up."""
        dynamodb = call.aws("dynamodb")
        table = dynamodb.describe_table(TableName=call.id)["Table"]
        backups = dynamodb.describe_continuous_backups(TableName=call.id)["ContinuousBackupsDescription"]
        recovery = backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"]
        ttl = dynamodb.describe_time_to_live(TableName=call.id)["TimeToLiveDescription"]
        enabled = ttl["TimeToLiveStatus"] == "ENABLED"
        return {
            **_told(table, call.before),
            **_outputs(table),
            **({} if call.before else _encryption(table)),
            "pointInTimeRecovery": {"enabled": recovery == "ENABLED"},
            "ttl": {"attributeName": ttl.get("AttributeName"), "enabled": True} if enabled else None,
            "tagsAll": pairs(dynamodb.list_tags_of_resource(ResourceArn=table["TableArn"])["Tags"]),
        }

    def delete(self, call: Call) -> None:
        """Delete the table; DynamoDB refuses while it is protected."""
        call.aws("dynamodb").delete_table(TableName=call.id)

    def _settings(self, call: Call) -> None:
        dynamodb = call.aws("dynamodb")
        name = call.inputs["name"]
        recovery = bool(call.inputs.get("pointInTimeRecovery", {}).get("enabled"))
        dynamodb.update_continuous_backups(
            TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": recovery}
        )
        before = call.before.get("ttl", {})
        ttl = call.inputs.get("ttl") or {**before, "enabled": False}
        if ttl != before and ttl.get("attributeName"):
            specification = {"Enabled": bool(ttl.get("enabled")), "AttributeName": ttl["attributeName"]}
            dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification=specification)
