"""What faults do to an event on its way from one service to another."""

from collections.abc import Callable

from local.deliveries.messages import Verdict
from local.faults.plan import Faults, Strike

MOST_RETRIES = 185
"""EventBridge's default and maximum ("How EventBridge retries delivering events")."""


def of_delivery(faults: Faults, source: str, target: str) -> Verdict:
    """Return what becomes of a delivery from one ARN to another."""
    return passage(faults, "deliveries", source=_name(source), target=_name(target))


def _name(arn: str) -> str:
    return arn.rpartition(":")[2].rpartition("/")[2]


def passage(faults: Faults, site: str, **place: str) -> Verdict:
    """Return what becomes of an event: failed attempts are repeated, each of which may fail in turn."""
    copies, delay = 0, 0.0
    for _ in range(1 + MOST_RETRIES):
        strike = faults.strike(site, **place)
        if strike is None:
            return Verdict(copies=copies + 1, delay=delay)
        fault = strike.fault
        if fault.kind != "duplicate":
            delay += strike.seconds
        if fault.kind in ("delay", "duplicate"):
            return Verdict(copies=copies + (2 if fault.kind == "duplicate" else 1), delay=delay)
        if fault.kind == "error" and fault.when == "after":
            copies += 1  # it arrived, and is sent again because nobody said so
    if copies:
        return Verdict(copies=copies, delay=delay)
    return Verdict(refused=f"a fault struck each of {1 + MOST_RETRIES} attempts", copies=0)


type Failed = dict[str, str]
"""Ids of messages, and why they failed."""


def hand_over(
    strike: Strike | None, run: Callable[[], Failed], ids: set[str], wait: Callable[[float], object]
) -> Failed:
    """Hand the messages *ids* over by *run*, which returns those that failed; return those that come back."""
    if strike is None:
        return run()
    match strike.fault.kind, strike.fault.when:
        case "throttle", _:
            return dict.fromkeys(ids, "the invocation was throttled (a fault)")
        case "error", "before":
            return dict.fromkeys(ids, "the invocation failed before it began (a fault)")
        case "error", _:
            run()
            return dict.fromkeys(ids, "the answer of the invocation was lost (a fault)")
        case "duplicate", _:
            return run() | run()
    wait(strike.seconds)
    return run()
