"""Logs and metrics of one function: JSON lines and embedded metrics, both on standard output."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from common.errors import MalformedEventError, TransientError
from common.settings import FunctionSettings

# An invocation that only meets repeated events has nothing to count: that is no reason for a warning.
warnings.filterwarnings("ignore", message="No application metrics to publish")


class Telemetry:
    """The function's logger and metrics, and what they have in common: what happens to one unit of work."""

    def __init__(self, settings: FunctionSettings) -> None:
        self.logger = Logger(
            service=settings.powertools_service_name,
            level=settings.powertools_log_level,
            utc=True,
            use_rfc3339=True,
        )
        self.metrics = Metrics(
            namespace=settings.powertools_metrics_namespace, service=settings.powertools_service_name
        )

    def count(self, name: str) -> None:
        """Add one to metric *name*."""
        self.metrics.add_metric(name=name, unit=MetricUnit.Count, value=1)

    @contextmanager
    def unit_of_work(self, **keys: str) -> Iterator[None]:
        """Put *keys* into the log records of the block; log, count and pass on the error it ends with."""
        with self.logger.append_context_keys(**keys):
            try:
                yield
            except MalformedEventError as error:
                self.count("MalformedEvents")
                self.logger.error("Malformed event, to be kept", extra={"cause": str(error)})  # noqa: TRY400
                raise
            except TransientError as error:
                self.count("TransientFailures")
                self.logger.warning("Failed for now, to be delivered again", extra={"cause": str(error)})
                raise
            except Exception:
                # A defect of ours: the event is kept by the queue like any that failed for now.
                self.count("TransientFailures")
                self.logger.exception("Failed unexpectedly, to be delivered again")
                raise
