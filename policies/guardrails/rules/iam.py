"""Rules on IAM roles and their policies."""

import re
from collections.abc import Iterator
from functools import partial
from typing import Any, Final

from guardrails.framework.documents import Statement, statements
from guardrails.framework.errors import UndeterminedError
from guardrails.framework.examples import UNKNOWN, resource, stack
from guardrails.framework.graph import Graph
from guardrails.framework.node import Node
from guardrails.framework.rule import Severity, stack_rule

_NO_RESOURCE_LEVEL: Final = {
    "cloudwatch:PutMetricData",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
    "sts:GetCallerIdentity",
    "xray:GetSamplingRules",
    "xray:GetSamplingStatisticSummaries",
    "xray:GetSamplingTargets",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}
"""Actions that name no resource type in AWS's Service Authorization Reference: IAM takes only `*`."""

_RULES_OF_AWS: Final = ("rule/DO-NOT-DELETE-AmazonGuardDutyMalwareProtectionS3*",)
"""Names that AWS alone completes: GuardDuty's managed rule for malware protection of S3."""

_NAME_COMES_FIRST: Final = {"execute-api", "s3", "sns", "sqs"}
"""Services whose ARNs begin with the name; the others put the type before it, `table/NAME`."""

_COMPLETED_BY_AWS: Final = "-??????"
"""What Secrets Manager puts after a secret's name."""

_BROAD_POLICY: Final = re.compile(
    r":aws:policy/(.*/)?(AdministratorAccess.*|PowerUserAccess|.*FullAccess.*|.*ReadOnlyAccess|AWSLambda.*ExecutionRole)$"
)
_TABLE: Final = "arn:aws:dynamodb:eu-west-1:111122223333:table/shop-records-dev"


def _document(**statement: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]}


def _role_policy(**statement: Any) -> dict[str, Any]:
    return _document(**{"Action": ["dynamodb:PutItem"], "Resource": _TABLE, **statement})


_EXACT: Final = stack(
    resource(
        "iam.Role",
        "worker",
        assumeRolePolicy=_document(Principal={"Service": "lambda.amazonaws.com"}, Action="sts:AssumeRole"),
        inlinePolicies=[{"name": "write", "policy": _role_policy(Resource=[_TABLE, f"{_TABLE}/index/*"])}],
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


@stack_rule(
    severity=Severity.HIGH,
    findings=("CC-SEC-7", "SP-3", "OP-1.3", "IP-6.1", "IP-6.2"),
    fixes={
        **dict.fromkeys(
            ("iam.Policy", "iam.RolePolicy"),
            '{"Effect": "Allow", "Action": ["dynamodb:PutItem"], "Resource": table_arn}: exact actions on '
            "named resources, a wildcard only beneath a name (bucket/*)",
        ),
        "iam.Role": '{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, '
        '"Action": "sts:AssumeRole"}, and policies with exact actions on named resources',
        "iam.RolePolicyAttachment": "aws.iam.RolePolicy with the exact actions that the role uses",
    },
    reads=(
        "iam.Policy.policy",
        "iam.Role.assumeRolePolicy",
        "iam.Role.inlinePolicies",
        "iam.Role.managedPolicyArns",
        "iam.RolePolicy.policy",
        "iam.RolePolicyAttachment.policyArn",
    ),
    passes=[_EXACT],
    fails={
        "allows the wildcard action dynamodb:*": _EXACT.but(
            "trace", policy=_role_policy(Action="dynamodb:*")
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
        "is trusted to everyone": _EXACT.but(
            "worker", assumeRolePolicy=_document(Principal={"AWS": "*"}, Action="sts:AssumeRole")
        ),
        "attaches the broad AWS policy AmazonS3FullAccess": _EXACT.but(
            "attached", policyArn="arn:aws:iam::aws:policy/AmazonS3FullAccess"
        ),
        "attaches the broad AWS policy AdministratorAccess": _EXACT.but(
            "worker", managedPolicyArns=["arn:aws:iam::aws:policy/AdministratorAccess"]
        ),
    },
)
def iam_exact(subject: Node, graph: Graph) -> Iterator[str]:
    """Permissions name exact actions, exact resources and exact principals.

    Whoever takes over a function can do all that its role allows, on everything that the role reaches.
    """
    if subject.kind == "iam.RolePolicyAttachment":
        yield from _attachment_problems(subject, graph)
    elif subject.kind == "iam.Role":
        yield from _role_problems(subject)
    else:
        yield from _granted_too_much(statements(subject.inputs, "policy"))


def _role_problems(role: Node) -> Iterator[str]:
    for statement in filter(_allows, statements(role.inputs, "assumeRolePolicy")):
        if statement.everyone or "NotPrincipal" in statement.exceptions:
            yield f"is trusted to everyone by {statement.place}"
        elif wide := [principal for principal in statement.principals if "*" in principal]:
            yield f"is trusted to the wildcard principal {wide[0]} by {statement.place}"
    for inline in role.inputs.blocks("inlinePolicies"):
        yield from _granted_too_much(statements(inline, "policy"))
    for arn in role.inputs.texts("managedPolicyArns"):
        yield from _broad(arn)


def _attachment_problems(attachment: Node, graph: Graph) -> Iterator[str]:
    found = graph.origin(attachment, "policyArn", partial(attachment.inputs.text, "policyArn"))
    if isinstance(found, str):
        yield from _broad(found)
        if ":aws:policy/" not in found and not graph.named(found, "iam.Policy"):
            raise UndeterminedError("the policy it attaches is not part of this stack")
    elif found.kind != "iam.Policy":
        raise UndeterminedError(f"the policy it attaches is named by {found}")


def _granted_too_much(found: list[Statement]) -> Iterator[str]:
    for statement in filter(_allows, found):
        for exception in statement.exceptions:
            yield f"allows by {exception} in {statement.place}"
        for action in statement.actions:
            if "*" in action or "?" in action:
                yield f"allows the wildcard action {action} in {statement.place}"
            elif "*" in statement.resources and action not in _NO_RESOURCE_LEVEL:
                yield f"allows {action} on every resource in {statement.place}"
        for arn in statement.resources:
            if arn != "*" and _reaches_unnamed(arn):
                actions = ", ".join(statement.actions)
                yield f"allows {actions} on the wildcard resource {arn} in {statement.place}"


def _reaches_unnamed(arn: str) -> bool:
    """Tell whether an ARN has a wildcard that does not stand beneath a named resource."""
    if not {"*", "?"} & set(arn):
        return False
    parts = arn.split(":", 5)
    if len(parts) < 6 or any({"*", "?"} & set(part) for part in parts[:5]):
        return True
    service, path = parts[2], parts[5].removesuffix(_COMPLETED_BY_AWS)
    if path in _RULES_OF_AWS:
        return False
    separator = ":" if service == "logs" else "[/:]"
    segments = [bool({"*", "?"} & set(segment)) for segment in re.split(separator, path)]
    return True in segments[: 1 if service in _NAME_COMES_FIRST else 2]


def _broad(arn: str) -> Iterator[str]:
    if _BROAD_POLICY.search(arn):
        yield f"attaches the broad AWS policy {arn.rsplit('/', 1)[-1]}"


def _allows(statement: Statement) -> bool:
    return statement.allows
