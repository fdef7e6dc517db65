"""The rule on access logs of APIs."""

import json
import re
from collections.abc import Iterator
from functools import partial
from typing import Final

from guardrails.framework.api import HTTP, is_quick
from guardrails.framework.examples import UNKNOWN, resource, stack
from guardrails.framework.graph import Graph
from guardrails.framework.names import service_of
from guardrails.framework.node import Node
from guardrails.framework.rule import Severity, stack_rule

_FORMAT: Final = json.dumps(
    {
        "requestId": "$context.requestId",
        "caller": "$context.identity.caller",
        "status": "$context.status",
        "latency": "$context.responseLatency",
    }
)
_VARIABLE: Final = re.compile(r"\$context\.([A-Za-z0-9_.-]+)")
_FIELDS: Final = {
    "request id": r"(requestId|extendedRequestId)",
    "caller": r"(identity\.|authorizer\.).+",
    "status": r"status",
    "latency": r"(responseLatency|integrationLatency|integration\.latency)",
}
_DESTINATIONS: Final = ("cloudwatch.LogGroup", "kinesis.FirehoseDeliveryStream")

_LOGGED: Final = stack(
    resource("cloudwatch.LogGroup", "logs", name="/shop/orders/dev"),
    resource(
        "apigateway.Stage",
        "stage",
        sources={"accessLogSettings": ("logs",)},
        accessLogSettings={"destinationArn": UNKNOWN, "format": _FORMAT},
    ),
)
_UNQUOTED: Final = stack(
    resource(
        "apigatewayv2.Stage",
        "stage",
        accessLogSettings={
            "destinationArn": "arn:aws:logs:eu-west-1:111122223333:log-group:/shop/orders/dev",
            "format": '{"id":"$context.requestId", "sub": "$context.authorizer.claims.sub", '
            '"status": $context.status, "ms": $context.integrationLatency}',
        },
    )
)


def _formatted(text: str) -> dict[str, str]:
    return {"destinationArn": UNKNOWN, "format": text}


@stack_rule(
    severity=Severity.MEDIUM,
    findings=("OP-2.6", "OP-9.1"),
    fixes={
        "apigateway.Stage": (
            "access_log_settings={\n"
            '    "destination_arn": log_group.arn,\n'
            '    "format": json.dumps({\n'
            '        "requestId": "$context.requestId", "caller": "$context.identity.caller",\n'
            '        "status": "$context.status", "latency": "$context.responseLatency",\n'
            "    }),\n"
            "}"
        ),
        "apigatewayv2.Stage": (
            "access_log_settings={\n"
            '    "destination_arn": log_group.arn,\n'
            '    "format": json.dumps({\n'
            '        "requestId": "$context.requestId", "caller": "$context.identity.sourceIp",\n'
            '        "status": "$context.status", "latency": "$context.responseLatency",\n'
            "    }),\n"
            "}"
        ),
        HTTP: (
            "aws.apigatewayv2.Stage(\n"
            '    "live", api_id=api.id, name="live",\n'
            '    access_log_settings={"destination_arn": log_group.arn, "format": log_format},\n'
            ")  # and no target= on the API, which makes a stage of its own"
        ),
    },
    reads=(
        "apigateway.Stage.accessLogSettings",
        "apigatewayv2.Api.target",
        "apigatewayv2.Stage.accessLogSettings",
    ),
    passes={
        "a destination unknown until the update: it comes from a log group": _LOGGED,
        "a format that is no JSON with $context.status bare: each line that it writes is": _UNQUOTED,
    },
    fails={
        "writes no access log": _LOGGED.but("stage", accessLogSettings=None),
        "writes an access log that is not JSON": _UNQUOTED.but(
            "stage",
            accessLogSettings={
                "destinationArn": "arn:aws:logs:eu-west-1:111122223333:log-group:/x",
                "format": "$context.requestId $context.identity.caller",
            },
        ),
        "writes an access log without caller, latency": _UNQUOTED.but(
            "stage",
            accessLogSettings={
                "destinationArn": "arn:aws:firehose:eu-west-1:111122223333:deliverystream/x",
                "format": '{"id": "$context.requestId", "status": "$context.status"}',
            },
        ),
        "writes its access log to what is no log group": _UNQUOTED.but(
            "stage",
            accessLogSettings={"destinationArn": "arn:aws:sqs:eu-west-1:111122223333:x", "format": _FORMAT},
        ),
        "has a quick-created stage, which writes no access log": stack(
            resource(HTTP, "http", target=UNKNOWN)
        ),
    },
)
def api_access_logs(subject: Node, graph: Graph) -> Iterator[str]:
    """Stages log each request as JSON with its id, caller, status and latency.

    Without that record nobody can say who called, what went wrong and how often, or search for it.
    """
    if subject.kind == HTTP:
        if is_quick(subject):
            yield "has a quick-created stage, which writes no access log"
    elif not subject.inputs.block("accessLogSettings").has("destinationArn"):
        yield "writes no access log"
    else:
        yield from _format_problems(subject.inputs.block("accessLogSettings").text("format"))
        yield from _destination_problems(subject, graph)


def _format_problems(logged: str) -> Iterator[str]:
    if not _is_json(logged):
        yield "writes an access log that is not JSON"
    names = _VARIABLE.findall(logged)
    missing = [
        field
        for field, names_of in _FIELDS.items()
        if not any(re.fullmatch(names_of, name) for name in names)
    ]
    if missing:
        yield f"writes an access log without {', '.join(missing)}"


def _destination_problems(stage: Node, graph: Graph) -> Iterator[str]:
    read = partial(stage.inputs.block("accessLogSettings").text, "destinationArn")
    found = graph.origin(stage, "accessLogSettings", read, kinds=_DESTINATIONS)
    if isinstance(found, str) and service_of(found) not in ("logs", "firehose"):
        yield "writes its access log to what is no log group and no delivery stream"


def _is_json(text: str) -> bool:
    """Tell whether a log format makes JSON objects, once its variables have values."""
    try:
        return isinstance(json.loads(_VARIABLE.sub("0", text)), dict)
    except (ValueError, RecursionError):
        return False
