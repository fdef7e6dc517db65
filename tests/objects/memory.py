"""The domain's ports in memory; a test holds them to the behaviour of those on AWS."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from common.errors import PermanentError, TransientError
from objects.models import ObjectHead, ObjectVersion, Pointer, Reason, Record
from objects.quarantine import Notice
from tests.objects.messages import INTAKE, QUARANTINE

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Stored:
    """A version in memory."""

    version: ObjectVersion
    head: ObjectHead
    body: bytes
    tag: str | None


@dataclass
class FakeIntake:
    """The intake in memory; versions are kept in the order in which they were put."""

    stored: list[Stored] = field(default_factory=list)

    def upload(
        self,
        key: str = "a.csv",
        body: bytes = b"a,b\n1,2\n",
        content_type: str = "text/csv",
        *,
        tag: str | None = None,
        at: datetime = NOON,
    ) -> ObjectVersion:
        version = ObjectVersion(bucket=INTAKE, key=key, version_id=f"v{len(self.stored)}")
        head = ObjectHead(size=len(body), content_type=content_type, etag="etag", last_modified=at)
        self.stored.append(Stored(version=version, head=head, body=body, tag=tag))
        return version

    def delete(self, version: ObjectVersion) -> None:
        self.stored = [stored for stored in self.stored if stored.version != version]

    def resize(self, version: ObjectVersion, size: int) -> None:
        """Let the headers of *version* claim *size* bytes."""
        self.stored = [
            replace(s, head=replace(s.head, size=size)) if s.version == version else s for s in self.stored
        ]

    def head(self, version: ObjectVersion) -> ObjectHead:
        return self._find(version).head

    def chunks(self, version: ObjectVersion) -> Iterator[bytes]:
        body = self._find(version).body
        for start in range(0, len(body), 3):
            yield body[start : start + 3]

    def scan_status(self, version: ObjectVersion) -> str:
        if (tag := self._find(version).tag) is None:
            raise TransientError("not scanned")
        return tag

    def versions(self, version: ObjectVersion) -> Iterator[str]:
        for stored in reversed(self.stored):
            if stored.version.object_id == version.object_id:
                yield stored.version.version_id

    def _find(self, version: ObjectVersion) -> Stored:
        for stored in self.stored:
            if stored.version == version:
                return stored
        raise PermanentError(Reason.MISSING, f"{version} does not exist")


@dataclass
class FakeRecords:
    """The table in memory; `writes` tells every write that took place."""

    records: dict[ObjectVersion, Record] = field(default_factory=dict)
    pointers: dict[str, Pointer] = field(default_factory=dict)
    writes: list[Record | Pointer] = field(default_factory=list)

    def put(self, record: Record) -> Record:
        standing = self.records.get(record.version)
        if standing is None or standing.status in record.status.overrules:
            self.records[record.version] = record
            self.writes.append(record)
        return self.records[record.version]

    def swap_latest(self, version: ObjectVersion, pointer: Pointer, *, expected: Pointer | None) -> Pointer:
        standing = self.pointers.get(version.object_id)
        if standing is None or (expected and standing.latest_version_id == expected.latest_version_id):
            self.pointers[version.object_id] = pointer
            self.writes.append(pointer)
        return self.pointers[version.object_id]


@dataclass
class FakeQuarantine:
    """The quarantine in memory."""

    intake: FakeIntake
    copies: set[str] = field(default_factory=set)
    notices: list[Notice] = field(default_factory=list)

    def location(self, version: ObjectVersion) -> str:
        return f"s3://{QUARANTINE}/{version.identity}"

    def copy(self, version: ObjectVersion) -> None:
        self.intake.head(version)
        self.copies.add(self.location(version))

    def delete_original(self, version: ObjectVersion) -> None:
        self.intake.delete(version)

    def publish(self, notice: Notice) -> None:
        self.notices.append(notice)
