"""Rules on traces of the calls of an API: that there are some, and that none is of whole requests."""

from collections.abc import Iterator
from typing import Final

from guardrails.framework.examples import resource, stack
from guardrails.framework.node import Node
from guardrails.framework.rule import Severity, resource_rule

_TRACED: Final = stack(resource("apigateway.Stage", "stage", xrayTracingEnabled=True))


@resource_rule(
    severity=Severity.MEDIUM,
    findings=("SP-12", "OP-2.3"),
    fixes={"apigateway.Stage": "xray_tracing_enabled=True"},
    reads=("apigateway.Stage.xrayTracingEnabled",),
    passes={
        "a stage that traces": _TRACED,
        "an HTTP stage without tracing: HTTP APIs cannot trace": stack(
            resource("apigatewayv2.Stage", "http", name="$default")
        ),
        "dataTraceEnabled is off: that would log whole requests, while X-Ray traces": _TRACED.plus(
            resource("apigateway.MethodSettings", "settings", settings={"dataTraceEnabled": False})
        ),
    },
    fails={
        "does not trace requests": _TRACED.but("stage", xrayTracingEnabled=False),
        "does not trace": _TRACED.but("stage", xrayTracingEnabled=None),
    },
)
def api_tracing(stage: Node) -> Iterator[str]:
    """Stages of REST APIs trace requests with X-Ray.

    A trace that begins behind the API does not show the time that callers wait. HTTP APIs cannot trace.
    """
    if not stage.inputs.flag("xrayTracingEnabled"):
        yield "does not trace requests with X-Ray"


_DISCREET: Final = stack(
    resource("apigateway.MethodSettings", "settings", settings={"loggingLevel": "INFO"}),
    resource(
        "apigatewayv2.Stage",
        "stage",
        defaultRouteSettings={"dataTraceEnabled": False},
        routeSettings=[{"routeKey": "$connect", "loggingLevel": "ERROR"}],
    ),
)


@resource_rule(
    severity=Severity.HIGH,
    findings=("CC-SEC-4",),
    fixes={
        "apigateway.MethodSettings": 'settings={"data_trace_enabled": False, "logging_level": "ERROR"}',
        "apigatewayv2.Stage": 'default_route_settings={"data_trace_enabled": False}',
    },
    reads=(
        "apigateway.MethodSettings.settings",
        "apigatewayv2.Stage.defaultRouteSettings",
        "apigatewayv2.Stage.routeSettings",
    ),
    passes={
        "execution logs of every request: at level INFO they hold no bodies": _DISCREET,
        "dataTraceEnabled is there: it is off": _DISCREET.but(
            "settings", settings={"dataTraceEnabled": False}
        ),
    },
    fails={
        "logs whole requests": _DISCREET.but("settings", settings={"dataTraceEnabled": True}),
        "logs whole requests and answers": _DISCREET.but(
            "stage", defaultRouteSettings={"dataTraceEnabled": True}
        ),
        "logs whole": _DISCREET.but("stage", routeSettings=[{"dataTraceEnabled": True}]),
    },
)
def api_data_trace(subject: Node) -> Iterator[str]:
    """No execution log holds requests and answers.

    Data tracing writes headers, tokens and bodies to the log in the clear, for everyone who reads it.
    """
    inputs = subject.inputs
    if subject.kind == "apigateway.MethodSettings":
        blocks = [inputs.block("settings")]
    else:
        blocks = [inputs.block("defaultRouteSettings"), *inputs.blocks("routeSettings")]
    if any(block.flag("dataTraceEnabled") for block in blocks):
        yield "logs whole requests and answers: dataTraceEnabled is on"
