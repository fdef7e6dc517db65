"""Why messages came back to their queues: what a dead letter failed of, which SQS itself does not say."""

import threading
from collections.abc import Iterable, Mapping

_MOST = 100_000
"""Messages that are remembered; the oldest are forgotten first."""


class Reasons:
    """The last reason of each message that failed, until it succeeds."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reasons: dict[str, str] = {}

    def settle(self, done: Iterable[str], failed: Mapping[str, str]) -> None:
        """Forget the messages that are *done*, and note why the others *failed*; both by message id."""
        with self._lock:
            for message in (*done, *failed):
                self._reasons.pop(message, None)
            self._reasons |= failed
            for message in list(self._reasons)[: max(0, len(self._reasons) - _MOST)]:
                del self._reasons[message]

    def all(self) -> dict[str, str]:
        """Return the reason of each message that failed last time."""
        with self._lock:
            return dict(self._reasons)
