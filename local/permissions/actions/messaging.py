"""SQS, SNS and EventBridge."""

from collections.abc import Callable, Mapping
from urllib.parse import urlparse

from local.permissions.calls import Call, Check, KeyUse
from local.permissions.errors import UnknownOperationError

_SEND = ("kms:GenerateDataKey", "kms:Decrypt")


def queue_arn(call: Call) -> str:
    """Return the ARN of the queue whose URL the call gives: `…/account/name`."""
    *_, account, name = urlparse(call.parameters["QueueUrl"]).path.split("/")
    return f"arn:aws:sqs:{call.region}:{account}:{name}"


def _queue(action: str, keys: tuple[str, ...] = ()) -> Callable[[Call], list[Check]]:
    def needs(call: Call) -> list[Check]:
        arn = queue_arn(call)
        use = KeyUse(holder=arn, via="sqs", actions=keys, encryption_context={"aws:sqs:arn": arn})
        return [Check(action=action, resource=arn, key_use=use if keys else None)]

    return needs


def _queue_url(call: Call) -> list[Check]:
    return [Check(action="sqs:GetQueueUrl", resource=call.arn("sqs", call.parameters["QueueName"]))]


def _publish(call: Call) -> list[Check]:
    arn = call.parameters.get("TopicArn") or call.parameters.get("TargetArn")
    if not arn:
        raise UnknownOperationError("sns:Publish to a phone number cannot be judged; publish to a topic")
    use = KeyUse(holder=arn, via="sns", actions=_SEND, encryption_context={"aws:sns:topicArn": arn})
    return [Check(action="sns:Publish", resource=arn, key_use=use)]


def _put_events(call: Call) -> list[Check]:
    needs = []
    for entry in call.parameters["Entries"]:
        bus = entry.get("EventBusName", "default")
        arn = bus if bus.startswith("arn:") else call.arn("events", f"event-bus/{bus}")
        context = {"events:source": entry["Source"], "events:detail-type": entry["DetailType"]}
        needs.append(Check(action="events:PutEvents", resource=arn, context=context))
    return needs


def _rule(action: str, parameter: str) -> Callable[[Call], list[Check]]:
    """*parameter* names the rule; `ManagedBy` is what a service of AWS says that manages it."""

    def needs(call: Call) -> list[Check]:
        bus, name = call.parameters.get("EventBusName", "default"), call.parameters[parameter]
        path = name if bus == "default" else f"{bus.rpartition('/')[2]}/{name}"
        manager = call.parameters.get("ManagedBy")
        context = {"events:ManagedBy": manager} if manager else {}
        return [
            Check(action=f"events:{action}", resource=call.arn("events", f"rule/{path}"), context=context)
        ]

    return needs


SERVICES: Mapping[str, Mapping[str, Callable[[Call], list[Check]]]] = {
    "sqs": {
        "SendMessage": _queue("sqs:SendMessage", _SEND),
        "SendMessageBatch": _queue("sqs:SendMessage", _SEND),
        "ReceiveMessage": _queue("sqs:ReceiveMessage", ("kms:Decrypt",)),
        "DeleteMessage": _queue("sqs:DeleteMessage"),
        "DeleteMessageBatch": _queue("sqs:DeleteMessage"),
        "ChangeMessageVisibility": _queue("sqs:ChangeMessageVisibility"),
        "ChangeMessageVisibilityBatch": _queue("sqs:ChangeMessageVisibility"),
        "GetQueueAttributes": _queue("sqs:GetQueueAttributes"),
        "GetQueueUrl": _queue_url,
    },
    "sns": {"Publish": _publish, "PublishBatch": _publish},
    "events": {
        "PutEvents": _put_events,
        "PutRule": _rule("PutRule", "Name"),
        "DeleteRule": _rule("DeleteRule", "Name"),
        "DescribeRule": _rule("DescribeRule", "Name"),
        "PutTargets": _rule("PutTargets", "Rule"),
        "RemoveTargets": _rule("RemoveTargets", "Rule"),
        "ListTargetsByRule": _rule("ListTargetsByRule", "Rule"),
    },
}
