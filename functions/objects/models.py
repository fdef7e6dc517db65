"""What is known of an object version and what is recorded about it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, PlainSerializer
from pydantic.alias_generators import to_camel


@dataclass(frozen=True, kw_only=True)
class ObjectVersion:
    """One version of an object; a version id is never used again."""

    bucket: str
    key: str
    version_id: str

    @property
    def object_id(self) -> str:
        """The object's identity in tables, at most 63 + 1 + 1,024 bytes."""
        return f"{self.bucket}#{self.key}"

    @property
    def identity(self) -> str:
        """The version's identity: what is done once is done once per identity."""
        return f"{self.object_id}#{self.version_id}"

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key} version {self.version_id}"


@dataclass(frozen=True, kw_only=True)
class ObjectHead:
    """What a version's headers say; `size` in bytes, `last_modified` to the second."""

    size: int
    content_type: str
    etag: str
    last_modified: datetime


class Status(StrEnum):
    """What became of a version."""

    UNSCANNED = "UNSCANNED"
    PROCESSED = "PROCESSED"
    REJECTED = "REJECTED"
    QUARANTINED = "QUARANTINED"

    @property
    def overrules(self) -> "tuple[Status, ...]":
        """The statuses that this one may replace in a version's record.

        A scan that failed may be repeated, and a later scan may know a threat that an earlier one did not.
        Since the replacement goes one way only, the order of events makes no difference to what finally
        stands.
        """
        match self:
            case Status.UNSCANNED:
                return ()
            case Status.PROCESSED | Status.REJECTED:
                return (Status.UNSCANNED,)
            case Status.QUARANTINED:
                return (Status.UNSCANNED, Status.PROCESSED, Status.REJECTED)


class Reason(StrEnum):
    """Why a version was not processed; a scan without result is `SCAN_` and what the scanner said."""

    INVALID_KEY = "INVALID_KEY"
    MISSING = "MISSING"
    EMPTY = "EMPTY"
    TOO_LARGE = "TOO_LARGE"
    CONTENT_TYPE = "CONTENT_TYPE"
    MALWARE = "MALWARE"
    TOO_LARGE_TO_MOVE = "TOO_LARGE_TO_MOVE"


def iso_milliseconds(time: datetime) -> str:
    """Return *time* in UTC as in `2026-11-21T09:30:00.000Z`, which sorts as text."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _to_milliseconds(time: datetime) -> datetime:
    return datetime.fromisoformat(iso_milliseconds(time))


# Cut on the way in, so that a record read back from a table equals the one that was written.
Timestamp = Annotated[datetime, AfterValidator(_to_milliseconds), PlainSerializer(iso_milliseconds)]


class _Item(BaseModel):
    """A table item, in camelCase there."""

    model_config = ConfigDict(
        frozen=True, alias_generator=to_camel, validate_by_name=True, validate_by_alias=True
    )


class Record(_Item):
    """What became of one version; there is exactly one per version.

    `reason` and `cause` say why it was not processed; `sha256`, in hex, is there only if it was; `size` is in
    bytes.
    """

    bucket: str
    object_key: str
    version_id: str
    status: Status
    reason: str | None = None
    cause: str | None = None
    size: int | None = None
    content_type: str | None = None
    etag: str | None = None
    sha256: str | None = None
    last_modified: Timestamp | None = None
    processed_at: Timestamp
    request_id: str
    correlation_id: str

    @property
    def version(self) -> ObjectVersion:
        """The version that this record is about."""
        return ObjectVersion(bucket=self.bucket, key=self.object_key, version_id=self.version_id)


class Pointer(_Item):
    """Which version is the newest processed one of its object."""

    latest_version_id: str
    last_modified: Timestamp
    status: Status
