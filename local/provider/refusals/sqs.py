"""SQS: what queues and their policies must be."""

import json
from collections.abc import Iterator
from typing import Any

from local.permissions.documents import Kind
from local.provider.refusals.access import key_exists
from local.provider.refusals.constraints import JSON_OBJECT, between, one_of
from local.provider.refusals.documents import grammar_fault
from local.provider.refusals.places import Inputs
from local.provider.refusals.principals import missing_principal
from local.provider.refusals.registry import Fault, at_check, at_deploy, constrain, in_use
from local.provider.refusals.situation import Situation
from local.provider.values import Properties

QUEUE, QUEUE_POLICY = "aws:sqs/queue:Queue", "aws:sqs/queuePolicy:QueuePolicy"
REDRIVE, REDRIVE_ALLOW = (
    "aws:sqs/redrivePolicy:RedrivePolicy",
    "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy",
)
CREATE = "CreateQueue - Amazon SQS API Reference"
SET = "SetQueueAttributes - Amazon SQS API Reference"
DEAD_LETTERS = "Using dead-letter queues in Amazon SQS"

constrain(
    QUEUE,
    "CreateQueue",
    error="InvalidAttributeValue",
    page=CREATE,
    inputs={
        "delaySeconds": between(0, 900),
        "maxMessageSize": between(1024, 1_048_576),
        "messageRetentionSeconds": between(60, 1_209_600),
        "receiveWaitTimeSeconds": between(0, 20),
        "visibilityTimeoutSeconds": between(0, 43_200),
        "kmsDataKeyReusePeriodSeconds": between(60, 86_400),
        "deduplicationScope": one_of("messageGroup", "queue"),
        "fifoThroughputLimit": one_of("perQueue", "perMessageGroupId"),
        "redrivePolicy": JSON_OBJECT,
        "redriveAllowPolicy": JSON_OBJECT,
    },
)
for _token, _name in ((REDRIVE, "redrivePolicy"), (REDRIVE_ALLOW, "redriveAllowPolicy")):
    _inputs = {_name: JSON_OBJECT}
    constrain(_token, "SetQueueAttributes", error="InvalidAttributeValue", page=SET, inputs=_inputs)


@at_check(QUEUE, error="InvalidParameterValue", operation="CreateQueue", page=CREATE)
def queue_name(inputs: Inputs) -> Iterator[Fault]:
    """A queue's name has 1 to 80 letters, digits, hyphens and underscores; FIFO ends in .fifo."""
    name, fifo = inputs.get("name"), bool(inputs.get("fifoQueue"))
    if name is None:
        return
    stem = name.removesuffix(".fifo") if fifo else name
    if fifo and stem == name:
        yield "name", f"{name!r} does not end in .fifo, as the name of a FIFO queue must"
    plain = stem.replace("-", "").replace("_", "")
    if not plain.isascii() or (not plain.isalnum() and plain) or not 1 <= len(name) <= 80 or not stem:
        yield (
            "name",
            f"{name!r} can only include alphanumeric characters, hyphens, or underscores, 1 to 80 in length",
        )


@at_check(QUEUE, error="InvalidAttributeName", operation="CreateQueue", page=CREATE)
def fifo_attributes(inputs: Inputs) -> Iterator[Fault]:
    """Deduplication and the throughput limit are attributes of FIFO queues alone."""
    if not inputs.get("fifoQueue"):
        for name in ("contentBasedDeduplication", "deduplicationScope", "fifoThroughputLimit"):
            if inputs.get(name):
                yield name, "is an attribute of FIFO queues, and fifoQueue is not set"


@at_check(QUEUE, error="InvalidAttributeValue", operation="CreateQueue", page=CREATE)
def throughput_of_groups(inputs: Inputs) -> Iterator[Fault]:
    """A throughput limit for each message group needs deduplication within the message group."""
    grouped = inputs.get("deduplicationScope") == "messageGroup"
    if inputs.get("fifoThroughputLimit") == "perMessageGroupId" and not grouped:
        yield "fifoThroughputLimit", "perMessageGroupId needs deduplicationScope messageGroup"


@at_check(QUEUE, error="InvalidAttributeValue", operation="CreateQueue", page=CREATE)
def one_encryption(inputs: Inputs) -> Iterator[Fault]:
    """A queue is encrypted with a key of KMS or by SQS itself, not by both."""
    if inputs.get("sqsManagedSseEnabled") and inputs.get("kmsMasterKeyId"):
        yield "kmsMasterKeyId", "You can use one type of server-side encryption (SSE) at one time"


def _policy(inputs: Properties, name: str) -> dict[str, Any] | None:
    try:
        policy = json.loads(inputs.get(name) or "null")
    except ValueError:
        return None  # refused as no JSON
    return policy if isinstance(policy, dict) else None


@at_check(QUEUE, REDRIVE, error="InvalidParameterValue", operation="SetQueueAttributes", page=DEAD_LETTERS)
def redrive_policy(inputs: Inputs) -> Iterator[Fault]:
    """A redrive policy names a dead-letter queue and 1 to 1,000 receives."""
    inputs.get("redrivePolicy")
    policy = _policy(dict(inputs.raw), "redrivePolicy")
    if policy is None:
        return
    receives = str(policy.get("maxReceiveCount", ""))
    if not receives.isdigit() or not 1 <= int(receives) <= 1000:
        yield "redrivePolicy", f"maxReceiveCount {receives or 'that is missing'} is not from 1 to 1,000"
    if not str(policy.get("deadLetterTargetArn", "")).startswith("arn:"):
        yield "redrivePolicy", "deadLetterTargetArn is missing or no ARN"


@at_check(
    QUEUE, REDRIVE_ALLOW, error="InvalidParameterValue", operation="SetQueueAttributes", page=DEAD_LETTERS
)
def redrive_allow_policy(inputs: Inputs) -> Iterator[Fault]:
    """A redrive allow policy says allowAll, denyAll, or byQueue with 1 to 10 source queues."""
    inputs.get("redriveAllowPolicy")
    policy = _policy(dict(inputs.raw), "redriveAllowPolicy")
    if policy is None:
        return
    permission, sources = policy.get("redrivePermission"), policy.get("sourceQueueArns")
    if permission not in ("allowAll", "denyAll", "byQueue"):
        yield "redriveAllowPolicy", f"redrivePermission {permission!r} is not allowAll, denyAll or byQueue"
    elif permission == "byQueue" and not (isinstance(sources, list) and 1 <= len(sources) <= 10):
        yield "redriveAllowPolicy", "byQueue needs sourceQueueArns with 1 to 10 queues"
    elif permission != "byQueue" and sources:
        yield "redriveAllowPolicy", f"sourceQueueArns cannot be given with {permission}"


@at_check(QUEUE, QUEUE_POLICY, error="InvalidAttributeValue", operation="SetQueueAttributes", page=SET)
def queue_policy(inputs: Inputs) -> Iterator[Fault]:
    """A queue's policy keeps to the grammar of resource policies."""
    document = inputs.get("policy")
    if document and (fault := grammar_fault(document, Kind.RESOURCE)):
        yield "policy", f"Invalid value for the parameter Policy: {fault}"


@at_deploy(QUEUE, QUEUE_POLICY, error="InvalidAttributeValue", operation="SetQueueAttributes", page=SET)
def principals_of_the_queue_policy(situation: Situation) -> Iterator[str]:
    """Every role that a queue's policy names exists."""
    document = situation.get("policy")
    if document and missing_principal(document, situation):
        yield "Invalid value for the parameter Policy."


def _source(situation: Situation) -> tuple[str, str]:
    """Return name and ARN of the queue that a redrive policy belongs to."""
    url = situation.get("queueUrl") or situation.get("name")
    name = str(url).rpartition("/")[2]
    return name, f"arn:aws:sqs:{situation.region}:{situation.account}:{name}"


def _dead_letter_target(situation: Situation) -> str:
    return str((_policy(situation.inputs, "redrivePolicy") or {}).get("deadLetterTargetArn", ""))


@at_deploy(QUEUE, REDRIVE, error="InvalidParameterValue", operation="SetQueueAttributes", page=DEAD_LETTERS)
def dead_letter_queue(situation: Situation) -> Iterator[str]:
    """A dead-letter queue exists, in the queue's own account and region, and is FIFO as the queue is."""
    target = _dead_letter_target(situation)
    if not target.startswith("arn:"):
        return
    name, arn = _source(situation)
    *scope, dead = target.split(":")
    refused = f"Value {situation.get('redrivePolicy')} for parameter RedrivePolicy is invalid. Reason: "
    if scope != arn.split(":")[:-1]:
        yield refused + "Dead-letter target owner should be same as the source."
    elif not _exists(dead, situation):
        yield refused + "Dead letter target does not exist."
    elif dead.endswith(".fifo") != name.endswith(".fifo"):
        yield refused + "Dead-letter queue must be same type of queue as the source."


def _exists(name: str, situation: Situation) -> bool:
    if situation.find(QUEUE, name=name):
        return True
    sqs = situation.client("sqs")
    try:
        return bool(sqs.get_queue_url(QueueName=name))
    except sqs.exceptions.QueueDoesNotExist:
        return False


@at_deploy(QUEUE, REDRIVE, error="InvalidParameterValue", operation="SetQueueAttributes", page=DEAD_LETTERS)
def admitted_to_the_dead_letter_queue(situation: Situation) -> Iterator[str]:
    """A dead-letter queue's redrive allow policy admits the queue that names it."""
    target = _dead_letter_target(situation)
    _, arn = _source(situation)
    queue = situation.find(QUEUE, arn=target)
    if not queue:
        return
    allowing = situation.find(REDRIVE_ALLOW, queueUrl=queue["id"]) or queue
    policy = _policy(allowing, "redriveAllowPolicy") or {}
    by_queue = policy.get("redrivePermission") == "byQueue"
    if policy.get("redrivePermission") == "denyAll" or (by_queue and arn not in policy["sourceQueueArns"]):
        yield (
            f"Value {situation.get('redrivePolicy')} for parameter RedrivePolicy is invalid. Reason: "
            f"Dead-letter target {target} does not allow {arn} by its redrive allow policy."
        )


@in_use(QUEUE, operation="CreateQueue", page="Amazon SQS Key management")
def key_of_the_queue(situation: Situation) -> Iterator[str]:
    """The key that encrypts a queue exists in its region; SQS looks for it only when a message is sent."""
    key = situation.get("kmsMasterKeyId")
    if key and not key_exists(key, situation):
        yield f"SQS takes key {key}, which does not exist here: sending answers KMS.NotFoundException"
