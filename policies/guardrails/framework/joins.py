"""Joins that several rules need: of buckets with policies, keys with aliases, alarms with topics, queues."""

from typing import Final

from guardrails.framework.documents import Statement, statements
from guardrails.framework.errors import UndeterminedError
from guardrails.framework.graph import Graph
from guardrails.framework.names import service_of
from guardrails.framework.node import Node

_REAL_KEYS: Final = ("kms.Key", "kms.ExternalKey", "kms.ReplicaExternalKey")
_KEYS: Final = {"kms.Alias": "targetKeyId", "kms.ReplicaKey": "primaryKeyArn"}
_ALARM_ACTIONS: Final = (
    *("sns.Topic", "lambda.Function", "lambda.Alias", "autoscaling.Policy", "appautoscaling.Policy"),
    "ssmincidents.ResponsePlan",
)
"""What an alarm can act on ("Alarm actions", Amazon CloudWatch user guide)."""


def bucket_statements(bucket: Node, graph: Graph) -> list[Statement]:
    """Return the statements of a bucket's policy, whether it is a resource of its own or inline."""
    policies = [policy.inputs for policy in graph.companions(bucket, "s3.BucketPolicy", "bucket")]
    return [statement for holder in [bucket.inputs, *policies] for statement in statements(holder, "policy")]


def key_behind(resource: Node, graph: Graph) -> Node:
    """Return the key that an alias or a replica stands for.

    Raises
    ------
    UndeterminedError
        That key is not part of the stack.
    """
    while resource.kind in _KEYS:
        target = graph.target(resource, _KEYS[resource.kind], kinds=(*_REAL_KEYS, *_KEYS))
        if target is None:
            raise UndeterminedError(f"the key behind {resource} is not part of this stack")
        resource = target
    return resource


def alarms_telling(topic: Node, graph: Graph) -> list[Node]:
    """Return the alarms that tell *topic* when they go off."""
    kinds = ("cloudwatch.MetricAlarm", "cloudwatch.CompositeAlarm")
    return graph.pointing_at(topic, kinds, "topics", lambda alarm: topics_told_by(alarm, graph))


def topics_told_by(alarm: Node, graph: Graph) -> list[Node]:
    """Return the topics of this stack that an alarm tells when it goes off.

    Raises
    ------
    UndeterminedError
        What the alarm does is not known yet and no topic is behind it.
    WrongSourceError
        Behind it is nothing that an alarm can act on.
    """
    try:
        actions = alarm.inputs.texts("alarmActions")
    except UndeterminedError:
        sources = graph.sources(alarm, "alarmActions")
        graph.expect(alarm, "alarmActions", sources, _ALARM_ACTIONS)
        if not sources or any(source.kind != "sns.Topic" for source in sources):
            raise
        return sources
    named = [
        graph.named(action, "sns.Topic", near=alarm) for action in actions if service_of(action) == "sns"
    ]
    return [topic for topic in named if topic]


def queue_of(holder: Node, graph: Graph) -> Node:
    """Return the queue whose redrive policy *holder* has: the queue itself, or a split resource.

    Raises
    ------
    UndeterminedError
        The queue is not part of the stack.
    """
    if holder.kind == "sqs.Queue":
        return holder
    queue = graph.target(holder, "queueUrl", kinds=("sqs.Queue",))
    if queue is None:
        raise UndeterminedError("the queue that it belongs to is not part of this stack")
    return queue
