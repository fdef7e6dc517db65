"""The rule on how often events are delivered and handled again."""

from collections.abc import Iterator
from typing import Annotated, Final

from msgspec import Meta

from guardrails.framework.examples import resource, stack
from guardrails.framework.node import Node
from guardrails.framework.rule import Settings, Severity, resource_rule

_TARGET: Final = stack(
    resource(
        "cloudwatch.EventTarget",
        "target",
        retryPolicy={"maximumRetryAttempts": 185, "maximumEventAgeInSeconds": 3600},
    ),
    resource("lambda.FunctionEventInvokeConfig", "invoke", maximumRetryAttempts=2),
)


class RetrySettings(Settings):
    """For how long an event must be tried again."""

    minimum_event_age_seconds: Annotated[
        int,
        Meta(
            ge=60,
            le=21_600,
            description="The least age at which an event may be given up; AWS allows 60 seconds.",
        ),
    ] = 60


@resource_rule(
    severity=Severity.MEDIUM,
    findings=("OP-4.4",),
    fixes={
        "cloudwatch.EventTarget": 'retry_policy={"maximum_retry_attempts": 185, '
        '"maximum_event_age_in_seconds": 3600}',
        "lambda.FunctionEventInvokeConfig": "maximum_retry_attempts=2",
    },
    reads=(
        "cloudwatch.EventTarget.retryPolicy",
        "lambda.FunctionEventInvokeConfig.maximumEventAgeInSeconds",
        "lambda.FunctionEventInvokeConfig.maximumRetryAttempts",
    ),
    settings=RetrySettings,
    passes={
        "retries by number and age": _TARGET,
        "no retry policy: by default AWS tries again, for a day": _TARGET.but("target", retryPolicy=None).but(
            "invoke", maximumRetryAttempts=None
        ),
        "a single retry, and an age of 60 s: it is a second attempt, and the stack allows both": _TARGET.but(
            "target", retryPolicy={"maximumRetryAttempts": 1}
        ).but("invoke", maximumEventAgeInSeconds=60),
    },
    fails={
        "gives an event up after its first failure": _TARGET.but(
            "target", retryPolicy={"maximumRetryAttempts": 0, "maximumEventAgeInSeconds": 3600}
        ),
        "gives an event up": _TARGET.but("invoke", maximumRetryAttempts=0),
        "has a retryPolicy that states no maximumRetryAttempts": _TARGET.but(
            "target", retryPolicy={"maximumEventAgeInSeconds": 3600}
        ),
        "gives an event up after 30 s, before 60 s": _TARGET.but("invoke", maximumEventAgeInSeconds=30),
    },
)
def event_retries(invoker: Node, settings: RetrySettings) -> Iterator[str]:
    """Events that could not be delivered or handled are tried again.

    A throttle or a failing dependency passes within minutes; without a second try it costs the event.
    """
    props, policy = invoker.inputs, "retryPolicy"
    if invoker.kind == "cloudwatch.EventTarget":
        if not props.has(policy):
            return
        props = props.block(policy)
        if not props.has("maximumRetryAttempts"):
            yield "has a retryPolicy that states no maximumRetryAttempts"
    if props.has("maximumRetryAttempts") and props.number("maximumRetryAttempts") < 1:
        yield "gives an event up after its first failure"
    age, least = props.number("maximumEventAgeInSeconds"), settings.minimum_event_age_seconds
    if 0 < age < least:
        yield f"gives an event up after {age:g} s, before {least} s"
