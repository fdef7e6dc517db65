"""Rules on policies that stand on resources: whom a queue, topic, bucket, secret or function admits."""

from collections.abc import Iterator
from typing import Any, Final

from guardrails.framework.actions import has_wildcard
from guardrails.framework.conditions import NARROWING, names_source, narrowed_by
from guardrails.framework.documents import Statement
from guardrails.framework.errors import UndeterminedError
from guardrails.framework.examples import Stack, resource, stack
from guardrails.framework.node import Node
from guardrails.framework.reach import reaches_unnamed
from guardrails.framework.resource_policies import RESOURCE_POLICIES, allowing
from guardrails.framework.rule import Severity, resource_rule

_OF_MANY: Final = {"cloudwatch.LogResourcePolicy"}
"""Kinds that stand on the whole account, so that a statement's resources must tell which are meant."""

_QUEUE: Final = "arn:aws:sqs:eu-west-1:111122223333:shop-work-dev"
_RULE: Final = "arn:aws:events:eu-west-1:111122223333:rule/shop-scanned-dev"
_FROM_RULE: Final = {"ArnEquals": {"aws:SourceArn": _RULE}}
_EVENTS: Final = {"Service": "events.amazonaws.com"}
_TLS_ONLY: Final = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "sqs:*",
    "Resource": _QUEUE,
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}


def _policy(principal: Any, action: str, condition: Any = None, **changes: Any) -> dict[str, Any]:
    allowed = {"Effect": "Allow", "Principal": principal, "Action": action, "Resource": _QUEUE, **changes}
    return {"Statement": [{**allowed, "Condition": condition} if condition else allowed, _TLS_ONLY]}


def on_each_kind(policy: dict[str, Any]) -> Stack:
    """Return a stack in which each kind that carries a policy has *policy*."""
    samples = []
    for kind, prop in RESOURCE_POLICIES.items():
        given: dict[str, Any] = {prop: policy}
        samples.append(resource(kind, kind.replace(".", "-"), **given))
    return stack(*samples)


_NAMED: Final = on_each_kind(_policy(_EVENTS, "sqs:SendMessage", _FROM_RULE)).plus(
    resource("lambda.LayerVersionPermission", "layer", principal="111122223333"),
    resource("lambda.Permission", "invoke", principal="events.amazonaws.com", action="lambda:InvokeFunction"),
)
_SHARED: Final = on_each_kind(
    _policy({"AWS": ["*"]}, "sqs:SendMessage", {"StringEquals": {"aws:principalorgid": "o-a1b2c3"}})
).plus(
    resource("lambda.LayerVersionPermission", "layer", principal="*", organizationId="o-a1b2c3"),
    resource(
        "lambda.Permission", "invoke", principal="*", principalOrgId="o-a1b2c3", action="lambda:GetLayer"
    ),
    resource("lambda.Permission", "from", principal="*", sourceArn=_RULE, action="lambda:InvokeFunction"),
)


def _queue(policy: dict[str, Any]) -> Stack:
    return _NAMED.but("sqs-QueuePolicy", policy=policy)


@resource_rule(
    severity=Severity.CRITICAL,
    findings=("CC-SEC-7", "IP-1.1", "UA-1.3"),
    fixes={
        **dict.fromkeys(
            RESOURCE_POLICIES,
            (
                '{"Effect": "Allow", "Principal": {"AWS": role_arn},\n'
                ' "Action": ["sqs:SendMessage"], "Resource": queue_arn}\n'
                "# or under a condition on aws:PrincipalOrgID or aws:SourceArn"
            ),
        ),
        "lambda.LayerVersionPermission": (
            'principal=account_id\n# or: principal="*", organization_id=organization_id'
        ),
        "lambda.Permission": 'principal="events.amazonaws.com", source_arn=rule.arn',
    },
    reads=(
        *(f"{kind}.{prop}" for kind, prop in RESOURCE_POLICIES.items()),
        "lambda.LayerVersionPermission.organizationId",
        "lambda.LayerVersionPermission.principal",
        "lambda.Permission.action",
        "lambda.Permission.principal",
        "lambda.Permission.principalOrgId",
        "lambda.Permission.sourceAccount",
        "lambda.Permission.sourceArn",
    ),
    passes={
        "everyone, and sqs:*: in a denial": _NAMED,
        "everyone: in one organization, or from one source": _SHARED,
    },
    fails={
        "admits everyone in statement 1": _queue(_policy("*", "sqs:SendMessage")),
        "admits everyone": _queue(
            _policy({"AWS": "*"}, "sqs:SendMessage", {"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:*:*"}})
        ),
        "admits everyone in": _queue(
            _policy("*", "sqs:SendMessage", {"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-a1b2c3"}})
        ),
        "admits everyone but some in statement 1": _NAMED.but(
            "s3-BucketPolicy",
            policy=_policy(None, "s3:GetObject", NotPrincipal={"AWS": "111122223333"}),
        ),
        "allows the wildcard action SQS:*": _queue(_policy(_EVENTS, "SQS:*", _FROM_RULE)),
        "allows by NotAction": _queue(_policy(_EVENTS, "", _FROM_RULE, NotAction="sqs:DeleteQueue")),
        "allows sqs:SendMessage on the wildcard resource": _NAMED.but(
            "cloudwatch-LogResourcePolicy",
            policyDocument=_policy(_EVENTS, "sqs:SendMessage", _FROM_RULE, Resource="*"),
        ),
        "is open to everyone": _NAMED.but("layer", principal="*"),
        "is open to": _NAMED.but("invoke", principal="*"),
        "allows the wildcard action lambda:*": _NAMED.but("invoke", action="lambda:*"),
    },
)
def resource_policies_exact(subject: Node) -> Iterator[str]:
    """Resources admit named principals for named actions.

    A policy that admits everyone opens the resource to the internet, whatever the roles of the account say.
    """
    if subject.kind in RESOURCE_POLICIES:
        for statement in allowing(subject):
            yield from _admitted_too_widely(statement, of_many=subject.kind in _OF_MANY)
        return
    permission = subject.inputs
    if has_wildcard(permission.text("principal")) and not _narrows(subject):
        yield "is open to everyone"
    if subject.kind == "lambda.Permission" and has_wildcard(permission.text("action")):
        yield f"allows the wildcard action {permission.text('action')}"


def _admitted_too_widely(statement: Statement, *, of_many: bool) -> Iterator[str]:
    if "NotPrincipal" in statement.exceptions:
        yield f"admits everyone but some in {statement.place}"
    elif not statement.principals:
        raise UndeterminedError(f"{statement.place} of a policy names no principal")
    elif any(map(has_wildcard, statement.principals)) and not narrowed_by(statement, *NARROWING):
        yield f"admits everyone in {statement.place}"
    for exception in {"NotAction", "NotResource"} & set(statement.exceptions):
        yield f"allows by {exception} in {statement.place}"
    for action in filter(has_wildcard, statement.actions):
        yield f"allows the wildcard action {action} in {statement.place}"
    for arn in filter(reaches_unnamed, statement.resources if of_many else ()):
        yield f"allows {', '.join(statement.actions)} on the wildcard resource {arn} in {statement.place}"


def _narrows(permission: Node) -> bool:
    """Tell whether a permission for everyone is for an organisation, an account or a source."""
    given = permission.inputs
    if permission.kind == "lambda.LayerVersionPermission":
        return bool(given.text("organizationId"))
    return bool(
        given.text("principalOrgId") or given.text("sourceAccount") or names_source(given.text("sourceArn"))
    )
