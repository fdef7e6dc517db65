"""DynamoDB: tables, their indexes, batches, transactions and streams."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from local.permissions.calls import Call, Check, KeyUse

_TRANSACTION = {
    "Put": "dynamodb:PutItem",
    "Update": "dynamodb:UpdateItem",
    "Delete": "dynamodb:DeleteItem",
    "ConditionCheck": "dynamodb:ConditionCheckItem",
    "Get": "dynamodb:GetItem",
}


_SETTING_UP = (
    "kms:DescribeKey", "kms:CreateGrant", "kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom",
    "kms:ReEncryptTo", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext",
)  # fmt: skip


def _on_table(call: Call, action: str, table: str, index: str | None = None, *, data: bool = True) -> Check:
    arn = table if table.startswith("arn:") else call.arn("dynamodb", f"table/{table}")
    context = {"aws:dynamodb:tableName": arn.rpartition("/")[2], "aws:dynamodb:subscriberId": call.account}
    use = KeyUse(holder=arn, via="dynamodb", actions=("kms:Decrypt",), encryption_context=context)
    resource = f"{arn}/index/{index}" if index else arn
    return Check(action=action, resource=resource, key_use=use if data else None)


def _one_table(action: str, *, data: bool = True) -> Callable[[Call], list[Check]]:
    return lambda call: [_on_table(call, action, call.parameters["TableName"], data=data)]


def _indexed(action: str) -> Callable[[Call], list[Check]]:
    def needs(call: Call) -> list[Check]:
        return [_on_table(call, action, call.parameters["TableName"], call.parameters.get("IndexName"))]

    return needs


def _batch(action: str) -> Callable[[Call], list[Check]]:
    return lambda call: [_on_table(call, action, table) for table in call.parameters["RequestItems"]]


def _transaction(call: Call) -> list[Check]:
    needs = {}
    for item in call.parameters["TransactItems"]:
        for kind, request in item.items():
            check = _on_table(call, _TRANSACTION[kind], request["TableName"])
            needs[check.action, check.resource] = check
    return list(needs.values())


def _create_table(call: Call) -> list[Check]:
    """Return what creating a table needs, and its key: DynamoDB's guide, "DynamoDB encryption at rest"."""
    check = _on_table(call, "dynamodb:CreateTable", call.parameters["TableName"])
    key = call.parameters.get("SSESpecification", {}).get("KMSMasterKeyId")
    use = replace(check.key_use, key=key, actions=_SETTING_UP) if check.key_use and key else None
    return [replace(check, key_use=use)]


def _stream(name: str, *, data: bool = False) -> Callable[[Call], list[Check]]:
    """Return what an operation on a stream needs; an iterator begins with its stream's ARN."""

    def needs(call: Call) -> list[Check]:
        given = call.parameters
        stream = given["ShardIterator"].partition("|")[0] if "ShardIterator" in given else given["StreamArn"]
        check = _on_table(call, f"dynamodb:{name}", stream.partition("/stream/")[0], data=data)
        return [replace(check, resource=stream)]

    return needs


def _list_streams(call: Call) -> list[Check]:
    """Ask for every stream of the table: "IAM policy to grant read access for a DynamoDB stream only"."""
    table = call.parameters.get("TableName", "*")
    return [Check(action="dynamodb:ListStreams", resource=call.arn("dynamodb", f"table/{table}/stream/*"))]


STREAMS: Mapping[str, Callable[[Call], list[Check]]] = {
    "DescribeStream": _stream("DescribeStream"),
    "GetShardIterator": _stream("GetShardIterator"),
    "GetRecords": _stream("GetRecords", data=True),
    "ListStreams": _list_streams,
}

OPERATIONS: Mapping[str, Callable[[Call], list[Check]]] = {
    **{
        name: _one_table(f"dynamodb:{name}")
        for name in ("GetItem", "PutItem", "UpdateItem", "DeleteItem")
    },
    "CreateTable": _create_table,
    "DeleteTable": _one_table("dynamodb:DeleteTable", data=False),
    "DescribeTable": _one_table("dynamodb:DescribeTable", data=False),
    "DescribeTimeToLive": _one_table("dynamodb:DescribeTimeToLive", data=False),
    "Query": _indexed("dynamodb:Query"),
    "Scan": _indexed("dynamodb:Scan"),
    "BatchGetItem": _batch("dynamodb:BatchGetItem"),
    "BatchWriteItem": _batch("dynamodb:BatchWriteItem"),
    "TransactWriteItems": _transaction,
    "TransactGetItems": _transaction,
}  # fmt: skip
