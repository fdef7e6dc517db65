"""Move messages of a dead-letter queue back to the queue that they failed in, losing none."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from local.errors import LocalStackError

_MOST = 10
"""What SQS gives in one call."""
_FIFO = {"MessageGroupId": "MessageGroupId", "MessageDeduplicationId": "MessageDeduplicationId"}


@dataclass(frozen=True, kw_only=True)
class Redriven:
    """How many messages went back, and how many are left."""

    queue: str
    source: str
    moved: int
    left: int


def dead_letter_queues(queues: Iterable[Mapping[str, Any]], name: str | None) -> list[Mapping[str, Any]]:
    """Return the dead-letter queues that can be redriven, or the one that is called *name*.

    Raises
    ------
    LocalStackError
        There is none of that name, or nothing redrives into it.
    """
    known = {queue["name"]: queue for queue in queues}
    redrivable = [queue for queue in known.values() if queue["sources"]]
    if name is None:
        return redrivable
    names = ", ".join(queue["name"] for queue in redrivable) or "none"
    if name not in known:
        raise LocalStackError(f"there is no queue {name!r}; dead-letter queues with a source: {names}")
    if known[name] not in redrivable:
        raise LocalStackError(
            f"no queue redrives into {name!r}, so its messages have no place to go back to; those that "
            f"have one: {names}"
        )
    return [known[name]]


def redrive(sqs: Any, queue: Mapping[str, Any], most: int | None) -> Redriven:
    """Move at most *most* messages, all that are there without; each is deleted only once it was sent."""
    source = queue["sources"][0]
    target = sqs.get_queue_url(QueueName=source.rpartition(":")[2])["QueueUrl"]
    wanted = waiting(sqs, queue["url"])
    wanted = wanted if most is None else min(most, wanted)
    moved = 0
    while moved < wanted:
        found = sqs.receive_message(
            QueueUrl=queue["url"],
            MaxNumberOfMessages=min(_MOST, wanted - moved),
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
        ).get("Messages", [])
        if not found:
            break
        for message in found:
            sqs.send_message(QueueUrl=target, **_as_sent(message))
            sqs.delete_message(QueueUrl=queue["url"], ReceiptHandle=message["ReceiptHandle"])
            moved += 1
    return Redriven(
        queue=queue["name"],
        source=source.rpartition(":")[2],
        moved=moved,
        left=waiting(sqs, queue["url"]),
    )


def waiting(sqs: Any, url: str) -> int:
    """Return how many messages can be received."""
    name = "ApproximateNumberOfMessages"
    return int(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name])


def _as_sent(message: Mapping[str, Any]) -> dict[str, Any]:
    """Return what makes the same message again."""
    system = message.get("Attributes", {})
    again = {parameter: system[name] for name, parameter in _FIFO.items() if name in system}
    if trace := system.get("AWSTraceHeader"):
        again["MessageSystemAttributes"] = {"AWSTraceHeader": {"DataType": "String", "StringValue": trace}}
    if attributes := message.get("MessageAttributes"):
        again["MessageAttributes"] = attributes
    return {"MessageBody": message["Body"], **again}
