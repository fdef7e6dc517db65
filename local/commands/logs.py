"""The logs of every function in one stream, in the order of time."""

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.text import Text

from local.errors import LocalStackError

COLOURS = ("cyan", "magenta", "green", "yellow", "blue", "bright_red", "bright_cyan", "bright_magenta")
LEVEL_STYLES = {"ERROR": "bold red", "CRITICAL": "bold red", "WARNING": "yellow", "DEBUG": "dim"}
SHOWN_FIRST = ("level", "message", "location")
LEFT_OUT = (
    "timestamp",
    "time",
    "service",
    "cold_start",
    "function_arn",
    "function_name",
    "function_memory_size",
    "function_request_id",
    "xray_trace_id",
    "_aws",
)
"""What says the same in each line of a function, or stands at the line's begin already."""
OVERLAP_MILLISECONDS = 2000
"""How late a line may come into its group and still be shown: the shipper writes in batches."""
UNITS = {"s": 1, "m": 60, "h": 3600}


def seconds_of(text: str) -> float:
    """Read a time span such as 90s, 5m or 1h.

    Raises
    ------
    LocalStackError
        It is none.
    """
    if not (found := re.fullmatch(r"(\d+)([smh])", text)):
        raise LocalStackError(f"{text!r} is no time span; write it like 90s, 5m or 1h")
    return int(found[1]) * UNITS[found[2]]


@dataclass(kw_only=True)
class Reader:
    """Reads what is new in *groups*; *client* gives the logs client of a region."""

    groups: Sequence[Mapping[str, Any]]
    client: Callable[[str], Any]
    since: int = 0
    """Milliseconds since 1970; older lines are not shown."""
    _shown: dict[str, int] = field(default_factory=dict)

    def new(self) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
        """Yield group and event of each line that was not yielded before, the oldest first."""
        found = [(group, event) for group in self.groups for event in self._events(group)]
        found.sort(key=lambda pair: pair[1]["timestamp"])
        for group, event in found:
            self._shown[event["eventId"]] = event["timestamp"]
            yield group, event
        if found:  # what came before is not read again, but for what may still come late
            self.since = max(self.since, found[-1][1]["timestamp"] - OVERLAP_MILLISECONDS)
            self._shown = {name: at for name, at in self._shown.items() if at >= self.since}

    def _events(self, group: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        pages = self.client(group["region"]).get_paginator("filter_log_events")
        for page in pages.paginate(logGroupName=group["name"], startTime=self.since):
            yield from (event for event in page["events"] if event["eventId"] not in self._shown)


def is_error(message: str) -> bool:
    """Tell whether a line reports an error: by its level, or as the platform words it."""
    entry = _entry(message)
    if entry and "level" in entry:
        return entry["level"] in ("ERROR", "CRITICAL")
    if entry and str(entry.get("type", "")).startswith("platform."):
        return bool((entry.get("record") or {}).get("status", "success") != "success")
    return any(word in message for word in ("Task timed out", "Runtime exited", "Traceback", "[ERROR]"))


def line(message: str, timestamp: int, function: str, colour: str) -> Text:
    """Return a line as it is shown: time, function, and a JSON entry as level, message and the rest."""
    at = time.strftime("%H:%M:%S", time.localtime(timestamp / 1000))
    text = Text.assemble((f"{at}.{timestamp % 1000:03} ", "dim"), (f"{function} ", colour))
    entry = _entry(message)
    if entry is None:
        return text.append(message.rstrip(), "dim" if message.startswith(("START", "END", "REPORT")) else "")
    if str(entry.get("type", "")).startswith("platform."):
        return text.append(_platform(entry), "dim")
    level = str(entry.get("level", ""))
    text.append(f"{level} " if level else "", LEVEL_STYLES.get(level, "green"))
    text.append(_plain(entry.get("message", "")))
    rest = {key: value for key, value in entry.items() if key not in (*SHOWN_FIRST, *LEFT_OUT)}
    for key, value in rest.items():
        text.append(f" {key}=", "dim").append(_plain(value))
    return text


def colours(names: Sequence[str]) -> dict[str, str]:
    """Return a colour for each function."""
    return {name: COLOURS[number % len(COLOURS)] for number, name in enumerate(sorted(names))}


def _entry(message: str) -> dict[str, Any] | None:
    try:
        entry = json.loads(message)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) else None


def _platform(entry: Mapping[str, Any]) -> str:
    """Return the platform's word on an invocation: that it began, how it ended, how long it took."""
    record = entry.get("record") or {}
    metrics = record.get("metrics") or {}
    words = [entry["type"].removeprefix("platform."), record.get("status", ""), record.get("requestId", "")]
    duration = f"{metrics['durationMs']:.0f} ms" if "durationMs" in metrics else ""
    return " ".join(word for word in (*words, duration) if word)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
