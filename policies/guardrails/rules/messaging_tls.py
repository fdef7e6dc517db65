"""Rules on the transport of messages."""

from collections.abc import Iterator
from typing import Any, Final

from guardrails.framework.documents import Statement, statements
from guardrails.framework.examples import resource, stack
from guardrails.framework.graph import Graph
from guardrails.framework.node import Node
from guardrails.framework.rule import Severity, stack_rule

_HOLDERS: Final = {"sqs.Queue": ("sqs.QueuePolicy", "queueUrl"), "sns.Topic": ("sns.TopicPolicy", "arn")}
_CALLED_BY_OTHERS: Final = {"sqs.Queue": "sqs:SendMessage", "sns.Topic": "sns:Publish"}
_URL: Final = "https://sqs.eu-west-1.amazonaws.com/111122223333/shop-work-dev"


def _tls_only(action: str, **changes: Any) -> dict[str, Any]:
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": action,
        "Resource": "*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return {"Version": "2012-10-17", "Statement": [{**statement, **changes}]}


_QUEUE: Final = stack(
    resource("sqs.Queue", "work", name="shop-work-dev"),
    resource("sqs.QueuePolicy", "policy", queueUrl=_URL, policy=_tls_only("sqs:*")),
)
_INLINE: Final = stack(
    resource(
        "sqs.Queue", "work", name="shop-work-dev", policy=_tls_only("SQS:SendMessage", Principal={"AWS": "*"})
    ),
    resource("sns.Topic", "alerts", name="shop-alerts-dev", policy=_tls_only("sns:Publish")),
)
_TOPIC: Final = stack(
    resource("sns.Topic", "alerts", name="shop-alerts-dev"),
    resource(
        "sns.TopicPolicy",
        "policy",
        arn="arn:aws:sns:eu-west-1:111122223333:shop-alerts-dev",
        policy=_tls_only("sns:Publish"),
    ),
)


@stack_rule(
    severity=Severity.MEDIUM,
    findings=(),
    fixes={
        "sqs.Queue": (
            "# in the queue's policy (aws.sqs.QueuePolicy):\n"
            '{"Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": queue_arn,\n'
            ' "Condition": {"Bool": {"aws:SecureTransport": "false"}}}'
        ),
        "sns.Topic": (
            "# in the topic's policy (aws.sns.TopicPolicy):\n"
            '{"Effect": "Deny", "Principal": "*", "Action": "sns:Publish", "Resource": topic_arn,\n'
            ' "Condition": {"Bool": {"aws:SecureTransport": "false"}}}'
        ),
    },
    reads=(
        "sns.Topic.name",
        "sns.Topic.policy",
        "sns.TopicPolicy.arn",
        "sns.TopicPolicy.policy",
        "sqs.Queue.name",
        "sqs.Queue.policy",
        "sqs.QueuePolicy.policy",
        "sqs.QueuePolicy.queueUrl",
    ),
    passes={
        "everyone, and sqs:*: in a denial": _QUEUE,
        "a queue without QueuePolicy: it has the policy itself": _INLINE,
        "a denial of sns:Publish alone: nothing else carries messages in": _TOPIC,
    },
    fails={
        "takes messages without TLS": _QUEUE.without("policy"),
        "takes messages": _QUEUE.but(
            "policy", policy=_tls_only("sqs:*", Condition={"Bool": {"aws:SecureTransport": "true"}})
        ),
        "without TLS": _TOPIC.but("policy", policy=_tls_only("sns:Subscribe")),
        "messages without TLS": _TOPIC.but(
            "policy", policy=_tls_only("sns:Publish", Principal={"AWS": "1" * 12})
        ),
    },
)
def messaging_tls_only(subject: Node, graph: Graph) -> Iterator[str]:
    """Queues and topics refuse requests that do not come over TLS.

    SQS and SNS also answer plain HTTP in most regions, where messages can be read and replayed on the way.
    """
    kind, prop = _HOLDERS[subject.kind]
    holders = [subject.inputs, *(each.inputs for each in graph.companions(subject, kind, prop))]
    said = [statement for holder in holders for statement in statements(holder, "policy")]
    if not any(_denies_plain_http(each, _CALLED_BY_OTHERS[subject.kind]) for each in said):
        yield "takes messages without TLS"


def _denies_plain_http(statement: Statement, action: str) -> bool:
    return (
        statement.denies
        and statement.everyone
        and not statement.exceptions
        and statement.concerns(action)
        and dict(statement.conditions) == {("Bool", "aws:securetransport"): ("false",)}
    )
