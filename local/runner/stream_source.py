"""A table's stream, seen with the eyes of an event source mapping."""

import base64
import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

_POLL_SECONDS = 0.25
"""Lambda polls a shard four times a second ("Process DynamoDB records with Lambda")."""
_MOST = 1000
"""What GetRecords gives at once."""

type Record = Mapping[str, Any]


@dataclass
class Place:
    """How far a mapping has worked off, which outlives its changes; *lock* keeps readers in turn."""

    iterator: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)


class SourceStream:
    """Reads the only shard that the emulated cloud gives a stream; waits are divided by *time_scale*.

    *permit* is asked before each call, and raises what forbids it.
    """

    def __init__(
        self, streams: Any, arn: str, position: str, time_scale: float, permit: Callable[[str], None]
    ) -> None:
        self.arn = arn
        self.time_scale = time_scale
        self.shard, self.key = "", ""
        self._streams, self._position, self._permit = streams, position, permit

    def open(self, place: Place) -> None:
        """Find the shard, and in it where to start, if nothing has been read yet."""
        if not self.shard:
            self._permit("ListStreams")  # Lambda finds the stream by it; here its ARN is all that is needed
            self._permit("DescribeStream")
            description = self._streams.describe_stream(StreamArn=self.arn)["StreamDescription"]
            keys = {one["KeyType"]: one["AttributeName"] for one in description["KeySchema"]}
            self.shard, self.key = description["Shards"][0]["ShardId"], keys["HASH"]
        if not place.iterator:
            self._seek(place, ShardIteratorType=self._position)

    def rewind(self, place: Place, sequence_number: str) -> None:
        """Read from this record on next time."""
        self._seek(place, ShardIteratorType="AT_SEQUENCE_NUMBER", SequenceNumber=sequence_number)

    def gather(
        self, place: Place, size: int, window: int, stopping: threading.Event
    ) -> tuple[list[Record], str]:
        """Return at most *size* records, and the iterator behind them: the place, once they are done.

        *window* seconds after the first of them it waits no longer.
        """
        found, iterator = self._read(place.iterator, size)
        deadline = time.monotonic() + window / self.time_scale
        while found and len(found) < size and not stopping.is_set():
            left = deadline - time.monotonic()
            if left <= 0:
                break
            stopping.wait(min(left, _POLL_SECONDS))
            more, iterator = self._read(iterator, size - len(found))
            found += more
        if not found:
            stopping.wait(_POLL_SECONDS)
        return found, iterator

    def _seek(self, place: Place, **where: str) -> None:
        self._permit("GetShardIterator")
        answer = self._streams.get_shard_iterator(StreamArn=self.arn, ShardId=self.shard, **where)
        place.iterator = answer["ShardIterator"]

    def _read(self, iterator: str, size: int) -> tuple[list[Record], str]:
        self._permit("GetRecords")
        answer = self._streams.get_records(ShardIterator=iterator, Limit=min(size, _MOST))
        return list(answer["Records"]), answer["NextShardIterator"]


def sequence_number(record: Record) -> str:
    """Return what tells a record from the others of its shard."""
    return str(record["dynamodb"]["SequenceNumber"])


def partition(record: Record, key: str) -> str:
    """Return the value of the partition *key* as text."""
    return json.dumps(record["dynamodb"]["Keys"][key], default=_plain)


def build_event(records: Sequence[Record], arn: str) -> bytes:
    """Return the event for *records* of the stream with ARN *arn*, as Lambda hands them to a function."""
    return json.dumps({"Records": [_record(one, arn) for one in records]}, default=_plain).encode()


def _record(record: Record, arn: str) -> dict[str, Any]:
    given = {**record, "awsRegion": arn.split(":")[3], "eventSourceARN": arn}
    if identity := given.pop("userIdentity", None):
        given["userIdentity"] = {"principalId": identity["PrincipalId"], "type": identity["Type"]}
    return given


def _plain(value: Any) -> Any:
    """Return what JSON does not know: times as seconds, binary values in Base64."""
    return value.timestamp() if isinstance(value, datetime) else base64.b64encode(value).decode()
