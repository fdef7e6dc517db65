"""Both shapes of event say which version is meant, whatever its key; anything else is refused by name."""

import contextlib
import copy
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.errors import MalformedEventError
from objects.events import Sighting, split
from objects.models import ObjectVersion
from tests.objects.cloud import Cloud
from tests.objects.messages import INTAKE, Invoke, notification, scan_event

PLAIN = ObjectVersion(bucket=INTAKE, key="a.csv", version_id="3HL4kqCxf3vjVBH40Nrjfkd")

keys = (
    st.one_of(st.text(st.characters(exclude_categories=["Cs"])), st.text("a +%&?=/ü\u0308🙂\\"))
    .map(lambda key: (key * 40).encode()[:1024].decode(errors="ignore"))
    .filter(bool)
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)


@st.composite
def damaged_events(draw: st.DrawFn) -> Any:
    """Return a valid event of either shape with one value removed or replaced by something else."""
    event: Any = copy.deepcopy(draw(st.sampled_from([scan_event(PLAIN), notification(PLAIN)])))
    parent = event
    while True:
        name = draw(st.sampled_from(sorted(parent) if isinstance(parent, dict) else range(len(parent))))
        if not (isinstance(parent[name], (dict, list)) and parent[name] and draw(st.booleans())):
            break
        parent = parent[name]
    if draw(st.booleans()):
        del parent[name]
    else:
        parent[name] = draw(json_values)
    return event


def read_all(body: str) -> list[Sighting]:
    return [event.read(INTAKE) for event in split(body)]


@given(key=keys, version_id=st.text("abcXYZ019._-", min_size=1, max_size=64))
def test_any_key_is_read_from_both_shapes_as_it_is_named_in_the_bucket(key: str, version_id: str) -> None:
    version = ObjectVersion(bucket=INTAKE, key=key, version_id=version_id)

    (scanned,) = read_all(json.dumps(scan_event(version)))
    (notified,) = read_all(json.dumps(notification(version), ensure_ascii=False))

    assert scanned.version == notified.version == version
    assert (scanned.verdict, scanned.event_id) == ("NO_THREATS_FOUND", f"event-of-{version_id}")
    assert (notified.verdict, notified.event_id) == (None, None)


@pytest.mark.finding("SP-17")
@settings(max_examples=400)
@given(body=st.one_of(st.text(), json_values.map(json.dumps), damaged_events().map(json.dumps)))
def test_a_body_is_understood_or_refused_with_a_reason_and_nothing_else(body: str) -> None:
    with contextlib.suppress(MalformedEventError):
        assert {sighting.version.bucket for sighting in read_all(body)} <= {INTAKE}


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=damaged_events().map(json.dumps))
def test_a_damaged_message_ends_as_batch_item_failure_beside_others_that_succeed(
    cloud: Cloud, worker: Invoke, body: str
) -> None:
    expected = ["message-1"]
    with contextlib.suppress(MalformedEventError):
        read_all(body)
        expected = []
    good = scan_event(PLAIN)

    assert worker(good, body, good) == expected
