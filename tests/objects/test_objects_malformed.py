"""Messages that no retry can heal: each is kept by the queue, logged and counted, and nothing is recorded."""

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from objects.models import ObjectVersion
from tests.objects.cloud import Cloud
from tests.objects.messages import IDEMPOTENCY, INTAKE, Invoke, notification, scan_event

pytestmark = pytest.mark.filterwarnings("ignore:No application metrics")

Logs = Callable[[], list[dict[str, Any]]]
Metrics = Callable[[], Counter[str]]
NEVER_UPLOADED = ObjectVersion(bucket=INTAKE, key="never.csv", version_id="3HL4kqCxf3vjVBH40Nrjfkd")


@pytest.mark.finding("SP-17")
@pytest.mark.parametrize(
    ("body", "cause"),
    [
        ("this is not JSON", "not JSON"),
        ("", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ('"\\ud800"', "not JSON"),
        ("[]", "JSON list"),
        ("null", "JSON NoneType"),
        ("{}", "source: Field required"),
        ('{"Records": []}', "Records: an S3 notification has a list of at least one record"),
        ('{"Records": {}}', "Records: an S3 notification has a list of at least one record"),
        ('{"Records": [17]}', "event: Input should be a valid dictionary"),
    ],
)
def test_an_unparsable_message_is_kept_by_the_queue_and_logged_with_field_and_constraint(
    cloud: Cloud, worker: Invoke, logs: Logs, metrics: Metrics, body: str, cause: str
) -> None:
    assert worker(body) == ["message-0"]

    (entry,) = logs()
    assert cause in entry["cause"]
    assert entry["correlation_id"] == "message-0"
    assert metrics() == {"MalformedEvents": 1}
    assert cloud.items() == cloud.items(IDEMPOTENCY) == []


def _without(event: dict[str, Any], *path: str) -> dict[str, Any]:
    *parents, last = path
    inner = event
    for name in parents:
        inner = inner[name]
    del inner[last]
    return event


@pytest.mark.finding("SP-17")
@pytest.mark.parametrize(
    ("event", "cause"),
    [
        (_without(scan_event(NEVER_UPLOADED), "id"), "id: Field required"),
        (
            _without(scan_event(NEVER_UPLOADED), "detail", "s3ObjectDetails", "versionId"),
            "detail.s3ObjectDetails.versionId: Field required",
        ),
        (scan_event(NEVER_UPLOADED) | {"source": "aws.s3"}, "source: Input should be 'aws.guardduty'"),
        (
            scan_event(ObjectVersion(bucket=INTAKE, key="a", version_id="#latest")),
            "detail.s3ObjectDetails.versionId: String should match pattern",
        ),
        (scan_event(NEVER_UPLOADED, "no such"), "scanResultStatus: String should match pattern"),
        (
            scan_event(ObjectVersion(bucket=INTAKE, key="ü" * 513, version_id="v")),
            "objectKey: Value error, a key has at most 1024 bytes in UTF-8, not 1026",
        ),
        (scan_event(ObjectVersion(bucket="other", key="a", version_id="v")), "bucket: 'other' is not"),
        (
            {"Records": [notification(NEVER_UPLOADED)["Records"][0] | {"eventName": "ObjectRemoved:Delete"}]},
            "eventName: String should match pattern",
        ),
    ],
)
def test_an_event_of_the_wrong_shape_is_kept_by_the_queue_and_logged_with_field_and_constraint(
    cloud: Cloud, worker: Invoke, logs: Logs, metrics: Metrics, event: dict[str, Any], cause: str
) -> None:
    assert worker(event) == ["message-0"]

    assert cause in logs()[0]["cause"]
    assert metrics() == {"MalformedEvents": 1}
    assert cloud.items() == []


def test_a_scan_that_was_skipped_cannot_pass_for_clean(cloud: Cloud, worker: Invoke, logs: Logs) -> None:
    event = scan_event(cloud.upload())
    event["detail"]["scanStatus"] = "SKIPPED"

    assert worker(event) == ["message-0"]

    assert "scanStatus SKIPPED cannot have the result NO_THREATS_FOUND" in logs()[0]["cause"]
    assert cloud.items() == []


def test_what_a_malformed_message_holds_is_not_logged(worker: Invoke, logs: Logs) -> None:
    worker({"detail": "a secret"}, '{"a secret": ', notification(NEVER_UPLOADED) | {"Records": ["a secret"]})

    assert len(logs()) == 3
    assert "a secret" not in json.dumps(logs())


def test_a_key_with_broken_url_encoding_is_malformed(cloud: Cloud, worker: Invoke, logs: Logs) -> None:
    event = notification(NEVER_UPLOADED)
    event["Records"][0]["s3"]["object"]["key"] = "%ff"

    assert worker(event) == ["message-0"]

    assert "s3.object.key: Value error" in logs()[0]["cause"]
