"""SQS queues, SNS topics and subscriptions; their policies stay in state, for the permission judge."""

from types import MappingProxyType

from local.provider.emulation import Call, Emulation, emulates, pairs
from local.provider.values import Properties

NOT_CHECKED = ("SNS: mail, SMS and HTTP subscriptions receive nothing, and nobody has to confirm them.",)
"""For the page docs/local-stack.md."""

type Attributes = dict[str, tuple[str, str]]
"""AWS's name and default of an input; an empty default clears the attribute."""

QUEUE_ATTRIBUTES: Attributes = {
    "delaySeconds": ("DelaySeconds", "0"),
    "fifoQueue": ("FifoQueue", "false"),
    "contentBasedDeduplication": ("ContentBasedDeduplication", "false"),
    "kmsDataKeyReusePeriodSeconds": ("KmsDataKeyReusePeriodSeconds", "300"),
    "kmsMasterKeyId": ("KmsMasterKeyId", ""),
    "maxMessageSize": ("MaximumMessageSize", "1048576"),
    "messageRetentionSeconds": ("MessageRetentionPeriod", "345600"),
    "receiveWaitTimeSeconds": ("ReceiveMessageWaitTimeSeconds", "0"),
    "redrivePolicy": ("RedrivePolicy", ""),
    "redriveAllowPolicy": ("RedriveAllowPolicy", ""),
    "visibilityTimeoutSeconds": ("VisibilityTimeout", "30"),
}
TOPIC_ATTRIBUTES: Attributes = {"kmsMasterKeyId": ("KmsMasterKeyId", ""), "displayName": ("DisplayName", "")}


def _attributes(attributes: Attributes, call: Call) -> dict[str, str]:
    """Return what the program sets, as AWS takes it, and the default of what it set before."""
    values = {key: call.inputs.get(key, default) for key, (_, default) in attributes.items()}
    return {
        name: str(values[key]).lower() if isinstance(values[key], bool) else str(values[key])
        for key, (name, _) in attributes.items()
        if key in call.inputs or key in call.before
    }


def _typed(value: str) -> str | int | bool:
    """Return an attribute as Pulumi types it; AWS answers texts."""
    if value in ("true", "false"):
        return value == "true"
    return int(value) if value.isdecimal() else value


def _told(attributes: Attributes, answer: dict[str, str]) -> Properties:
    return {key: _typed(answer.get(name, default)) for key, (name, default) in attributes.items()}


@emulates("aws:sqs/queue:Queue")
class Queue(Emulation):
    """A queue."""

    replaces = frozenset({"name", "fifoQueue"})
    unset = MappingProxyType({key: _typed(default) for key, (_, default) in QUEUE_ATTRIBUTES.items()})
    identified_by = "its URL"

    def create(self, call: Call) -> tuple[str, Properties]:
        """Create the queue; its id is its URL."""
        name = call.inputs["name"]
        sqs = call.aws("sqs")
        url = sqs.create_queue(
            QueueName=name, Attributes=_attributes(QUEUE_ATTRIBUTES, call), tags=call.tags
        )["QueueUrl"]
        return url, {"url": url, "arn": call.arn("sqs", name)}

    def update(self, call: Call) -> Properties:
        """Set the attributes and tags."""
        sqs = call.aws("sqs")
        sqs.set_queue_attributes(QueueUrl=call.id, Attributes=_attributes(QUEUE_ATTRIBUTES, call))
        call.retag(
            lambda: sqs.tag_queue(QueueUrl=call.id, Tags=call.tags),
            lambda keys: sqs.untag_queue(QueueUrl=call.id, TagKeys=keys),
        )
        return {}

    def read(self, call: Call) -> Properties:
        """Tell the attributes and tags."""
        sqs = call.aws("sqs")
        answer = sqs.get_queue_attributes(QueueUrl=call.id, AttributeNames=["All"])["Attributes"]
        arn = answer["QueueArn"]
        return _told(QUEUE_ATTRIBUTES, answer) | {
            "name": arn.rsplit(":", 1)[1],
            "arn": arn,
            "url": call.id,
            "tagsAll": sqs.list_queue_tags(QueueUrl=call.id).get("Tags", {}),
        }

    def delete(self, call: Call) -> None:
        """Delete the queue and what is in it."""
        call.aws("sqs").delete_queue(QueueUrl=call.id)


@emulates("aws:sns/topic:Topic")
class Topic(Emulation):
    """A topic."""

    identified_by = "its ARN"

    def create(self, call: Call) -> tuple[str, Properties]:
        """Create the topic."""
        arn = call.aws("sns").create_topic(
            Name=call.inputs["name"], Attributes=_attributes(TOPIC_ATTRIBUTES, call), Tags=call.tag_list
        )["TopicArn"]
        return arn, {"arn": arn, "owner": arn.split(":")[4]}

    def update(self, call: Call) -> Properties:
        """Set the attributes and tags."""
        sns = call.aws("sns")
        for name, value in _attributes(TOPIC_ATTRIBUTES, call).items():
            sns.set_topic_attributes(TopicArn=call.id, AttributeName=name, AttributeValue=value)
        call.retag(
            lambda: sns.tag_resource(ResourceArn=call.id, Tags=call.tag_list),
            lambda keys: sns.untag_resource(ResourceArn=call.id, TagKeys=keys),
        )
        return {}

    def read(self, call: Call) -> Properties:
        """Tell the attributes and tags."""
        sns = call.aws("sns")
        answer = sns.get_topic_attributes(TopicArn=call.id)["Attributes"]
        return _told(TOPIC_ATTRIBUTES, answer) | {
            "name": call.id.rsplit(":", 1)[1],
            "arn": call.id,
            "owner": call.id.split(":")[4],
            "tagsAll": pairs(sns.list_tags_for_resource(ResourceArn=call.id)["Tags"]),
        }

    def delete(self, call: Call) -> None:
        """Delete the topic."""
        call.aws("sns").delete_topic(TopicArn=call.id)


@emulates("aws:sns/topicSubscription:TopicSubscription")
class TopicSubscription(Emulation):
    """A subscription; moto confirms nothing and sends no mail."""

    replaces = frozenset({"topic", "protocol", "endpoint"})
    identified_by = "its ARN"

    def create(self, call: Call) -> tuple[str, Properties]:
        """Subscribe the endpoint."""
        arn = call.aws("sns").subscribe(
            TopicArn=call.inputs["topic"],
            Protocol=call.inputs["protocol"],
            Endpoint=call.inputs["endpoint"],
            ReturnSubscriptionArn=True,
        )["SubscriptionArn"]
        return arn, {"arn": arn}

    def update(self, call: Call) -> Properties:
        """Keep the rest in state."""
        return {}

    def read(self, call: Call) -> Properties:
        """Tell topic, protocol and endpoint; filters and policies are in state alone."""
        answer = call.aws("sns").get_subscription_attributes(SubscriptionArn=call.id)["Attributes"]
        ends = {"topic": "TopicArn", "protocol": "Protocol", "endpoint": "Endpoint"}
        return {"arn": call.id, **{key: answer[name] for key, name in ends.items()}}

    def delete(self, call: Call) -> None:
        """Unsubscribe."""
        call.aws("sns").unsubscribe(SubscriptionArn=call.id)
