"""IAM statements as data: exact actions on named resources, for named principals.

What grants too much cannot be written down: `allow` refuses a wildcard action, and a wildcard resource unless
it lies beneath a named one (`bucket/*`), the actions know no resource level, or `*` means the key in its own
policy.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import pulumi

from infra.errors import BroadPermissionError

# Actions that AWS offers no resource level for (Service Authorization Reference).
WITHOUT_RESOURCE_LEVEL: Final = frozenset({"xray:PutTelemetryRecords", "xray:PutTraceSegments"})
# Resources whose names AWS makes up with a beginning that it documents: the rule of a malware scan plan.
NAMED_BY_AWS: Final = frozenset({"rule/DO-NOT-DELETE-AmazonGuardDutyMalwareProtectionS3*"})

Condition = Mapping[str, Mapping[str, Any]]
Principal = Mapping[str, Any] | Literal["*"]


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One statement of a policy; `principal` is None in a role's own policy."""

    sid: str
    effect: Literal["Allow", "Deny"]
    actions: tuple[str, ...]
    resources: tuple[pulumi.Input[str], ...]
    principal: Principal | None = None
    condition: Condition = field(default_factory=dict)


def service(name: str) -> Mapping[str, Any]:
    """Return the principal of an AWS service such as `events.amazonaws.com`."""
    return {"Service": name}


def principals(*arns: pulumi.Input[str]) -> Mapping[str, Any]:
    """Return the principal that stands for roles or accounts by ARN."""
    return {"AWS": arns[0] if len(arns) == 1 else list(arns)}


def allow(
    *actions: str,
    on: pulumi.Input[str] | Sequence[pulumi.Input[str]],
    sid: str,
    to: Principal | None = None,
    when: Condition | None = None,
) -> Statement:
    """Return a statement that allows exactly *actions*.

    Raises
    ------
    BroadPermissionError
        An action holds a wildcard, or everybody is allowed.
    """
    if not actions:
        raise BroadPermissionError(f"statement {sid!r} names no action: name the exact API calls")
    if broad := [action for action in actions if "*" in action or "?" in action]:
        raise BroadPermissionError(
            f"statement {sid!r} has wildcard action {broad[0]!r}: name the exact API calls"
        )
    if to == "*" or (to is not None and "*" in to.values()):
        raise BroadPermissionError(f"statement {sid!r} allows everybody: name the roles or the service")
    return Statement(
        sid=sid, effect="Allow", actions=actions, resources=_tuple(on), principal=to, condition=when or {}
    )


def deny(
    *actions: str,
    on: pulumi.Input[str] | Sequence[pulumi.Input[str]],
    sid: str,
    when: Condition,
) -> Statement:
    """Return a resource policy's statement that denies *actions* to everybody under a condition."""
    return Statement(
        sid=sid, effect="Deny", actions=actions, resources=_tuple(on), principal="*", condition=when
    )


def document(*statements: Statement) -> pulumi.Output[str]:
    """Return the policy as JSON; a known string wherever the statements' resources are known.

    Raises
    ------
    BroadPermissionError
        On resolving: an allowed resource is broader than a named one.
    """
    return pulumi.Output.from_input([_plain(statement) for statement in statements]).apply(render)


def trust(to: str, *, when: Condition | None = None) -> str:
    """Return the trust policy that lets the service *to* assume a role."""
    statement = {"Effect": "Allow", "Principal": {"Service": to}, "Action": "sts:AssumeRole"}
    return _json([{**statement, "Condition": when} if when else statement])


def render(statements: Sequence[Mapping[str, Any]]) -> str:
    """Check resolved statements and return the policy document."""
    for statement in statements:
        if statement["Effect"] == "Allow":
            for resource in statement["Resource"]:
                check_resource(statement, resource)
    return _json([{**statement, "Resource": _single(statement["Resource"])} for statement in statements])


def check_resource(statement: Mapping[str, Any], resource: str) -> None:
    """Refuse *resource* if it is broader than something named.

    Raises
    ------
    BroadPermissionError
        A wildcard stands before or in place of a name.
    """
    actions = [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
    if resource == "*":
        of_a_key_policy = "Principal" in statement and all(action.startswith("kms:") for action in actions)
        if of_a_key_policy or set(actions) <= WITHOUT_RESOURCE_LEVEL:
            return
    elif is_named(resource):
        return
    raise BroadPermissionError(
        f"statement {statement['Sid']!r} allows {', '.join(actions)} on {resource!r}: "
        "name the resource, a wildcard may only stand beneath it"
    )


def is_named(resource: str) -> bool:
    """Tell whether *resource* is an ARN whose wildcards, if any, lie beneath or after a name."""
    parts = resource.split(":", 5)
    if len(parts) < 6 or parts[0] != "arn" or any(re.search(r"[*?]", part) for part in parts[:5]):
        return False
    rest = parts[5]
    if parts[2] == "s3":
        return re.match(r"[^/*?]+(/|$)", rest) is not None
    if parts[2] == "logs":
        return re.match(r"log-group:[^*?:]+(:|$)", rest) is not None
    return rest in NAMED_BY_AWS or re.match(r"[a-z-]+[:/][^*?:/]+([:/]|$)|[^*?]+$", rest) is not None


def _tuple(on: pulumi.Input[str] | Sequence[pulumi.Input[str]]) -> tuple[pulumi.Input[str], ...]:
    if isinstance(on, str) or not isinstance(on, Sequence):
        return (on,)
    return tuple(on)


def _plain(statement: Statement) -> dict[str, Any]:
    plain: dict[str, Any] = {"Sid": statement.sid, "Effect": statement.effect}
    if statement.principal is not None:
        plain["Principal"] = statement.principal
    plain["Action"] = _single(sorted(statement.actions))
    plain["Resource"] = list(statement.resources)
    if statement.condition:
        plain["Condition"] = {operator: dict(keys) for operator, keys in statement.condition.items()}
    return plain


def _single(values: Sequence[str]) -> str | Sequence[str]:
    return values[0] if len(values) == 1 else values


def _json(statements: Sequence[Mapping[str, Any]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, separators=(",", ":"))
