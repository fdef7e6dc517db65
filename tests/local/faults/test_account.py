"""What the proof counts as recorded, set aside, or wrong; and what it puts."""

import hashlib
from collections import Counter
from typing import Any

import pytest

from local.demo.inputs import Upload
from local.demo.readback import Found
from local.errors import LocalStackError
from local.faults.proof.account import Account, account, after_all
from local.faults.proof.dead_letters import DeadLetter
from local.faults.proof.every import every
from local.faults.proof.inputs import generate

GOOD, EMPTY, INFECTED = ("good.csv", "1"), ("empty.csv", "2"), ("infected.csv", "3")
PUT = {
    GOOD: Upload(key="good.csv", body=b"x", content_type="text/csv", expected="PROCESSED"),
    EMPTY: Upload(key="empty.csv", body=b"", content_type="text/csv", expected="REJECTED"),
    INFECTED: Upload(key="infected.csv", body=b"!", content_type="text/csv", expected="QUARANTINED"),
}
RECORDS: dict[tuple[str, str], dict[str, Any]] = {
    GOOD: {"status": "PROCESSED", "sha256": hashlib.sha256(b"x").hexdigest()},
    EMPTY: {"status": "REJECTED", "reason": "EMPTY"},
    INFECTED: {"status": "QUARANTINED", "reason": "MALWARE"},
}


def letter(version: tuple[str, str] | None, reason: str) -> DeadLetter:
    return DeadLetter(id="m", body="{}", receipt="r", version=version, reason=reason)


def without(*versions: tuple[str, str]) -> dict[tuple[str, str], dict[str, Any]]:
    return {version: record for version, record in RECORDS.items() if version not in versions}


def judge(records: Any = RECORDS, *letters: DeadLetter, announced: Any = ()) -> Account:
    return account(PUT, records, letters, Counter(announced))


def test_what_is_recorded_right_is_counted_by_status() -> None:
    found = judge(RECORDS, letter(None, "unreadable"), announced=[GOOD, EMPTY, INFECTED])

    assert found.recorded == {"PROCESSED": 1, "REJECTED": 1, "QUARANTINED": 1}
    assert (found.set_aside, found.recorded_and_set_aside, list(found.wrong), found.events) == (0, 0, [], 3)


def test_what_is_set_aside_needs_a_reason() -> None:
    assert judge(without(GOOD), letter(GOOD, "throttled")).set_aside == 1
    assert judge(without(GOOD), letter(GOOD, "")).wrong == ["good.csv version 1: set aside without a reason"]


def test_an_event_may_be_given_up_although_it_was_recorded() -> None:
    found = judge(RECORDS, letter(GOOD, "the answer was lost"))

    assert (found.recorded.total(), found.set_aside, found.recorded_and_set_aside) == (3, 0, 1)


@pytest.mark.parametrize(
    ("records", "announced", "words"),
    [
        (without(GOOD), [], "lost"),
        (RECORDS | {GOOD: RECORDS[EMPTY]}, [], "recorded as REJECTED, not PROCESSED"),
        (RECORDS | {GOOD: {"status": "PROCESSED", "sha256": "0"}}, [], "the checksum of something else"),
        (RECORDS | {EMPTY: {"status": "REJECTED"}}, [], "rejected without a reason"),
        (RECORDS, [GOOD, GOOD], "announced as recorded 2 times"),
        (RECORDS | {("other", "9"): RECORDS[GOOD]}, [], "recorded, but never put"),
    ],
)
def test_what_is_not_as_it_must_be_is_named(records: Any, announced: Any, words: str) -> None:
    (wrong,) = judge(records, announced=announced).wrong

    assert words in wrong


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, None),
        ({"latest": {}}, "good.csv: the latest version is not the one that was put last"),
        ({"latest": {"good.csv": "0"}}, "good.csv: the latest version is not the one that was put last"),
        ({"quarantined": 0}, "quarantine: 0 of 1"),
        ({"left_in_intake": 1}, "1 left in the intake"),
        ({"dead_letters": 2}, "dead letters: 2"),
    ],
)
def test_after_all_is_recorded_pointers_quarantine_and_queues_are_right(
    change: Any, words: str | None
) -> None:
    sound: dict[str, Any] = {
        "statuses": Counter(),
        "latest": {"good.csv": RECORDS[GOOD]["sha256"]},
        "quarantined": 1,
        "dead_letters": 1,
        "left_in_intake": 0,
    }

    wrong = list(after_all(PUT, list(PUT), Found(**sound | change)))

    assert wrong == [] if words is None else words in wrong[0]


def test_the_input_is_the_same_for_a_seed_and_has_every_outcome() -> None:
    plan = generate(200, seed=1)

    assert plan == generate(200, seed=1) != generate(200, seed=2)
    assert Counter(upload.expected for upload in plan.uploads) == {
        "PROCESSED": 188, "REJECTED": 8, "QUARANTINED": 4,
    }  # fmt: skip
    assert max(Counter(upload.key for upload in plan.uploads).values()) == 3


def test_every_fault_strikes_its_share_of_all_although_one_strikes_at_a_time() -> None:
    faults = [fault for fault in every(0.2, seed=1) if fault.site == "calls"]
    left, struck = 1.0, []
    for fault in faults:
        struck.append(round(left * fault.share, 6))
        left *= 1 - fault.share

    assert [(fault.kind, fault.when) for fault in faults] == [
        ("throttle", "before"), ("delay", "before"), ("error", "before"), ("error", "after"),
        ("duplicate", "before"),
    ]  # fmt: skip
    assert struck == [0.2, 0.2, 0.1, 0.1, 0.2]


def test_more_than_everything_cannot_be_struck() -> None:
    with pytest.raises(LocalStackError, match="more than all calls"):
        every(0.3, seed=1)
