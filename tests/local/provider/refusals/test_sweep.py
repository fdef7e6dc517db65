"""What the real provider's validators refuse, the local provider refuses, already in a preview."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.provider.refusals import REFUSALS, refused_inputs, sentence
from local.provider.schema import resource_type
from local.provider.values import UNKNOWN
from tests.local.provider.refusals.stage import read, sweep, unresolved, with_value


def refused(name: str, inputs: dict[str, Any]) -> list[str]:
    """Return the paths that a check refuses."""
    token = read("bases")[name]["type"]
    found = unresolved(inputs)
    return [one.path for one in resource_type(token).problems(found) or refused_inputs(token, found)]


@pytest.mark.parametrize("name", read("bases"))
def test_a_resource_that_aws_accepts_is_accepted(name):
    assert refused(name, read("bases")[name]["inputs"]) == []


@pytest.mark.parametrize("name", read("sweep"))
def test_every_value_that_the_real_provider_refuses_is_refused(name):
    inputs = read("bases")[name]["inputs"]

    missed = [
        (path, value)
        for base, path, parts, value in sweep()
        if base == name and not refused(name, with_value(inputs, parts, value))
    ]

    assert missed == []


BORDERS = [
    ("queue", "visibilityTimeoutSeconds", 0, 43_200),
    ("queue", "delaySeconds", 0, 900),
    ("queue", "messageRetentionSeconds", 60, 1_209_600),
    ("queue", "maxMessageSize", 1024, 1_048_576),
    ("queue", "receiveWaitTimeSeconds", 0, 20),
    ("queue", "kmsDataKeyReusePeriodSeconds", 60, 86_400),
    ("function", "memorySize", 128, 10_240),
    ("function", "timeout", 1, 900),
    ("key", "rotationPeriodInDays", 90, 2560),
    ("key", "deletionWindowInDays", 7, 30),
    ("role", "maxSessionDuration", 3600, 43_200),
    ("invokeConfig", "maximumRetryAttempts", 0, 2),
    ("invokeConfig", "maximumEventAgeInSeconds", 60, 21_600),
    ("mapping", "maximumBatchingWindowInSeconds", 0, 300),
    ("apiAuthorizer", "authorizerResultTtlInSeconds", 0, 3600),
]


@given(st.sampled_from(BORDERS), st.integers(-3, 3), st.booleans())
def test_borders_count_as_inside_and_what_lies_beyond_is_refused(border, offset, at_the_top):
    name, path, low, high = border
    value = (high if at_the_top else low) + offset

    paths = refused(name, read("bases")[name]["inputs"] | {path: value})

    assert (path in paths) == (not low <= value <= high)


@given(st.sampled_from(sorted(read("bases"))), st.data())
def test_what_is_not_known_yet_is_not_refused(name, data):
    inputs = read("bases")[name]["inputs"]
    unknown = data.draw(st.sets(st.sampled_from(sorted(inputs)), min_size=1))

    assert refused(name, inputs | dict.fromkeys(unknown, UNKNOWN)) == []


def test_every_refusal_says_what_is_refused_by_which_page_and_with_which_error():
    for refusal in REFUSALS:
        text = sentence(refusal)
        assert text.endswith("."), refusal.name
        assert len(text) > len("`x` is ."), refusal.name
        assert refusal.page, refusal.name
        assert refusal.operation, refusal.name
        assert bool(refusal.error) == (refusal.when.name != "USE"), refusal.name
        for token in set(refusal.types) - {"*"}:
            resource_type(token)
