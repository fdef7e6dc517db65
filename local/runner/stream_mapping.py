"""An event source mapping of a table's stream: batches in order, until they pass or are given up.

Facts from AWS's pages "Process DynamoDB records with Lambda", "Configuring partial batch response with
DynamoDB and Lambda" and "Retain discarded records for a DynamoDB event source in Lambda".
"""

import json
import uuid
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Unpack
from zlib import crc32

from botocore.exceptions import BotoCoreError, ClientError

from local.faults.passage import hand_over
from local.permissions.errors import PermissionsError
from local.runner.configuration import EventSource, function_name
from local.runner.destinations import Destinations
from local.runner.errors import RunnerError, StoppedError
from local.runner.polling import Common, Polling
from local.runner.pool import InvokeResult
from local.runner.sqs_events import failed_messages
from local.runner.stream_source import Place, Record, SourceStream, build_event, partition, sequence_number

NOT_CHECKED = (
    "Lambda: a mapping of a stream keeps no 6 MB limit of a batch, no tumbling window and no filter; its "
    "destinations are queues and topics. A stream has one shard and forgets nothing after 24 hours.",
)
"""For the page docs/local-stack.md."""
_MOST_WAIT_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class _Batch:
    """Records that are handed over together, how often they were, and what the function answered last."""

    records: Sequence[Record]
    attempts: int = 0
    answer: InvokeResult | None = None


class StreamMapping(Polling):
    """Reads a stream from *place* on; records with the same partition key are handed over in order.

    With a parallelization factor as many batches run at once, told apart by partition keys. The place moves
    on once work is settled: what a stop or an error leaves undone is read again, by a successor if need be.
    """

    def __init__(
        self,
        source: EventSource,
        *,
        streams: Any,
        time_scale: float,
        place: Place,
        destinations: Destinations,
        **common: Unpack[Common],
    ) -> None:
        self._table = source.source_arn.split(":", 5)[5].split("/")[1]
        super().__init__(source, name=self._table, limit=source.lanes, **common)
        self._place, self._destinations = place, destinations
        self._stream = SourceStream(streams, source.source_arn, source.position, time_scale, self._permit)

    def _permit(self, operation: str) -> None:
        names = {"TableName": self._table, "StreamArn": self.source.source_arn}
        self._refuse_unpermitted("dynamodbstreams", {operation: names})

    def _turn(self) -> None:
        with self._place.lock:
            self._stream.open(self._place)
            if self._stopping.is_set() or not self._wait_free():
                return
            size = self.source.batch_size * self.source.lanes
            records, behind = self._stream.gather(self._place, size, self.source.window, self._stopping)
            undone = [one for one in self._workers.map(self._work_off, self._lanes(records)) if one]
            if undone:
                self._stream.rewind(self._place, min(undone, key=int))
            else:
                self._place.iterator = behind

    def _lanes(self, records: Sequence[Record]) -> list[list[Record]]:
        lanes: list[list[Record]] = [[] for _ in range(self.source.lanes)]
        for record in records:
            lanes[crc32(partition(record, self._stream.key).encode()) % self.source.lanes].append(record)
        return [lane for lane in lanes if lane]

    def _work_off(self, records: Sequence[Record]) -> str:
        """Hand *records* over until all are done with; return the first that is not, if the mapping stops."""
        size = self.source.batch_size
        todo = deque(_Batch(records=records[at : at + size]) for at in range(0, len(records), size))
        while todo and not self._stopping.is_set():
            batch = todo[0]
            try:
                follow = list(self._attempt(batch))
            except StoppedError:
                break
            except (RunnerError, PermissionsError, ClientError, BotoCoreError) as error:
                # Nothing was invoked: that does not count as an attempt.
                self._note(str(error))
                self._stopping.wait(self._backoff(1))
                follow = [batch]
            todo.popleft()
            todo.extendleft(reversed(follow))
        return sequence_number(todo[0].records[0]) if todo else ""

    def _attempt(self, batch: _Batch) -> Iterator[_Batch]:
        """Hand *batch* over; yield what of it must be handed over again."""
        aged = [one for one in batch.records if self._aged(one)]
        young = batch.records[len(aged) :]  # records come in order of their age
        if aged:
            self._set_aside(replace(batch, records=aged), "RecordAgeExceeded")
        if not young:
            return
        batch = replace(batch, records=young)
        if batch.attempts:
            self._stopping.wait(self._backoff(batch.attempts))
        if self._stopping.is_set():
            yield batch
            return
        failed, answer, counted = self._hand_over(young)
        if not failed:
            return
        # The lowest failed sequence number is the checkpoint: everything from there on comes again.
        numbers = [sequence_number(one) for one in young]
        first = min(map(numbers.index, failed))
        rest = replace(batch, records=young[first:], attempts=batch.attempts + counted, answer=answer)
        if self.source.bisects and counted and answer and answer.function_error and len(rest.records) > 1:
            middle = len(rest.records) // 2  # splitting does not consume the quota of retries
            yield replace(rest, records=rest.records[:middle], attempts=batch.attempts)
            yield replace(rest, records=rest.records[middle:], attempts=batch.attempts)
        elif self.source.retries is not None and rest.attempts > self.source.retries:
            self._set_aside(rest, "RetryAttemptsExhausted")
        else:
            yield rest

    def _hand_over(self, records: Sequence[Record]) -> tuple[list[str], InvokeResult | None, bool]:
        """Return the sequence numbers that failed, the answer, and whether this was an attempt."""
        ids = {sequence_number(one) for one in records}
        event = build_event(records, self.source.source_arn)
        answers: list[InvokeResult] = []

        def run() -> dict[str, str]:
            answers.append(self._invoke(self.source.function, event))
            failed = failed_messages(answers[-1], ids, reports_failures=self.source.reports_failures)
            return dict.fromkeys(failed, answers[-1].failure)

        strike = self._faults.strike(
            "batches", function=function_name(self.source.function), queue=self._table
        )
        failed = hand_over(strike, run, ids, self._stopping.wait)
        self._count(messages=len(ids), failed=len(failed))
        return list(failed), answers[-1] if answers else None, bool(answers)

    def _aged(self, record: Record) -> bool:
        if self.source.max_age is None:
            return False
        age = datetime.now(UTC) - record["dynamodb"]["ApproximateCreationDateTime"]
        return bool(age > timedelta(seconds=self.source.max_age / self._stream.time_scale))

    def _backoff(self, attempts: int) -> float:
        return min(2.0 ** (attempts - 1), _MOST_WAIT_SECONDS) / self._stream.time_scale

    def _set_aside(self, batch: _Batch, condition: str) -> None:
        """Give *batch* up, with word of it to the destination if there is one and it takes it.

        Records are discarded all the same where it does not: Lambda goes on with the stream ("Retain
        discarded records for a DynamoDB event source in Lambda").
        """
        if not self.source.on_failure:
            return
        calls = self._calls()
        text = json.dumps(self._report(batch, condition, calls.function_arn, calls.version))
        try:
            denied = self._destinations.send(self.source.on_failure, text, calls)
        except (RunnerError, PermissionsError, ClientError, BotoCoreError) as error:
            denied = str(error)
        if denied:
            self._note(denied)

    def _report(self, batch: _Batch, condition: str, function_arn: str, version: str) -> dict[str, Any]:
        moments = [one["dynamodb"]["ApproximateCreationDateTime"] for one in batch.records]
        answer = batch.answer
        error = {"functionError": answer.function_error} if answer and answer.function_error else {}
        return {
            "requestContext": {
                "requestId": answer.request_id if answer else str(uuid.uuid4()),
                "functionArn": function_arn,
                "condition": condition,
                "approximateInvokeCount": batch.attempts,
            },
            "responseContext": {"statusCode": 200, "executedVersion": version, **error},
            "version": "1.0",
            "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "DDBStreamBatchInfo": {
                "shardId": self._stream.shard,
                "startSequenceNumber": sequence_number(batch.records[0]),
                "endSequenceNumber": sequence_number(batch.records[-1]),
                "approximateArrivalOfFirstRecord": f"{moments[0].astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
                "approximateArrivalOfLastRecord": f"{moments[-1].astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
                "batchSize": len(batch.records),
                "streamArn": self.source.source_arn,
            },
        }
