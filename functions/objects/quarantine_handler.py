"""The quarantine: infected versions are moved out of the intake, recorded and reported."""

from typing import Any

import boto3
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.typing import LambdaContext

from common.clients import client_config, within
from common.errors import MalformedEventError
from objects.domain import Origin
from objects.events import INFECTED, Sighting
from objects.quarantine import isolate
from objects.quarantine_store import QuarantineBucket
from objects.runtime import Runtime
from objects.settings import QuarantineSettings

# S3 answers a copy when it is done. One that outlasts its attempts is repeated, to the same end.
COPY_SECONDS = 60
COPY_ATTEMPTS = 2

settings = QuarantineSettings.load()
runtime = Runtime(settings, purpose="quarantine")
quarantine = QuarantineBucket(
    within(runtime.deadline, boto3.client("s3", config=client_config())),
    within(runtime.deadline, boto3.client("sns", config=client_config())),
    copier=within(
        runtime.deadline,
        boto3.client("s3", config=client_config(read_seconds=COPY_SECONDS, attempts=COPY_ATTEMPTS)),
    ),
    bucket=settings.quarantine_bucket,
    topic_arn=settings.alerts_topic_arn,
)


@runtime.telemetry.logger.inject_lambda_context
@runtime.telemetry.metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Take an SQS batch of scan results that found threats; answer the messages that failed."""
    return runtime.run(event, context, _work_on)


def _work_on(sighting: Sighting, origin: Origin) -> None:
    if sighting.verdict != INFECTED:
        raise MalformedEventError(f"scanResultStatus: only {INFECTED} is quarantined, not {sighting.verdict}")
    runtime.once.run(sighting.version.identity, lambda: _isolate(sighting, origin))


def _isolate(sighting: Sighting, origin: Origin) -> None:
    isolate(
        sighting.version,
        sighting.threats,
        origin=origin,
        intake=runtime.intake,
        records=runtime.records,
        quarantine=quarantine,
    )
