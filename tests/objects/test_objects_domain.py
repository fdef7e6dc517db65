"""The rules, on stores in memory: what is accepted, what stands recorded, which version is the latest."""

import hashlib
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import TransientError
from objects.domain import POINTER_ROUNDS, Limits, Origin, process, record_unscanned
from objects.models import ObjectVersion, Pointer, Record, Status
from objects.quarantine import isolate
from tests.objects.memory import NOON, FakeIntake, FakeQuarantine, FakeRecords
from tests.objects.messages import INTAKE

LIMITS = Limits(max_bytes=10, content_types=frozenset({"text/csv"}))


@dataclass
class System:
    """The rules on their ports in memory; each call is an invocation, a second after the last."""

    intake: FakeIntake = field(default_factory=FakeIntake)
    records: FakeRecords = field(default_factory=FakeRecords)
    calls: int = 0

    def process(self, version: ObjectVersion) -> Record:
        return process(version, limits=LIMITS, origin=self.origin(), intake=self.intake, records=self.records)

    def isolate(self, version: ObjectVersion) -> Record:
        return isolate(
            version,
            ("EICAR",),
            origin=self.origin(),
            intake=self.intake,
            records=self.records,
            quarantine=FakeQuarantine(self.intake),
        )

    def record_unscanned(self, version: ObjectVersion) -> Record:
        return record_unscanned(version, "FAILED", origin=self.origin(), records=self.records)

    def origin(self) -> Origin:
        self.calls += 1
        at = NOON + timedelta(hours=1, seconds=self.calls)
        return Origin(request_id=f"request-{self.calls}", correlation_id="event-1", at=at)

    def latest(self) -> str | None:
        pointer = self.records.pointers.get(f"{INTAKE}#a.csv")
        return pointer.latest_version_id if pointer else None


def test_a_clean_version_is_recorded_and_becomes_the_latest() -> None:
    system = System()
    version = system.intake.upload(body=b"0123456789", content_type="Text/CSV; charset=utf-8")

    standing = system.process(version)

    assert (
        system.records.writes[0]
        == standing
        == Record(
            bucket=INTAKE,
            object_key="a.csv",
            version_id="v0",
            status=Status.PROCESSED,
            size=10,
            content_type="Text/CSV; charset=utf-8",
            etag="etag",
            sha256=hashlib.sha256(b"0123456789").hexdigest(),
            last_modified=NOON,
            processed_at=NOON + timedelta(hours=1, seconds=1),
            request_id="request-1",
            correlation_id="event-1",
        )
    )
    assert system.records.pointers == {
        f"{INTAKE}#a.csv": Pointer(latest_version_id="v0", last_modified=NOON, status=Status.PROCESSED)
    }


@pytest.mark.finding("CC-REL-4", "SP-13", "SP-14")
@pytest.mark.parametrize(
    ("body", "content_type", "reason"),
    [
        (b"", "text/csv", "EMPTY"),
        (b"0123456789+", "text/csv", "TOO_LARGE"),
        (b"x", "text/html", "CONTENT_TYPE"),
        (b"x", "", "CONTENT_TYPE"),
        (b"x", "text/csvx", "CONTENT_TYPE"),
    ],
)
def test_a_version_that_is_not_accepted_is_recorded_once_and_never_the_latest(
    body: bytes, content_type: str, reason: str
) -> None:
    system = System()
    version = system.intake.upload(body=body, content_type=content_type)

    first, second = system.process(version), system.process(version)

    assert first == second
    assert system.records.writes == [first]
    assert (first.status, first.reason, first.request_id) == (Status.REJECTED, reason, "request-1")
    assert system.latest() is None


@pytest.mark.parametrize("claimed", [4, 6])
def test_bytes_that_do_not_add_up_to_the_headers_are_read_again_later(claimed: int) -> None:
    system = System()
    version = system.intake.upload(body=b"12345")
    system.intake.resize(version, claimed)

    with pytest.raises(TransientError, match=f"5 bytes arrived, its headers say {claimed}"):
        system.process(version)

    assert system.records.writes == []


def test_of_two_versions_in_one_second_the_buckets_order_decides() -> None:
    system = System()
    older, newer = system.intake.upload(), system.intake.upload()

    system.process(newer)
    system.process(older)

    assert system.latest() == newer.version_id


def test_a_crash_between_record_and_pointer_is_repaired_by_the_next_delivery() -> None:
    system = System()
    version = system.intake.upload()
    swap = system.records.swap_latest

    def crash(*_: object, **__: object) -> Pointer:
        raise TransientError("throttled")

    system.records.swap_latest = crash  # type: ignore[method-assign]
    with pytest.raises(TransientError):
        system.process(version)
    assert (len(system.records.records), system.latest()) == (1, None)

    system.records.swap_latest = swap  # type: ignore[method-assign]
    assert system.process(version).request_id == "request-1"
    assert (len(system.records.records), system.latest()) == (1, version.version_id)


class Racing(FakeRecords):
    """A table in which other invocations move the pointer just before each of ours."""

    def __init__(self, rivals: list[Pointer]) -> None:
        super().__init__()
        self.rivals = rivals

    def swap_latest(self, version: ObjectVersion, pointer: Pointer, *, expected: Pointer | None) -> Pointer:
        if self.rivals:
            self.pointers[version.object_id] = self.rivals.pop(0)
        return super().swap_latest(version, pointer, expected=expected)


def _rivals(seconds: range) -> list[Pointer]:
    return [
        Pointer(
            latest_version_id=f"rival{s}", last_modified=NOON + timedelta(seconds=s), status=Status.PROCESSED
        )
        for s in seconds
    ]


def test_a_race_for_the_pointer_is_won_by_the_newest_version() -> None:
    system = System(records=Racing(_rivals(range(5))))

    system.process(system.intake.upload(at=NOON + timedelta(seconds=9)))

    assert system.latest() == "v0"


def test_a_race_for_the_pointer_is_left_to_a_newer_version() -> None:
    system = System(records=Racing(_rivals(range(5))))

    system.process(system.intake.upload(at=NOON + timedelta(seconds=3)))

    assert system.latest() == "rival4"


def test_a_race_without_end_returns_the_event_to_the_queue() -> None:
    system = System(records=Racing(_rivals(range(POINTER_ROUNDS))))

    with pytest.raises(TransientError, match="the latest pointer moved 10 times"):
        system.process(system.intake.upload(at=NOON + timedelta(hours=1)))


def test_a_version_that_an_operator_removed_never_replaces_the_latest_of_the_same_second() -> None:
    system = System()
    standing, removed = system.intake.upload(), system.intake.upload()
    system.process(standing)
    system.process(removed)
    system.records.pointers[standing.object_id] = Pointer(
        latest_version_id=standing.version_id, last_modified=NOON, status=Status.PROCESSED
    )
    chunks = system.intake.chunks

    def removed_while_read(version: ObjectVersion) -> object:
        yield from chunks(version)
        system.intake.delete(removed)

    system.intake.chunks = removed_while_read  # type: ignore[method-assign, assignment]
    system.process(removed)

    assert system.latest() == standing.version_id


PLANS = {
    "clean": Status.PROCESSED,
    "clean but empty": Status.REJECTED,
    "scan failed": Status.UNSCANNED,
    "scan failed, then clean": Status.PROCESSED,
    "infected": Status.QUARANTINED,
    "scan failed, then infected": Status.QUARANTINED,
}


@pytest.mark.finding("SP-13")
@given(
    plans=st.lists(st.tuples(st.sampled_from(sorted(PLANS)), st.integers(0, 2)), min_size=1, max_size=6),
    data=st.data(),
)
def test_any_order_and_repetition_of_events_ends_in_the_same_records_and_pointer(
    plans: list[tuple[str, int]], data: st.DataObject
) -> None:
    system = System()
    events: list[tuple[str, ObjectVersion]] = []
    expected: dict[ObjectVersion, Status] = {}
    for plan, second in sorted(plans, key=lambda pair: pair[1]):
        body = b"" if plan == "clean but empty" else b"x"
        version = system.intake.upload(body=body, at=NOON + timedelta(seconds=second))
        expected[version] = PLANS[plan]
        events += [(act, version) for act in ("scan failed", "clean", "infected") if act in plan]
    repeated = events + data.draw(st.lists(st.sampled_from(events), max_size=10))

    for act, version in data.draw(st.permutations(repeated)):
        match act:
            case "scan failed":
                system.record_unscanned(version)
            case "clean":
                system.process(version)
            case _:
                system.isolate(version)

    assert {version: record.status for version, record in system.records.records.items()} == expected
    processed = [version.version_id for version, status in expected.items() if status is Status.PROCESSED]
    assert system.latest() == (processed[-1] if processed else None)


def test_threats_found_by_a_later_scan_overrule_what_was_recorded_and_nothing_overrules_them() -> None:
    system = System()
    version = system.intake.upload()

    standing = [system.process(version), system.isolate(version), system.process(version)]

    assert [record.status for record in standing] == ["PROCESSED", "QUARANTINED", "QUARANTINED"]
    assert standing[1] == standing[2]
    assert system.intake.stored == []
