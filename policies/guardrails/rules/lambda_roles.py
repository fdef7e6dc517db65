"""Rules on the roles of functions."""

from collections.abc import Iterator
from functools import partial
from typing import Any, Final

from guardrails.framework.actions import has_wildcard
from guardrails.framework.documents import Statement
from guardrails.framework.examples import UNKNOWN, resource, stack
from guardrails.framework.graph import Graph
from guardrails.framework.names import name_in
from guardrails.framework.node import Node
from guardrails.framework.roles import ROLE_POLICIES, ROLE_READS, policies_of_role, role_statements
from guardrails.framework.rule import Severity, stack_rule

_WRITES_LOGS: Final = ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents")
_GROUPS: Final = "arn:aws:logs:eu-west-1:111122223333:log-group:"


def _writing(log_group: str, **changes: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": list(_WRITES_LOGS[1:]), "Resource": f"{_GROUPS}{log_group}"}
    return {"Version": "2012-10-17", "Statement": [{**statement, **changes}]}


_OWN: Final = stack(
    resource("iam.Role", "role", name="shop-worker-dev"),
    resource(
        "iam.Role", "other", name="shop-mover-dev", inlinePolicies=[{"policy": _writing("/shop/mover:*")}]
    ),
    resource(
        "iam.RolePolicy", "logs", role="shop-worker-dev", policy=_writing("/aws/lambda/shop-worker-dev:*")
    ),
    resource("lambda.Function", "worker", sources={"role": ("role",)}, name="shop-worker-dev", role=UNKNOWN),
    resource(
        "lambda.Function",
        "mover",
        name="shop-mover-dev",
        role="arn:aws:iam::111122223333:role/shop-mover-dev",
        loggingConfig={"logGroup": "/shop/mover"},
    ),
)
_MANAGED: Final = stack(
    resource("iam.Role", "role", name="shop-worker-dev"),
    resource("iam.Policy", "logs", name="logs", policy=_writing("/shop/worker:log-stream:*")),
    resource(
        "iam.RolePolicyAttachment",
        "attached",
        sources={"policyArn": ("logs",)},
        role="shop-worker-dev",
        policyArn=UNKNOWN,
    ),
    resource("cloudwatch.LogGroup", "group", name="/shop/worker"),
    resource(
        "lambda.Function",
        "worker",
        sources={"role": ("role",), "loggingConfig": ("group",)},
        name="shop-worker-dev",
        role=UNKNOWN,
        loggingConfig={"logGroup": UNKNOWN, "logFormat": "JSON"},
    ),
)


@stack_rule(
    severity=Severity.HIGH,
    findings=("SP-3",),
    fixes={
        "lambda.Function": (
            "# in the policy of its role:\n"
            '{"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],\n'
            ' "Resource": f"{log_group_arn}:*"}'
        )
    },
    reads=(
        "cloudwatch.LogGroup.name",
        "lambda.Function.loggingConfig",
        "lambda.Function.name",
        "lambda.Function.role",
        *ROLE_READS,
    ),
    passes={
        "writing to /shop/mover: no function is called so, but one logs there": _OWN,
        "a log group unknown until the update: it is the one that the policy names": _MANAGED,
    },
    fails={
        "may write logs to arn:aws:logs": _OWN.but("logs", policy=_writing("/aws/lambda/shop-mover-dev:*")),
        "may write logs to *": _OWN.but("logs", policy=_writing("", Resource="*")),
        "may write logs to arn:aws:logs:eu": _OWN.but("logs", policy=_writing("/aws/lambda/shop-*:*")),
        "may write logs": _MANAGED.but("logs", policy=_writing("/aws/lambda/shop-worker-dev:*")),
        "may write logs to all but some": _OWN.but(
            "logs",
            policy={
                "Statement": {"Effect": "Allow", "Action": "LOGS:Put*", "NotResource": f"{_GROUPS}audit:*"}
            },
        ),
    },
)
def function_logs_own(function: Node, graph: Graph) -> Iterator[str]:
    """Log permissions of a function end at its own log group.

    Who takes the function over could else forge the records of others, or drown them.
    """
    role = _role(function, graph)
    writing = [each for each in role_statements(role, graph) if _writes_logs(each)] if role else []
    group = _log_group(function, graph) if writing else ""
    for statement in writing:
        if "NotResource" in statement.exceptions:
            yield f"may write logs to all but some groups by {statement.place} of its role"
        for arn in statement.resources:
            named = name_in(arn, "cloudwatch.LogGroup")
            if named != group or has_wildcard(named):
                yield f"may write logs to {arn} by {statement.place} of its role"


def _role(function: Node, graph: Graph) -> Node | None:
    """Return the role of a function, None if another stack answers for it."""
    role = graph.target(function, "role", kinds=("iam.Role",))
    if role is None:
        graph.elsewhere(function.inputs.text("role"), "its role")
    return role


def _writes_logs(statement: Statement) -> bool:
    return statement.allows and any(map(statement.concerns, _WRITES_LOGS))


def _log_group(function: Node, graph: Graph) -> str:
    """Return the name of the log group that a function writes to."""
    chosen = function.inputs.block("loggingConfig")
    if not chosen.has("logGroup"):
        return f"/aws/lambda/{graph.physical_name(function)}"
    read = partial(chosen.text, "logGroup")
    group = graph.traced(function, "loggingConfig", read, kinds=("cloudwatch.LogGroup",))
    return graph.physical_name(group) if group else read()


@stack_rule(
    severity=Severity.HIGH,
    findings=("IP-6.1", "IP-6.2"),
    fixes={
        "lambda.Function": (
            'role = aws.iam.Role("orders", assume_role_policy=trust)  # for this function alone\n'
            'aws.iam.RolePolicy("orders", role=role.name, policy=policy)  # with what it needs'
        )
    },
    reads=("lambda.Function.role", *ROLE_POLICIES),
    passes={
        "a role without any policy beside it: it has one within": _OWN,
        "a managed policy, which others could take: nobody else has": _MANAGED,
    },
    fails={
        'shares its role with "mover"': _OWN.but(
            "worker", role="arn:aws:iam::111122223333:role/shop-mover-dev"
        ).without("role", "logs"),
        "has a role without a policy of its own": _OWN.without("logs"),
        'shares the policy "logs"': _MANAGED.plus(
            resource("iam.Role", "other", name="shop-mover-dev"),
            resource(
                "iam.RolePolicyAttachment",
                "again",
                sources={"policyArn": ("logs",)},
                role="shop-mover-dev",
                policyArn=UNKNOWN,
            ),
        ),
    },
)
def function_role_own(function: Node, graph: Graph) -> Iterator[str]:
    """Each function has a role, and a policy, of its own.

    A shared role allows each function whatever any other needs.
    """
    role = _role(function, graph)
    if role is None:
        return
    for other in graph.once(_functions_by_role).get(role, ()):
        if other is not function:
            yield f"shares its role with {other}"
    policies = [holder for _, holder in policies_of_role(role, graph)]
    if not policies:
        yield "has a role without a policy of its own"
    for policy in policies:
        for other in graph.once(_roles_by_policy).get(policy, ()):
            if other is not role:
                yield f"shares the policy {policy} of its role with the role {other}"


def _functions_by_role(graph: Graph) -> dict[Node | None, list[Node]]:
    found: dict[Node | None, list[Node]] = {}
    for function in graph.of("lambda.Function"):
        found.setdefault(graph.target(function, "role", kinds=("iam.Role",)), []).append(function)
    return found


def _roles_by_policy(graph: Graph) -> dict[Node, list[Node]]:
    found: dict[Node, list[Node]] = {}
    for role in graph.of("iam.Role"):
        for _, policy in policies_of_role(role, graph):
            found.setdefault(policy, []).append(role)
    return found
