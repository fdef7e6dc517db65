"""What functions write: to their deployed log groups in the cloud, and to a rolling file on the laptop."""

import logging
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

_BATCH = 1000
_GATHER_SECONDS = 0.2
_FILE_BYTES = 5_000_000
_TAIL_BYTES = 4096


@dataclass(frozen=True, kw_only=True)
class LogPlace:
    """A log stream in a log group of a region."""

    region: str
    group: str
    stream: str


class LogShipper:
    """Sends log lines to log groups in batches, from a thread of its own; *client* makes one for a region."""

    def __init__(self, client: Callable[[str], Any]) -> None:
        self._client = cache(client)
        self._waiting: deque[tuple[LogPlace, int, str]] = deque()
        self._changed = threading.Condition()
        self._busy = False
        self._stopping = False
        self._flushing = 0
        self._created: set[LogPlace] = set()
        self._problems: dict[str, None] = {}
        self._thread = threading.Thread(target=self._run, name="log-shipper", daemon=True)

    def start(self) -> None:
        """Start shipping."""
        self._thread.start()

    def put(self, place: LogPlace, lines: Iterable[str]) -> None:
        """Queue *lines* for *place*, whose stream is created when it gets its first line."""
        now = int(time.time() * 1000)
        with self._changed:
            self._waiting.extend((place, now, line) for line in lines if line)
            self._changed.notify_all()

    def flush(self) -> None:
        """Return when everything that was queued has been delivered, or could not be."""
        with self._changed:
            self._flushing += 1
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._waiting and not self._busy)
            self._flushing -= 1

    def stop(self) -> None:
        """Deliver what is queued and end the thread."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._thread.join()

    def problems(self) -> list[str]:
        """Return why lines could not be delivered, each reason once."""
        with self._changed:
            return list(self._problems)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._busy = False
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._waiting or self._stopping)
                if not self._waiting:
                    return
                # One call for the lines of a moment: a call for each was a third of this process's work.
                self._changed.wait_for(self._must_deliver, _GATHER_SECONDS)
                batch = [self._waiting.popleft() for _ in range(min(_BATCH, len(self._waiting)))]
                self._busy = True
            by_place: dict[LogPlace, list[dict[str, Any]]] = defaultdict(list)
            for place, moment, line in batch:
                by_place[place].append({"timestamp": moment, "message": line})
            for place, events in by_place.items():
                self._deliver(place, events)

    def _must_deliver(self) -> bool:
        return self._stopping or self._flushing > 0 or len(self._waiting) >= _BATCH

    def _deliver(self, place: LogPlace, events: list[dict[str, Any]]) -> None:
        names = {"logGroupName": place.group, "logStreamName": place.stream}
        try:
            if place not in self._created:
                self._client(place.region).create_log_stream(**names)
                self._created.add(place)
            self._client(place.region).put_log_events(**names, logEvents=events)
        except (ClientError, BotoCoreError) as error:
            with self._changed:
                self._problems[f"log group {place.group}: {error}"] = None


class LogStream:
    """The log of one execution environment; *shipped* tells whether its role may write to the log group."""

    def __init__(self, place: LogPlace, shipper: LogShipper, file: "LogFile") -> None:
        self.place, self.shipped = place, True
        self._shipper, self._file = shipper, file
        self._tail = b""

    def write(self, lines: list[str]) -> None:
        """Write *lines*."""
        if not lines:
            return
        self._file.write(lines)
        self._tail = (self._tail + "\n".join([*lines, ""]).encode())[-_TAIL_BYTES:]
        if self.shipped:
            self._shipper.put(self.place, lines)

    def take_tail(self) -> str:
        """Return the last 4 KB since the last time."""
        tail, self._tail = self._tail, b""
        return tail.decode(errors="replace")


class LogFile:
    """A function's log on the laptop, in *path*, which is rolled over at 5 MB."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._handler = RotatingFileHandler(path, maxBytes=_FILE_BYTES, backupCount=2, delay=True)

    def write(self, lines: list[str]) -> None:
        """Append *lines*."""
        self._handler.handle(logging.makeLogRecord({"msg": "\n".join(lines)}))

    def close(self) -> None:
        """Close the file."""
        self._handler.close()
