"""The condition values that every request of a role carries."""

from datetime import UTC, datetime

from local.permissions.calls import ServiceCall
from local.permissions.keys import Values
from local.permissions.principals import Caller


def common(caller: Caller, region: str) -> dict[str, Values]:
    """Return who calls, from where and when; the local plain HTTP counts as TLS."""
    return {
        **time(),
        "aws:PrincipalArn": caller.principal,
        "aws:PrincipalAccount": caller.account,
        "aws:PrincipalType": "AssumedRole",
        "aws:PrincipalIsAWSService": "false",
        "aws:RequestedRegion": region,
        "aws:ResourceAccount": caller.account,
        "aws:SecureTransport": "true",
    }


def time() -> dict[str, Values]:
    """Return the present moment."""
    now = datetime.now(UTC)
    return {"aws:CurrentTime": now.strftime("%Y-%m-%dT%H:%M:%SZ"), "aws:EpochTime": str(int(now.timestamp()))}


def of_service(call: ServiceCall, *, names_source: bool = True) -> dict[str, Values]:
    """Return what a call carries that a service makes in its own name."""
    source = {"aws:SourceAccount": call.account, "aws:SourceArn": call.source}
    return {
        **time(),
        **(source if names_source else {}),
        "aws:PrincipalIsAWSService": "true",
        "aws:PrincipalServiceName": call.principal,
        "aws:PrincipalServiceNamesList": (call.principal,),
        "aws:RequestedRegion": call.region,
        "aws:ResourceAccount": call.account,
        "aws:SecureTransport": "true",
    }
