"""SQS queues, SNS topics and subscriptions; their policies stay in state, for the permission judge."""

from local.provider.emulation import Call, Emulation, emulates
from local.provider.values import Properties

QUEUE_ATTRIBUTES = {
    "delaySeconds": "DelaySeconds",
    "fifoQueue": "FifoQueue",
    "contentBasedDeduplication": "ContentBasedDeduplication",
    "kmsDataKeyReusePeriodSeconds": "KmsDataKeyReusePeriodSeconds",
    "kmsMasterKeyId": "KmsMasterKeyId",
    "maxMessageSize": "MaximumMessageSize",
    "messageRetentionSeconds": "MessageRetentionPeriod",
    "receiveWaitTimeSeconds": "ReceiveMessageWaitTimeSeconds",
    "redrivePolicy": "RedrivePolicy",
    "redriveAllowPolicy": "RedriveAllowPolicy",
    "visibilityTimeoutSeconds": "VisibilityTimeout",
}


def _attributes(inputs: Properties) -> dict[str, str]:
    named = {QUEUE_ATTRIBUTES[key]: value for key, value in inputs.items() if key in QUEUE_ATTRIBUTES}
    return {
        key: str(value).lower() if isinstance(value, bool) else str(value) for key, value in named.items()
    }


@emulates("aws:sqs/queue:Queue")
class Queue(Emulation):
    """A queue."""

    replaces = frozenset({"name", "fifoQueue"})

    def create(self, call: Call) -> tuple[str, Properties]:
        """Create the queue; its id is its URL."""
        name = call.inputs["name"]
        sqs = call.aws("sqs")
        url = sqs.create_queue(QueueName=name, Attributes=_attributes(call.inputs), tags=call.tags)[
            "QueueUrl"
        ]
        return url, {"url": url, "arn": call.arn("sqs", name)}

    def update(self, call: Call) -> Properties:
        """Set the attributes and tags."""
        sqs = call.aws("sqs")
        sqs.set_queue_attributes(QueueUrl=call.id, Attributes=_attributes(call.inputs))
        if gone := sorted(call.before.get("tagsAll", {}).keys() - call.tags.keys()):
            sqs.untag_queue(QueueUrl=call.id, TagKeys=gone)
        sqs.tag_queue(QueueUrl=call.id, Tags=call.tags)
        return {}

    def delete(self, call: Call) -> None:
        """Delete the queue and what is in it."""
        call.aws("sqs").delete_queue(QueueUrl=call.id)


@emulates("aws:sns/topic:Topic")
class Topic(Emulation):
    """A topic."""

    def create(self, call: Call) -> tuple[str, Properties]:
        """Create the topic."""
        arn = call.aws("sns").create_topic(
            Name=call.inputs["name"], Attributes=self._attributes(call.inputs), Tags=call.tag_list
        )["TopicArn"]
        return arn, {"arn": arn, "owner": arn.split(":")[4]}

    def update(self, call: Call) -> Properties:
        """Set the attributes and tags."""
        sns = call.aws("sns")
        for name, value in self._attributes(call.inputs).items():
            sns.set_topic_attributes(TopicArn=call.id, AttributeName=name, AttributeValue=value)
        sns.tag_resource(ResourceArn=call.id, Tags=call.tag_list)
        return {}

    def delete(self, call: Call) -> None:
        """Delete the topic."""
        call.aws("sns").delete_topic(TopicArn=call.id)

    def _attributes(self, inputs: Properties) -> dict[str, str]:
        names = {"kmsMasterKeyId": "KmsMasterKeyId", "displayName": "DisplayName"}
        return {names[key]: str(value) for key, value in inputs.items() if key in names}


@emulates("aws:sns/topicSubscription:TopicSubscription")
class TopicSubscription(Emulation):
    """A subscription; moto confirms nothing and sends no mail."""

    replaces = frozenset({"topic", "protocol", "endpoint"})

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

    def delete(self, call: Call) -> None:
        """Unsubscribe."""
        call.aws("sns").unsubscribe(SubscriptionArn=call.id)
