"""What was set aside, why, and how it is taken up again."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from local.demo.inputs import UNPARSABLE

_MOST = 10
_HIDDEN_SECONDS = 600


@dataclass(frozen=True, kw_only=True)
class DeadLetter:
    """A message in a dead-letter queue: of which object version (None: nobody can read it), and why."""

    id: str
    body: str
    receipt: str
    version: tuple[str, str] | None
    reason: str


@dataclass(frozen=True, kw_only=True)
class DeadLetterQueue:
    """A dead-letter queue, and the queue that its messages came from."""

    sqs: Any
    url: str
    source: str

    def read(self, reasons: dict[str, str]) -> list[DeadLetter]:
        """Return every message, and leave it where it is; *reasons* are the runner's, by message id."""
        found: dict[str, DeadLetter] = {}
        while batch := self._receive():
            for message in batch:
                found[message["MessageId"]] = _letter(message, reasons)
        for letter in found.values():
            self._show(letter.receipt)
        return list(found.values())

    def redrive(self) -> int:
        """Send every message back to where it came from, but those that nobody can read; return how many."""
        moved, kept = 0, []
        while batch := self._receive():
            for message in batch:
                if message["Body"] == UNPARSABLE:
                    kept.append(message["ReceiptHandle"])
                    continue
                self.sqs.send_message(QueueUrl=self.source, MessageBody=message["Body"])
                self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
                moved += 1
        for receipt in kept:
            self._show(receipt)
        return moved

    def _show(self, receipt: str) -> None:
        self.sqs.change_message_visibility(QueueUrl=self.url, ReceiptHandle=receipt, VisibilityTimeout=0)

    def _receive(self) -> list[dict[str, Any]]:
        answer = self.sqs.receive_message(
            QueueUrl=self.url, MaxNumberOfMessages=_MOST, VisibilityTimeout=_HIDDEN_SECONDS, WaitTimeSeconds=0
        )
        return list(answer.get("Messages", []))


def summarise(letters: Iterable[DeadLetter]) -> Counter[str]:
    """Count dead letters by reason, without what differs from message to message."""
    return Counter(letter.reason.partition(" (request")[0].partition(": RequestId")[0] for letter in letters)


def _letter(message: dict[str, Any], reasons: dict[str, str]) -> DeadLetter:
    version = None
    if message["Body"] != UNPARSABLE:
        place = json.loads(message["Body"])["detail"]["s3ObjectDetails"]
        version = (place["objectKey"], place["versionId"])
    return DeadLetter(
        id=message["MessageId"],
        body=message["Body"],
        receipt=message["ReceiptHandle"],
        version=version,
        reason=reasons.get(message["MessageId"], ""),
    )
