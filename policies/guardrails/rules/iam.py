"""Rules on what roles, users and groups are allowed."""

import re
from collections.abc import Iterator
from typing import Any, Final

from guardrails.framework.actions import has_wildcard, takes_no_resource
from guardrails.framework.conditions import EQUALS, is_fixed
from guardrails.framework.documents import Statement, statements
from guardrails.framework.errors import UndeterminedError
from guardrails.framework.examples import UNKNOWN, Sample, resource, stack
from guardrails.framework.graph import Graph
from guardrails.framework.node import Node
from guardrails.framework.reach import RULES_OF_AWS, reaches_unnamed
from guardrails.framework.roles import OF_AWS, policies_at
from guardrails.framework.rule import Severity, stack_rule

_BROAD_POLICY: Final = re.compile(
    r"AdministratorAccess.*|.*PowerUser.*|.*FullAccess.*|.*ReadWrite.*|.*ReadOnlyAccess"
    r"|AWSLambda.*ExecutionRole(Policy)?|AWSLambdaRole|AWSLambdaInvocation-DynamoDB"
)
_ON_INTERFACES: Final = (
    *("ec2:createnetworkinterface", "ec2:deletenetworkinterface"),
    *("ec2:assignprivateipaddresses", "ec2:unassignprivateipaddresses"),
)
"""What Lambda does to the network interfaces of functions in a VPC; it makes and names them itself."""
_TABLE: Final = "arn:aws:dynamodb:eu-west-1:111122223333:table/shop-records-dev"


def _document(**statement: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]}


def _role_policy(**statement: Any) -> dict[str, Any]:
    return _document(**{"Action": ["dynamodb:PutItem"], "Resource": _TABLE, **statement})


_MANAGES_RULES: Final = ("events:DeleteRule", "events:PutRule", "events:PutTargets", "events:RemoveTargets")
_ATTACHMENTS: Final = {
    **dict.fromkeys(
        (
            "iam.GroupPolicyAttachment",
            "iam.PolicyAttachment",
            "iam.RolePolicyAttachment",
            "iam.UserPolicyAttachment",
        ),
        "policyArn",
    ),
    **dict.fromkeys(
        (
            "iam.GroupPolicyAttachmentsExclusive",
            "iam.RolePolicyAttachmentsExclusive",
            "iam.UserPolicyAttachmentsExclusive",
        ),
        "policyArns",
    ),
    "iam.Role": "managedPolicyArns",
}
"""Where kinds name policies that are managed elsewhere."""


def _attachments(prop: str, value: Any) -> list[Sample]:
    given: dict[str, Any] = {"sources": {prop: ("objects",)}, prop: value}
    return [resource(kind, kind.split(".")[1], **given) for kind, at in _ATTACHMENTS.items() if at == prop]


_EXACT: Final = stack(
    resource(
        "iam.Role",
        "worker",
        inlinePolicies=[{"name": "write", "policy": _role_policy(Resource=[_TABLE, f"{_TABLE}/index/*"])}],
        managedPolicyArns=["arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup"],
    ),
    resource(
        "iam.RolePolicy", "trace", role="w", policy=_role_policy(Action="xray:PutTraceSegments", Resource="*")
    ),
    resource(
        "iam.Policy",
        "objects",
        policy=_role_policy(Action=["s3:GetObject"], Resource="arn:aws:s3:::shop-media-dev/*"),
    ),
    resource(
        "iam.RolePolicyAttachment",
        "attached",
        sources={"policyArn": ("objects",)},
        role="w",
        policyArn=UNKNOWN,
    ),
)
_OPERATORS: Final = stack(
    resource(
        "iam.UserPolicy",
        "operator",
        user="ana",
        policy=_role_policy(
            Action="iam:PassRole",
            Resource="arn:aws:iam::111122223333:role/shop-worker-dev",
            Condition={"StringEquals": {"IAM:PassedToService": "lambda.amazonaws.com"}},
        ),
    ),
    resource(
        "iam.GroupPolicy",
        "closed",
        group="ops",
        policy=_document(Effect="Deny", NotAction="s3:Get*", Resource="*"),
    ),
    resource("iam.Policy", "objects", name="objects", policy=_role_policy(Action="DYNAMODB:getitem")),
    *_attachments("policyArn", "arn:aws:iam::111122223333:policy/objects"),
    *_attachments("policyArns", [UNKNOWN]),
)


@stack_rule(
    severity=Severity.HIGH,
    findings=("CC-SEC-7", "SP-3", "OP-1.3", "IP-6.1", "IP-6.2"),
    fixes={
        **dict.fromkeys(
            ("iam.GroupPolicy", "iam.Policy", "iam.Role", "iam.RolePolicy", "iam.UserPolicy"),
            (
                '{"Effect": "Allow", "Action": ["dynamodb:PutItem"], "Resource": table_arn}\n'
                '# exact actions on named resources; a wildcard only beneath a name: f"{bucket_arn}/*"'
            ),
        ),
        **{
            kind: 'aws.iam.RolePolicy("orders", role=role.name, policy=policy)  # with exact actions'
            for kind in _ATTACHMENTS
            if kind != "iam.Role"
        },
    },
    reads=(
        "iam.GroupPolicy.policy",
        "iam.Policy.name",
        "iam.Policy.policy",
        "iam.Role.inlinePolicies",
        "iam.RolePolicy.policy",
        "iam.UserPolicy.policy",
        *(f"{kind}.{prop}" for kind, prop in _ATTACHMENTS.items()),
    ),
    passes={
        "the resource *, and one that ends in /*: X-Ray has no others, and a table is named": _EXACT,
        "iam:PassRole and NotAction: to Lambda alone, and in a denial": _OPERATORS,
    },
    fails={
        "allows the wildcard action DynamoDB:*": _EXACT.but(
            "trace", policy=_role_policy(Action="DynamoDB:*")
        ),
        "allows the wildcard action s3:Get*": _EXACT.but("objects", policy=_role_policy(Action=["s3:Get*"])),
        "allows dynamodb:PutItem on every resource": _EXACT.but("trace", policy=_role_policy(Resource="*")),
        "on the wildcard resource arn:aws:s3:::*": _EXACT.but(
            "objects", policy=_role_policy(Action="s3:GetObject", Resource="arn:aws:s3:::*")
        ),
        "on the wildcard resource arn:aws:logs": _EXACT.but(
            "trace",
            policy=_role_policy(
                Action="logs:PutLogEvents",
                Resource="arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/*",
            ),
        ),
        "allows by NotAction": _EXACT.but(
            "trace", policy=_document(NotAction=["iam:PassRole"], Resource=_TABLE)
        ),
        "allows by NotResource": _OPERATORS.but(
            "operator", policy=_document(Action="sqs:SendMessage", NotResource="arn:aws:sqs:*:*:audit")
        ),
        "lets roles be passed to any service": _OPERATORS.but(
            "operator",
            policy=_role_policy(Action="IAM:passrole", Resource="arn:aws:iam::111122223333:role/w"),
        ),
        "manages rules that may be another's": _EXACT.but(
            "trace",
            policy=_role_policy(
                Action="events:PutRule",
                Resource="arn:aws:events:eu-west-1:111122223333:"
                "rule/DO-NOT-DELETE-AmazonGuardDutyMalwareProtectionS3*",
            ),
        ),
        "attaches the broad AWS policy AmazonS3FullAccess": _EXACT.but(
            "attached", policyArn="arn:aws:iam::aws:policy/AmazonS3FullAccess"
        ),
        "attaches the broad AWS policy AdministratorAccess": _EXACT.but(
            "worker", managedPolicyArns=["arn:aws:iam::aws:policy/AdministratorAccess"]
        ),
        "attaches the broad AWS policy PowerUserAccess": _OPERATORS.but(
            "RolePolicyAttachmentsExclusive", policyArns=["arn:aws:iam::aws:policy/PowerUserAccess"]
        ),
    },
)
def iam_exact(subject: Node, graph: Graph) -> Iterator[str]:
    """Permissions name exact actions on exact resources.

    Whoever takes over a function can do all that its role allows, on everything that the role reaches.
    """
    if prop := _ATTACHMENTS.get(subject.kind):
        yield from _attached_too_much(subject, prop, graph)
    holders = subject.inputs.blocks("inlinePolicies") if subject.kind == "iam.Role" else [subject.inputs]
    for holder in holders if prop is None or subject.kind == "iam.Role" else ():
        yield from _granted_too_much(statements(holder, "policy"))


def _attached_too_much(subject: Node, prop: str, graph: Graph) -> Iterator[str]:
    for policy in policies_at(subject, prop, graph):
        if isinstance(policy, Node):
            continue
        name = policy.rsplit("/", 1)[-1]
        if ":aws:policy/job-function/" in policy or (OF_AWS in policy and _BROAD_POLICY.fullmatch(name)):
            yield f"attaches the broad AWS policy {name}"
        elif OF_AWS not in policy:
            graph.elsewhere(policy, "a policy that it attaches")


def _granted_too_much(found: list[Statement]) -> Iterator[str]:
    for statement in found:
        if not statement.allows:
            continue
        if not statement.resources and "NotResource" not in statement.exceptions:
            raise UndeterminedError(f"{statement.place} of a policy names no resource")
        for exception in statement.exceptions:
            yield f"allows by {exception} in {statement.place}"
        for action in statement.actions:
            if has_wildcard(action):
                yield f"allows the wildcard action {action} in {statement.place}"
            elif "*" in statement.resources and not _takes_all(action):
                yield f"allows {action} on every resource in {statement.place}"
        for arn in statement.resources:
            if arn != "*" and reaches_unnamed(arn):
                actions = ", ".join(statement.actions)
                yield f"allows {actions} on the wildcard resource {arn} in {statement.place}"
        if any(map(statement.concerns, _MANAGES_RULES)) and _on_any_rule_of_aws(statement):
            yield f"manages rules that may be another's: no events:ManagedBy in {statement.place}"
        if statement.lists("iam:PassRole") and not _passed_to_named(statement):
            yield f"lets roles be passed to any service in {statement.place}"


def _takes_all(action: str) -> bool:
    """Tell whether an action cannot name its resources: AWS knows none, or makes them later."""
    return takes_no_resource(action) or action.lower() in _ON_INTERFACES


def _on_any_rule_of_aws(statement: Statement) -> bool:
    """Tell whether a statement reaches rules that begin as AWS's own do, without asking whose they are."""
    named = any(arn.endswith(RULES_OF_AWS) for arn in statement.resources)
    managed = any(all(map(is_fixed, values)) for values in statement.values_of("events:ManagedBy", *EQUALS))
    return named and not managed


def _passed_to_named(statement: Statement) -> bool:
    return any(all(map(is_fixed, values)) for values in statement.values_of("iam:PassedToService", *EQUALS))
