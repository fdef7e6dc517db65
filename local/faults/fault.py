"""A fault as data: what goes wrong, where, how often."""

from fnmatch import fnmatchcase
from typing import Any, Literal

import msgspec

from local.faults.errors import FaultError

type Kind = Literal["throttle", "delay", "error", "duplicate", "kill", "pause"]
type Site = Literal["calls", "batches", "deliveries", "scans", "invocations", "queues"]
type When = Literal["before", "after"]

SITES: dict[str, tuple[str, ...]] = {
    "throttle": ("calls", "batches", "deliveries", "scans"),
    "delay": ("calls", "batches", "deliveries", "scans"),
    "error": ("calls", "batches", "deliveries", "scans"),
    "duplicate": ("calls", "batches", "deliveries", "scans"),
    "kill": ("invocations",),
    "pause": ("queues",),
}
"""Where each kind can strike; the first is the default."""

PATTERNS: dict[str, tuple[str, ...]] = {
    "calls": ("function", "service", "operation"),
    "batches": ("function", "queue"),
    "deliveries": ("source", "target"),
    "scans": ("source",),
    "invocations": ("function",),
    "queues": ("queue",),
}
"""What tells the matches of a site apart."""

DELAY_MILLISECONDS = 200
LONGEST_MILLISECONDS = 900_000
"""As long as a Lambda function may run."""


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One fault; patterns are globs (`*worker*`), *share* is the part of all matches that it strikes.

    calls
        Each attempt of a function's AWS call. Throttled and failed ones get the answer that AWS gives, late
        ones come up to *milliseconds* late. An error *after* the effect is a connection lost before the
        answer came. Duplicates are sent twice, and the second answer counts.
    batches
        Messages on their way from a queue to its function: refused, late, failed before the invocation began,
        or *after* it was done, so that nobody knows; or handed over again when they are done.
    deliveries
        Events of rules, topics and bucket notifications on their way to a queue or topic. Failed attempts are
        repeated up to *milliseconds* later; an error *after* the effect delivers twice for that reason.
    scans
        Results of the malware scan: the same, but duplicates are events of their own.
    invocations
        The process of a struck one is killed before or after one of its first *calls* attempts, drawn by
        the seed, or, with *milliseconds*, at a moment within so many. One that ends earlier is killed when
        its work is done, before its answer is heard.
    queues
        Nothing is received from them.

    After *limit* strikes a fault rests.
    """

    kind: Kind
    on: Site | None = None
    function: str = "*"
    service: str = "*"
    operation: str = "*"
    source: str = "*"
    target: str = "*"
    queue: str = "*"
    share: float = 1.0
    seed: int = 0
    when: When = "before"
    milliseconds: int | None = None
    calls: int = 10
    limit: int | None = None

    @classmethod
    def read(cls, given: bytes) -> "Fault":
        """Read a fault from JSON.

        Raises
        ------
        FaultError
            It is no fault.
        """
        try:
            return msgspec.json.decode(given, type=cls)
        except msgspec.DecodeError as error:
            raise FaultError(f"not a fault: {error}") from error

    def __post_init__(self) -> None:
        """Refuse what cannot be; the message says what can."""
        if self.when not in ("before", "after"):
            raise FaultError(f"when is before or after, not {self.when!r}")
        sites = SITES.get(self.kind)
        if sites is None:
            raise FaultError(f"kind {self.kind!r} is none of {', '.join(SITES)}")
        if self.on is not None and self.on not in sites:
            raise FaultError(f"{self.kind} cannot strike {self.on}, only {', '.join(sites)}")
        if not 0 <= self.share <= 1:
            raise FaultError(f"share {self.share:g} is not between 0 and 1 (20 % is 0.2)")
        if self.calls < 1 or (self.limit is not None and self.limit < 1):
            raise FaultError("calls and limit are at least 1")
        if self.milliseconds is not None and not 0 < self.milliseconds <= LONGEST_MILLISECONDS:
            raise FaultError(f"milliseconds {self.milliseconds} are not between 1 and {LONGEST_MILLISECONDS}")
        ignored = [name for name in self._given_patterns() if name not in PATTERNS[self.site]]
        if ignored:
            raise FaultError(
                f"{self.site} are told apart by {', '.join(PATTERNS[self.site])}, not by {', '.join(ignored)}"
            )

    @property
    def site(self) -> str:
        """Where it strikes."""
        return self.on or SITES[self.kind][0]

    def matches(self, site: str, place: dict[str, str]) -> bool:
        """Tell whether it concerns a call or delivery at *place*; case does not matter."""
        return site == self.site and all(
            fnmatchcase(value.lower(), getattr(self, name).lower()) for name, value in place.items()
        )

    def describe(self) -> str:
        """Return it in words."""
        patterns = [f"{name} {value}" for name, value in self._given_patterns().items()]
        details = [f"{self.share:.0%} of {self.site}", *patterns]
        if self.kind in ("error", "kill"):
            details.append(f"{self.when} the effect" if self.kind == "error" else self._moment())
        if self.milliseconds and self.kind != "kill":
            details.append(f"up to {self.milliseconds} ms")
        details += [f"seed {self.seed}"] if 0 < self.share < 1 else []
        details += [f"at most {self.limit} times"] if self.limit else []
        return ", ".join(details)

    def plain(self) -> dict[str, Any]:
        """Return it for JSON."""
        return dict(msgspec.to_builtins(self))

    def _moment(self) -> str:
        if self.milliseconds:
            return f"within {self.milliseconds} ms"
        return f"{self.when} one of the first {self.calls} calls"

    def _given_patterns(self) -> dict[str, str]:
        names = dict.fromkeys(name for patterns in PATTERNS.values() for name in patterns)
        return {name: value for name in names if (value := getattr(self, name)) != "*"}
