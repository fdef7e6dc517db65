"""Calls of who operates the stack, judged as those of an administrator of its account are on AWS."""

import json
import urllib.request
from typing import Any

import boto3
from botocore.exceptions import ClientError

from local.errors import LocalStackError
from local.permissions.administrator import administrator, role_arn
from local.permissions.calls import Call
from local.permissions.errors import PermissionsError
from local.permissions.judge import Judge, RoleSession
from local.permissions.refusals import refusal
from local.provider.emulation import ACCOUNT

PATH = "/operator"


def operator_client(service: str, region: str, *, endpoint: str, control: str) -> Any:
    """Return a boto3 client of the emulated cloud whose every call is judged by the stack at *control*."""
    client: Any = boto3.client(  # type: ignore[call-overload]
        service,
        region_name=region,
        endpoint_url=endpoint,
        aws_access_key_id="operator",
        aws_secret_access_key="local",  # noqa: S106 - the emulated cloud takes any
    )

    def ask(params: dict[str, Any], model: Any, **_: Any) -> None:
        parameters = {name: value for name, value in params.items() if name != "Body"}
        question = {"service": service, "operation": model.name, "region": region, "parameters": parameters}
        body = json.dumps(question, default=str).encode()
        with urllib.request.urlopen(f"{control}{PATH}", data=body, timeout=60) as answer:  # noqa: S310 - loopback
            verdict = json.load(answer)
        if "unjudged" in verdict:
            raise LocalStackError(verdict["unjudged"])
        if "denied" in verdict:
            raise ClientError({"Error": verdict["denied"]}, model.name)

    client.meta.events.register_first("before-parameter-build", ask)
    return client


def judge_operator(judge: Judge, question: bytes) -> dict[str, Any]:
    """Answer such a client: nothing to say, `denied` with the service's error, or `unjudged`."""
    session = RoleSession(role_arn=role_arn(ACCOUNT), session=_session_name())
    call = Call(account=ACCOUNT, **json.loads(question))
    try:
        denied = judge.call(session, call)
    except PermissionsError as error:
        return {"unjudged": str(error)}
    if denied is None:
        return {}
    answer = refusal(call, denied)
    return {"denied": {"Code": answer.code, "Message": answer.message}}


def _session_name() -> str:
    return str(administrator(ACCOUNT).session_arn).rpartition("/")[2]
