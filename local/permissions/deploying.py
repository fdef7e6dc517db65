"""Calls of who deploys: what the provider asks of keys is judged by their policies, as on AWS."""

from typing import Any

from botocore.exceptions import ClientError

from local.permissions.administrator import administrator, role_arn
from local.permissions.calls import Call
from local.permissions.judge import Judge, RoleSession
from local.permissions.refusals import refusal

_NAMES_A_KEY = ("KeyId", "TargetKeyId", "AliasName")


def judge_key_calls(client: Any, judge: Judge, account: str, region: str) -> None:
    """Let every call of a KMS client that is about a deployed key ask its policy first, as an administrator.

    What names no key, such as CreateKey, is for the administrator's own policies, which allow everything. So
    are calls about a key that is still being made: KMS's default policy leaves them to the account.
    """
    name = str(administrator(account).session_arn).rpartition("/")[2]
    session = RoleSession(role_arn=role_arn(account), session=name)

    def ask(params: dict[str, Any], model: Any, **_: Any) -> None:
        reference = next((params[name] for name in _NAMES_A_KEY if name in params), None)
        if reference is None or not judge.knows_key(reference):
            return
        call = Call(service="kms", operation=model.name, parameters=params, account=account, region=region)
        if denied := judge.call(session, call):
            answer = refusal(call, denied)
            raise ClientError({"Error": {"Code": answer.code, "Message": answer.message}}, model.name)

    client.meta.events.register_first("before-parameter-build", ask)
