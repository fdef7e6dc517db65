"""What an example of AWS is: policies and requests with their outcome, by the title of the page."""

from dataclasses import dataclass, field
from typing import Any

type Json = dict[str, Any]

ACCOUNT = "111122223333"
USER = f"arn:aws:iam::{ACCOUNT}:user/carlos"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/worker"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/worker/echo"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
BUCKET, OBJECTS = "arn:aws:s3:::demo", "arn:aws:s3:::demo/*"
KEY = f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/1"
TRAIL = f"arn:aws:cloudtrail:eu-central-1:{ACCOUNT}:trail/main"
ALLOWED, DENIED, NOT_ALLOWED = "allowed", "denied", "not allowed"


@dataclass(frozen=True, kw_only=True)
class Case:
    """A request and what becomes of it."""

    action: str
    resource: str
    expected: str
    context: Json = field(default_factory=dict)
    caller: str = ROLE


@dataclass(frozen=True, kw_only=True)
class Example:
    """Policies of one page with requests that the page, or its rules, decide."""

    page: str
    cases: list[Case]
    identity: list[Json] = field(default_factory=list)
    resource: list[Json] = field(default_factory=list)
    boundary: list[Json] = field(default_factory=list)
    resource_decides: bool = False


def doc(*statements: Json) -> Json:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(action: Any, resource: Any = "*", **more: Any) -> Json:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any, resource: Any = "*", **more: Any) -> Json:
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


def case(
    action: str, resource: str, expected: str, *, caller: str = ROLE, having: Json | None = None
) -> Case:
    return Case(action=action, resource=resource, expected=expected, context=having or {}, caller=caller)


EVERYTHING = doc(allow("*"))
