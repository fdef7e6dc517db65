"""Where the rules on functions and queues draw their lines."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardrails.framework.errors import UndeterminedError
from guardrails.framework.examples import UNKNOWN, Stack, resource, stack
from guardrails.framework.props import Props
from guardrails.rules import all_rules, lambda_runtime
from tests.pack.engine_side import verdicts
from tests.pack.samples import said

RULES = {rule.id: rule for rule in all_rules()}
FUNCTION = resource("lambda.Function", "worker", name="worker", timeout=30)
QUEUE_ARN = "arn:aws:sqs:eu-west-1:111122223333:work"


def feed(name: str = "feed", **inputs: Any) -> Any:
    return resource(
        "lambda.EventSourceMapping",
        name,
        **{"eventSourceArn": QUEUE_ARN, "functionName": "worker:live", **inputs},
    )


def fed(queue: dict[str, Any], *more: Any, **function: Any) -> Stack:
    return stack(resource("sqs.Queue", "work", name="work", **queue), *more).plus(
        resource("lambda.Function", "worker", name="worker", **function)
    )


def test_a_default_that_the_provider_filled_in_is_not_a_choice() -> None:
    chosen: dict[str, Any] = {"memorySize": 128, "timeout": 3}
    filled = stack(resource("lambda.Function", "f", **chosen, __defaults=["memorySize", "name"]))

    assert verdicts(RULES["lambda-sizes"], filled) == ["leaves its memorySize to the provider's default"]
    assert verdicts(RULES["lambda-sizes"], stack(resource("lambda.Function", "f", **chosen))) == []


def test_the_providers_note_on_defaults_is_read_with_care() -> None:
    assert Props.of({"a": 1, "__defaults": ["a"]}, "r").filled_in("a")
    assert not Props.of({"a": 1, "__defaults": ["b"]}, "r").filled_in("a")
    assert not Props.of({"a": 1, "__defaults": "a"}, "r").filled_in("a")
    assert not Props.of({"a": 1}, "r").filled_in("a")
    for unknown in (UNKNOWN, [UNKNOWN]):
        with pytest.raises(UndeterminedError, match="__defaults of r is not known yet"):
            Props.of({"a": 1, "__defaults": unknown}, "r").filled_in("a")


def test_empty_text_is_what_nobody_has_set() -> None:
    props = Props.of({"given": "x", "empty": "", "nothing": None, "later": UNKNOWN, "off": False}, "r")

    assert [key for key in ("given", "empty", "nothing", "later", "off") if props.has(key)] == [
        "given",
        "later",
        "off",
    ]


@given(
    runtime=st.sampled_from(sorted(lambda_runtime.ends_of_support())),
    day=st.dates(date(2020, 1, 1), date(2035, 1, 1)),
    days=st.integers(0, 1000),
)
def test_a_runtime_passes_while_enough_days_of_support_are_left(runtime: str, day: date, days: int) -> None:
    left = (lambda_runtime.ends_of_support()[runtime] - day).days
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(lambda_runtime, "today", lambda: day)
        found = said(
            RULES["lambda-runtime"],
            stack(resource("lambda.Function", "f", runtime=runtime)),
            minimumDays=days,
        )

    assert bool(found) == (left <= 0 or left < days)
    assert ("AWS ended" in "".join(found)) == (left <= 0)


def test_a_runtime_is_judged_by_the_day_in_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    last = lambda_runtime.ends_of_support()["nodejs22.x"]
    example = stack(resource("lambda.Function", "f", runtime="nodejs22.x"))

    monkeypatch.setattr(lambda_runtime, "today", lambda: last - timedelta(days=9))

    assert said(RULES["lambda-runtime"], example, minimumDays=9) == []
    assert said(RULES["lambda-runtime"], example, minimumDays=10) == [
        f"has the runtime nodejs22.x, whose support AWS ends on {last}: 9 days are left, not 10"
    ]


def test_the_bounds_of_a_functions_size_are_a_stacks_choice() -> None:
    example = stack(resource("lambda.Function", "f", memorySize=512, timeout=60))

    assert said(RULES["lambda-sizes"], example, maximumTimeoutSeconds=60, minimumMemoryMb=512) == []
    assert said(RULES["lambda-sizes"], example, maximumTimeoutSeconds=59, maximumMemoryMb=256) == [
        "has a timeout of 60 s, which is not between 1 and 59",
        "has 512 MB of memory, which is not between 128 and 256",
    ]


def test_the_most_that_a_function_may_reserve_is_a_stacks_choice() -> None:
    example = stack(resource("lambda.Function", "f", reservedConcurrentExecutions=2000))

    assert said(RULES["lambda-reserved-concurrency"], example, maximum=2000) == []
    assert said(RULES["lambda-reserved-concurrency"], example, maximum=1999) == [
        "reserves a concurrency of 2000, more than 1999"
    ]


@given(
    timeout=st.integers(1, 900),
    window=st.integers(0, 300),
    hidden=st.integers(0, 43_200),
    factor=st.integers(1, 9),
)
def test_a_queue_hides_messages_for_the_factor_times_the_timeout_and_the_window(
    timeout: int, window: int, hidden: int, factor: int
) -> None:
    example = fed(
        {"visibilityTimeoutSeconds": hidden}, feed(maximumBatchingWindowInSeconds=window), timeout=timeout
    )

    found = said(RULES["sqs-visibility"], example, factor=factor)

    assert bool(found) == (hidden < factor * timeout + window)


@given(receives=st.integers(1, 1000), hidden=st.integers(0, 43_200), kept=st.integers(60, 1_209_600))
def test_a_message_becomes_a_dead_letter_before_it_is_forgotten(
    receives: int, hidden: int, kept: int
) -> None:
    policy = {"deadLetterTargetArn": f"{QUEUE_ARN}-dlq", "maxReceiveCount": receives}
    queue = resource(
        "sqs.Queue",
        "work",
        redrivePolicy=policy,
        visibilityTimeoutSeconds=hidden,
        messageRetentionSeconds=kept,
    )

    found = said(RULES["redrive-attempts"], stack(queue), minimumReceives=1, maximumReceives=1000)

    assert bool(found) == (kept <= receives * hidden)


def test_a_redrive_count_as_text_is_a_number() -> None:
    policy = f'{{"deadLetterTargetArn": "{QUEUE_ARN}-dlq", "maxReceiveCount": "1"}}'

    assert verdicts(RULES["redrive-attempts"], stack(resource("sqs.Queue", "q", redrivePolicy=policy))) == [
        "makes a message a dead letter after 1 receives, not after 2 to 100"
    ]


def test_a_queue_of_a_state_without_redrive_policy_has_none() -> None:
    example = fed({"redrivePolicy": "", "kmsMasterKeyId": ""}, feed())

    assert verdicts(RULES["redrive-attempts"], example) == []
    (found,) = verdicts(RULES["dead-letter-queues"], example)
    assert "which has no dead-letter queue" in found


def test_a_dead_letter_queue_outside_of_the_stack_is_undetermined() -> None:
    policy = {"deadLetterTargetArn": f"{QUEUE_ARN}-elsewhere", "maxReceiveCount": 5}

    (found,) = said(RULES["dead-letter-retention"], stack(resource("sqs.Queue", "q", redrivePolicy=policy)))

    assert found.startswith("undetermined: the dead-letter queue that")


def test_the_concurrency_of_all_queues_of_a_function_counts() -> None:
    ten: dict[str, Any] = {"scalingConfig": {"maximumConcurrency": 10}}
    more = resource("sqs.Queue", "more", name="more")
    second = feed("second", eventSourceArn=f"{QUEUE_ARN[:-4]}more", **ten)

    both = fed({}, feed(**ten), more, second, reservedConcurrentExecutions=19)
    found = verdicts(RULES["event-source-concurrency"], both)

    assert len(found) == 2
    assert all("20 times at once, of which only 19 are reserved" in each for each in found)
    enough = fed({}, feed(**ten), more, second, reservedConcurrentExecutions=20)
    assert verdicts(RULES["event-source-concurrency"], enough) == []


def test_an_unknown_source_of_a_kind_that_cannot_be_read_is_a_violation() -> None:
    lured = stack(
        resource("kms.Key", "key"), feed(sources={"eventSourceArn": ("key",)}, eventSourceArn=UNKNOWN)
    )

    for rule in ("dead-letter-queues", "event-source-retries", "sqs-visibility"):
        (found,) = said(RULES[rule], lured)
        assert found.startswith('takes its eventSourceArn from "key" (aws:kms/key:Key)')
        assert found.endswith("which is no queue or stream or broker")


@pytest.mark.parametrize(
    ("reference", "problem"),
    [
        ("worker:live", ""),
        ("arn:aws:lambda:eu-west-1:111122223333:function:worker:live", ""),
        ("111122223333:function:worker:live", ""),
        ("worker", "uses $LATEST of"),
        ("worker:$LATEST", "uses $LATEST of"),
        ("arn:aws:lambda:eu-west-1:111122223333:function:worker", "uses $LATEST of"),
        ("arn:aws:lambda:eu-west-1:111122223333:function:worker:3", "uses version 3 of"),
        ("worker:blue", "uses blue of"),
        ("arn:aws:lambda:eu-west-1:111122223333:function:elsewhere", ""),
    ],
)
def test_a_caller_is_judged_by_what_its_reference_is_qualified_with(reference: str, problem: str) -> None:
    example = stack(
        resource("lambda.Function", "worker", name="worker", publish=True),
        resource("lambda.Alias", "live", name="live", functionName="worker", functionVersion="1"),
        feed(functionName=reference),
    )

    found = verdicts(RULES["lambda-alias"], example)

    assert [each[: len(problem)] for each in found] == ([problem] if problem else [])


def test_an_alias_of_another_function_does_not_count() -> None:
    example = stack(
        resource("lambda.Function", "worker", name="worker", publish=True),
        resource("lambda.Function", "other", name="other", publish=True),
        resource("lambda.Alias", "live", name="live", functionName="other", functionVersion="1"),
        feed(functionName="worker:live"),
    )

    found = verdicts(RULES["lambda-alias"], example)

    assert "has no alias" in found
    assert any(each.startswith("uses live of") for each in found)


@pytest.mark.parametrize("kind", ["lambda.Function", "sqs.Queue"])
def test_a_qualifier_of_another_origin_than_an_alias_is_a_violation(kind: str) -> None:
    base = stack(
        resource("lambda.Function", "worker", name="worker", publish=True),
        resource("sqs.Queue", "queue"),
        resource("lambda.Alias", "live", name="live", functionName="worker", functionVersion="1"),
    )
    origin = "worker" if kind == "lambda.Function" else "queue"
    grant = resource(
        "lambda.Permission",
        "grant",
        sources={"qualifier": (origin,)},
        function="worker",
        qualifier=UNKNOWN,
    )

    (found,) = said(RULES["lambda-alias"], base.plus(grant))

    assert found.startswith(f'takes its qualifier from "{origin}"')
    assert found.endswith("which is no lambda.Alias")


def test_kinesis_and_kafka_are_told_apart() -> None:
    def problems(arn: str) -> list[str]:
        return verdicts(RULES["event-source-retries"], stack(feed(eventSourceArn=arn)))

    assert len(problems("arn:aws:kinesis:eu-west-1:111122223333:stream/clicks")) == 2
    assert problems("arn:aws:kafka:eu-west-1:111122223333:cluster/demo/4f") == []
    assert problems("") == []
