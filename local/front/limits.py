"""Throttling by token buckets, and quotas of usage plans (AWS: "Throttle requests to your REST APIs")."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any


@dataclass(frozen=True)
class Limit:
    """Requests a second in the long run, and how many may come at once."""

    rate: float
    burst: int

    @classmethod
    def read(cls, rate: float | None, burst: int | None) -> "Limit | None":
        """Return what settings say; what is -1 or absent is the account's."""
        said = [value for value in (rate, burst) if value is not None and value >= 0]
        if not said:
            return None
        return cls(
            ACCOUNT_LIMIT.rate if rate is None or rate < 0 else float(rate),
            ACCOUNT_LIMIT.burst if burst is None or burst < 0 else int(burst),
        )


ACCOUNT_LIMIT = Limit(10_000, 5_000)
"""The default of a region ("Amazon API Gateway quotas")."""


@dataclass(frozen=True)
class Quota:
    """How many requests a key may make in a day, week or month; *offset* of them are gone from the first."""

    limit: int
    offset: int
    period: str

    @classmethod
    def read(cls, settings: Mapping[str, Any] | None) -> "Quota | None":
        """Return what a usage plan says."""
        if not settings:
            return None
        return cls(int(settings["limit"]), int(settings.get("offset") or 0), settings["period"])

    def begin(self, now: datetime) -> datetime:
        """Return when the period began that *now* lies in."""
        day = now.replace(hour=0, minute=0, second=0, microsecond=0)
        if self.period == "WEEK":
            return day - timedelta(days=day.weekday())
        return day.replace(day=1) if self.period == "MONTH" else day


class Throttle:
    """A bucket for each thing that is limited: full at first, and as soon as its limit changes."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: dict[Hashable, tuple[Limit, float, float]] = {}

    def admits(self, of: Hashable, limit: Limit) -> bool:
        """Take a token of the bucket, if there is one."""
        now = self._clock()
        with self._lock:
            known, tokens, since = self._buckets.get(of, (limit, float(limit.burst), now))
            if known != limit:
                tokens, since = float(limit.burst), now
            tokens = min(float(limit.burst), tokens + (now - since) * limit.rate)
            admitted = tokens >= 1
            self._buckets[of] = (limit, tokens - 1 if admitted else tokens, now)
        return admitted


class Usage:
    """How much of its quota each key has used."""

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._used: Counter[tuple[Hashable, datetime]] = Counter()

    def admits(self, of: Hashable, quota: Quota) -> bool:
        """Count a request, if the quota of its period allows one more."""
        period = (of, quota.begin(self._clock()))
        with self._lock:
            if self._used[period] >= quota.limit - quota.offset:
                return False
            self._used[period] += 1
        return True
