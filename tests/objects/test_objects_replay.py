"""S3 notifications as operators replay them: URL-encoded keys, several records, the verdict in a tag."""

from collections import Counter
from collections.abc import Callable
from typing import Any
from urllib.parse import quote_plus

import pytest

from objects.models import ObjectVersion
from tests.objects.cloud import Cloud
from tests.objects.messages import INTAKE, Invoke, notification

pytestmark = pytest.mark.filterwarnings("ignore:No application metrics")

Logs = Callable[[], list[dict[str, Any]]]
Metrics = Callable[[], Counter[str]]
NEVER_UPLOADED = ObjectVersion(bucket=INTAKE, key="never.csv", version_id="3HL4kqCxf3vjVBH40Nrjfkd")


def test_a_replayed_notification_is_judged_by_the_scanners_tag(cloud: Cloud, worker: Invoke) -> None:
    clean = cloud.upload("clean.csv", tag="NO_THREATS_FOUND")
    unsupported = cloud.upload("unsupported.csv", tag="UNSUPPORTED")

    assert worker(notification(clean, unsupported)) == []

    assert cloud.record(clean)["status"] == "PROCESSED"
    assert cloud.record(clean)["correlationId"] == "message-0"
    assert cloud.record(unsupported)["reason"] == "SCAN_UNSUPPORTED"


def test_a_replayed_notification_of_an_object_that_is_not_scanned_yet_waits_in_the_queue(
    cloud: Cloud, worker: Invoke, metrics: Metrics
) -> None:
    version = cloud.upload()

    assert worker(notification(version)) == ["message-0"]
    assert cloud.items() == []
    assert metrics() == {"TransientFailures": 1}

    cloud.tag(version, "NO_THREATS_FOUND")
    assert worker(notification(version)) == []
    assert cloud.record(version)["status"] == "PROCESSED"


def test_a_replayed_notification_of_an_infected_object_is_left_to_the_quarantine(
    cloud: Cloud, worker: Invoke, logs: Logs
) -> None:
    version = cloud.upload(tag="THREATS_FOUND")

    assert worker(notification(version)) == []

    assert cloud.items() == []
    assert [entry["message"] for entry in logs()] == ["Infected: left to the quarantine"]


def test_the_records_of_a_notification_stand_for_themselves_and_the_message_waits_for_the_last(
    cloud: Cloud, worker: Invoke
) -> None:
    pending, clean = cloud.upload("pending.csv"), cloud.upload("clean.csv", tag="NO_THREATS_FOUND")

    assert worker(notification(pending, clean)) == ["message-0"]
    assert cloud.record(clean)["status"] == "PROCESSED"

    cloud.tag(pending, "NO_THREATS_FOUND")
    assert worker(notification(pending, clean)) == []
    assert len(cloud.records()) == 2


def test_the_test_event_of_s3_is_acknowledged(
    cloud: Cloud, worker: Invoke, logs: Logs, metrics: Metrics
) -> None:
    event = {"Service": "Amazon S3", "Event": "s3:TestEvent", "Time": "2026-11-21T09:30:00Z"}

    assert worker(event) == []

    assert cloud.items() == []
    assert [entry["message"] for entry in logs()] == ["S3's test event: nothing to do"]
    assert metrics() == {}


def test_a_notification_decodes_plus_and_percent_as_s3_encodes_them(cloud: Cloud, worker: Invoke) -> None:
    version = cloud.upload("a b+c.csv", tag="NO_THREATS_FOUND")
    event = notification(version)
    assert event["Records"][0]["s3"]["object"]["key"] == "a+b%2Bc.csv" == quote_plus("a b+c.csv")

    assert worker(event) == []

    assert cloud.record(version)["objectKey"] == "a b+c.csv"
