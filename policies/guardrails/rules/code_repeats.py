"""Rules on code that is run again for the same event. Read is Python; of other code they say nothing."""

from collections.abc import Iterator
from typing import Final

from guardrails.framework.code import READS, Call, python_code
from guardrails.framework.errors import UndeterminedError, gravest
from guardrails.framework.examples import UNKNOWN, python_function, resource, stack
from guardrails.framework.functions import async_invokers, mappings_of
from guardrails.framework.graph import Graph
from guardrails.framework.node import Node
from guardrails.framework.rule import Severity, stack_rule

_GUARDS: Final = frozenset(
    (
        *("idempotent", "idempotent_function", "IdempotencyHandler", "ConditionExpression", "ConditionCheck"),
        *("IfNoneMatch", "IfMatch", "ClientRequestToken", "MessageDeduplicationId"),
    )
)
# Calls that do something once more when they are repeated; what puts or deletes by key does not.
_REPEATED: Final = frozenset(
    (
        *("batch_write_item", "batch_writer", "execute_statement", "invoke", "publish", "publish_batch"),
        *("put_events", "put_item", "put_record", "put_record_batch", "put_records", "send_email"),
        *("send_message", "send_message_batch", "start_execution", "transact_write_items", "update_item"),
    )
)

_ONCE: Final = """\
import boto3
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.idempotency import idempotent_function as once

table = boto3.resource("dynamodb").Table("orders")


@once(data_keyword_argument="record", persistence_store=layer)
def work(record):
    table.put_item(Item=record)


def handler(event, context):
    return process_partial_response(event, work, BatchProcessor(EventType.SQS), context)
"""
_CONDITIONAL: Final = """\
def handler(event, context):
    failed = []
    for record in event["Records"]:
        table.put_item(Item=item(record), ConditionExpression="attribute_not_exists(id)")
    return {"batchItemFailures": failed}
"""
_TWICE: Final = """\
def handler(event, context):
    for record in event["Records"]:
        table.put_item(Item=item(record))
"""
_MAPPING: Final = resource(
    "lambda.EventSourceMapping",
    "feed",
    sources={"functionName": ("worker",)},
    functionName=UNKNOWN,
    functionResponseTypes=["ReportBatchItemFailures"],
)
_FED: Final = stack(python_function("worker", _ONCE, name="shop-worker-dev"), _MAPPING)
_NOTIFIED: Final = stack(
    python_function("worker", _CONDITIONAL, name="shop-worker-dev"),
    resource(
        "s3.BucketNotification",
        "uploads",
        lambdaFunctions=[
            {"lambdaFunctionArn": "arn:aws:lambda:eu-west-1:111122223333:function:shop-worker-dev"}
        ],
    ),
)
_OVERWRITES: Final = stack(
    python_function(
        "worker",
        "def handler(event, context):\n    s3.put_object(Bucket=bucket, Key=event['id'], Body=b'')\n"
        "    s3.delete_object(Bucket=bucket, Key='in/' + event['id'])\n",
        name="shop-worker-dev",
    ),
    _MAPPING,
)
_ASKED: Final = stack(python_function("api", _TWICE, name="shop-api-dev"))
_OTHER: Final = stack(
    python_function("worker", "", name="shop-worker-dev", runtime="java21", handler="shop.Worker"), _MAPPING
)
_INVOKERS: Final = (
    "cloudwatch.EventTarget.arn",
    "lambda.EventSourceMapping.functionName",
    "lambda.Alias.functionName",
    "lambda.Function.name",
    "s3.BucketNotification.lambdaFunctions",
    "scheduler.Schedule.target",
    "sns.TopicSubscription.endpoint",
    "sns.TopicSubscription.protocol",
)


@stack_rule(
    severity=Severity.MEDIUM,
    findings=("SP-13",),
    fixes={
        "lambda.Function": (
            'store = DynamoDBPersistenceLayer(table_name=os.environ["TABLE"])  # of Powertools\n'
            '@idempotent_function(data_keyword_argument="order", persistence_store=store)\n'
            "def place(order: Order) -> None: ...\n"
            '# or: table.put_item(Item=item, ConditionExpression="attribute_not_exists(id)")'
        )
    },
    reads=(*READS, *_INVOKERS),
    passes={
        "a put_item without condition: the function round it is idempotent": _FED,
        "no idempotency library: a condition keeps the item from being put twice": _NOTIFIED,
        "nothing that guards: an object put or deleted a second time is the same": _OVERWRITES,
        "an unguarded put_item in a loop: no queue, stream or event runs this function": _ASKED,
        "no guard in Java code: only Python is read": _OTHER,
    },
    fails={
        "is fed by": _FED.but("worker", code=_ASKED.samples[0].inputs["code"]),
        "writes with put_item": _NOTIFIED.but("worker", code=_ASKED.samples[0].inputs["code"]),
        "at app.py:2 and nothing": _FED.but(
            "worker",
            code=python_function(
                "worker",
                "from aws_lambda_powertools.utilities.idempotency import idempotent\n"
                "def handler(event, context): topic.publish(TopicArn=arn, Message='')\n",
            ).inputs["code"],
        ),
    },
)
def code_idempotent(function: Node, graph: Graph) -> Iterator[str]:
    """Functions fed by a queue, a stream or events do their work once per event.

    All of them deliver an event more than once now and then; unguarded, it then counts twice.
    """
    code = python_code(function)
    if code is None or code.words & _GUARDS or "ConditionExpression" in code.texts:
        return
    writes = [call for call in code.calls if _counts_twice(call)]
    if not writes:
        return
    if feeders := _feeders(function, graph):
        call = writes[0]
        yield (
            f"is fed by {feeders[0]}, writes with {getattr(call.node.func, 'attr', '')} at {call.place} "
            "and nothing in its code keeps a repeated event from counting twice"
        )


def _counts_twice(call: Call) -> bool:
    """Tell whether a call does something once more if repeated; an execution with a name starts once."""
    method = getattr(call.node.func, "attr", "")
    return method in _REPEATED and not (method == "start_execution" and call.keyword("name"))


def _feeders(function: Node, graph: Graph) -> list[Node]:
    """Return what feeds the function; a doubt about one kind of invoker counts only if there is no other."""
    doubts: list[UndeterminedError] = []
    for find in (mappings_of, async_invokers):
        try:
            if found := find(function, graph):
                return found
        except UndeterminedError as doubt:
            doubts.append(doubt)
    if doubts:
        raise gravest(doubts)
    return []


_PARTIAL: Final = frozenset(
    (
        *("process_partial_response", "async_process_partial_response", "batch_processor"),
        *("async_batch_processor", "BatchProcessor", "AsyncBatchProcessor", "SqsFifoPartialProcessor"),
    )
)


@stack_rule(
    severity=Severity.HIGH,
    findings=("OP-4.4", "SP-5"),
    fixes={
        "lambda.Function": (
            "processor = BatchProcessor(EventType.SQS)  # of Powertools\n"
            "def handler(event, context):\n"
            "    return process_partial_response(event, record_handler, processor, context)\n"
            '# or: return {"batchItemFailures": [{"itemIdentifier": record["messageId"]}]}'
        )
    },
    reads=(
        *READS,
        "lambda.EventSourceMapping.functionName",
        "lambda.EventSourceMapping.functionResponseTypes",
        "lambda.Alias.functionName",
    ),
    passes={
        "a batch processor that returns what failed": _FED,
        "no batch processor: the handler returns batchItemFailures itself": _FED.but(
            "worker", code=_NOTIFIED.samples[0].inputs["code"]
        ),
        "a batch without any failed items: its mapping does not expect them": _FED.but(
            "feed", functionResponseTypes=[]
        ).but("worker", code=_ASKED.samples[0].inputs["code"]),
        "no answer in Java code: only Python is read": _OTHER,
    },
    fails={"returns no failed items": _FED.but("worker", code=_ASKED.samples[0].inputs["code"])},
)
def code_batch_failures(function: Node, graph: Graph) -> Iterator[str]:
    """Functions return the failed items of a batch where their mapping expects them.

    An answer without them counts as success of the whole batch: what failed is deleted from the queue.
    """
    if not function.inputs.text("runtime").startswith("python"):
        return
    reporting = [
        mapping
        for mapping in mappings_of(function, graph)
        if "ReportBatchItemFailures" in mapping.inputs.texts("functionResponseTypes")
    ]
    code = python_code(function) if reporting else None
    if code and not code.words & _PARTIAL and "batchItemFailures" not in code.texts:
        yield f"returns no failed items, which {reporting[0]} expects: a batch that failed counts as done"
