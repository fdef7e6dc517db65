"""The ports of the domain on AWS behave like those in memory, and what only AWS can show."""

import zlib
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.deadline import Deadline
from common.errors import PermanentError, TransientError
from objects.domain import Intake, Records
from objects.models import ObjectVersion, Pointer, Record, Status
from objects.store import IntakeBucket, RecordTable
from tests.objects.cloud import Cloud
from tests.objects.memory import NOON, FakeIntake, FakeRecords
from tests.objects.messages import INTAKE, RECORDS


@dataclass
class Ports:
    """The two ports, and how tests put objects behind them."""

    intake: Intake
    records: Records
    bucket: Cloud | FakeIntake


@pytest.fixture(params=["in memory", "on AWS"])
def ports(request: pytest.FixtureRequest) -> Ports:
    if request.param == "in memory":
        fake = FakeIntake()
        return Ports(intake=fake, records=FakeRecords(), bucket=fake)
    cloud = request.getfixturevalue("cloud")
    return Ports(intake=intake_of(cloud), records=table_of(cloud), bucket=cloud)


def intake_of(cloud: Cloud) -> IntakeBucket:
    return IntakeBucket(cloud.s3, Deadline())


def table_of(cloud: Cloud) -> RecordTable:
    return RecordTable(cloud.dynamodb, table=RECORDS, shards=4)


def record(status: Status = Status.PROCESSED, *, request_id: str = "request-1") -> Record:
    return Record(
        bucket=INTAKE,
        object_key="a.csv",
        version_id="v",
        status=status,
        size=3,
        last_modified=NOON,
        processed_at=NOON,
        request_id=request_id,
        correlation_id="event-1",
    )


def test_a_version_is_read_as_it_was_put(ports: Ports) -> None:
    version = ports.bucket.upload("a b+ü.csv", b"0123456789", "text/csv", tag="NO_THREATS_FOUND")
    ports.bucket.upload("a b+ü.csv", b"something newer")

    head = ports.intake.head(version)

    assert (head.size, head.content_type) == (10, "text/csv")
    assert head.last_modified.microsecond == 0
    assert b"".join(ports.intake.chunks(version)) == b"0123456789"
    assert ports.intake.scan_status(version) == "NO_THREATS_FOUND"


def test_reading_a_version_that_does_not_exist_is_a_permanent_error(ports: Ports) -> None:
    ports.bucket.upload()
    gone = ports.bucket.upload()
    ports.bucket.delete(gone)

    for read in (ports.intake.head, ports.intake.scan_status, lambda v: list(ports.intake.chunks(v))):
        with pytest.raises(PermanentError, match="does not exist") as raised:
            read(gone)
        assert raised.value.reason == "MISSING"


def test_a_version_without_the_scanners_tag_is_a_transient_error(ports: Ports) -> None:
    version = ports.bucket.upload()

    with pytest.raises(TransientError):
        ports.intake.scan_status(version)


def test_versions_of_exactly_one_key_are_listed_newest_first(ports: Ports) -> None:
    versions = []
    for number in range(3):
        versions.append(ports.bucket.upload("a b"))
        ports.bucket.upload(f"a b{number}")
        ports.bucket.upload("a")

    assert list(ports.intake.versions(versions[0])) == [v.version_id for v in reversed(versions)]


@pytest.mark.parametrize("second", list(Status))
@pytest.mark.parametrize("first", list(Status))
def test_a_record_stands_until_it_is_overruled(ports: Ports, first: Status, second: Status) -> None:
    original, later = record(first), record(second, request_id="request-2")

    assert ports.records.put(original) == original
    standing = ports.records.put(later)

    assert standing == (later if first in second.overrules else original)
    assert ports.records.put(standing) == standing


def test_statuses_overrule_each_other_one_way_only() -> None:
    pairs = {(winner, loser) for winner in Status for loser in winner.overrules}

    assert not {(loser, winner) for winner, loser in pairs} & pairs
    assert pairs >= set(pairwise([Status.QUARANTINED, Status.PROCESSED, Status.UNSCANNED]))


def test_the_pointer_is_swapped_only_for_the_expected_one(ports: Ports) -> None:
    version = ObjectVersion(bucket=INTAKE, key="a.csv", version_id="v1")
    one, two, three = (
        Pointer(latest_version_id=name, last_modified=NOON + timedelta(seconds=n), status=Status.PROCESSED)
        for n, name in enumerate(["v1", "v2", "v3"])
    )

    assert ports.records.swap_latest(version, one, expected=two) == one
    assert ports.records.swap_latest(version, two, expected=None) == one
    assert ports.records.swap_latest(version, two, expected=three) == one
    assert ports.records.swap_latest(version, two, expected=one) == two


def test_the_table_holds_key_index_shard_and_pointer_as_documented(cloud: Cloud) -> None:
    table = table_of(cloud)
    pointer = Pointer(latest_version_id="v", last_modified=NOON, status=Status.PROCESSED)

    table.put(record())
    table.swap_latest(record().version, pointer, expected=None)

    assert sorted(cloud.items(), key=lambda item: item["versionId"]) == [
        {
            "objectId": f"{INTAKE}#a.csv",
            "versionId": "#latest",
            "latestVersionId": "v",
            "lastModified": "2026-11-21T12:00:00.000Z",
            "status": "PROCESSED",
        },
        {
            "objectId": f"{INTAKE}#a.csv",
            "versionId": "v",
            "bucket": INTAKE,
            "objectKey": "a.csv",
            "status": "PROCESSED",
            "size": "3",
            "lastModified": "2026-11-21T12:00:00.000Z",
            "processedAt": "2026-11-21T12:00:00.000Z",
            "dayShard": f"2026-11-21#{zlib.crc32(f'{INTAKE}#a.csv#v'.encode()) % 4}",
            "requestId": "request-1",
            "correlationId": "event-1",
        },
    ]


def _deny_reading(cloud: Cloud) -> None:
    """Let every read of the intake's objects be refused, as it is while they are not tagged clean.

    The emulator derives the names of actions from the HTTP methods.
    """
    policy = (
        '{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", '
        f'"Action": ["s3:GetObject", "s3:HeadObject"], "Resource": "arn:aws:s3:::{INTAKE}/*"}}]}}'
    )
    cloud.s3.put_bucket_policy(Bucket=INTAKE, Policy=policy)


def test_a_refused_read_is_transient_if_the_version_exists_and_permanent_if_not(cloud: Cloud) -> None:
    unreadable, gone = cloud.upload(), cloud.upload()
    cloud.delete(gone)
    _deny_reading(cloud)
    intake = intake_of(cloud)

    for read in (intake.head, lambda version: list(intake.chunks(version))):
        with pytest.raises(TransientError, match=r"403|AccessDenied"):
            read(unreadable)
        with pytest.raises(PermanentError, match="does not exist"):
            read(gone)


def test_a_delete_marker_on_top_does_not_hide_a_version_and_is_none_itself(cloud: Cloud) -> None:
    version = cloud.upload()
    marker = cloud.s3.delete_object(Bucket=INTAKE, Key=version.key)["VersionId"]
    intake = intake_of(cloud)

    assert intake.head(version).size == 8
    assert list(intake.versions(version)) == [version.version_id]
    with pytest.raises(PermanentError, match="does not exist"):
        intake.head(ObjectVersion(bucket=INTAKE, key=version.key, version_id=marker))


def test_versions_are_found_on_any_page(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "2")
    versions = [cloud.upload("a b+c") for _ in range(5)]
    for number in range(3):
        cloud.upload(f"a b+c{number}")

    assert list(intake_of(cloud).versions(versions[0])) == [v.version_id for v in reversed(versions)]


def test_listing_stops_at_the_first_longer_key(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "2")
    version = cloud.upload("a")
    for number in range(10):
        cloud.upload(f"a{number}")
    pages = []
    cloud.s3.meta.events.register(
        "after-call.s3.ListObjectVersions", count := lambda **_: pages.append(1), unique_id="count"
    )

    assert list(intake_of(cloud).versions(version)) == [version.version_id]

    cloud.s3.meta.events.unregister("after-call.s3.ListObjectVersions", count, unique_id="count")
    assert pages == [1]


keys = (
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=300)
    .map(lambda key: key.encode()[:1024].decode(errors="ignore"))
    .filter(bool)
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(key=st.one_of(keys, st.text("a +%/ü🙂", min_size=1, max_size=256)))
def test_any_key_of_s3_fits_the_table_and_is_read_back(cloud: Cloud, key: str) -> None:
    table = table_of(cloud)
    written = record().model_copy(update={"object_key": key, "version_id": "v" * 32})

    table.put(written)

    repeated = written.model_copy(update={"request_id": "request-2"})
    assert table.put(repeated) == written
