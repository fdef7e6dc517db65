"""Concurrency limits."""

import threading


class Slots:
    """As many slots as *limit* says, None for no limit; closing lets every waiting thread go."""

    def __init__(self, limit: int | None) -> None:
        self._limit = limit
        self._taken = 0
        self._closed = False
        self._changed = threading.Condition()

    @property
    def taken(self) -> int:
        """How many slots are in use."""
        with self._changed:
            return self._taken

    def resize(self, limit: int | None) -> None:
        """Change the limit; slots in use stay in use."""
        with self._changed:
            self._limit = limit
            self._changed.notify_all()

    def take(self, *, wait: bool) -> bool:
        """Take a slot, waiting for a free one if asked; False if there is none, or the slots are closed."""
        with self._changed:
            if wait:
                self._changed.wait_for(lambda: self._closed or self._free())
            if self._closed or not self._free():
                return False
            self._taken += 1
            return True

    def wait_free(self) -> bool:
        """Wait until a slot is free, without taking it; False if the slots are closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._free())
            return not self._closed

    def give(self) -> None:
        """Give a slot back."""
        with self._changed:
            self._taken -= 1
            self._changed.notify_all()

    def close(self) -> None:
        """Let waiting threads go with nothing."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _free(self) -> bool:
        return self._limit is None or self._taken < self._limit
