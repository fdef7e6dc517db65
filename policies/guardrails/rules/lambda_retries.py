"""Rules on what an event source mapping tries again, and how fast it reads a queue."""

from collections.abc import Iterator
from typing import Final

from guardrails.framework.examples import UNKNOWN, resource, stack
from guardrails.framework.functions import function_fed_by, mappings_of, source_of
from guardrails.framework.graph import Graph
from guardrails.framework.node import Node
from guardrails.framework.rule import Severity, stack_rule

_QUEUE_ARN: Final = "arn:aws:sqs:eu-west-1:111122223333:shop-work-dev"
_STREAM_ARN: Final = "arn:aws:dynamodb:eu-west-1:111122223333:table/shop-records-dev/stream/2026"
_FED: Final = stack(
    resource("sqs.Queue", "work", name="shop-work-dev"),
    resource(
        "lambda.Function",
        "worker",
        name="shop-worker-dev",
        reservedConcurrentExecutions=10,
        timeout=30,
    ),
    resource(
        "lambda.EventSourceMapping",
        "feed",
        eventSourceArn=_QUEUE_ARN,
        functionName="shop-worker-dev:live",
        functionResponseTypes=["ReportBatchItemFailures"],
        scalingConfig={"maximumConcurrency": 10},
    ),
)
_STREAM: Final = stack(
    resource(
        "lambda.EventSourceMapping",
        "feed",
        eventSourceArn=_STREAM_ARN,
        bisectBatchOnFunctionError=True,
        maximumRetryAttempts=10,
    )
)


@stack_rule(
    severity=Severity.HIGH,
    findings=("OP-4.4", "SP-5", "OP-1.5"),
    fixes={
        "lambda.EventSourceMapping": (
            'function_response_types=["ReportBatchItemFailures"]\n'
            "# on a stream also: bisect_batch_on_function_error=True, maximum_retry_attempts=10"
        )
    },
    reads=(
        "lambda.EventSourceMapping.batchSize",
        "lambda.EventSourceMapping.bisectBatchOnFunctionError",
        "lambda.EventSourceMapping.eventSourceArn",
        "lambda.EventSourceMapping.functionResponseTypes",
        "lambda.EventSourceMapping.maximumRecordAgeInSeconds",
        "lambda.EventSourceMapping.maximumRetryAttempts",
        "sqs.Queue.name",
    ),
    passes={
        "a queue of which only what failed is tried again": _FED.without("worker"),
        "a whole batch again: it is of one message": stack(
            resource("lambda.EventSourceMapping", "one", eventSourceArn=_QUEUE_ARN, batchSize=1)
        ),
        "a stream whose batches are halved on an error": _STREAM,
        "as many retries as it takes: for no longer than an hour": _STREAM.but(
            "feed",
            bisectBatchOnFunctionError=None,
            functionResponseTypes=["ReportBatchItemFailures"],
            maximumRetryAttempts=-1,
            maximumRecordAgeInSeconds=3600,
        ),
        "a source unknown until the update: it comes from a table, and batches are halved": stack(
            resource("dynamodb.Table", "records", streamEnabled=True),
            resource(
                "lambda.EventSourceMapping",
                "feed",
                sources={"eventSourceArn": ("records",)},
                eventSourceArn=UNKNOWN,
                bisectBatchOnFunctionError=True,
                maximumRetryAttempts=1,
            ),
        ),
    },
    fails={
        "tries a whole batch again when one message fails": _FED.but("feed", functionResponseTypes=None),
        "tries a whole batch": _STREAM.but("feed", bisectBatchOnFunctionError=False),
        "tries a bad record again until it expires from the stream": _STREAM.but(
            "feed", maximumRetryAttempts=-1
        ),
        "gives a record up after its first failure": _STREAM.but("feed", maximumRetryAttempts=0),
    },
)
def event_source_retries(mapping: Node, graph: Graph) -> Iterator[str]:
    """Of a batch only what failed is tried again, more than once and not for ever.

    One bad record otherwise takes good ones with it to the dead-letter queue, or holds up a stream for days.
    """
    service, _ = source_of(mapping, graph)
    if service not in ("sqs", "dynamodb", "kinesis"):
        return
    props = mapping.inputs
    bisects = service != "sqs" and props.flag("bisectBatchOnFunctionError")
    parts = bisects or "ReportBatchItemFailures" in props.texts("functionResponseTypes")
    if not parts and props.number("batchSize") != 1:
        yield "tries a whole batch again when one message fails"
    if service == "sqs":
        return
    attempts = props.number("maximumRetryAttempts") if props.has("maximumRetryAttempts") else -1
    if attempts == 0:
        yield "gives a record up after its first failure"
    elif attempts < 0 and props.number("maximumRecordAgeInSeconds") <= 0:
        yield "tries a bad record again until it expires from the stream"


@stack_rule(
    severity=Severity.MEDIUM,
    findings=("SP-7", "OP-3.1"),
    fixes={"lambda.EventSourceMapping": 'scaling_config={"maximum_concurrency": 10}'},
    reads=(
        "lambda.EventSourceMapping.eventSourceArn",
        "lambda.EventSourceMapping.functionName",
        "lambda.EventSourceMapping.provisionedPollerConfig",
        "lambda.EventSourceMapping.scalingConfig",
        "lambda.Function.name",
        "lambda.Function.reservedConcurrentExecutions",
        "sqs.Queue.name",
    ),
    passes={
        "as many at once as are reserved": _FED,
        "10 and 10 again: 20 are reserved": _FED.but("worker", reservedConcurrentExecutions=20).plus(
            resource("sqs.Queue", "more", name="shop-more-dev"),
            resource(
                "lambda.EventSourceMapping",
                "second",
                eventSourceArn="arn:aws:sqs:eu-west-1:111122223333:shop-more-dev",
                functionName="shop-worker-dev:live",
                scalingConfig={"maximumConcurrency": 10},
            ),
        ),
        "no maximumConcurrency: provisioned pollers are the limit": _FED.but(
            "feed", scalingConfig=None, provisionedPollerConfig={"maximumPollers": 2}
        ),
        "no maximumConcurrency of a stream: its shards are the limit": stack(
            resource("lambda.EventSourceMapping", "feed", eventSourceArn=_STREAM_ARN)
        ),
    },
    fails={
        "has no maximumConcurrency": _FED.but("feed", scalingConfig=None),
        "has a maximumConcurrency of 1; AWS allows 2 to 1000": _FED.but(
            "feed", scalingConfig={"maximumConcurrency": 1}
        ),
        "20 times at once, of which only 10 are reserved": _FED.but(
            "feed", scalingConfig={"maximumConcurrency": 20}
        ),
    },
)
def event_source_concurrency(mapping: Node, graph: Graph) -> Iterator[str]:
    """Queues run a function no more often at once than it has concurrency reserved.

    Messages that meet a throttle use up their receives and end as dead letters that nothing was wrong with.
    """
    service, _ = source_of(mapping, graph)
    if service != "sqs" or mapping.inputs.block("provisionedPollerConfig").keys():
        return
    most = _maximum(mapping)
    if not most:
        yield "has no maximumConcurrency: its queue outruns the concurrency reserved for the function"
        return
    if not 2 <= most <= 1000:
        yield f"has a maximumConcurrency of {most:g}; AWS allows 2 to 1000"
        return
    function = function_fed_by(mapping, graph)
    reserved = function.inputs.number("reservedConcurrentExecutions")
    total = sum(_maximum(each) for each in mappings_of(function, graph))
    if reserved > 0 and total > reserved:
        yield f"and its likes run {function} {total:g} times at once, of which only {reserved:g} are reserved"


def _maximum(mapping: Node) -> float:
    return mapping.inputs.block("scalingConfig").number("maximumConcurrency")
