"""The quarantine: where infected versions go, what is recorded and who is told, whatever interrupts it."""

import base64
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from common.errors import TransientError
from objects.domain import Origin
from objects.models import ObjectVersion, Record, Status
from objects.quarantine import LARGEST_COPY_BYTES, State, isolate
from tests.objects.cloud import Cloud
from tests.objects.memory import NOON, FakeIntake, FakeQuarantine, FakeRecords
from tests.objects.messages import INTAKE, QUARANTINE, Invoke, notification, scan_event

pytestmark = pytest.mark.filterwarnings("ignore:No application metrics")

Logs = Callable[[], list[dict[str, Any]]]
Metrics = Callable[[], Counter[str]]
EICAR = "EICAR-Test-File (not a virus)"


def infected(version: ObjectVersion) -> dict[str, Any]:
    return scan_event(version, "THREATS_FOUND", threats=(EICAR,))


@pytest.mark.finding("CC-SEC-6")
def test_an_infected_version_is_moved_recorded_and_reported_once(
    cloud: Cloud, quarantine: Invoke, metrics: Metrics
) -> None:
    clean, version = cloud.upload(body=b"clean"), cloud.upload(body=b"infected")

    assert quarantine(infected(version), infected(version)) == []
    assert quarantine(infected(version)) == []

    (copy,) = cloud.versions_in(QUARANTINE)
    record = cloud.record(version)
    assert (record["status"], record["reason"]) == ("QUARANTINED", "MALWARE")
    assert record["cause"] == f"{EICAR}; moved to s3://{QUARANTINE}/{copy}"
    assert "sha256" not in record
    remaining = cloud.s3.list_object_versions(Bucket=INTAKE)["Versions"]
    assert [entry["VersionId"] for entry in remaining] == [clean.version_id]
    assert metrics() == {"ObjectsQuarantined": 1}
    (notice,) = cloud.notices()
    assert notice["Subject"] == f"Malware in {INTAKE}"
    assert json.loads(notice["Message"]) == {
        "id": copy,
        "event": "QUARANTINED",
        "bucket": INTAKE,
        "key": "a.csv",
        "versionId": version.version_id,
        "threats": [EICAR],
        "state": "moved to quarantine",
        "location": f"s3://{QUARANTINE}/{copy}",
        "correlationId": f"event-of-{version.version_id}",
    }
    assert {name: attribute["Value"] for name, attribute in notice["MessageAttributes"].items()} == {
        "event": "QUARANTINED",
        "bucket": INTAKE,
        "versionId": version.version_id,
    }


def test_two_infected_versions_of_one_key_are_kept_apart(cloud: Cloud, quarantine: Invoke) -> None:
    versions = [cloud.upload(body=b"one"), cloud.upload(body=b"two")]

    assert quarantine(*map(infected, versions)) == []

    copies = [cloud.s3.get_object(Bucket=QUARANTINE, Key=key) for key in cloud.versions_in(QUARANTINE)]
    assert {copy["Metadata"]["origin-version"]: copy["Body"].read() for copy in copies} == {
        versions[0].version_id: b"one",
        versions[1].version_id: b"two",
    }


def test_a_version_that_was_processed_is_quarantined_when_a_later_scan_finds_threats(
    cloud: Cloud, worker: Invoke, quarantine: Invoke
) -> None:
    version = cloud.upload()

    assert worker(scan_event(version)) == quarantine(infected(version)) == []

    assert cloud.record(version)["status"] == "QUARANTINED"
    assert cloud.versions_in(INTAKE) == []


@pytest.mark.parametrize("key", ["ü" * 512, "x" * 1024, "a b+c/🙂.csv"])
def test_a_copy_says_where_it_comes_from_and_nothing_of_what_the_uploader_said(
    cloud: Cloud, quarantine: Invoke, key: str
) -> None:
    version = cloud.upload(key, b"infected", "text/html", tag="THREATS_FOUND")

    assert quarantine(infected(version)) == []

    (copy,) = cloud.versions_in(QUARANTINE)
    head = cloud.s3.head_object(Bucket=QUARANTINE, Key=copy)
    assert head["ContentType"] == "application/octet-stream"
    assert base64.urlsafe_b64decode(head["Metadata"]["origin-key-base64"]).decode() == key
    assert head["Metadata"]["origin-bucket"] == INTAKE
    assert head["Metadata"]["origin-version"] == version.version_id
    assert sum(len(name) + len(value) for name, value in head["Metadata"].items()) <= 2048
    tags = cloud.s3.get_object_tagging(Bucket=QUARANTINE, Key=copy)["TagSet"]
    assert tags == [{"Key": "ScanStatus", "Value": "THREATS_FOUND"}]
    assert cloud.s3.get_object(Bucket=QUARANTINE, Key=copy)["Body"].read() == b"infected"


def test_an_infected_version_that_somebody_deleted_first_is_recorded_as_missing_and_reported(
    cloud: Cloud, quarantine: Invoke, metrics: Metrics
) -> None:
    version = cloud.upload()
    cloud.delete(version)

    assert quarantine(infected(version)) == []

    record = cloud.record(version)
    assert (record["status"], record["reason"]) == ("REJECTED", "MISSING")
    assert record["cause"] == f"{EICAR}; {version} does not exist"
    (notice,) = cloud.notices()
    message = json.loads(notice["Message"])
    assert (message["event"], message["threats"]) == ("REJECTED", [EICAR])
    assert message["state"] == "deleted by somebody before the quarantine came"
    assert message["location"] == f"s3://{INTAKE}/a.csv"
    assert notice["MessageAttributes"]["event"]["Value"] == "REJECTED"
    assert metrics() == {"ObjectsRejected": 1}


def test_only_the_infected_version_leaves_when_its_key_was_deleted_and_uploaded_again(
    cloud: Cloud, quarantine: Invoke
) -> None:
    version = cloud.upload(body=b"infected")
    cloud.s3.delete_object(Bucket=INTAKE, Key=version.key)

    assert quarantine(infected(version)) == []

    listed = cloud.s3.list_object_versions(Bucket=INTAKE)
    assert "Versions" not in listed
    assert len(listed["DeleteMarkers"]) == 1
    assert len(cloud.versions_in(QUARANTINE)) == 1


@pytest.mark.parametrize("status", ["NO_THREATS_FOUND", "UNSUPPORTED"])
def test_nothing_but_infected_objects_is_accepted(
    cloud: Cloud, quarantine: Invoke, metrics: Metrics, status: str
) -> None:
    version = cloud.upload(tag="THREATS_FOUND")

    assert quarantine(scan_event(version, status), notification(version), "{") == [
        "message-0",
        "message-1",
        "message-2",
    ]

    assert cloud.versions_in(INTAKE) == ["a.csv"]
    assert cloud.items() == []
    assert metrics() == {"MalformedEvents": 3}


@pytest.mark.finding("CC-OPS-1", "OP-5.1")
def test_log_records_tell_the_object_and_its_correlation_id(
    cloud: Cloud, quarantine: Invoke, logs: Logs
) -> None:
    version = cloud.upload()

    quarantine(infected(version))

    (entry,) = logs()
    assert (entry["correlation_id"], entry["bucket"], entry["object_key"], entry["version_id"]) == (
        f"event-of-{version.version_id}",
        INTAKE,
        "a.csv",
        version.version_id,
    )


@dataclass
class System:
    """The rules on their ports in memory."""

    intake: FakeIntake = field(default_factory=FakeIntake)
    records: FakeRecords = field(default_factory=FakeRecords)

    def __post_init__(self) -> None:
        self.quarantine = FakeQuarantine(self.intake)

    def isolate(self, version: ObjectVersion, request_id: str = "request-1") -> Record:
        return isolate(
            version,
            (EICAR,),
            origin=Origin(request_id=request_id, correlation_id="event-1", at=NOON),
            intake=self.intake,
            records=self.records,
            quarantine=self.quarantine,
        )


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("step", ["head", "copy", "put", "delete_original", "publish"])
def test_a_crash_at_any_step_is_completed_by_the_next_delivery(step: str, moment: str) -> None:
    system = System()
    version = system.intake.upload()
    ports: list[object] = [system.intake, system.records, system.quarantine]
    port = next(port for port in ports if hasattr(port, step))
    original = getattr(port, step)

    def crash(*arguments: object) -> None:
        if moment == "after":
            original(*arguments)
        raise TransientError("killed")

    setattr(port, step, crash)
    with pytest.raises(TransientError):
        system.isolate(version)
    setattr(port, step, original)
    standing = system.isolate(version, request_id="request-2")

    assert standing.status is Status.QUARANTINED
    assert system.records.writes == [standing]
    assert system.quarantine.copies == {system.quarantine.location(version)}
    assert system.intake.stored == []
    # A notice whose sender died before it could say so is sent again, recognisably the same.
    assert len(system.quarantine.notices) == (2 if (step, moment) == ("publish", "after") else 1)
    assert len({notice.location for notice in system.quarantine.notices}) == 1


def test_what_one_copy_cannot_take_stays_in_place_and_the_notice_says_so() -> None:
    system = System()
    version = system.intake.upload()
    system.intake.resize(version, LARGEST_COPY_BYTES + 1)

    standing = system.isolate(version)

    assert standing.reason == "TOO_LARGE_TO_MOVE"
    assert "left in place" in (standing.cause or "")
    assert [stored.version for stored in system.intake.stored] == [version]
    assert system.quarantine.copies == set()
    (notice,) = system.quarantine.notices
    assert (notice.state, notice.location) == (State.LEFT, f"s3://{INTAKE}/a.csv")


def test_a_version_that_was_processed_and_deleted_is_reported_as_gone() -> None:
    system = System()
    version = system.intake.upload()
    processed = Record(
        bucket=version.bucket,
        object_key=version.key,
        version_id=version.version_id,
        status=Status.PROCESSED,
        processed_at=NOON,
        request_id="request-0",
        correlation_id="event-0",
    )
    system.records.put(processed)
    system.intake.delete(version)

    assert system.isolate(version) == processed

    (notice,) = system.quarantine.notices
    assert (notice.state, notice.threats) == (State.GONE, (EICAR,))


@pytest.mark.parametrize(("step", "moment"), [("put", "after"), ("publish", "before")])
def test_the_notice_of_a_version_that_is_gone_survives_a_crash(step: str, moment: str) -> None:
    system = System()
    version = system.intake.upload()
    system.intake.delete(version)
    port: object = system.records if step == "put" else system.quarantine
    original = getattr(port, step)

    def crash(*arguments: object) -> None:
        if moment == "after":
            original(*arguments)
        raise TransientError("killed")

    setattr(port, step, crash)
    with pytest.raises(TransientError):
        system.isolate(version)
    setattr(port, step, original)
    system.isolate(version, request_id="request-2")

    assert [notice.state for notice in system.quarantine.notices] == [State.GONE]


def test_the_largest_version_that_one_copy_takes_is_moved() -> None:
    system = System()
    version = system.intake.upload()
    system.intake.resize(version, LARGEST_COPY_BYTES)

    assert system.isolate(version).reason == "MALWARE"
    assert system.intake.stored == []
