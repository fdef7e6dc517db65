"""Which calls and deliveries faults strike, and what cannot be a fault."""

import threading
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.faults import Fault, Faults
from local.faults.errors import FaultError
from local.faults.fault import PATTERNS, SITES
from local.faults.passage import MOST_RETRIES, of_delivery, passage
from local.faults.plan import draw

PLACE = {"function": "worker", "service": "s3", "operation": "GetObject"}
RULE, QUEUE = "arn:aws:events:eu-central-1:1:rule/scanned", "arn:aws:sqs:eu-central-1:1:work"


def strikes(fault: Fault, number: int = 200) -> list[bool]:
    faults = Faults()
    faults.add(fault)
    return [faults.strike("calls", **PLACE) is not None for _ in range(number)]


@given(seed=st.integers(), share=st.floats(0, 1))
def test_the_same_seed_strikes_the_same_calls_again(seed: int, share: float) -> None:
    fault = Fault(kind="error", share=share, seed=seed)

    assert strikes(fault) == strikes(fault)


@given(seed=st.integers(), low=st.floats(0, 1), high=st.floats(0, 1))
def test_a_larger_share_strikes_what_a_smaller_one_does_not_and_never_more_than_all(
    seed: int, low: float, high: float
) -> None:
    counts = [sum(strikes(Fault(kind="error", share=share, seed=seed))) for share in (0, low, high, 1)]

    assert counts[0] == 0
    assert counts[-1] == 200


def test_the_share_is_struck_and_other_seeds_strike_others() -> None:
    first, second = (strikes(Fault(kind="error", share=0.2, seed=seed), 20_000) for seed in (1, 2))

    assert 3_800 < sum(first) < 4_200  # four standard deviations are 226
    both = sum(one and other for one, other in zip(first, second, strict=True))
    assert 650 < both < 950


def test_faults_with_one_seed_are_independent_of_each_other() -> None:
    before, after = (
        strikes(Fault(kind="error", when=when, share=0.5, seed=1), 2_000) for when in ("before", "after")
    )

    assert 800 < sum(one == other for one, other in zip(before, after, strict=True)) < 1_200


@given(st.integers(min_value=1), st.integers())
def test_draws_lie_in_the_unit_interval(number: int, seed: int) -> None:
    assert all(0 <= one < 1 for one in draw(Fault(kind="delay", seed=seed), number))


def test_the_first_fault_that_strikes_counts_but_all_are_asked() -> None:
    faults = Faults()
    faults.add(Fault(kind="delay", limit=1))
    faults.add(Fault(kind="error"))

    kinds = [strike.fault.kind for strike in (faults.strike("calls", **PLACE) for _ in range(3)) if strike]

    assert kinds == ["delay", "error", "error"]
    assert [(one.matched, one.struck) for one in faults.standing()] == [(3, 1), (3, 2)]


@pytest.mark.parametrize("pattern", [{"service": "S3"}, {"operation": "get*"}, {"function": "w?rker"}])
def test_patterns_are_globs_without_regard_to_case(pattern: dict[str, str]) -> None:
    assert all(strikes(Fault(kind="error", **pattern), 3))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"kind": "explode"}, "kind 'explode' is none of throttle"),
        ({"kind": "kill", "on": "calls"}, "kill cannot strike calls, only invocations"),
        ({"kind": "error", "share": 20}, "share 20 is not between 0 and 1"),
        ({"kind": "error", "share": float("nan")}, "share nan is not between 0 and 1"),
        ({"kind": "error", "when": "during"}, "before or after, not 'during'"),
        ({"kind": "error", "limit": 0}, "limit are at least 1"),
        ({"kind": "delay", "milliseconds": 900_001}, "not between 1 and 900000"),
        ({"kind": "error", "on": "scans", "service": "s3"}, "scans are told apart by source, not by service"),
    ],
)
def test_what_cannot_be_a_fault_is_refused_in_words(given: dict[str, Any], message: str) -> None:
    with pytest.raises(FaultError, match=message):
        Fault(**given)


@pytest.mark.parametrize(
    "text", [b"", b"[]", b'{"kind": "error", "shares": 1}', b'{"kind": "error", "seed": "x"}']
)
def test_what_is_not_a_fault_in_json_is_refused(text: bytes) -> None:
    with pytest.raises(FaultError, match="not a fault"):
        Fault.read(text)


@pytest.mark.parametrize(("kind", "site"), [(kind, site) for kind, sites in SITES.items() for site in sites])
def test_a_fault_survives_json_and_describes_itself(kind: Any, site: Any) -> None:
    patterns: dict[str, Any] = dict.fromkeys(PATTERNS[site], "x*")
    fault = Fault(kind=kind, on=site, share=0.2, seed=3, milliseconds=5, limit=9, **patterns)
    faults = Faults()
    faults.add(fault)

    assert Fault.read(msgspec.json.encode(fault.plain())) == fault
    assert fault.describe().startswith(f"20% of {site}, ")
    assert all(f"{name} x*" in fault.describe() for name in patterns)


def test_clearing_names_what_is_there() -> None:
    faults = Faults()
    name = faults.add(Fault(kind="error"))

    with pytest.raises(FaultError, match=f"there is no fault 'x'; active: {name}"):
        faults.clear("x")
    assert [one.id for one in faults.clear()] == [name]
    assert faults.standing() == []


def delivered(*given: Fault) -> Any:
    faults = Faults()
    for fault in given:
        faults.add(fault)
    return of_delivery(faults, RULE, QUEUE)


def test_an_undisturbed_delivery_arrives_once_and_at_once() -> None:
    other = Fault(kind="error", on="deliveries", target="other")

    assert (delivered(other).copies, delivered(other).delay) == (1, 0)


@pytest.mark.parametrize(
    ("fault", "copies", "late"),
    [
        (Fault(kind="duplicate", on="deliveries", source="scanned", target="work"), 2, False),
        (Fault(kind="delay", on="deliveries"), 1, True),
        (Fault(kind="throttle", on="deliveries", limit=2), 1, True),
        (Fault(kind="error", on="deliveries", limit=2), 1, True),
        (Fault(kind="error", when="after", on="deliveries", limit=2), 3, True),
    ],
)
def test_a_disturbed_delivery_is_late_or_comes_again_but_is_not_lost(
    fault: Fault, copies: int, late: bool
) -> None:
    verdict = delivered(fault)

    assert (verdict.copies, verdict.delay > 0, verdict.refused) == (copies, late, "")


def test_a_delivery_that_fails_as_often_as_it_is_tried_is_refused_with_the_reason() -> None:
    verdict = delivered(Fault(kind="error", on="deliveries"))

    assert verdict.copies == 0
    assert f"{1 + MOST_RETRIES} attempts" in verdict.refused


@given(
    seed=st.integers(),
    share=st.floats(0, 0.5),
    kind=st.sampled_from(["error", "throttle", "duplicate", "delay"]),
)
def test_no_event_is_lost_on_its_way(seed: int, share: float, kind: Any) -> None:
    faults = Faults()
    faults.add(Fault(kind=kind, on="scans", share=share, seed=seed))

    assert all(passage(faults, "scans", source="intake").copies >= 1 for _ in range(50))


def test_a_pause_ends_when_it_is_cleared_or_the_poller_stops() -> None:
    faults, stopping, passed = Faults(), threading.Event(), threading.Event()
    faults.add(Fault(kind="pause", queue="work*"))
    faults.wait_unpaused("other", stopping)

    def poll() -> None:
        faults.wait_unpaused("work-1", stopping)
        passed.set()

    waiting = threading.Thread(target=poll)
    waiting.start()
    assert not passed.is_set()
    faults.clear()
    waiting.join()
    faults.add(Fault(kind="pause", queue="*"))
    stopping.set()
    faults.wait_unpaused("work-1", stopping)
    assert passed.is_set()
