"""Log lines are shown once, in the order of time, and JSON can be read."""

import json

import pytest

from local.commands.logs import Reader, is_error, line, seconds_of
from local.errors import LocalStackError


class Groups:
    """Log groups as CloudWatch answers for them."""

    def __init__(self, **events):
        self.events = {name: list(found) for name, found in events.items()}
        self.asked = []

    def get_paginator(self, _):
        return self

    def paginate(self, *, logGroupName, startTime):  # noqa: N803 - boto3's names
        self.asked.append(startTime)
        yield {"events": [one for one in self.events[logGroupName] if one["timestamp"] >= startTime]}


def event(timestamp: int, message: str) -> dict[str, object]:
    return {"eventId": message, "timestamp": timestamp, "message": message}


def test_lines_of_all_groups_come_once_in_the_order_of_time_and_late_ones_still_come():
    cloud = Groups(a=[event(100_000, "a1"), event(103_000, "a2")], b=[event(101_000, "b1")])
    reader = Reader(
        groups=[{"name": "a", "region": "r"}, {"name": "b", "region": "r"}], client=lambda _: cloud
    )

    first = [found["message"] for _, found in reader.new()]
    cloud.events["b"] += [event(102_500, "late"), event(104_000, "b2")]
    then = [found["message"] for _, found in reader.new()]

    assert first == ["a1", "b1", "a2"]
    assert then == ["late", "b2"]
    assert cloud.asked[-1] == 101_000, "what was shown long ago is not read again"


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ('{"level": "ERROR", "message": "no"}', True),
        ('{"level": "INFO", "message": "Traceback of nothing"}', False),
        ("RequestId: 1 Error: Task timed out after 3.00 seconds", True),
        ("START RequestId: 1", False),
        ('{"type": "platform.report", "record": {"status": "timeout"}}', True),
        ('{"type": "platform.report", "record": {"status": "success"}}', False),
    ],
)
def test_errors_are_told_by_level_or_by_the_words_of_the_platform(message, error):
    assert is_error(message) is error


def test_a_json_line_is_shown_as_level_message_and_the_rest():
    entry = {"level": "INFO", "message": "recorded", "timestamp": "…", "service": "objects", "key": "a/b"}

    shown = line(json.dumps(entry), 1_000, "worker", "cyan").plain

    assert shown.endswith(".000 worker INFO recorded key=a/b")


def test_a_time_span_without_unit_is_refused():
    assert [seconds_of(text) for text in ("90s", "5m", "2h")] == [90, 300, 7200]
    with pytest.raises(LocalStackError, match="write it like 90s, 5m or 1h"):
        seconds_of("90")
