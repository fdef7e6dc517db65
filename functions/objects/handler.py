"""The worker: clean versions are processed, versions without a scan result are recorded as such."""

from typing import Any

from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.typing import LambdaContext

from common.errors import MalformedEventError, PermanentError
from objects import domain
from objects.events import CLEAN, INFECTED, Sighting
from objects.runtime import Runtime
from objects.settings import WorkerSettings

settings = WorkerSettings.load()
runtime = Runtime(settings, purpose="worker")
limits = domain.Limits(max_bytes=settings.max_object_bytes, content_types=settings.allowed_content_types)


@runtime.telemetry.logger.inject_lambda_context
@runtime.telemetry.metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Take an SQS batch of scan results and replayed notifications; answer the messages that failed."""
    return runtime.run(event, context, _work_on)


def _work_on(sighting: Sighting, origin: domain.Origin) -> None:
    version = sighting.version
    if sighting.verdict == INFECTED:
        # Acknowledging would lose it: only the quarantine's queue leads to the quarantine.
        raise MalformedEventError(f"scanResultStatus: {INFECTED} belongs into the queue of infected objects")
    try:
        verdict = sighting.verdict or runtime.intake.scan_status(version)
    except PermanentError as error:
        domain.reject(version, error, origin=origin, records=runtime.records)
        return
    if verdict == CLEAN:
        runtime.once.run(version.identity, lambda: _process(sighting, origin))
    elif verdict == INFECTED:
        # A replayed notification: the scan's own event took the version to the quarantine's queue.
        runtime.telemetry.logger.info("Infected: left to the quarantine")
    else:
        # Not by `once`, whose memory would hide the event of a later scan that succeeds.
        domain.record_unscanned(version, verdict, origin=origin, records=runtime.records)


def _process(sighting: Sighting, origin: domain.Origin) -> None:
    domain.process(
        sighting.version, limits=limits, origin=origin, intake=runtime.intake, records=runtime.records
    )
