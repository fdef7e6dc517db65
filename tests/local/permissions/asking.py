"""Requests and policies in few words, for tests of the evaluator."""

from collections.abc import Mapping
from typing import Any

from local.permissions.documents import Kind, Policy, parse_policy
from local.permissions.evaluator import Decision, Request, evaluate
from local.permissions.keys import Context, Values
from local.permissions.principals import Caller

ACCOUNT = "111122223333"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/worker"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/worker/echo"
OBJECT = "arn:aws:s3:::intake/cat.jpg"

type Statement = dict[str, Any]


def allow(action: str = "s3:GetObject", on: str = OBJECT, **more: Any) -> Statement:
    return {"Effect": "Allow", "Action": action, "Resource": on, **more}


def deny(action: str = "s3:GetObject", on: str = OBJECT, **more: Any) -> Statement:
    return {**allow(action, on, **more), "Effect": "Deny"}


def on_role(*statements: Statement, version: str = "2012-10-17") -> Policy:
    document = {"Version": version, "Statement": list(statements)}
    return parse_policy(document, name="inline policy 'work'", kind=Kind.IDENTITY)


def on_bucket(*statements: Statement) -> Policy:
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    return parse_policy(document, name="bucket policy of 'intake'", kind=Kind.RESOURCE)


def ask(
    *policies: Policy,
    action: str = "s3:GetObject",
    resource: str = OBJECT,
    values: Mapping[str, Values] | None = None,
    caller: Caller | None = None,
    resource_decides: bool = False,
) -> Decision:
    """Evaluate a request of the role `worker`, or of *caller*, under *policies*."""
    request = Request(
        caller=caller or Caller(principal=ROLE, account=ACCOUNT, session_arn=SESSION),
        action=action,
        resource=resource,
        context=Context(values or {}),
    )
    return evaluate(
        request,
        identity=[policy for policy in policies if policy.kind is Kind.IDENTITY],
        resource=[policy for policy in policies if policy.kind is Kind.RESOURCE],
        resource_decides=resource_decides,
    )
