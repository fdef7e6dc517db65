"""Rules on queues and what must not get lost on the way to a function."""

from collections.abc import Iterator
from functools import partial
from typing import Final

from guardrails.framework.alarms import alarms_on
from guardrails.framework.errors import UndeterminedError
from guardrails.framework.examples import UNKNOWN, resource, stack
from guardrails.framework.graph import Graph
from guardrails.framework.joins import async_invokers, function_at
from guardrails.framework.names import service_of
from guardrails.framework.node import Node
from guardrails.framework.rule import Severity, stack_rule

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


@stack_rule(
    severity=Severity.HIGH,
    findings=("SP-5", "OP-1.5", "UA-2.3", "OP-4.4"),
    fixes={
        "lambda.EventSourceMapping": "aws.sqs.Queue(…, redrive_policy=json.dumps("
        '{"deadLetterTargetArn": dlq_arn, "maxReceiveCount": 5})), and an aws.cloudwatch.MetricAlarm with '
        f"alarm_actions on the dead-letter queue's {_METRIC}",
        "lambda.Function": "aws.lambda_.FunctionEventInvokeConfig(…, destination_config="
        '{"on_failure": {"destination": dlq.arn}})',
        "cloudwatch.EventTarget": 'dead_letter_config={"arn": dlq.arn}',
    },
    reads=(
        "cloudwatch.EventTarget.arn",
        "cloudwatch.EventTarget.deadLetterConfig",
        "cloudwatch.MetricAlarm.actionsEnabled",
        "cloudwatch.MetricAlarm.alarmActions",
        "cloudwatch.MetricAlarm.dimensions",
        "cloudwatch.MetricAlarm.metricName",
        "cloudwatch.MetricAlarm.metricQueries",
        "cloudwatch.MetricAlarm.namespace",
        "lambda.Alias.functionName",
        "lambda.EventSourceMapping.eventSourceArn",
        "lambda.Function.deadLetterConfig",
        "lambda.Function.name",
        "lambda.FunctionEventInvokeConfig.destinationConfig",
        "lambda.FunctionEventInvokeConfig.functionName",
        "s3.BucketNotification.lambdaFunctions",
        "sns.TopicSubscription.endpoint",
        "sns.TopicSubscription.protocol",
        "sqs.Queue.kmsMasterKeyId",
        "sqs.Queue.name",
        "sqs.Queue.redrivePolicy",
        "sqs.Queue.sqsManagedSseEnabled",
        "sqs.RedrivePolicy.queueUrl",
        "sqs.RedrivePolicy.redrivePolicy",
    ),
    passes=[_FED, _SPLIT_REDRIVE, _TARGETED, _SUBSCRIBED, _NOTIFIED],
    fails={
        "which has no dead-letter queue": _FED.but("work", redrivePolicy=None),
        "which is not encrypted": _FED.but("dlq", kmsMasterKeyId=None),
        f"no alarm with an action on {_METRIC}": _FED.without("alarm"),
        "no alarm with an action": _FED.but("alarm", alarmActions=[]),
        "no alarm": _FED.but("alarm", metricName="NumberOfMessagesSent"),
        "has no alarm with": _FED.but("alarm", actionsEnabled=False),
        "has no dead-letter queue for events that it cannot deliver": _TARGETED.but(
            "target", deadLetterConfig=None
        ),
        "is invoked asynchronously": _TARGETED.without("invoke"),
        "invoked asynchronously by": _SUBSCRIBED.but("worker", deadLetterConfig=None),
    },
)
def dead_letter_queues(consumer: Node, graph: Graph) -> Iterator[str]:
    """Everything that fails on its way ends in an encrypted, alarmed dead-letter queue.

    Otherwise it is dropped after the last attempt, and nobody is told.
    """
    if consumer.kind == "lambda.EventSourceMapping":
        yield from _mapping_problems(consumer, graph)
    elif consumer.kind == "lambda.Function":
        yield from _function_problems(consumer, graph)
    elif not consumer.inputs.has("deadLetterConfig"):
        yield "has no dead-letter queue for events that it cannot deliver"
    else:
        yield from _queue_problems(consumer, ("deadLetterConfig", "arn"), graph)


def _mapping_problems(mapping: Node, graph: Graph) -> Iterator[str]:
    source = graph.origin(mapping, "eventSourceArn", partial(mapping.inputs.text, "eventSourceArn"))
    if isinstance(source, str):
        if service_of(source) != "sqs":
            return
        queue = graph.named(source, "sqs.Queue", near=mapping)
        if queue is None:
            raise UndeterminedError("the queue it reads is not part of this stack")
    elif source.kind == "sqs.Queue":
        queue = source
    else:
        return
    holders = [queue] if queue.inputs.has("redrivePolicy") else []
    holders += graph.companions(queue, "sqs.RedrivePolicy", "queueUrl")
    if not holders:
        yield f"reads the queue {queue}, which has no dead-letter queue"
    for holder in holders:
        yield from _queue_problems(holder, ("redrivePolicy", "deadLetterTargetArn"), graph)


def _function_problems(function: Node, graph: Graph) -> Iterator[str]:
    invokers = async_invokers(function, graph)
    if not invokers:
        return
    configs = graph.matching(
        "lambda.FunctionEventInvokeConfig", lambda node: function_at(node, "functionName", graph) is function
    )
    targets: list[tuple[Node, tuple[str, ...]]] = [
        (config, ("destinationConfig", "onFailure", "destination"))
        for config in configs
        if config.inputs.block("destinationConfig").has("onFailure")
    ]
    if function.inputs.has("deadLetterConfig"):
        targets.append((function, ("deadLetterConfig", "targetArn")))
    if not targets:
        yield f"is invoked asynchronously by {invokers[0]} and has no failure destination"
    for holder, path in targets:
        yield from _queue_problems(holder, path, graph)


def _queue_problems(holder: Node, path: tuple[str, ...], graph: Graph) -> Iterator[str]:
    """Yield what is wrong with the place that failures go to; what is no queue is judged by other rules."""
    found = graph.target(holder, *path, kinds=("sqs.Queue", "sns.Topic", "s3.Bucket"))
    if found is None:
        raise UndeterminedError(f"the dead-letter queue that {holder} names is not part of this stack")
    if found.kind != "sqs.Queue":
        return
    if not found.inputs.has("kmsMasterKeyId") and not found.inputs.flag("sqsManagedSseEnabled"):
        yield f"sends failures to the queue {found}, which is not encrypted"
    if not alarms_on(found, graph, namespace="AWS/SQS", metric=_METRIC, dimension="QueueName"):
        yield f"sends failures to the queue {found}, which has no alarm with an action on {_METRIC}"
