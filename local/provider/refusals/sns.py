"""SNS: topics, their policies and subscriptions."""

import json
import re
from collections.abc import Iterator

from local.permissions.documents import Kind
from local.provider.refusals.access import key_exists
from local.provider.refusals.constraints import JSON_OBJECT, arn, length, one_of, shown
from local.provider.refusals.documents import grammar_fault
from local.provider.refusals.places import Inputs
from local.provider.refusals.principals import missing_principal
from local.provider.refusals.registry import Fault, at_check, at_deploy, constrain, in_use
from local.provider.refusals.situation import Situation

TOPIC, TOPIC_POLICY = "aws:sns/topic:Topic", "aws:sns/topicPolicy:TopicPolicy"
SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription"
CREATE = "CreateTopic - Amazon Simple Notification Service API Reference"
SUBSCRIBE = "Subscribe - Amazon Simple Notification Service API Reference"
FILTERS = "Filter policy constraints in Amazon SNS"

_SQS, _LAMBDA, _FIREHOSE = (arn(service) for service in ("sqs", "lambda", "firehose"))
_ENDPOINTS = {"sqs": _SQS, "lambda": _LAMBDA, "firehose": _FIREHOSE, "application": arn("sns")}
_SCHEMES = {"http": "http://", "https": "https://"}

constrain(
    TOPIC,
    "CreateTopic",
    error="InvalidParameter",
    page=CREATE,
    inputs={
        "displayName": length(0, 100),
        "tracingConfig": one_of("PassThrough", "Active"),
        "deliveryPolicy": JSON_OBJECT,
        "signatureVersion": one_of(1, 2),
    },
)
constrain(
    TOPIC_POLICY, "SetTopicAttributes", error="InvalidParameter", page=CREATE, inputs={"arn": arn("sns")}
)
constrain(
    SUBSCRIPTION,
    "Subscribe",
    error="InvalidParameter",
    page=SUBSCRIBE,
    inputs={
        "topic": arn("sns"),
        "protocol": one_of(
            "application", "email", "email-json", "firehose", "http", "https", "lambda", "sms", "sqs"
        ),
        "filterPolicy": JSON_OBJECT,
        "filterPolicyScope": one_of("MessageAttributes", "MessageBody"),
        "redrivePolicy": JSON_OBJECT,
        "deliveryPolicy": JSON_OBJECT,
    },
)


@at_check(TOPIC, error="InvalidParameter", operation="CreateTopic", page=CREATE)
def topic_name(inputs: Inputs) -> Iterator[Fault]:
    """A topic's name has 1 to 256 letters, digits, hyphens and underscores; FIFO ends in .fifo."""
    name = inputs.get("name")
    if name is None:
        return
    expression = r"[A-Za-z0-9_-]{1,251}\.fifo" if inputs.get("fifoTopic") else r"[A-Za-z0-9_-]{1,256}"
    if not re.fullmatch(expression, name):
        yield "name", f"Invalid parameter: Topic Name: {shown(name)} is not matched by {expression}"


@at_check(TOPIC, error="InvalidParameter", operation="CreateTopic", page=CREATE)
def deduplicating_topic(inputs: Inputs) -> Iterator[Fault]:
    """Deduplication by content and archives are for FIFO topics alone."""
    for name in ("contentBasedDeduplication", "archivePolicy", "fifoThroughputScope"):
        if inputs.get(name) and not inputs.get("fifoTopic"):
            yield name, "is for FIFO topics, and fifoTopic is not set"


@at_check(TOPIC, TOPIC_POLICY, error="InvalidParameter", operation="SetTopicAttributes", page=CREATE)
def topic_policy(inputs: Inputs) -> Iterator[Fault]:
    """A topic's policy keeps to the grammar of resource policies."""
    document = inputs.get("policy")
    if document and (fault := grammar_fault(document, Kind.RESOURCE)):
        yield "policy", f"Invalid parameter: Policy Error: {fault}"


@at_check(SUBSCRIPTION, error="InvalidParameter", operation="Subscribe", page=SUBSCRIBE)
def endpoint_of_the_protocol(inputs: Inputs) -> Iterator[Fault]:
    """A subscription's endpoint is of the form that its protocol takes."""
    protocol, endpoint = inputs.get("protocol"), inputs.get("endpoint")
    if endpoint is None:
        return
    wanted = _ENDPOINTS.get(protocol)
    if wanted and not wanted.holds(endpoint):
        yield "endpoint", f"{shown(endpoint)} is not {wanted.text}, which protocol {protocol} takes"
    scheme = _SCHEMES.get(protocol, "")
    if not endpoint.startswith(scheme):
        yield (
            "endpoint",
            f"Endpoint must match the specified protocol: {shown(endpoint)} is no {scheme} address",
        )
    if protocol in ("email", "email-json") and not re.fullmatch(r"[^@\s]+@[^@\s]+", endpoint):
        yield "endpoint", f"Invalid parameter: Email address: {shown(endpoint)}"
    if protocol == "sms" and not re.fullmatch(r"\+?[0-9() -]{4,30}", endpoint):
        yield "endpoint", f"Invalid parameter: {shown(endpoint)} is not a phone number"


@at_check(SUBSCRIPTION, error="InvalidParameter", operation="Subscribe", page=SUBSCRIBE)
def firehose_role(inputs: Inputs) -> Iterator[Fault]:
    """A subscription of a delivery stream names a role."""
    if inputs.get("protocol") == "firehose" and not inputs.get("subscriptionRoleArn"):
        yield "subscriptionRoleArn", "is required for protocol firehose"


@at_check(SUBSCRIPTION, error="InvalidParameter", operation="Subscribe", page=FILTERS)
def filter_policy(inputs: Inputs) -> Iterator[Fault]:
    """A filter policy has at most five keys, each with a list of conditions, and at most 150 combinations."""
    try:
        policy = json.loads(inputs.get("filterPolicy") or "{}")
    except ValueError:
        return  # refused as no JSON
    if not isinstance(policy, dict):
        return
    nested = inputs.get("filterPolicyScope") == "MessageBody"
    combinations = 1
    for key, value in policy.items():
        if isinstance(value, list):
            combinations *= max(len(value), 1)
        if not isinstance(value, list) and not nested:
            yield (
                "filterPolicy",
                f"Filter policy scope MessageAttributes: {key!r} must be an array of conditions",
            )
    if len(policy) > 5:
        yield "filterPolicy", "Filter policy can not have more than 5 keys"
    if combinations > 150:
        yield "filterPolicy", f"Filter policy is too complex: {combinations} combinations, 150 are allowed"


@at_deploy(TOPIC, TOPIC_POLICY, error="InvalidParameter", operation="SetTopicAttributes", page=CREATE)
def principals_of_the_topic_policy(situation: Situation) -> Iterator[str]:
    """Every role that a topic's policy names exists."""
    document = situation.get("policy")
    if document and missing_principal(document, situation):
        yield "Invalid parameter: Policy Error: PrincipalNotFound"


@at_deploy(SUBSCRIPTION, error="NotFound", operation="Subscribe", page=SUBSCRIBE)
def topic_of_the_subscription(situation: Situation) -> Iterator[str]:
    """The topic of a subscription exists."""
    topic = situation.inputs["topic"]
    if situation.find(TOPIC, arn=topic) or topic.split(":")[4] != situation.account:
        return
    sns = situation.client("sns", topic.split(":")[3])
    try:
        sns.get_topic_attributes(TopicArn=topic)
    except sns.exceptions.NotFoundException:
        yield "Topic does not exist"


@at_deploy(SUBSCRIPTION, error="InvalidParameter", operation="Subscribe", page=SUBSCRIBE)
def fifo_subscriber(situation: Situation) -> Iterator[str]:
    """A FIFO queue subscribes only to a FIFO topic."""
    topic, endpoint = situation.inputs["topic"], str(situation.inputs["endpoint"])
    if situation.inputs["protocol"] == "sqs" and endpoint.endswith(".fifo") and not topic.endswith(".fifo"):
        yield (
            "Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics"
        )


@in_use(TOPIC, operation="CreateTopic", page="Securing Amazon SNS data with server-side encryption")
def key_of_the_topic(situation: Situation) -> Iterator[str]:
    """The key that encrypts a topic exists in its region; SNS looks for it when a message is published."""
    key = situation.get("kmsMasterKeyId")
    if key and not key_exists(key, situation):
        yield f"SNS takes key {key}, which does not exist here: publishing answers KMSNotFound"
