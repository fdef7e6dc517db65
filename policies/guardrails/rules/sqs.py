"""Rules on queues and what must not get lost on the way to a function."""

from collections.abc import Iterator
from typing import Annotated, Final

from msgspec import Meta

from guardrails.framework.alarms import ALARM_READS, alarms_on, rises
from guardrails.framework.examples import UNKNOWN, resource, stack
from guardrails.framework.failures import failure_queue
from guardrails.framework.fixes import alarm
from guardrails.framework.functions import async_invokers, naming, queue_read_by, source_of
from guardrails.framework.graph import Graph
from guardrails.framework.node import Node
from guardrails.framework.rule import Settings, Severity, stack_rule

_METRIC: Final = "ApproximateNumberOfMessagesVisible"
_ARN: Final = "arn:aws:sqs:eu-west-1:111122223333:shop-work-dlq-dev"

_FED: Final = stack(
    resource("sqs.Queue", "dlq", name="shop-work-dlq-dev", kmsMasterKeyId="alias/shop-dev"),
    resource("sqs.Queue", "work", name="shop-work-dev", redrivePolicy={"deadLetterTargetArn": _ARN}),
    resource("lambda.Function", "worker", name="shop-worker-dev"),
    resource(
        "lambda.EventSourceMapping", "feed", sources={"eventSourceArn": ("work",)}, eventSourceArn=UNKNOWN
    ),
    resource(
        "cloudwatch.MetricAlarm",
        "alarm",
        namespace="AWS/SQS",
        metricName=_METRIC,
        dimensions={"QueueName": "shop-work-dlq-dev"},
        comparisonOperator="GreaterThanThreshold",
        threshold=0,
        alarmActions=[UNKNOWN],
    ),
)
_SPLIT_REDRIVE: Final = _FED.but("work", redrivePolicy=None).plus(
    resource(
        "sqs.RedrivePolicy",
        "redrive",
        queueUrl="https://sqs.eu-west-1.amazonaws.com/111122223333/shop-work-dev",
        redrivePolicy={"deadLetterTargetArn": _ARN},
    )
)
_TARGETED: Final = _FED.plus(
    resource(
        "cloudwatch.EventTarget",
        "target",
        arn="arn:aws:lambda:eu-west-1:111122223333:function:shop-worker-dev:live",
        deadLetterConfig={"arn": _ARN},
    ),
    resource(
        "lambda.FunctionEventInvokeConfig",
        "invoke",
        functionName="shop-worker-dev",
        destinationConfig={"onFailure": {"destination": _ARN}},
    ),
)
_SUBSCRIBED: Final = (
    _FED.without("alarm")
    .but("worker", deadLetterConfig={"targetArn": _ARN})
    .plus(
        resource(
            "cloudwatch.MetricAlarm",
            "alarm",
            sources={"metricQueries": ("dlq",)},
            metricQueries=[
                {
                    "metric": {
                        "namespace": "AWS/SQS",
                        "metricName": _METRIC,
                        "dimensions": {"QueueName": UNKNOWN},
                    }
                }
            ],
            comparisonOperator="GreaterThanOrEqualToThreshold",
            threshold=1,
            alarmActions=[UNKNOWN],
        ),
        resource(
            "lambda.Alias", "live", sources={"functionName": ("worker",)}, name="live", functionName=UNKNOWN
        ),
        resource(
            "sns.TopicSubscription",
            "subscription",
            sources={"endpoint": ("live",)},
            protocol="lambda",
            endpoint=UNKNOWN,
        ),
    )
)
_NOTIFIED: Final = _FED.but("worker", deadLetterConfig={"targetArn": _ARN}).plus(
    resource(
        "s3.BucketNotification",
        "notification",
        lambdaFunctions=[
            {"lambdaFunctionArn": "arn:aws:lambda:eu-west-1:111122223333:function:shop-worker-dev"}
        ],
    ),
)
_STREAMED: Final = _FED.without("work").but(
    "feed",
    eventSourceArn="arn:aws:dynamodb:eu-west-1:111122223333:table/shop-records-dev/stream/2026",
    destinationConfig={"onFailure": {"destinationArn": _ARN}},
)
_COMPOSED: Final = _FED.but("alarm", name="shop-dead-dev", alarmActions=[]).plus(
    resource(
        "cloudwatch.CompositeAlarm",
        "trouble",
        alarmRule='ALARM("shop-dead-dev") OR ALARM("shop-slow-dev")',
        alarmActions=[UNKNOWN],
    )
)


class DeadLetterSettings(Settings):
    """How many failures may wait unseen."""

    maximum_messages: Annotated[
        int,
        Meta(
            ge=0,
            le=1_000_000,
            description="The highest threshold that the alarm on a dead-letter queue's depth may have.",
        ),
    ] = 10


@stack_rule(
    severity=Severity.HIGH,
    findings=("SP-5", "OP-1.5", "UA-2.3", "OP-4.4"),
    fixes={
        "lambda.EventSourceMapping": (
            "aws.sqs.Queue(\n"
            '    ..., redrive_policy=json.dumps({"deadLetterTargetArn": dlq_arn, "maxReceiveCount": 5})\n'
            ")\n" + alarm("dead-orders", "AWS/SQS", _METRIC, "QueueName", "dlq.name", statistic="Maximum")
        ),
        "lambda.Function": (
            "aws.lambda_.FunctionEventInvokeConfig(\n"
            '    "orders", function_name=function.name,\n'
            '    destination_config={"on_failure": {"destination": dlq.arn}},\n'
            ")"
        ),
        "cloudwatch.EventTarget": 'dead_letter_config={"arn": dlq.arn}',
    },
    reads=(
        "cloudwatch.EventTarget.arn",
        "cloudwatch.EventTarget.deadLetterConfig",
        *ALARM_READS,
        "cloudwatch.MetricAlarm.comparisonOperator",
        "cloudwatch.MetricAlarm.threshold",
        "lambda.Alias.functionName",
        "lambda.EventSourceMapping.destinationConfig",
        "lambda.EventSourceMapping.eventSourceArn",
        "lambda.Function.deadLetterConfig",
        "lambda.Function.name",
        "lambda.FunctionEventInvokeConfig.destinationConfig",
        "lambda.FunctionEventInvokeConfig.functionName",
        "s3.BucketNotification.lambdaFunctions",
        "scheduler.Schedule.target",
        "sns.TopicSubscription.endpoint",
        "sns.TopicSubscription.protocol",
        "sqs.Queue.kmsMasterKeyId",
        "sqs.Queue.name",
        "sqs.Queue.redrivePolicy",
        "sqs.Queue.sqsManagedSseEnabled",
        "sqs.RedrivePolicy.queueUrl",
        "sqs.RedrivePolicy.redrivePolicy",
    ),
    settings=DeadLetterSettings,
    passes={
        "a queue with an alarmed dead-letter queue": _FED,
        "no redrivePolicy: RedrivePolicy gives it": _SPLIT_REDRIVE,
        "no dead-letter queue of the function: an event configuration has the destination": _TARGETED,
        "no destination on failure, no metricName: deadLetterConfig and a query have them": _SUBSCRIBED,
        "no event configuration: the function's deadLetterConfig takes what fails": _NOTIFIED,
        "no queue and no redrive policy: it reads a stream, and has a failure destination": _STREAMED,
        "an alarm without action: a composite alarm over it acts": _COMPOSED,
    },
    fails={
        "which has no dead-letter queue": _FED.but("work", redrivePolicy=None),
        "which is not encrypted": _FED.but("dlq", kmsMasterKeyId=None),
        f"no alarm with an action on {_METRIC}": _FED.without("alarm"),
        "no alarm with an action": _FED.but("alarm", alarmActions=[]),
        "no alarm": _FED.but("alarm", metricName="NumberOfMessagesSent"),
        "has no alarm with": _FED.but("alarm", actionsEnabled=False),
        "which has no alarm with": _COMPOSED.but("trouble", alarmName="shop-trouble-dev", alarmActions=[]),
        "no alarm with": _COMPOSED.but("trouble", alarmRule='NOT ALARM("shop-dead-dev")'),
        "has no alarm": _FED.but("alarm", comparisonOperator="LessThanThreshold"),
        "whose alarm never stops": _FED.but("alarm", threshold=-1),
        "whose alarm waits for more than 10 messages": _FED.but("alarm", threshold=1000),
        "reads a stream and has no failure destination": _STREAMED.but("feed", destinationConfig=None),
        "has no dead-letter queue for events that it cannot deliver": _TARGETED.but(
            "target", deadLetterConfig=None
        ),
        "is invoked asynchronously": _TARGETED.without("invoke"),
        "invoked asynchronously by": _SUBSCRIBED.but("worker", deadLetterConfig=None),
    },
)
def dead_letter_queues(consumer: Node, graph: Graph, settings: DeadLetterSettings) -> Iterator[str]:
    """Everything that fails on its way ends in an encrypted, alarmed dead-letter queue.

    Otherwise it is dropped after the last attempt, and nobody is told.
    """
    targets: list[_Target] = []
    if consumer.kind == "lambda.EventSourceMapping":
        yield from _mapping_problems(consumer, graph, targets)
    elif consumer.kind == "lambda.Function":
        yield from _function_problems(consumer, graph, targets)
    elif _states(consumer, _BY_RULE):
        targets.append((consumer, _BY_RULE))
    else:
        yield "has no dead-letter queue for events that it cannot deliver"
    for holder, path in targets:
        yield from _queue_problems(holder, path, graph, settings.maximum_messages)


type _Path = tuple[str, ...]
type _Target = tuple[Node, _Path]
"""A resource and where in it stands the place that its failures go to."""

_BY_RULE: Final[_Path] = ("deadLetterConfig", "arn")
_BY_MAPPING: Final[_Path] = ("destinationConfig", "onFailure", "destinationArn")
_BY_CONFIG: Final[_Path] = ("destinationConfig", "onFailure", "destination")
_BY_FUNCTION: Final[_Path] = ("deadLetterConfig", "targetArn")
_BY_QUEUE: Final[_Path] = ("redrivePolicy", "deadLetterTargetArn")


def _states(holder: Node, path: _Path) -> bool:
    """Tell whether something stands at *path*, known or not."""
    props = holder.inputs
    for step in path[:-1]:
        if props.is_unknown(step):
            return True
        props = props.document(step)
    return props.has(path[-1])


def _mapping_problems(mapping: Node, graph: Graph, targets: list[_Target]) -> Iterator[str]:
    service, _ = source_of(mapping, graph)
    if service in ("dynamodb", "kinesis"):
        if _states(mapping, _BY_MAPPING):
            targets.append((mapping, _BY_MAPPING))
        else:
            yield "reads a stream and has no failure destination"
    queue = queue_read_by(mapping, graph)
    if queue is None:
        return
    holders = [queue, *graph.companions(queue, "sqs.RedrivePolicy", "queueUrl")]
    found = [(holder, _BY_QUEUE) for holder in holders if _states(holder, _BY_QUEUE)]
    if not found:
        yield f"reads the queue {queue}, which has no dead-letter queue"
    targets += found


def _function_problems(function: Node, graph: Graph, targets: list[_Target]) -> Iterator[str]:
    invokers = async_invokers(function, graph)
    if not invokers:
        return
    configs = naming(function, "lambda.FunctionEventInvokeConfig", "functionName", graph)
    targets += [(config, _BY_CONFIG) for config in configs if _states(config, _BY_CONFIG)]
    if _states(function, _BY_FUNCTION):
        targets.append((function, _BY_FUNCTION))
    if not targets:
        yield f"is invoked asynchronously by {invokers[0]} and has no failure destination"


def _queue_problems(holder: Node, path: _Path, graph: Graph, most: int) -> Iterator[str]:
    """Yield what is wrong with the place that failures go to; what is no queue is judged by other rules."""
    found = failure_queue(holder, path, graph)
    if found is None:
        return
    if not found.inputs.has("kmsMasterKeyId") and not found.inputs.flag("sqsManagedSseEnabled"):
        yield f"sends failures to the queue {found}, which is not encrypted"
    alarms = alarms_on(found, graph, namespace="AWS/SQS", metric=_METRIC, dimension="QueueName")
    thresholds = [alarm.inputs.number("threshold") for alarm in alarms if rises(alarm)]
    if not thresholds:
        yield f"sends failures to the queue {found}, which has no alarm with an action on {_METRIC}"
    elif min(thresholds) > most:
        yield f"sends failures to the queue {found}, whose alarm waits for more than {most} messages"
    elif max(thresholds) < 0:
        yield f"sends failures to the queue {found}, whose alarm never stops: its threshold is below 0"
