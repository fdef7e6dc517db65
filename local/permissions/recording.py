"""Every request that was judged, kept once for each way in which it concerned the policies in front of it."""

import threading
from dataclasses import dataclass, replace
from typing import Any

from local.permissions.concerns import Concern, Request
from local.permissions.evaluator import Decision, Front


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """A judged request with all that it was judged by, and how many were judged alike."""

    request: Request
    front: Front
    concerns: tuple[Concern, ...]
    allowed: bool
    times: int

    def plain(self) -> dict[str, Any]:
        """Return it as JSON knows it."""
        asked = self.request
        return {
            "principal": asked.caller.principal,
            "session": asked.caller.session_arn,
            "action": asked.action,
            "resource": asked.resource,
            "context": {key: list(values) for key, values in sorted(asked.context.items().items())},
            "policies": [policy.name for policy in self.front.policies],
            "allowed": self.allowed,
            "times": self.times,
        }


class Recording:
    """Collects what many threads judge.

    Requests that concern the same statements by the same entries and condition values are decided alike by
    all policies that result from leaving out some of these. The first of them stands for all, so that memory
    grows with what the policies say and not with the number of requests.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: dict[Any, Recorded] = {}
        self._times: dict[Any, int] = {}

    def add(self, decision: Decision) -> None:
        """Keep the request of *decision*, or count it with its like."""
        asked = decision.request
        kind = (asked.caller, asked.action, decision.front, decision.concerns)
        with self._lock:
            self._times[kind] = self._times.get(kind, 0) + 1
            if kind in self._found:
                return
        recorded = Recorded(
            request=replace(asked, context=asked.context.settled()), front=decision.front,
            concerns=decision.concerns, allowed=decision.allowed, times=1,
        )  # fmt: skip
        with self._lock:
            self._found.setdefault(kind, recorded)

    def all(self) -> list[Recorded]:
        """Return what was recorded, in order of appearance."""
        with self._lock:
            return [replace(one, times=self._times[kind]) for kind, one in self._found.items()]
