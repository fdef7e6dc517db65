"""What faults do to the calls of one execution environment, and to its invocations."""

import time
from dataclasses import asdict
from typing import Any

from local.faults.answers import failure, throttling
from local.faults.plan import Faults, Strike


class CallFaults:
    """Answers the process of *function* what happens to an attempt; `begin` starts each invocation."""

    def __init__(self, faults: Faults, function: str) -> None:
        self._faults, self._function = faults, function
        self._kill: Strike | None = None
        self._calls_left = 0
        self._deadline = 0.0
        self._running = self._struck = self._lost = False

    @property
    def unsettled_until(self) -> float:
        """Until when, on the monotonic clock, marks of the last invocation may stand; 0 if there can be none.

        A function may mark work as under way for as long as it can run. The mark outlives an invocation that
        died, or that did not learn of an effect; a disturbed one takes long enough for others to meet it.
        """
        return self._deadline if (self._struck if self._running else self._lost) else 0.0

    def begin(self, timeout: float) -> float | None:
        """Begin an invocation of *timeout* seconds; return after how many it is killed, if at a moment."""
        self._deadline = time.monotonic() + timeout
        self._running, self._struck, self._lost = True, False, False
        self._kill = strike = self._faults.strike("invocations", function=self._function)
        if strike is None:
            return None
        if strike.fault.milliseconds:
            return strike.seconds
        self._calls_left = 1 + int(strike.chance * strike.fault.calls)
        return None

    def end(self, *, died: bool, answered: bool) -> bool:
        """End the invocation; tell whether it is killed now, before its answer is heard.

        So ends one that was to die at a call that it did not make: the share of kills is the share that was
        asked for. Only one that never answers, since its time was up, escapes its kill.
        """
        late = self._kill is not None and answered
        if self._kill and not died and not late:
            self._faults.missed(self._kill)
        self._running, self._lost, self._kill = False, self._lost or died or late, None
        return late

    def concern(self, service: str, operation: str) -> bool:
        """Tell whether attempts of this call must be asked about."""
        place = {"function": self._function, "service": service, "operation": operation}
        return self._kill is not None or self._faults.concern("calls", **place)

    def attempt(self, service: str, operation: str) -> dict[str, Any]:
        """Return what happens to an attempt, nothing if it goes its way."""
        if self._kill and not self._kill.fault.milliseconds:
            self._calls_left -= 1
            if self._calls_left == 0:
                return {"kind": "kill", "when": self._kill.fault.when}
        place = {"function": self._function, "service": service, "operation": operation}
        strike = self._faults.strike("calls", **place)
        if strike is None:
            return {}
        self._struck, self._lost = True, self._lost or strike.loses
        fault = strike.fault
        answer = throttling(service) if fault.kind == "throttle" else failure(service)
        return {
            "kind": fault.kind,
            "when": fault.when,
            "seconds": strike.seconds,
            "answer": asdict(answer),
        }
