"""Accounts for every event: recorded once, set aside with a reason, or wrong."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local.demo.inputs import Upload
from local.demo.readback import Found
from local.faults.proof.dead_letters import DeadLetter

type Version = tuple[str, str]
"""Key and version id of an object."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """What became of the events; every one is in exactly one of the first three counts."""

    recorded: Counter[str]
    """By status, right in status and content."""
    set_aside: int
    """Not recorded, and in a dead-letter queue with a reason."""
    wrong: Sequence[str]
    """Lost, recorded as something else, set aside without a reason, announced twice as recorded."""
    recorded_and_set_aside: int
    """Recorded, but the event was given up before that was known: its redrive changes nothing."""

    @property
    def events(self) -> int:
        """How many events are accounted for."""
        return self.recorded.total() + self.set_aside + len(self.wrong)


def account(
    put: Mapping[Version, Upload],
    records: Mapping[Version, Mapping[str, Any]],
    letters: Sequence[DeadLetter],
    announced: Counter[Version],
) -> Account:
    """Compare what was *put* with what is in the cloud; *announced* counts log lines of new records."""
    reasons = {letter.version: letter.reason for letter in letters if letter.version}
    recorded: Counter[str] = Counter()
    set_aside = both = 0
    wrong: list[str] = []
    for version, upload in put.items():
        record = records.get(version)
        fault = _fault(version, upload, record, reasons, announced)
        if fault:
            wrong.append(f"{version[0]} version {version[1]}: {fault}")
        elif record:
            recorded[upload.expected] += 1
            both += version in reasons
        else:
            set_aside += 1
    wrong += [f"{key} version {one}: recorded, but never put" for key, one in records.keys() - put.keys()]
    return Account(recorded=recorded, set_aside=set_aside, wrong=wrong, recorded_and_set_aside=both)


def _fault(
    version: Version,
    upload: Upload,
    record: Mapping[str, Any] | None,
    reasons: Mapping[Version, str],
    announced: Counter[Version],
) -> str:
    if record is None:
        if version not in reasons:
            return "lost"
        return "" if reasons[version] else "set aside without a reason"
    if record["status"] != upload.expected:
        return f"recorded as {record['status']}, not {upload.expected}"
    if upload.expected == "PROCESSED" and record.get("sha256") != hashlib.sha256(upload.body).hexdigest():
        return "recorded with the checksum of something else"
    if upload.expected == "REJECTED" and not record.get("reason"):
        return "rejected without a reason"
    if announced[version] > 1:
        return f"announced as recorded {announced[version]} times"
    return ""


def after_all(put: Mapping[Version, Upload], order: Sequence[Version], found: Found) -> Iterator[str]:
    """Say what is wrong of pointers, quarantine and intake once everything is recorded."""
    last = {version[0]: put[version] for version in order if put[version].expected == "PROCESSED"}
    for key, upload in last.items():
        if found.latest.get(key) != hashlib.sha256(upload.body).hexdigest():
            yield f"{key}: the latest version is not the one that was put last"
    for key in found.latest.keys() & {key for key, _ in order} - last.keys():
        yield f"{key}: has a latest version, but none was to be processed"
    infected = sum(upload.expected == "QUARANTINED" for upload in put.values())
    if (found.quarantined, found.left_in_intake) != (infected, 0):
        yield f"quarantine: {found.quarantined} of {infected}, {found.left_in_intake} left in the intake"
    if found.dead_letters != 1:
        yield f"dead letters: {found.dead_letters}, not the one that nobody can read"
