"""The rules of the quarantine: an infected version is moved out of reach, recorded and reported."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from common.errors import PermanentError
from objects.domain import Intake, Origin, Records, keep, reject
from objects.models import ObjectHead, ObjectVersion, Reason, Record, Status

# One CopyObject call takes no more.
LARGEST_COPY_BYTES = 5 * 1024**3


class State(StrEnum):
    """What became of an infected version, in words for people."""

    MOVED = "moved to quarantine"
    LEFT = "too large to move, left in place unreadable"
    GONE = "deleted by somebody before the quarantine came"


@dataclass(frozen=True, kw_only=True)
class Notice:
    """What people are told: which version has which threats, and where it is now or, if it is gone, was."""

    version: ObjectVersion
    threats: tuple[str, ...]
    location: str
    state: State
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
    version that was moved from one that somebody deleted. People are told of that one, too: it was there to
    be read before. The notice comes last: only a crash right after it repeats it.
    """
    names = ", ".join(threats) or "no threat named"
    try:
        head = intake.head(version)
    except PermanentError as error:
        gone = PermanentError(error.reason, f"{names}; {error}")
        standing = reject(version, gone, origin=origin, records=records)
    else:
        standing = _move(version, head, names, origin=origin, records=records, quarantine=quarantine)
    state = _state(standing)
    origin_address = f"s3://{version.bucket}/{version.key}"
    quarantine.publish(
        Notice(
            version=version,
            threats=threats,
            location=quarantine.location(version) if state is State.MOVED else origin_address,
            state=state,
            correlation_id=origin.correlation_id,
        )
    )
    return standing


def _state(standing: Record) -> State:
    if standing.status is not Status.QUARANTINED:
        return State.GONE
    return State.LEFT if standing.reason == Reason.TOO_LARGE_TO_MOVE else State.MOVED


def _move(
    version: ObjectVersion,
    head: ObjectHead,
    names: str,
    *,
    origin: Origin,
    records: Records,
    quarantine: Quarantine,
) -> Record:
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
