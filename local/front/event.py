"""The event of a Lambda proxy integration ("Lambda proxy integrations in API Gateway", input format)."""

import base64
from collections.abc import Mapping
from typing import Any

from local.front.request import Request, last_values
from local.front.routing import Match
from local.front.settings import Stage


def proxy_event(request: Request, stage: Stage, match: Match, context: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a function is given; what a request has none of is null."""
    headers = request.passed_headers | {
        "X-Forwarded-For": [request.source_ip],
        "X-Forwarded-Port": ["443"],
        "X-Forwarded-Proto": ["https"],
        "X-Amzn-Trace-Id": [trace_id(request)],
    }
    query = request.query_values
    body, encoded = _body(request, stage)
    return {
        "resource": match.operation.resource,
        "path": request.path,
        "httpMethod": request.method,
        "headers": last_values(headers),
        "multiValueHeaders": headers,
        "queryStringParameters": last_values(query) or None,
        "multiValueQueryStringParameters": query or None,
        "pathParameters": dict(match.parameters) or None,
        "stageVariables": dict(stage.variables) or None,
        "requestContext": dict(context),
        "body": body,
        "isBase64Encoded": encoded,
    }


def _body(request: Request, stage: Stage) -> tuple[str | None, bool]:
    """Return the body, as base64 where its media type is a binary one of the API."""
    if not request.body:
        return None, False
    if request.is_binary(stage.binary):
        return base64.b64encode(request.body).decode(), True
    return request.body.decode(errors="replace"), False


def trace_id(request: Request) -> str:
    """Return the header of X-Ray, made of the moment and the request's own id."""
    return f"Root=1-{int(request.received):08x}-{request.request_id.replace('-', '')[:24]}"
