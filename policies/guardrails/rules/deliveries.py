"""Rules on what services deliver to queues, topics and functions."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Final

from guardrails.framework.admission import ADMISSION_READS, Receiver, Sender, admitting, receiver_of
from guardrails.framework.examples import UNKNOWN, resource, stack
from guardrails.framework.functions import FUNCTIONS
from guardrails.framework.graph import Graph
from guardrails.framework.node import Node
from guardrails.framework.order import is_made_after
from guardrails.framework.rule import Severity, stack_rule

_ACCOUNT: Final = "eu-west-1:111122223333"
_RULE: Final = f"arn:aws:events:{_ACCOUNT}:rule/shop-scanned-dev"
_TOPIC: Final = f"arn:aws:sns:{_ACCOUNT}:shop-news-dev"
_QUEUE: Final = f"arn:aws:sqs:{_ACCOUNT}:shop-work-dev"
_BUCKET: Final = "arn:aws:s3:::shop-media-dev"
_EVENTS: Final = "events.amazonaws.com"


def _policy(service: str, source: str | None, action: str = "sqs:SendMessage") -> dict[str, Any]:
    condition = {"StringEquals": {"aws:SourceAccount": "111122223333"}}
    arn = {"ArnLike": {"aws:SourceArn": [source]}} if source else {}
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": action, "Resource": "*"}
    return {"Statement": [{**statement, "Condition": {**condition, **arn}}]}


_PERMITTED: Final = stack(
    resource("sqs.Queue", "work", name="shop-work-dev"),
    resource("sqs.Queue", "lost", name="shop-lost-dev", policy=_policy(_EVENTS, _RULE)),
    resource(
        "sqs.QueuePolicy",
        "policy",
        queueUrl="https://sqs.eu-west-1.amazonaws.com/111122223333/shop-work-dev",
        policy=_policy(_EVENTS, f"arn:aws:events:{_ACCOUNT}:rule/shop-*-dev"),
    ),
    resource("cloudwatch.EventRule", "scanned", name="shop-scanned-dev"),
    resource(
        "cloudwatch.EventTarget",
        "target",
        rule="shop-scanned-dev",
        arn=_QUEUE,
        deadLetterConfig={"arn": f"arn:aws:sqs:{_ACCOUNT}:shop-lost-dev"},
        after=("policy", "lost"),
    ),
    resource(
        "cloudwatch.EventTarget",
        "through-role",
        rule="shop-scanned-dev",
        arn=f"arn:aws:states:{_ACCOUNT}:stateMachine:shop",
        roleArn="arn:aws:iam::111122223333:role/shop-start-dev",
    ),
)
_INVOKED: Final = stack(
    resource("lambda.Function", "worker", name="shop-worker-dev"),
    resource(
        "lambda.Alias", "live", sources={"functionName": ("worker",)}, name="live", functionName=UNKNOWN
    ),
    resource("cloudwatch.EventRule", "nightly", name="shop-nightly-dev"),
    resource(
        "cloudwatch.EventTarget",
        "target",
        sources={"arn": ("live",), "rule": ("nightly",)},
        rule=UNKNOWN,
        arn=UNKNOWN,
        after=("invoke",),
    ),
    resource(
        "lambda.Permission",
        "invoke",
        sources={"sourceArn": ("nightly",)},
        action="lambda:InvokeFunction",
        principal=_EVENTS,
        function="shop-worker-dev",
        qualifier="live",
        sourceArn=UNKNOWN,
    ),
    resource("sns.Topic", "news", name="shop-news-dev"),
    resource(
        "sns.TopicSubscription",
        "subscription",
        sources={"endpoint": ("worker",)},
        topic=_TOPIC,
        protocol="lambda",
        endpoint=UNKNOWN,
        after=("publish",),
    ),
    resource(
        "lambda.Permission",
        "publish",
        action="lambda:InvokeFunction",
        principal="sns.amazonaws.com",
        function="shop-worker-dev",
        sourceArn=_TOPIC,
    ),
    resource("sns.TopicSubscription", "mail", topic=_TOPIC, protocol="email", endpoint="a@example.com"),
)
_NOTIFIED: Final = stack(
    resource("s3.Bucket", "media", bucket="shop-media-dev"),
    resource("sqs.Queue", "work", name="shop-work-dev", policy=_policy("s3.amazonaws.com", _BUCKET)),
    resource("sns.Topic", "news", name="shop-news-dev"),
    resource(
        "sns.TopicPolicy",
        "policy",
        arn=_TOPIC,
        policy=_policy("s3.amazonaws.com", _BUCKET, "SNS:Publish"),
    ),
    resource(
        "s3.BucketNotification",
        "notification",
        bucket="shop-media-dev",
        queues=[{"queueArn": _QUEUE}],
        topics=[{"topicArn": _TOPIC}],
        after=("work", "policy"),
    ),
)


@stack_rule(
    severity=Severity.HIGH,
    findings=("IP-3.2", "OP-8.2"),
    fixes={
        "cloudwatch.EventTarget": (
            "permission = aws.lambda_.Permission(\n"
            '    "rule", action="lambda:InvokeFunction", function=function.name,\n'
            '    principal="events.amazonaws.com", source_arn=rule.arn,\n'
            ")  # for a queue: an aws.sqs.QueuePolicy with the rule's ARN as aws:SourceArn\n"
            "aws.cloudwatch.EventTarget(..., opts=pulumi.ResourceOptions(depends_on=[permission]))"
        ),
        "s3.BucketNotification": (
            "permission = aws.lambda_.Permission(\n"
            '    "bucket", action="lambda:InvokeFunction", function=function.name,\n'
            '    principal="s3.amazonaws.com", source_arn=bucket.arn, source_account=account_id,\n'
            ")  # for a queue: an aws.sqs.QueuePolicy with the bucket's ARN as aws:SourceArn\n"
            "aws.s3.BucketNotification(..., opts=pulumi.ResourceOptions(depends_on=[permission]))"
        ),
        "sns.TopicSubscription": (
            "permission = aws.lambda_.Permission(\n"
            '    "topic", action="lambda:InvokeFunction", function=function.name,\n'
            '    principal="sns.amazonaws.com", source_arn=topic.arn,\n'
            ")  # for a queue: an aws.sqs.QueuePolicy with the topic's ARN as aws:SourceArn\n"
            "aws.sns.TopicSubscription(..., opts=pulumi.ResourceOptions(depends_on=[permission]))"
        ),
    },
    reads=(
        "cloudwatch.EventRule.name",
        "cloudwatch.EventTarget.arn",
        "cloudwatch.EventTarget.deadLetterConfig",
        "cloudwatch.EventTarget.roleArn",
        "cloudwatch.EventTarget.rule",
        "s3.Bucket.bucket",
        "s3.BucketNotification.bucket",
        "s3.BucketNotification.lambdaFunctions",
        "s3.BucketNotification.queues",
        "s3.BucketNotification.topics",
        "sns.TopicSubscription.endpoint",
        "sns.TopicSubscription.protocol",
        "sns.TopicSubscription.topic",
        *ADMISSION_READS,
    ),
    passes={
        "a target that no policy admits: EventBridge starts it by a role": _PERMITTED,
        "a subscription that nothing admits: it is for e-mail": _INVOKED,
        "a queue without QueuePolicy: it has the policy itself": _NOTIFIED,
    },
    fails={
        'delivers to "work"': _PERMITTED.without("policy"),
        'delivers to "lost"': _PERMITTED.but("lost", policy=None),
        "which does not admit it as aws:SourceArn": _PERMITTED.but("policy", policy=_policy(_EVENTS, None)),
        "which does not admit it": _PERMITTED.but(
            "policy", policy=_policy(_EVENTS, f"arn:aws:events:{_ACCOUNT}:rule/shop-other-dev")
        ),
        "does not admit": _INVOKED.but("invoke", qualifier=None),
        "not admit": _INVOKED.but("publish", principal=_EVENTS),
        "does not admit it as": _NOTIFIED.without("policy"),
        'is not made after "policy"': stack(
            *(each for each in _NOTIFIED.samples if each.name != "notification"),
            resource(
                "s3.BucketNotification",
                "notification",
                bucket="shop-media-dev",
                topics=[{"topicArn": _TOPIC}],
                after=("news",),
            ),
        ),
    },
)
def deliveries_permitted(sender: Node, graph: Graph) -> Iterator[str]:
    """Deliveries are admitted beforehand, by a policy or permission that names their source.

    Else the first events are refused and lost, S3 refuses the notification, or anybody's events come in.
    """
    for described, receiver in _deliveries(sender, graph):
        if receiver is None:
            continue
        holders = admitting(receiver, described, graph)
        if not holders:
            yield f"delivers to {receiver.node}, which does not admit it as aws:SourceArn"
        elif not any(is_made_after(sender, holder, graph) for holder in holders):
            yield f"is not made after {holders[0]}, by which {receiver.node} admits it"


type _Delivery = tuple[Sender, Receiver | None]


def _deliveries(node: Node, graph: Graph) -> Iterator[_Delivery]:
    """Yield what *node* makes a service deliver, and to what."""
    given = node.inputs
    if node.kind == "cloudwatch.EventTarget":
        role = graph.origin(node, "roleArn", partial(given.text, "roleArn"), kinds=("iam.Role",))
        if not role:
            yield _delivery(node, "rule", "arn", partial(given.text, "arn"), graph, _ADMITTING)
        if given.has("deadLetterConfig"):
            read = partial(given.block("deadLetterConfig").text, "arn")
            yield _delivery(node, "rule", "deadLetterConfig", read, graph, ("sqs.Queue",))
    elif node.kind == "sns.TopicSubscription":
        if kinds := _SUBSCRIBERS.get(given.text("protocol")):
            yield _delivery(node, "topic", "endpoint", partial(given.text, "endpoint"), graph, kinds)
    else:
        for prop, arn, kinds in (
            ("queues", "queueArn", ("sqs.Queue",)),
            ("topics", "topicArn", ("sns.Topic",)),
            ("lambdaFunctions", "lambdaFunctionArn", FUNCTIONS),
        ):
            for block in given.blocks(prop):
                yield _delivery(node, "bucket", prop, partial(block.text, arn), graph, kinds)


_ADMITTING: Final = (
    *FUNCTIONS,
    *("sqs.Queue", "sns.Topic", "cloudwatch.LogGroup", "cloudwatch.EventBus"),
    *("apigateway.RestApi", "apigateway.Stage", "apigateway.Deployment"),
)
"""What EventBridge sends to without a role ("Using resource-based policies for Amazon EventBridge")."""
_SUBSCRIBERS: Final[Mapping[str, tuple[str, ...]]] = {"lambda": FUNCTIONS, "sqs": ("sqs.Queue",)}

_SENDERS: Final = {
    "bucket": ("s3.amazonaws.com", "s3.Bucket"),
    "rule": (_EVENTS, "cloudwatch.EventRule"),
    "topic": ("sns.amazonaws.com", "sns.Topic"),
}


def _delivery(
    node: Node, source: str, prop: str, read: Callable[[], str], graph: Graph, kinds: tuple[str, ...]
) -> _Delivery:
    service, kind = _SENDERS[source]
    named = graph.target(node, source, kinds=(kind,))
    found = named or node.inputs.text(source)
    return Sender(service=service, kind=kind, found=found), receiver_of(node, prop, read, graph, kinds=kinds)
