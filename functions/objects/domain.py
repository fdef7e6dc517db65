"""The rules of the object processor: what is accepted, what is recorded, which version is the latest."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from common.errors import PermanentError, TransientError
from objects.models import ObjectHead, ObjectVersion, Pointer, Reason, Record, Status

# Each round lost means that another invocation moved the pointer of the same object in between.
POINTER_ROUNDS = 10


class Intake(Protocol):
    """Where objects arrive; reading a version that does not exist is a `PermanentError`, MISSING."""

    def head(self, version: ObjectVersion) -> ObjectHead:
        """Return the version's headers."""

    def chunks(self, version: ObjectVersion) -> Iterator[bytes]:
        """Yield the version's bytes in pieces of bounded size."""

    def scan_status(self, version: ObjectVersion) -> str:
        """Return what the scanner's tag says; a version without the tag is a `TransientError`."""

    def versions(self, version: ObjectVersion) -> Iterator[str]:
        """Yield the version ids of the same key, newest first."""


class Records(Protocol):
    """The table of records and latest pointers."""

    def put(self, record: Record) -> Record:
        """Write *record* unless one stands that it does not overrule; return the one that now stands."""

    def swap_latest(self, version: ObjectVersion, pointer: Pointer, *, expected: Pointer | None) -> Pointer:
        """Point to *pointer* if *expected* stands, or none; return the pointer that now stands."""


@dataclass(frozen=True, kw_only=True)
class Origin:
    """What a record is traced by: the invocation, the event, and when."""

    request_id: str
    correlation_id: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What is accepted: at most `max_bytes`, and media types in lower case without parameters."""

    max_bytes: int
    content_types: frozenset[str]


def process(
    version: ObjectVersion, *, limits: Limits, origin: Origin, intake: Intake, records: Records
) -> Record:
    """Record a clean version as processed or rejected, and let it become its object's latest if it is.

    Returns the record that stands, which an earlier event may have brought about.

    Raises
    ------
    TransientError
        Nothing, or not all, is written yet; doing it again completes it.
    """
    head: ObjectHead | None = None
    try:
        _check_key(version.key)
        head = intake.head(version)
        _check_content(head, limits)
        digest = _sha256(version, head, intake)
    except PermanentError as error:
        return reject(version, error, origin=origin, records=records, head=head)
    standing = keep(
        version, Status.PROCESSED, origin=origin, records=records, head=head, details={"sha256": digest}
    )
    # Also when the record stood already: the invocation that wrote it may have died before this line.
    if standing.status is Status.PROCESSED:
        _advance_latest(standing, intake, records)
    return standing


def reject(
    version: ObjectVersion,
    error: PermanentError,
    *,
    origin: Origin,
    records: Records,
    head: ObjectHead | None = None,
) -> Record:
    """Record that *version* will never be processed, and why."""
    why = {"reason": error.reason, "cause": str(error)}
    return keep(version, Status.REJECTED, origin=origin, records=records, head=head, details=why)


def record_unscanned(version: ObjectVersion, verdict: str, *, origin: Origin, records: Records) -> Record:
    """Record that the scan ended without a result, with the scanner's *verdict* in the reason."""
    why = {
        "reason": f"SCAN_{verdict}",
        "cause": f"the malware scan ended with {verdict}; the object stays unread",
    }
    return keep(version, Status.UNSCANNED, origin=origin, records=records, details=why)


def keep(
    version: ObjectVersion,
    status: Status,
    *,
    origin: Origin,
    records: Records,
    head: ObjectHead | None = None,
    details: dict[str, Any],
) -> Record:
    """Write the record of *version* unless one stands that it does not overrule; return what stands."""
    record = Record(
        bucket=version.bucket,
        object_key=version.key,
        version_id=version.version_id,
        status=status,
        processed_at=origin.at,
        request_id=origin.request_id,
        correlation_id=origin.correlation_id,
        **details,
        **(vars(head) if head else {}),
    )
    return records.put(record)


def _check_key(key: str) -> None:
    """Refuse keys that are harmful as a path or in a terminal; what S3 itself refuses never gets here."""
    if any(ord(character) < 0x20 or ord(character) == 0x7F for character in key):
        raise PermanentError(
            Reason.INVALID_KEY, "the key has control characters; upload it under another key"
        )
    if any(segment in {".", ".."} for segment in key.split("/")):
        raise PermanentError(
            Reason.INVALID_KEY, "the key has a '.' or '..' segment; upload it under another key"
        )


def _check_content(head: ObjectHead, limits: Limits) -> None:
    if head.size == 0:
        raise PermanentError(Reason.EMPTY, "the object has 0 bytes, at least 1 is needed")
    if head.size > limits.max_bytes:
        raise PermanentError(Reason.TOO_LARGE, f"the object has {head.size} bytes, limit {limits.max_bytes}")
    media_type = head.content_type.split(";")[0].strip().lower()
    if media_type not in limits.content_types:
        accepted = ", ".join(sorted(limits.content_types))
        raise PermanentError(Reason.CONTENT_TYPE, f"content type {media_type!r} is not one of {accepted}")


def _sha256(version: ObjectVersion, head: ObjectHead, intake: Intake) -> str:
    digest, size = hashlib.sha256(), 0
    for chunk in intake.chunks(version):
        digest.update(chunk)
        size += len(chunk)
    if size != head.size:
        raise TransientError(f"{version}: {size} bytes arrived, its headers say {head.size}")
    return digest.hexdigest()


def _advance_latest(record: Record, intake: Intake, records: Records) -> None:
    """Point to *record* unless a newer version is pointed to, however events were ordered or repeated."""
    if record.last_modified is None:
        raise TypeError(f"the processed record of {record.version} has no lastModified")
    candidate = Pointer(
        latest_version_id=record.version_id, last_modified=record.last_modified, status=record.status
    )
    expected: Pointer | None = None
    for _ in range(POINTER_ROUNDS):
        standing = records.swap_latest(record.version, candidate, expected=expected)
        if not _is_newer(candidate, standing, record.version, intake):
            return
        expected = standing
    raise TransientError(f"{record.version}: the latest pointer moved {POINTER_ROUNDS} times in between")


def _is_newer(candidate: Pointer, standing: Pointer, version: ObjectVersion, intake: Intake) -> bool:
    if candidate.latest_version_id == standing.latest_version_id:
        return False
    if candidate.last_modified != standing.last_modified:
        return candidate.last_modified > standing.last_modified
    # LastModified is to the second; within one, the bucket's own order decides, whichever is found first.
    for version_id in intake.versions(version):
        if version_id in (candidate.latest_version_id, standing.latest_version_id):
            return version_id == candidate.latest_version_id
    return False
