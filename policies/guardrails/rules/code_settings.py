"""Rules on values baked into a function's code. Read is Python; of other code they say nothing."""

import ast
import re
from collections.abc import Iterator
from typing import Final

from guardrails.framework.code import CLIENTS, READS, Call, Code, python_code
from guardrails.framework.examples import python_function, stack
from guardrails.framework.node import Node
from guardrails.framework.rule import Severity, resource_rule

# The second form is what is left of one where the region is filled in.
_ACCOUNT: Final = re.compile(r"\barn:aws[\w-]*:[\w-]+:[\w-]*:\d{12}:|^:\d{12}:")
_QUEUE: Final = re.compile(r"^https://(sqs\.[\w-]+|[\w-]+\.queue)\.amazonaws\.com(\.cn)?/\d{12}/")
_HOST: Final = re.compile(r"(?:https|wss)://([\w.-]{1,253})(?=[/:?]|$)")
_AWS: Final = (".amazonaws.com", ".amazonaws.com.cn", ".on.aws", ".api.aws")
# A region or a bucket; an address without is the same for everybody.
_OURS: Final = re.compile(r"\b[a-z]{2}(-[a-z]+){1,3}-\d|\w\.s3\b")
# Arguments of AWS calls that name a resource of the stack. An event bus called "default" is in every account.
_NAMES: Final = frozenset(
    (
        *("TableName", "Bucket", "QueueUrl", "QueueName", "TopicArn", "StateMachineArn", "StateMachineName"),
        *("SecretId", "EventBusName", "DeliveryStreamName", "StreamName", "UserPoolId"),
    )
)
_SHARED: Final = ("default",)
# Services that are called in one region whatever the stack's is.
_IN_ONE_REGION: Final = frozenset(
    (
        *("acm", "account", "budgets", "ce", "cloudfront", "cur", "health", "iam", "lambda-edge"),
        *("organizations", "pricing", "route53", "route53domains", "shield", "support", "wafv2"),
    )
)

_TOLD: Final = """\
import os

import boto3

table = boto3.resource("dynamodb", region_name=os.environ["AWS_REGION"]).Table(os.environ["ORDERS_TABLE"])
bucket = os.getenv("BUCKET", "shop-media")
HELP = "See https://docs.aws.amazon.com/lambda/ and arn:aws:s3:::bucket"


def handler(event, context):
    s3.get_object(Bucket=bucket, Key="index.json")
    events.put_events(Entries=[{"EventBusName": "default"}], EventBusName="default")
    client = boto3.client("pricing", region_name="us-east-1")
    raise ValueError(f"{event['id']} is not of the form 123456789012")
"""
_LOOSE: Final = """\
from shop.settings import settings


def handler(event, context):
    \"\"\"Write to arn:aws:dynamodb:eu-west-1:111122223333:table/orders, for example.\"\"\"
    dynamodb.put_item(TableName=settings.table, Item={})
    chart.Table("orders")
"""


@resource_rule(
    severity=Severity.MEDIUM,
    findings=("SP-16", "IP-4.1", "CC-OPS-5"),
    fixes={
        "lambda.Function": (
            'aws.lambda_.Function(..., environment={"variables": {"ORDERS_TABLE": table.name}})\n'
            'os.environ["ORDERS_TABLE"]  # in the code'
        )
    },
    reads=READS,
    passes={
        "a region and the name of a bucket: prices are told in one region, and the name is a default": stack(
            python_function("worker", _TOLD)
        ),
        "the ARN of an account, a Table by name: one is in a docstring, the other in a chart": stack(
            python_function(
                "worker",
                _LOOSE,
                files={"shop/settings.py": "import os\nsettings = Settings(table=os.environ['TABLE'])\n"},
            )
        ),
        "names of tables in Node.js code: only Python is read": stack(
            python_function("other", "", runtime="nodejs22.x", handler="index.handler")
        ),
    },
    fails={
        "has the ARN of an account in app.py:2": stack(
            python_function("worker", "\ntopic = 'arn:aws:sns:eu-west-1:111122223333:alerts'\n")
        ),
        "has the ARN of an account in app.py:1": stack(
            python_function("worker", "topic = f'arn:aws:sns:{region}:111122223333:alerts'\n")
        ),
        "has the URL of a queue in app.py:1": stack(
            python_function("worker", "url = 'https://sqs.eu-west-1.amazonaws.com/111122223333/work'\n")
        ),
        "has the address of a service in app.py:1": stack(
            python_function("worker", "url = 'https://a1b2c3.execute-api.eu-west-1.amazonaws.com/prod'\n")
        ),
        "has the value of Bucket in app.py:11": stack(
            python_function("worker", _TOLD.replace("Bucket=bucket", "Bucket='shop-media'"))
        ),
        "has the value of TableName in app.py:6": stack(
            python_function(
                "worker",
                "from shop.names import TABLE\n\n\ndef handler(event, context):\n    item = {}\n"
                "    dynamodb.put_item(TableName=TABLE, Item=item)\n",
                files={"shop/names.py": "TABLE = 'orders'\n"},
            )
        ),
        "has the name of a table in app.py:5": stack(
            python_function("worker", _TOLD.replace('os.environ["ORDERS_TABLE"]', '"orders"'))
        ),
        "has a region in app.py:5": stack(
            python_function("worker", _TOLD.replace('os.environ["AWS_REGION"]', '"eu-west-1"'))
        ),
    },
)
def code_settings(function: Node) -> Iterator[str]:
    """Functions learn accounts, regions, names and addresses from their environment.

    Baked in, they are those of one stack: the next one reads and writes the first one's data.
    """
    code = python_code(function)
    if code is None:
        return
    for module, text in code.strings:
        if problem := _spelt_out(str(text.value)):
            yield f"has {problem} in {module.at(text)}"
    for call in code.calls:
        if problem := _baked_in(call, code):
            yield f"has {problem} in {call.place}"


def _spelt_out(text: str) -> str:
    if _ACCOUNT.search(text):
        return "the ARN of an account"
    if _QUEUE.match(text):
        return "the URL of a queue"
    host = found[1] if (found := _HOST.match(text)) else ""
    return "the address of a service" if host.endswith(_AWS) and _OURS.search(host) else ""


def _baked_in(call: Call, code: Code) -> str:
    if call.name in CLIENTS or call.name.endswith(".Session"):
        return _region(call, code)
    first = call.node.args[0] if call.node.args else call.keyword("name")
    for kind, called in (("Table", "table"), ("Bucket", "bucket")):
        made = call.name.endswith(f".resource().{kind}")
        if made and first is not None and _text(call, first, code):
            return f"the name of a {called}"
    if not isinstance(call.node.func, ast.Attribute):
        return ""
    for each in call.node.keywords:
        text = _text(call, each.value, code) if each.arg in _NAMES else ""
        # What names an account, too, was found among the texts.
        if text and text not in _SHARED and not _spelt_out(text):
            return f"the value of {each.arg}"
    return ""


def _region(call: Call, code: Code) -> str:
    service = call.node.args[0] if call.node.args else call.keyword("service_name")
    region = call.keyword("region_name")
    if region is None or not _text(call, region, code):
        return ""
    in_one = service is not None and _text(call, service, code) in _IN_ONE_REGION
    return "" if in_one else "a region"


def _text(call: Call, expression: ast.expr, code: Code) -> str:
    """Return the text that an expression is sure to be."""
    value = code.resolve(call.module, expression)[1]
    return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else ""
