"""What the system's functions have in common: how a batch of messages becomes work on object versions."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import boto3
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from common.clients import ITEM_SECONDS, client_config, within
from common.deadline import Deadline
from common.errors import FunctionError
from common.idempotency import Once
from common.telemetry import Telemetry
from objects.domain import Origin
from objects.events import Event, Sighting, split
from objects.models import ObjectVersion, Pointer, Record, Status
from objects.settings import ObjectsSettings
from objects.store import IntakeBucket, RecordTable

METRICS = {
    Status.UNSCANNED: "ScansIncomplete",
    Status.PROCESSED: "ObjectsProcessed",
    Status.REJECTED: "ObjectsRejected",
    Status.QUARANTINED: "ObjectsQuarantined",
}

Work = Callable[[Sighting, Origin], None]


class ReportedRecords:
    """A table of which every new record is logged and counted as it is written, whatever fails afterwards."""

    def __init__(self, table: RecordTable, telemetry: Telemetry) -> None:
        self._table = table
        self._telemetry = telemetry

    def put(self, record: Record) -> Record:
        """Write *record* unless one stands that it does not overrule; return the one that now stands."""
        standing = self._table.put(record)
        # Equal also if the answer to our own write was lost and its repetition found it standing.
        is_new = standing == record
        details = {"status": standing.status, "reason": standing.reason, "cause": standing.cause}
        self._telemetry.logger.info("Recorded" if is_new else "Recorded before", extra=details)
        if is_new:
            self._telemetry.count(METRICS[record.status])
            if record.status is Status.PROCESSED and record.size is not None:
                self._telemetry.metrics.add_metric("ObjectBytes", MetricUnit.Bytes, record.size)
        return standing

    def swap_latest(self, version: ObjectVersion, pointer: Pointer, *, expected: Pointer | None) -> Pointer:
        """Point to *pointer* if *expected* stands, or none; return the pointer that now stands."""
        return self._table.swap_latest(version, pointer, expected=expected)


class Runtime:
    """A function's clients, stores and telemetry, made once per process; *purpose* names the function."""

    def __init__(self, settings: ObjectsSettings, *, purpose: str) -> None:
        self.telemetry = Telemetry(settings)
        self.deadline = Deadline()
        dynamodb = within(self.deadline, boto3.client("dynamodb", config=client_config()))
        s3 = within(self.deadline, boto3.client("s3", config=client_config()))
        self.intake = IntakeBucket(s3, self.deadline)
        table = RecordTable(dynamodb, table=settings.records_table, shards=settings.record_shards)
        self.records = ReportedRecords(table, self.telemetry)
        self.once = Once(
            dynamodb, table=settings.idempotency_table, hours=settings.idempotency_hours, purpose=purpose
        )
        self._intake_bucket = settings.intake_bucket

    def run(self, batch: dict[str, Any], context: LambdaContext, work: Work) -> PartialItemFailureResponse:
        """Do *work* on every version that the SQS *batch* speaks of; return the messages that failed.

        The queue delivers those again, and after the last attempt keeps them in its dead-letter queue. Parts
        that succeeded are repeated then, which does no harm.
        """
        self.deadline.start(context)
        self.once.register(context)
        # Of an invocation that dies, this is all that leads from its request to its messages.
        ids = [record["messageId"] for record in batch["Records"]]
        self.telemetry.logger.info("Received", extra={"message_ids": ids})

        def on_message(record: SQSRecord) -> None:
            self._run_message(record, context.aws_request_id, work)

        processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)
        return process_partial_response(batch, on_message, processor, context)

    def _run_message(self, message: SQSRecord, request_id: str, work: Work) -> None:
        with self.telemetry.unit_of_work(correlation_id=message.message_id):
            found = split(message.body)
            if not found:
                self.telemetry.logger.info("S3's test event: nothing to do")
        failures: list[FunctionError] = []
        for event in found:
            try:
                self._run_event(event, message.message_id, request_id, work)
            except FunctionError as error:
                failures.append(error)
        if failures:
            raise failures[0]

    def _run_event(self, event: Event, message_id: str, request_id: str, work: Work) -> None:
        with self.telemetry.unit_of_work(correlation_id=message_id):
            sighting = event.read(self._intake_bucket)
        correlation_id, version = sighting.event_id or message_id, sighting.version
        origin = Origin(request_id=request_id, correlation_id=correlation_id, at=datetime.now(UTC))
        with self.telemetry.unit_of_work(
            correlation_id=correlation_id,
            bucket=version.bucket,
            object_key=version.key,
            version_id=version.version_id,
        ):
            self.deadline.require(ITEM_SECONDS)
            work(sighting, origin)
