"""Rules on how a function's code reads tables. Read is Python; of other code they say nothing."""

import ast
from collections.abc import Iterator
from typing import Final

from guardrails.framework.code import CLIENTS, MAX_STEPS, READS, Call, Code, python_code
from guardrails.framework.examples import python_function, stack
from guardrails.framework.modules import Module
from guardrails.framework.node import Node
from guardrails.framework.rule import Severity, resource_rule

_BY_KEY: Final = """\
import boto3

table = boto3.resource("dynamodb").Table("orders")


def handler(event, context):
    return table.query(KeyConditionExpression=condition)
"""
_SCAN_ARGUMENTS: Final = frozenset(
    (
        *("TableName", "FilterExpression", "ProjectionExpression", "ExclusiveStartKey", "IndexName"),
        *(
            "TotalSegments",
            "Segment",
            "ConsistentRead",
            "ExpressionAttributeValues",
            "ReturnConsumedCapacity",
        ),
    )
)
_TABLES: Final = ("ddb", "dynamo", "table")


@resource_rule(
    severity=Severity.MEDIUM,
    findings=("CC-PERF-5", "CC-REL-10"),
    fixes={
        "lambda.Function": (
            'table.query(IndexName="by-customer", KeyConditionExpression=Key("customer").eq(customer))\n'
            "# give the table an index for each question that is asked"
        )
    },
    reads=READS,
    passes={
        "a query by key": stack(python_function("worker", _BY_KEY)),
        "calls of scan: of a virus scanner, of Redis, of an expression": stack(
            python_function(
                "worker",
                "import re\nimport clamd\nimport redis\n"
                "found = clamd.ClamdUnixSocket().scan('/tmp/file')\n"
                "cursor, keys = redis.Redis().scan(cursor=0, match='order:*')\n"
                "tokens = re.Scanner([]).scan('text')\n"
                "s3.get_paginator('list_objects_v2')\n",
            )
        ),
        "SELECT * of a table: WHERE names the key": stack(
            python_function(
                "worker",
                "import boto3\nclient = boto3.client('dynamodb')\n"
                "client.execute_statement(Statement='SELECT * FROM \"orders\" WHERE id = ?')\n",
            )
        ),
    },
    fails={
        "scans a table in app.py:7": stack(
            python_function("worker", _BY_KEY.replace("query(KeyConditionExpression=condition)", "scan()"))
        ),
        "scans a table in app.py:1": stack(
            python_function("worker", "rows = dynamodb.get_paginator('scan').paginate(TableName='orders')\n")
        ),
        "scans a table in app.py:3": stack(
            python_function(
                "worker",
                "def handler(event, context):\n    for each in stores:\n"
                "        each.scan(FilterExpression='total > :min')\n",
            )
        ),
        "reads a whole table by a SELECT without WHERE in app.py:2": stack(
            python_function(
                "worker",
                "import boto3\nboto3.client('dynamodb').execute_statement(Statement="
                "'SELECT * FROM \"orders\"')\n",
            )
        ),
    },
)
def code_no_scan(function: Node) -> Iterator[str]:
    """Tables are queried by key or index, never scanned.

    A scan reads and bills the whole table for every question, and slows down as the table grows.
    """
    code = python_code(function)
    if code is None:
        return
    for call in code.calls:
        if _is_scan(call, code):
            yield f"scans a table in {call.place}"
        elif _selects_everything(call, code):
            yield f"reads a whole table by a SELECT without WHERE in {call.place}"


def _is_scan(call: Call, code: Code) -> bool:
    _, method = code.resolve(call.module, call.node.func)
    if not isinstance(method, ast.Attribute):
        return False
    if method.attr == "get_paginator":
        first = call.node.args[0] if call.node.args else call.keyword("operation_name")
        return isinstance(first, ast.Constant) and first.value == "scan"
    if method.attr != "scan":
        return False
    if any(each.arg in _SCAN_ARGUMENTS for each in call.node.keywords):
        return True
    module, made = code.resolve(call.module, method.value)
    if isinstance(made, ast.Call):
        return _is_dynamodb(module, made, code)
    return any(word in _spelt(method.value).lower() for word in _TABLES)


def _is_dynamodb(module: Module, made: ast.Call, code: Code) -> bool:
    name = code.meaning(module, made.func)
    service = made.args[0] if made.args else None
    named = isinstance(service, ast.Constant) and service.value == "dynamodb"
    return name.endswith(".resource().Table") or (name in CLIENTS and named)


def _selects_everything(call: Call, code: Code) -> bool:
    statement = call.keyword("Statement")
    if statement is None or getattr(call.node.func, "attr", "") != "execute_statement":
        return False
    text = code.resolve(call.module, statement)[1]
    words = (
        text.value.lower().split() if isinstance(text, ast.Constant) and isinstance(text.value, str) else []
    )
    return words[:1] == ["select"] and "where" not in words


def _spelt(expression: ast.expr) -> str:
    """Return the names that an expression is spelt with: `self.orders_table`."""
    names: list[str] = []
    for _ in range(MAX_STEPS):
        names.append(getattr(expression, "attr", getattr(expression, "id", "")))
        if not isinstance(expression, ast.Attribute):
            break
        expression = expression.value
    return ".".join(reversed(names))
