"""The rules of the quarantine: an infected version is moved out of reach, recorded and reported."""

from dataclasses import dataclass
from typing import Protocol

from common.errors import PermanentError
from objects.domain import Intake, Origin, Records, keep, reject
from objects.models import ObjectHead, ObjectVersion, Reason, Record, Status

# One CopyObject call takes no more.
LARGEST_COPY_BYTES = 5 * 1024**3


@dataclass(frozen=True, kw_only=True)
class Notice:
    """What people are told: which version has which threats and where it is now."""

    version: ObjectVersion
    threats: tuple[str, ...]
    location: str
    is_moved: bool
    correlation_id: str


class Quarantine(Protocol):
    """The bucket that infected objects go to, and who is told."""

    def location(self, version: ObjectVersion) -> str:
        """Return the address of the copy of *version*, the same each time."""

    def copy(self, version: ObjectVersion) -> None:
        """Copy *version* to its location; a copy that is there already is replaced by its equal."""

    def delete_original(self, version: ObjectVersion) -> None:
        """Delete exactly *version* from the intake; one that is gone already stays gone."""

    def publish(self, notice: Notice) -> None:
        """Tell the people who watch the alerts."""


def isolate(
    version: ObjectVersion,
    threats: tuple[str, ...],
    *,
    origin: Origin,
    intake: Intake,
    records: Records,
    quarantine: Quarantine,
) -> Record:
    """Move *version* to quarantine, record it once and publish a notice; a repeat completes what was cut off.

    The record comes after the copy and before the deletion: once the original is gone, it alone tells a
    version that was moved from one that somebody deleted. The notice comes last: only a crash right after it
    repeats it.
    """
    try:
        head = intake.head(version)
    except PermanentError as error:
        standing = reject(version, error, origin=origin, records=records)
        if standing.status is not Status.QUARANTINED:
            return standing
    else:
        standing = _move(version, head, threats, origin=origin, records=records, quarantine=quarantine)
    is_moved = standing.reason != Reason.TOO_LARGE_TO_MOVE
    quarantine.publish(
        Notice(
            version=version,
            threats=threats,
            location=quarantine.location(version) if is_moved else f"s3://{version.bucket}/{version.key}",
            is_moved=is_moved,
            correlation_id=origin.correlation_id,
        )
    )
    return standing


def _move(
    version: ObjectVersion,
    head: ObjectHead,
    threats: tuple[str, ...],
    *,
    origin: Origin,
    records: Records,
    quarantine: Quarantine,
) -> Record:
    names = ", ".join(threats) or "no threat named"
    if head.size > LARGEST_COPY_BYTES:
        why = {
            "reason": Reason.TOO_LARGE_TO_MOVE,
            "cause": f"{names}; {head.size} bytes are more than one copy takes ({LARGEST_COPY_BYTES}), "
            "left in place, where the bucket policy keeps it unreadable",
        }
        return keep(version, Status.QUARANTINED, origin=origin, records=records, head=head, details=why)
    quarantine.copy(version)
    why = {"reason": Reason.MALWARE, "cause": f"{names}; moved to {quarantine.location(version)}"}
    standing = keep(version, Status.QUARANTINED, origin=origin, records=records, head=head, details=why)
    quarantine.delete_original(version)
    return standing
