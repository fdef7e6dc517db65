"""The object processor's two handlers on an emulated cloud."""

import importlib
import io
import json
from collections import Counter
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest
from moto import mock_aws

from tests.objects.cloud import Cloud
from tests.objects.messages import (
    IDEMPOTENCY,
    INTAKE,
    MAX_BYTES,
    QUARANTINE,
    RECORDS,
    REGION,
    Context,
    Invoke,
    sqs_batch,
)

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": REGION,
    "POWERTOOLS_SERVICE_NAME": "objects",
    "POWERTOOLS_METRICS_NAMESPACE": "test-namespace",
    "POWERTOOLS_LOG_LEVEL": "INFO",
    "RECORDS_TABLE": RECORDS,
    "IDEMPOTENCY_TABLE": IDEMPOTENCY,
    "INTAKE_BUCKET": INTAKE,
    "RECORD_SHARDS": "4",
    "IDEMPOTENCY_HOURS": "24",
    "MAX_OBJECT_BYTES": str(MAX_BYTES),
    "ALLOWED_CONTENT_TYPES": "text/csv, application/json",
    "QUARANTINE_BUCKET": QUARANTINE,
    "ALERTS_TOPIC_ARN": f"arn:aws:sns:{REGION}:123456789012:alerts",
}


@pytest.fixture(scope="session")
def handlers() -> Iterator[dict[str, ModuleType]]:
    """The handler modules, imported once in the environment that a deployment would give them."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "POWERTOOLS_IDEMPOTENCY_DISABLED"):
            patch.delenv(name, raising=False)
        yield {
            "worker": importlib.import_module("objects.handler"),
            "quarantine": importlib.import_module("objects.quarantine_handler"),
        }


@pytest.fixture
def cloud(handlers: dict[str, ModuleType]) -> Iterator[Cloud]:
    """A new emulated cloud with the system's buckets, tables and topic."""
    with mock_aws():
        yield Cloud()


def _invoker(module: ModuleType, *, milliseconds: int = 60_000) -> Invoke:
    def invoke(*bodies: object, context: Context | None = None) -> list[str]:
        answer = module.handler(sqs_batch(*bodies), context or Context(milliseconds=milliseconds))
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    return invoke


@pytest.fixture
def worker(cloud: Cloud, handlers: dict[str, ModuleType]) -> Invoke:
    """Invoke the worker with a batch of message bodies; returns the ids of the messages that failed."""
    return _invoker(handlers["worker"])


@pytest.fixture
def quarantine(cloud: Cloud, handlers: dict[str, ModuleType]) -> Invoke:
    """Invoke the quarantine with a batch of message bodies; returns the ids of the messages that failed."""
    return _invoker(handlers["quarantine"], milliseconds=120_000)


@pytest.fixture
def logs(all_logs: Callable[[], list[dict[str, Any]]]) -> Callable[[], list[dict[str, Any]]]:
    """Return the log records so far of what became of messages."""
    return lambda: [entry for entry in all_logs() if entry["message"] != "Received"]


@pytest.fixture
def all_logs(
    handlers: dict[str, ModuleType], monkeypatch: pytest.MonkeyPatch
) -> Callable[[], list[dict[str, Any]]]:
    """Return the log records so far; each line must be JSON."""
    stream = io.StringIO()
    handler = handlers["worker"].runtime.telemetry.logger.registered_handler
    monkeypatch.setattr(handler, "stream", stream)
    return lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.fixture
def metrics(logs: object, capsys: pytest.CaptureFixture[str]) -> Callable[[], Counter[str]]:
    """Return the sums of the metrics that were printed since the last time, by name."""

    def read() -> Counter[str]:
        totals: Counter[str] = Counter()
        for line in capsys.readouterr().out.splitlines():
            document = json.loads(line)
            for directive in document["_aws"]["CloudWatchMetrics"]:
                assert directive["Namespace"] == "test-namespace"
                assert document["service"] == "objects"
                for metric in directive["Metrics"]:
                    totals[metric["Name"]] += int(sum(document[metric["Name"]]))
        return totals

    return read
