"""Rules on how a Lambda function is set up: tracing, size, logs, concurrency."""

from collections.abc import Iterator
from typing import Annotated, Final

from msgspec import Meta

from guardrails.framework.examples import resource, stack
from guardrails.framework.node import Node
from guardrails.framework.rule import Settings, Severity, resource_rule

_TRACED: Final = stack(resource("lambda.Function", "worker", tracingConfig={"mode": "Active"}))


@resource_rule(
    severity=Severity.MEDIUM,
    findings=("SP-12", "OP-2.3"),
    fixes={"lambda.Function": 'tracing_config={"mode": "Active"}'},
    reads=("lambda.Function.tracingConfig",),
    passes={
        "active tracing": _TRACED,
        "a list in place of a block: older SDKs send it so": _TRACED.but(
            "worker", tracingConfig=[{"mode": "Active"}]
        ),
        "a property __defaults: Pulumi keeps there what it filled in": _TRACED.but(
            "worker", tracingConfig={"__defaults": [], "mode": "Active"}
        ),
    },
    fails={
        "does not trace its invocations": _TRACED.but("worker", tracingConfig=None),
        "traces only what its caller traces": _TRACED.but("worker", tracingConfig={"mode": "PassThrough"}),
    },
)
def lambda_tracing(function: Node) -> Iterator[str]:
    """Functions trace actively with X-Ray.

    A request that fails or is slow can otherwise not be followed from its source to the table.
    """
    mode = function.inputs.block("tracingConfig").text("mode")
    if mode == "PassThrough":
        yield "traces only what its caller traces"
    elif mode != "Active":
        yield "does not trace its invocations"


class SizeSettings(Settings):
    """Between which bounds a stack may choose the size of its functions."""

    maximum_timeout_seconds: Annotated[
        int, Meta(ge=1, le=900, description="The longest timeout; AWS allows 900 seconds.")
    ] = 900
    minimum_memory_mb: Annotated[
        int, Meta(ge=128, le=10240, description="The least memory; AWS allows 128 MB.")
    ] = 128
    maximum_memory_mb: Annotated[
        int, Meta(ge=128, le=10240, description="The most memory; AWS allows 10,240 MB.")
    ] = 10240


_SIZED: Final = stack(resource("lambda.Function", "worker", memorySize=512, timeout=30))


@resource_rule(
    severity=Severity.LOW,
    findings=("CC-PERF-1", "CC-COST-2", "SP-9", "SP-11", "OP-5.6", "UA-2.1", "UA-3.1"),
    fixes={"lambda.Function": "memory_size=settings.memory_mb, timeout=settings.timeout_seconds"},
    reads=("lambda.Function.memorySize", "lambda.Function.timeout"),
    settings=SizeSettings,
    passes={
        "memory and timeout are stated": _SIZED,
        "128 MB and 3 s: the defaults, but somebody chose them": _SIZED.but(
            "worker", memorySize=128, timeout=3
        ),
        "a timeout of 900 s: the longest, which the stack allows": _SIZED.but("worker", timeout=900),
    },
    fails={
        "leaves its memorySize to the provider": _SIZED.but("worker", memorySize=None),
        "leaves its timeout to the provider": _SIZED.but("worker", timeout=None),
        "has a timeout of 901 s, which is not between 1 and 900": _SIZED.but("worker", timeout=901),
        "has a timeout of 0 s": _SIZED.but("worker", timeout=0),
        "has 64 MB of memory, which is not between 128 and 10240": _SIZED.but("worker", memorySize=64),
    },
)
def lambda_sizes(function: Node, settings: SizeSettings) -> Iterator[str]:
    """Functions state their memory and their timeout.

    The defaults, 128 MB and 3 seconds, suit hardly any work; a runaway function costs until its timeout.
    """
    props = function.inputs
    for prop in ("memorySize", "timeout"):
        if not props.has(prop) or props.filled_in(prop):
            yield f"leaves its {prop} to the provider's default"
    timeout, memory = props.number("timeout"), props.number("memorySize")
    if props.has("timeout") and not 1 <= timeout <= settings.maximum_timeout_seconds:
        yield (
            f"has a timeout of {timeout:g} s, which is not between 1 and {settings.maximum_timeout_seconds}"
        )
    least, most = settings.minimum_memory_mb, settings.maximum_memory_mb
    if props.has("memorySize") and not least <= memory <= most:
        yield f"has {memory:g} MB of memory, which is not between {least} and {most}"


_JSON: Final = stack(resource("lambda.Function", "worker", loggingConfig={"logFormat": "JSON"}))


@resource_rule(
    severity=Severity.MEDIUM,
    findings=("CC-OPS-1", "OP-5.1"),
    fixes={"lambda.Function": 'logging_config={"log_format": "JSON", "log_group": log_group.name}'},
    reads=("lambda.Function.loggingConfig",),
    passes={
        "JSON": _JSON,
        "a list in place of a block: older SDKs send it so": _JSON.but(
            "worker", loggingConfig=[{"logFormat": "JSON"}]
        ),
        "a level of WARN: it is for what Lambda itself reports, in JSON too": _JSON.but(
            "worker", loggingConfig={"logFormat": "JSON", "systemLogLevel": "WARN"}
        ),
    },
    fails={
        "logs free text": _JSON.but("worker", loggingConfig=None),
        "logs free": _JSON.but("worker", loggingConfig={"logFormat": "Text", "logGroup": "/shop/worker"}),
    },
)
def lambda_json_logs(function: Node) -> Iterator[str]:
    """Functions log JSON.

    Free text cannot be searched by field, and what Lambda itself reports carries no request id to search by.
    """
    if function.inputs.block("loggingConfig").text("logFormat") != "JSON":
        yield "logs free text: its logFormat is not JSON"


class ConcurrencySettings(Settings):
    """How much of the account's concurrency one function may take."""

    maximum: Annotated[
        int,
        Meta(
            ge=1,
            le=1_000_000,
            description="The most that one function may reserve; of an account's 1,000, 100 stay unreserved.",
        ),
    ] = 900


_RESERVED: Final = stack(resource("lambda.Function", "worker", reservedConcurrentExecutions=100))


@resource_rule(
    severity=Severity.MEDIUM,
    findings=("SP-7", "OP-3.1"),
    fixes={"lambda.Function": "reserved_concurrent_executions=100"},
    reads=("lambda.Function.reservedConcurrentExecutions",),
    settings=ConcurrencySettings,
    passes={
        "100 at once": _RESERVED,
        "one at a time: it is reserved, and may be meant so": _RESERVED.but(
            "worker", reservedConcurrentExecutions=1
        ),
        "900 of the 1,000 that an account has: 100 stay unreserved": _RESERVED.but(
            "worker", reservedConcurrentExecutions=900
        ),
    },
    fails={
        "reserves no concurrency": _RESERVED.but("worker", reservedConcurrentExecutions=None),
        "reserves no": _RESERVED.but("worker", reservedConcurrentExecutions=-1),
        "reserves a concurrency of 0, which keeps it from running": _RESERVED.but(
            "worker", reservedConcurrentExecutions=0
        ),
        "reserves a concurrency of 5000, more than 900": _RESERVED.but(
            "worker", reservedConcurrentExecutions=5000
        ),
    },
)
def lambda_reserved_concurrency(function: Node, settings: ConcurrencySettings) -> Iterator[str]:
    """Functions reserve their concurrency.

    One function under load otherwise takes all that the account has, and every other function is throttled.
    """
    prop = "reservedConcurrentExecutions"
    reserved = function.inputs.number(prop) if function.inputs.has(prop) else -1
    if reserved < 0:
        yield "reserves no concurrency"
    elif reserved == 0:
        yield "reserves a concurrency of 0, which keeps it from running"
    elif reserved > settings.maximum:
        yield f"reserves a concurrency of {reserved:g}, more than {settings.maximum}"
