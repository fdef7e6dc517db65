"""The resource policies of functions, put together from the permissions that a program adds one by one.

Each function, version and alias has a policy of its own: what is allowed on a function by its bare name
allows nothing on its alias ("Viewing resource-based IAM policies in Lambda"; "AddPermission").
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

PERMISSION = "aws:lambda/permission:Permission"


def function_policies(
    permissions: Iterable[Mapping[str, Any]], functions: Iterable[Mapping[str, Any]]
) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Yield ARN, name and document of each policy; permissions on what is not there are left out."""
    arns = {one["name"]: one["arn"] for one in functions}
    statements: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for one in permissions:
        function, _, qualifier = str(one["function"]).rpartition("function:")[2].partition(":")
        qualifier = one.get("qualifier") or qualifier
        if function in arns:
            arn = f"{arns[function]}:{qualifier}" if qualifier else arns[function]
            statements[arn].append(_statement(one, arn))
    for arn, listed in statements.items():
        title = f"policy of function {arn.partition(':function:')[2]!r}"
        yield arn, title, {"Version": "2012-10-17", "Statement": listed}


def _statement(one: Mapping[str, Any], arn: str) -> Mapping[str, Any]:
    """Return a permission as AddPermission writes it down."""
    conditions: dict[str, dict[str, str]] = {}
    for name, operator, key in (
        ("sourceArn", "ArnLike", "aws:SourceArn"),
        ("sourceAccount", "StringEquals", "aws:SourceAccount"),
        ("principalOrgId", "StringEquals", "aws:PrincipalOrgID"),
        ("functionUrlAuthType", "StringEquals", "lambda:FunctionUrlAuthType"),
        ("eventSourceToken", "StringEquals", "lambda:EventSourceToken"),
    ):
        if one.get(name):
            conditions.setdefault(operator, {})[key] = one[name]
    return {
        "Sid": one.get("statementId") or one["id"],
        "Effect": "Allow",
        "Principal": _principal(one["principal"]),
        "Action": one["action"],
        "Resource": arn,
        **({"Condition": conditions} if conditions else {}),
    }


def _principal(written: str) -> str | dict[str, str]:
    if written == "*":
        return "*"
    if written.isdigit():
        return {"AWS": f"arn:aws:iam::{written}:root"}
    return {"AWS" if written.startswith("arn:") else "Service": written}
