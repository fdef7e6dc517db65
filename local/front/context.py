"""What API Gateway knows of a request: the function's `requestContext`, and the `$context` of texts."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from local.front.errors import GatewayError
from local.front.request import Request
from local.front.routing import Match
from local.front.settings import Plan, Stage


def request_context(
    request: Request,
    stage: Stage,
    match: Match | None,
    authorizer: Mapping[str, Any],
    plan: Plan | None = None,
) -> dict[str, Any]:
    """Return the context of a request ("Lambda proxy integrations in API Gateway", input format)."""
    received = datetime.fromtimestamp(request.received, UTC)
    host = request.header("host")
    operation = match.operation if match else None
    return {
        "accountId": stage.account,
        "apiId": stage.api_id,
        **({"authorizer": dict(authorizer)} if authorizer else {}),
        "deploymentId": stage.deployment_id,
        "domainName": host,
        "domainPrefix": host.partition(".")[0],
        "extendedRequestId": request.extended_id,
        "httpMethod": request.method,
        "identity": _identity(request, plan),
        "path": f"/{stage.name}{request.path}",
        "protocol": request.protocol,
        "requestId": request.request_id,
        "requestTime": f"{received:%d/%b/%Y:%H:%M:%S} +0000",
        "requestTimeEpoch": int(request.received * 1000),
        "resourcePath": operation.resource if operation else None,
        "stage": stage.name,
    }


def _identity(request: Request, plan: Plan | None) -> dict[str, Any]:
    key = {"apiKey": request.header("x-api-key"), "apiKeyId": plan.key_id} if plan else {}
    return {
        "accessKey": None,
        "accountId": None,
        "caller": None,
        "cognitoAuthenticationProvider": None,
        "cognitoAuthenticationType": None,
        "cognitoIdentityId": None,
        "cognitoIdentityPoolId": None,
        "principalOrgId": None,
        "sourceIp": request.source_ip,
        "user": None,
        "userAgent": request.header("user-agent") or None,
        "userArn": None,
        **key,
    }


def error_context(error: GatewayError) -> dict[str, str]:
    """Return `$context.error`; `messageString` is the message in quotes."""
    return {
        "message": error.message,
        "messageString": json.dumps(error.message, ensure_ascii=False),
        "responseType": error.kind,
        **({"validationErrorString": error.validation} if error.validation else {}),
    }
