"""The messages in the queues: GuardDuty scan results, and S3 notifications as operators replay them."""

from dataclasses import dataclass
from typing import Annotated, Literal, Self
from urllib.parse import unquote_plus

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, ValidationError, model_validator
from pydantic_core import from_json

from common.errors import MalformedEventError
from objects.models import ObjectVersion

CLEAN = "NO_THREATS_FOUND"
INFECTED = "THREATS_FOUND"
LONGEST_KEY_BYTES = 1024


@dataclass(frozen=True, kw_only=True)
class Sighting:
    """What an event says of an object version.

    `verdict` is the scan's result, None where only the object's tag can tell; `event_id` is None where the
    event has no identity of its own.
    """

    version: ObjectVersion
    verdict: str | None
    threats: tuple[str, ...]
    event_id: str | None


def _fits_s3(key: str) -> str:
    if (size := len(key.encode())) > LONGEST_KEY_BYTES:
        raise ValueError(f"a key has at most {LONGEST_KEY_BYTES} bytes in UTF-8, not {size}")
    return key


def _decoded(key: object) -> object:
    # Notifications carry keys URL-encoded, a space as "+".
    return unquote_plus(key, errors="strict") if isinstance(key, str) else key


Key = Annotated[str, Field(min_length=1), AfterValidator(_fits_s3)]
# Printable ASCII; "#" is in none of them, and marks in the table what is no version.
VersionId = Annotated[str, Field(pattern=r'^[!"$-~]{1,1024}$')]
# The scanner may add to these: what is neither clean nor infected is an incomplete scan, whatever its name.
ScanStatus = Annotated[str, Field(pattern=r"^[A-Z][A-Z_]{0,63}$")]


class _ScannedObject(BaseModel):
    bucket: str = Field(alias="bucketName")
    key: Key = Field(alias="objectKey")
    version_id: VersionId = Field(alias="versionId")


class _Threat(BaseModel):
    name: str


class _ScanResult(BaseModel):
    status: ScanStatus = Field(alias="scanResultStatus")
    threats: list[_Threat] | None = None


class _ScanDetail(BaseModel):
    scan_status: ScanStatus = Field(alias="scanStatus")
    resource_type: Literal["S3_OBJECT"] = Field(alias="resourceType")
    scanned: _ScannedObject = Field(alias="s3ObjectDetails")
    result: _ScanResult = Field(alias="scanResultDetails")

    @model_validator(mode="after")
    def _only_a_completed_scan_is_clean(self) -> Self:
        if self.result.status == CLEAN and self.scan_status != "COMPLETED":
            raise ValueError(f"a scan with scanStatus {self.scan_status} cannot have the result {CLEAN}")
        return self


class ScanEvent(BaseModel):
    """An EventBridge event of GuardDuty's malware scan; keys are plain."""

    id: str = Field(min_length=1)
    source: Literal["aws.guardduty"]
    detail_type: Literal["GuardDuty Malware Protection Object Scan Result"] = Field(alias="detail-type")
    detail: _ScanDetail

    def sighting(self) -> Sighting:
        """Return what the event says."""
        scanned, result = self.detail.scanned, self.detail.result
        return Sighting(
            version=ObjectVersion(bucket=scanned.bucket, key=scanned.key, version_id=scanned.version_id),
            verdict=result.status,
            threats=tuple(threat.name for threat in result.threats or []),
            event_id=self.id,
        )


class _NotifiedBucket(BaseModel):
    name: str


class _NotifiedObject(BaseModel):
    key: Annotated[Key, BeforeValidator(_decoded)]
    version_id: VersionId = Field(alias="versionId")


class _NotifiedPair(BaseModel):
    bucket: _NotifiedBucket
    object: _NotifiedObject


class NotificationRecord(BaseModel):
    """One record of an S3 event notification; keys are URL-encoded."""

    source: Literal["aws:s3"] = Field(alias="eventSource")
    # Operators may leave it out; a deletion's notification must not pass for an object.
    name: str = Field("ObjectCreated:*", alias="eventName", pattern="^ObjectCreated:")
    s3: _NotifiedPair

    def sighting(self) -> Sighting:
        """Return what the record says."""
        version = ObjectVersion(
            bucket=self.s3.bucket.name, key=self.s3.object.key, version_id=self.s3.object.version_id
        )
        return Sighting(version=version, verdict=None, threats=(), event_id=None)


@dataclass(frozen=True, kw_only=True)
class Event:
    """One event of a message, not validated yet."""

    shape: type[ScanEvent | NotificationRecord]
    content: object

    def read(self, intake_bucket: str) -> Sighting:
        """Return what the event says.

        Raises
        ------
        MalformedEventError
            Naming each field and the constraint it breaks, never its value; or a bucket that is not
            *intake_bucket*.
        """
        try:
            sighting = self.shape.model_validate(self.content).sighting()
        except ValidationError as error:
            places = "; ".join(
                f"{'.'.join(map(str, fault['loc'])) or 'event'}: {fault['msg']}" for fault in error.errors()
            )
            raise MalformedEventError(f"not a {self.shape.__name__}: {places}") from error
        if sighting.version.bucket != intake_bucket:
            raise MalformedEventError(
                f"bucket: {sighting.version.bucket!r} is not the intake {intake_bucket!r}"
            )
        return sighting


def split(body: str) -> list[Event]:
    """Return a message's independent events: one scan, a notification's records, or none for S3's test event.

    Raises
    ------
    MalformedEventError
        The body is not a JSON object, or a notification without records.
    """
    try:
        content = from_json(body)
    except ValueError as error:
        raise MalformedEventError(f"the body is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise MalformedEventError(f"the body is a JSON {type(content).__name__}, not an object")
    if content.get("Event") == "s3:TestEvent":
        return []
    if "Records" not in content:
        return [Event(shape=ScanEvent, content=content)]
    records = content["Records"]
    if not isinstance(records, list) or not records:
        raise MalformedEventError("Records: an S3 notification has a list of at least one record")
    return [Event(shape=NotificationRecord, content=record) for record in records]
