"""The faults that are active, and what they decide.

Whether a fault strikes its n-th match depends on its definition, its seed and n alone. Matches are numbered
as they come: a run that makes its calls in the same order is disturbed in the same way, and of the first n
matches as many are struck in every run. Under concurrency, which one is the n-th is for the scheduler to say.
"""

import hashlib
import itertools
import threading
from collections import Counter
from dataclasses import dataclass

import msgspec

from local.faults.errors import FaultError
from local.faults.fault import DELAY_MILLISECONDS, Fault

_STOP_SECONDS = 0.2
_PATIENT_SECONDS = 1
"""No client waits for less."""


@dataclass(frozen=True, kw_only=True)
class Strike:
    """A fault that strikes now; *chance*, drawn with it from [0, 1), settles what else is left to chance."""

    fault: Fault
    chance: float

    @property
    def seconds(self) -> float:
        """How late something comes: up to the fault's milliseconds."""
        return self.chance * (self.fault.milliseconds or DELAY_MILLISECONDS) / 1000

    @property
    def loses(self) -> bool:
        """Whether the effect may happen without its maker learning of it."""
        match self.fault.kind:
            case "throttle":
                return False
            case "error":
                return self.fault.when == "after"
            case "delay":  # a client may have stopped waiting
                return self.seconds >= _PATIENT_SECONDS
        return True


@dataclass(frozen=True, kw_only=True)
class Standing:
    """An active fault, how often it was asked, and how often it struck."""

    id: str
    fault: Fault
    matched: int
    struck: int


class Faults:
    """The active faults; safe to use from any thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._numbers = itertools.count(1)
        self._active: dict[str, Fault] = {}
        self._matched: Counter[str] = Counter()
        self._struck: Counter[str] = Counter()

    def add(self, fault: Fault) -> str:
        """Let *fault* strike from now on; return its id."""
        with self._changed:
            name = f"{fault.kind}-{next(self._numbers)}"
            self._active[name] = fault
            self._changed.notify_all()
        return name

    def clear(self, name: str | None = None) -> list[Standing]:
        """End the fault *name*, or all; return what they did.

        Raises
        ------
        FaultError
            There is no such fault.
        """
        with self._changed:
            if name is not None and name not in self._active:
                known = ", ".join(self._active) or "none"
                raise FaultError(f"there is no fault {name!r}; active: {known}")
            ended = [one for one in self._standing() if name in (None, one.id)]
            for one in ended:
                del self._active[one.id]
            self._changed.notify_all()
        return ended

    def standing(self) -> list[Standing]:
        """Return the active faults in the order in which they were added."""
        with self._changed:
            return self._standing()

    def concern(self, site: str, **place: str) -> bool:
        """Tell whether a fault is active that could strike there."""
        with self._changed:
            return any(fault.matches(site, place) for fault in self._active.values())

    def strike(self, site: str, **place: str) -> Strike | None:
        """Return the first fault that strikes there now; every fault that matches counts this match."""
        found: Strike | None = None
        with self._changed:
            for name, fault in self._active.items():
                if not fault.matches(site, place):
                    continue
                self._matched[name] += 1
                share, chance = draw(fault, self._matched[name])
                if found or share >= fault.share or self._struck[name] == fault.limit:
                    continue
                self._struck[name] += 1
                found = Strike(fault=fault, chance=chance)
        return found

    def missed(self, strike: Strike) -> None:
        """Take back a strike that never came about: a kill whose invocation timed out before it."""
        with self._changed:
            for name, fault in self._active.items():
                if fault is strike.fault:
                    self._struck[name] -= 1

    def wait_unpaused(
        self, queue: str, stopping: threading.Event, waiting: threading.Event | None = None
    ) -> None:
        """Return once *queue* may be polled, or soon after *stopping* is set; meanwhile *waiting* is set."""
        place, waiting = {"queue": queue}, waiting or threading.Event()
        with self._changed:
            while not stopping.is_set() and self._pauses(place):
                waiting.set()
                self._changed.wait(_STOP_SECONDS)
            waiting.clear()

    def _pauses(self, place: dict[str, str]) -> bool:
        return any(fault.matches("queues", place) for fault in self._active.values())

    def _standing(self) -> list[Standing]:
        return [
            Standing(id=name, fault=fault, matched=self._matched[name], struck=self._struck[name])
            for name, fault in self._active.items()
        ]


def draw(fault: Fault, number: int) -> tuple[float, float]:
    """Return two numbers from [0, 1) for the match *number* of *fault*, the same in every run."""
    digest = hashlib.sha256(msgspec.json.encode((fault, number))).digest()
    high, low = (int.from_bytes(digest[start : start + 8]) for start in (0, 8))
    return high / 2**64, low / 2**64
