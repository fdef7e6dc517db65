"""The worker, from SQS batch to record, pointer, metric and log; one test per kind of bad input."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from objects.models import ObjectVersion
from tests.objects.cloud import Cloud
from tests.objects.messages import IDEMPOTENCY, INTAKE, MAX_BYTES, Context, Invoke, notification, scan_event

pytestmark = pytest.mark.filterwarnings("ignore:No application metrics")

Logs = Callable[[], list[dict[str, Any]]]
Metrics = Callable[[], Counter[str]]
NEVER_UPLOADED = ObjectVersion(bucket=INTAKE, key="never.csv", version_id="3HL4kqCxf3vjVBH40Nrjfkd")


def test_a_clean_object_is_recorded_with_everything_needed_to_find_it_again(
    cloud: Cloud, worker: Invoke, metrics: Metrics
) -> None:
    body = b"a,b\n1,2\n"
    version = cloud.upload("in/a.csv", body)

    assert worker(scan_event(version)) == []

    record = cloud.record(version)
    assert record.pop("processedAt").startswith(day := record.pop("dayShard")[:10])
    assert record.pop("lastModified").startswith(day[:4])
    assert record == {
        "objectId": f"{INTAKE}#in/a.csv",
        "versionId": version.version_id,
        "bucket": INTAKE,
        "objectKey": "in/a.csv",
        "status": "PROCESSED",
        "size": str(len(body)),
        "contentType": "text/csv",
        "etag": hashlib.md5(body, usedforsecurity=False).hexdigest(),
        "sha256": hashlib.sha256(body).hexdigest(),
        "requestId": "request-1",
        "correlationId": f"event-of-{version.version_id}",
    }
    assert cloud.latest("in/a.csv") == version.version_id
    assert metrics() == {"ObjectsProcessed": 1, "ObjectBytes": len(body)}


@pytest.mark.finding("CC-REL-4")
@pytest.mark.parametrize("event", [scan_event(NEVER_UPLOADED), notification(NEVER_UPLOADED)])
def test_a_missing_object_is_recorded_as_rejected(
    cloud: Cloud, worker: Invoke, metrics: Metrics, event: dict[str, Any]
) -> None:
    assert worker(event) == []

    record = cloud.record(NEVER_UPLOADED)
    assert (record["status"], record["reason"]) == ("REJECTED", "MISSING")
    assert record["cause"] == f"{NEVER_UPLOADED} does not exist"
    assert cloud.latest("never.csv") is None
    assert metrics() == {"ObjectsRejected": 1}


@pytest.mark.finding("SP-14", "SP-16", "SP-18")
@pytest.mark.parametrize(
    ("body", "content_type", "reason", "cause"),
    [
        (b"", "text/csv", "EMPTY", "the object has 0 bytes, at least 1 is needed"),
        (b"x" * (MAX_BYTES + 1), "text/csv", "TOO_LARGE", "the object has 1001 bytes, limit 1000"),
        (
            b"MZ",
            "application/x-msdownload",
            "CONTENT_TYPE",
            "content type 'application/x-msdownload' is not one of application/json, text/csv",
        ),
    ],
)
def test_an_object_that_is_not_accepted_is_recorded_with_reason_cause_and_what_is_known_of_it(
    cloud: Cloud, worker: Invoke, metrics: Metrics, body: bytes, content_type: str, reason: str, cause: str
) -> None:
    version = cloud.upload(body=body, content_type=content_type)

    assert worker(scan_event(version)) == []

    record = cloud.record(version)
    assert (record["status"], record["reason"], record["cause"]) == ("REJECTED", reason, cause)
    assert (record["bucket"], record["objectKey"], record["versionId"]) == (
        INTAKE,
        "a.csv",
        version.version_id,
    )
    assert (record["requestId"], record["size"]) == ("request-1", str(len(body)))
    assert "sha256" not in record
    assert cloud.latest() is None
    assert metrics() == {"ObjectsRejected": 1}


@pytest.mark.parametrize(
    "key",
    [
        "with space.csv",
        "a  b/ leading and trailing ",
        "1+1=2.csv",
        "%2B%20.csv",
        "grüße/データ/🙂.csv",
        "e\u0301 is not \u00e9",
        "q?x=1&y=#z;:@,$~*'()",
        "/leading//double",
        "ü" * 512,
    ],
)
@pytest.mark.parametrize("shape", ["scan", "notification"])
def test_a_key_is_recorded_as_it_was_uploaded_whatever_its_characters(
    cloud: Cloud, worker: Invoke, key: str, shape: str
) -> None:
    version = cloud.upload(key, tag="NO_THREATS_FOUND")

    assert worker(scan_event(version) if shape == "scan" else notification(version)) == []

    record = cloud.record(version)
    assert (record["objectKey"], record["status"]) == (key, "PROCESSED")
    assert cloud.latest(key) == version.version_id


@pytest.mark.finding("SP-14")
@pytest.mark.parametrize("key", ["../etc/passwd", "a/./b", "bell\u0007.csv", "line\nbreak"])
def test_a_key_that_is_harmful_as_a_path_or_in_a_terminal_is_rejected(
    cloud: Cloud, worker: Invoke, key: str
) -> None:
    version = ObjectVersion(bucket=INTAKE, key=key, version_id="v")

    assert worker(scan_event(version)) == []

    assert cloud.record(version)["reason"] == "INVALID_KEY"


def test_an_old_event_after_a_newer_one_is_recorded_but_never_becomes_the_latest(
    cloud: Cloud, worker: Invoke
) -> None:
    old, new = cloud.upload(body=b"old"), cloud.upload(body=b"new")

    worker(scan_event(new))
    worker(scan_event(old))

    assert cloud.latest() == new.version_id
    assert {cloud.record(old)["status"], cloud.record(new)["status"]} == {"PROCESSED"}


@pytest.mark.finding("SP-13")
@pytest.mark.parametrize("batch_size", [1, 5, 10])
def test_the_same_event_ten_times_is_recorded_and_counted_once(
    cloud: Cloud, worker: Invoke, metrics: Metrics, batch_size: int
) -> None:
    version = cloud.upload()

    for _ in range(10 // batch_size):
        assert worker(*[scan_event(version)] * batch_size) == []

    assert len(cloud.records()) == 1
    assert metrics() == {"ObjectsProcessed": 1, "ObjectBytes": 8}


@pytest.mark.finding("SP-13")
def test_a_repeat_after_the_memory_of_the_first_has_expired_changes_nothing(
    cloud: Cloud, worker: Invoke, metrics: Metrics
) -> None:
    version = cloud.upload()
    worker(scan_event(version))
    before = cloud.items()
    cloud.forget_finished_work()
    metrics()

    assert worker(scan_event(version)) == []

    assert cloud.items() == before
    assert metrics() == {}


@pytest.mark.finding("CC-REL-4")
def test_only_the_failed_messages_of_a_batch_return_to_the_queue(cloud: Cloud, worker: Invoke) -> None:
    first, second = cloud.upload("1.csv"), cloud.upload("2.csv")

    assert worker(scan_event(first), "garbage", scan_event(second)) == ["message-1"]

    assert {record["objectKey"] for record in cloud.records()} == {"1.csv", "2.csv"}


@pytest.mark.parametrize("status", ["UNSUPPORTED", "ACCESS_DENIED", "FAILED", "SOME_FUTURE_STATUS"])
def test_a_scan_without_result_is_recorded_and_counted_and_the_object_stays_unread(
    cloud: Cloud, worker: Invoke, metrics: Metrics, status: str
) -> None:
    version = cloud.upload()

    assert worker(scan_event(version, status), scan_event(version, status)) == []

    record = cloud.record(version)
    assert (record["status"], record["reason"]) == ("UNSCANNED", f"SCAN_{status}")
    assert "sha256" not in record
    assert cloud.latest() is None
    assert metrics() == {"ScansIncomplete": 1}


def test_a_later_scan_that_succeeds_replaces_the_record_of_the_one_that_did_not(
    cloud: Cloud, worker: Invoke
) -> None:
    version = cloud.upload()

    worker(scan_event(version, "FAILED"))
    worker(scan_event(version))
    worker(scan_event(version, "FAILED"))

    assert cloud.record(version)["status"] == "PROCESSED"
    assert cloud.latest() == version.version_id


def test_a_scan_event_that_found_threats_is_not_acknowledged_by_the_worker(
    cloud: Cloud, worker: Invoke, metrics: Metrics
) -> None:
    assert worker(scan_event(cloud.upload(), "THREATS_FOUND")) == ["message-0"]

    assert cloud.items() == []
    assert metrics() == {"MalformedEvents": 1}


@pytest.mark.finding("CC-OPS-1", "OP-5.1")
def test_every_log_record_of_an_object_can_be_found_by_correlation_id_bucket_key_and_version(
    cloud: Cloud, worker: Invoke, logs: Logs
) -> None:
    versions = [cloud.upload("1.csv"), cloud.upload("2.csv", b"")]

    worker(*map(scan_event, versions))

    names = ("correlation_id", "bucket", "object_key", "version_id", "function_request_id", "service")
    assert [tuple(entry[name] for name in names) for entry in logs()] == [
        (f"event-of-{v.version_id}", INTAKE, v.key, v.version_id, "request-1", "objects") for v in versions
    ]


@pytest.mark.finding("CC-OPS-1", "OP-5.1")
def test_a_worker_that_dies_has_said_which_messages_it_was_given(
    cloud: Cloud,
    worker: Invoke,
    all_logs: Logs,
    monkeypatch: pytest.MonkeyPatch,
    handlers: dict[str, Any],
) -> None:
    """A dead letter whose worker was killed has no record of its own: its id leads to the dead request."""

    def die(*_: object, **__: object) -> None:
        raise SystemExit

    monkeypatch.setattr(handlers["worker"].domain, "process", die)
    with pytest.raises(SystemExit):
        worker(scan_event(cloud.upload("1.csv")), scan_event(cloud.upload("2.csv")))

    (entry,) = all_logs()
    assert entry["message"] == "Received"
    assert entry["message_ids"] == ["message-0", "message-1"]
    assert entry["function_request_id"] == "request-1"


def test_what_an_object_holds_is_never_logged(cloud: Cloud, worker: Invoke, logs: Logs) -> None:
    worker(
        scan_event(cloud.upload(body=b"a secret")), scan_event(cloud.upload("b", b"a secret", "image/png"))
    )

    assert len(logs()) == 2
    assert "a secret" not in json.dumps(logs())


def test_an_item_that_the_remaining_time_may_not_suffice_for_returns_to_the_queue_untouched(
    cloud: Cloud, worker: Invoke, metrics: Metrics, logs: Logs
) -> None:
    version = cloud.upload()

    assert worker(scan_event(version), context=Context(milliseconds=14_999)) == ["message-0"]

    assert cloud.items() == cloud.items(IDEMPOTENCY) == []
    assert "15 s are needed" in logs()[0]["cause"]
    assert metrics() == {"TransientFailures": 1}
    assert worker(scan_event(version), context=Context(milliseconds=15_000)) == []


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> datetime:
    """The moment at which idempotency's clock stands still."""
    now = datetime.now(UTC).replace(microsecond=0)
    clock = SimpleNamespace(datetime=SimpleNamespace(now=lambda: now), timedelta=timedelta)
    for module in ("base", "dynamodb"):
        monkeypatch.setattr(f"aws_lambda_powertools.utilities.idempotency.persistence.{module}.dt", clock)
    return now


def test_work_in_progress_elsewhere_is_left_alone_until_its_invocation_must_have_ended(
    cloud: Cloud,
    worker: Invoke,
    monkeypatch: pytest.MonkeyPatch,
    handlers: dict[str, Any],
    now: datetime,
) -> None:
    version, context = cloud.upload(), Context(milliseconds=41_000)
    seen: list[list[str]] = []
    original = handlers["worker"]._process

    def process_while_a_duplicate_arrives(*arguments: Any) -> None:
        monkeypatch.setattr(handlers["worker"], "_process", original)
        seen.append(worker(scan_event(version)))
        raise KeyboardInterrupt  # the invocation is killed half-way

    monkeypatch.setattr(handlers["worker"], "_process", process_while_a_duplicate_arrives)
    with pytest.raises(KeyboardInterrupt):
        worker(scan_event(version), context=context)

    assert seen == [["message-0"]]
    (state,) = cloud.items(IDEMPOTENCY)
    assert int(state["in_progress_expiration"]) == now.timestamp() * 1000 + context.milliseconds
    assert cloud.records() == []
    assert worker(scan_event(version)) == ["message-0"]
    cloud.pass_visibility_timeout()
    assert worker(scan_event(version)) == []
    assert cloud.record(version)["status"] == "PROCESSED"


def test_a_defect_of_the_function_keeps_the_message_and_shows_in_logs_and_metrics(
    cloud: Cloud,
    worker: Invoke,
    logs: Logs,
    metrics: Metrics,
    monkeypatch: pytest.MonkeyPatch,
    handlers: dict[str, Any],
) -> None:
    version = cloud.upload()
    with monkeypatch.context() as patch:
        patch.setattr(handlers["worker"].domain, "process", lambda *_, **__: 1 / 0)
        assert worker(scan_event(version)) == ["message-0"]

    assert "ZeroDivisionError" in logs()[0]["exception"]
    assert metrics() == {"TransientFailures": 1}
    assert worker(scan_event(version)) == []
