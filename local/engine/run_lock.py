"""One engine run at a time on a stack, and the knowledge whether the one before came to its end.

An engine that is killed leaves its own lock in the state, and nobody can tell from that whether it still
runs. This lock is the operating system's, and the engine inherits it: it ends with the last process that
works on the state, even when the command that started the engine is killed and the engine is not.
"""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local.errors import LocalStackError

SILENT_SECONDS = 3
WAIT_SECONDS = 600
POLL_SECONDS = 0.1


@dataclass(kw_only=True)
class HeldLock:
    """A held lock: what the engine inherits, and what the run before left."""

    descriptor: int
    interrupted: str
    """The run before, if it was killed; empty if it came to its end."""
    ended: bool = False
    """Set by who holds the lock once the engine has written all that it did."""


@contextmanager
def held(path: Path, what: str, say: Callable[[str], None]) -> Iterator[HeldLock]:
    """Hold the lock at *path* for *what*, such as `up`; *say* is told why this waits.

    Raises
    ------
    LocalStackError
        Another run did not end in ten minutes.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _wait_for(descriptor, say)
        lock = HeldLock(descriptor=descriptor, interrupted=_read(descriptor))
        _write(descriptor, f"{what} ({os.getpid()})")
        yield lock
        if lock.ended:
            _write(descriptor, "")
    finally:
        os.close(descriptor)


def _wait_for(descriptor: int, say: Callable[[str], None]) -> None:
    begun, told = time.monotonic(), False
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waited = time.monotonic() - begun
            if waited > WAIT_SECONDS:
                raise LocalStackError(f"another run has not ended: {_read(descriptor)}; end it") from None
            if waited > SILENT_SECONDS and not told:
                told = True
                say(f"waiting for another run to end: {_read(descriptor)}")
            time.sleep(POLL_SECONDS)
        else:
            return


def _read(descriptor: int) -> str:
    return os.pread(descriptor, 200, 0).decode()


def _write(descriptor: int, text: str) -> None:
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, text.encode(), 0)
