"""A source queue, seen with the eyes of an event source mapping."""

import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

_MOST = 10
"""What SQS gives, deletes or changes in one call."""
_POLL_SECONDS = 1


@dataclass(frozen=True, kw_only=True)
class Received:
    """A message, and when it was received on the monotonic clock."""

    message: Mapping[str, Any]
    at: float

    @property
    def id(self) -> str:
        """The message id."""
        return str(self.message["MessageId"])


class SourceQueue:
    """Receives batches and settles them; waits of the cloud are divided by *time_scale*."""

    def __init__(self, sqs: Any, arn: str, time_scale: float) -> None:
        *_, account, name = arn.split(":")
        self._sqs = sqs
        self._time_scale = time_scale
        self.url = str(sqs.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"])

    def gather(self, size: int, window: int, stopping: threading.Event) -> list[Received]:
        """Return a batch of at most *size* messages, none if none came within a short long-poll.

        As Lambda does, it waits *window* seconds for a batch to fill, counted from its first message.
        """
        batch = self._receive(size, _POLL_SECONDS)
        deadline = time.monotonic() + window / self._time_scale
        while batch and len(batch) < size and window and not stopping.is_set():
            left = deadline - time.monotonic()
            if left < _POLL_SECONDS:
                stopping.wait(max(0, left))
                return batch + self._receive(size - len(batch), 0)
            batch += self._receive(size - len(batch), _POLL_SECONDS)
        return batch

    def delete(self, batch: Sequence[Received]) -> None:
        """Delete what the function is done with."""
        for chunk in _chunks(batch):
            entries = [{"Id": str(i), "ReceiptHandle": one.message["ReceiptHandle"]} for i, one in chunk]
            self._sqs.delete_message_batch(QueueUrl=self.url, Entries=entries)

    def give_back(self, batch: Sequence[Received], not_before: float = 0.0) -> None:
        """Let failed messages be visible again once the queue's visibility timeout has passed since receipt.

        On AWS nothing needs to be done for that. Here the timeout is shortened by the time scale, but not so
        that messages return before *not_before* on the monotonic clock; while the function runs, the queue's
        own is in force. SQS knows whole seconds only, so the rest is rounded.
        """
        if not batch:
            return
        names = ["VisibilityTimeout"]
        answer = self._sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=names)
        timeout = int(answer["Attributes"]["VisibilityTimeout"]) / self._time_scale
        now = time.monotonic()
        floor = ceil(not_before - now) if not_before > now else 0
        for chunk in _chunks(batch):
            entries = [
                {
                    "Id": str(i),
                    "ReceiptHandle": one.message["ReceiptHandle"],
                    "VisibilityTimeout": max(floor, round(timeout - (now - one.at))),
                }
                for i, one in chunk
            ]
            self._sqs.change_message_visibility_batch(QueueUrl=self.url, Entries=entries)

    def _receive(self, size: int, wait: int) -> list[Received]:
        answer = self._sqs.receive_message(
            QueueUrl=self.url,
            MaxNumberOfMessages=min(size, _MOST),
            WaitTimeSeconds=wait,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        now = time.monotonic()
        return [Received(message=message, at=now) for message in answer.get("Messages", [])]


def _chunks(batch: Sequence[Received]) -> Iterator[Iterable[tuple[int, Received]]]:
    for part in range(ceil(len(batch) / _MOST)):
        yield enumerate(batch[part * _MOST : (part + 1) * _MOST])
