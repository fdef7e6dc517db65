"""Who may call an operation: user pool authorizers, and API keys with their usage plans.

Without scopes on the method a token counts as an identity token, with scopes as an access token ("Control
access to REST APIs using Amazon Cognito user pools as an authorizer").
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from local.front.document import Operation
from local.front.errors import GatewayError
from local.front.limits import Throttle, Usage
from local.front.request import Request
from local.front.settings import Plan, Stage
from local.front.tokens import ExpiredError, PoolError, Pools, TokenError
from local.front.variables import spelled


def authorize(request: Request, operation: Operation, stage: Stage, pools: Pools) -> Mapping[str, Any]:
    """Return what the authorizer tells about the caller; nothing where an operation has none.

    Raises
    ------
    GatewayError
        UNAUTHORIZED, or AUTHORIZER_CONFIGURATION_ERROR where the fault is not the caller's.
    """
    authorizer = operation.authorizer
    if authorizer is None:
        return {}
    if authorizer.type != "cognito_user_pools":
        noted = f"authorizers of type {authorizer.type or 'unknown'} are not emulated"
        raise GatewayError("AUTHORIZER_CONFIGURATION_ERROR", noted=noted)
    token = request.header(authorizer.header).strip()
    if token[:7].lower() == "bearer ":
        token = token[7:].strip()
    if not token:
        raise GatewayError("UNAUTHORIZED")
    use = "access" if operation.scopes else "id"
    claims = _claims(
        token, [stage.filled(one) for one in authorizer.providers], use, authorizer.audience, pools
    )
    if operation.scopes and not set(operation.scopes) & set(str(claims.get("scope", "")).split()):
        raise GatewayError("UNAUTHORIZED")
    return {"claims": {name: _spelled(name, value) for name, value in claims.items()}}


def _claims(token: str, providers: list[str], use: str, audience: str, pools: Pools) -> Mapping[str, Any]:
    """Return the claims by the first pool that accepts the token."""
    refused: TokenError = TokenError("the authorizer names no user pool")
    for pool in providers:
        try:
            return pools.claims(token, pool, use, audience)
        except PoolError as error:
            raise GatewayError("AUTHORIZER_CONFIGURATION_ERROR", noted=str(error)) from error
        except TokenError as error:
            refused = error
    if isinstance(refused, ExpiredError):
        raise GatewayError("UNAUTHORIZED", "The incoming token has expired") from refused
    raise GatewayError("UNAUTHORIZED") from refused


def _spelled(name: str, value: Any) -> str:
    """Return a claim as a function sees it, where all are texts, lists joined and moments written out."""
    if name in ("exp", "iat") and isinstance(value, int | float):
        return f"{datetime.fromtimestamp(value, UTC):%a %b %d %H:%M:%S UTC %Y}"
    if isinstance(value, list):
        return ",".join(map(spelled, value))
    return spelled(value)


def meter(
    request: Request, operation: Operation, stage: Stage, throttle: Throttle, usage: Usage
) -> Plan | None:
    """Return the usage plan of the request's API key, counting the request; None where none is needed.

    Raises
    ------
    GatewayError
        INVALID_API_KEY, THROTTLED, or QUOTA_EXCEEDED.
    """
    if not operation.needs_key:
        return None
    plan = stage.plans.get(request.header("x-api-key"))
    if plan is None:
        raise GatewayError("INVALID_API_KEY")
    of = (plan.id, plan.key_id)
    if plan.limit and not throttle.admits(of, plan.limit):
        raise GatewayError("THROTTLED")
    if plan.quota and not usage.admits(of, plan.quota):
        raise GatewayError("QUOTA_EXCEEDED")
    return plan
