"""Rules on KMS keys."""

from collections.abc import Iterator
from typing import Any, Final

from guardrails.framework.documents import statements
from guardrails.framework.examples import UNKNOWN, resource, stack
from guardrails.framework.graph import Graph
from guardrails.framework.node import Node
from guardrails.framework.rule import Severity, stack_rule


def _grant(**changes: Any) -> dict[str, Any]:
    grant = {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::111122223333:role/worker"},
        "Resource": "*",
    }
    return {"Version": "2012-10-17", "Statement": [{**grant, "Action": ["kms:Decrypt"], **changes}]}


_EXACT: Final = stack(
    resource("kms.Key", "key", policy=_grant()),
    resource("kms.Key", "split"),
    resource("kms.KeyPolicy", "opened", sources={"keyId": ("split",)}, keyId=UNKNOWN, policy=_grant()),
)


@stack_rule(
    severity=Severity.HIGH,
    findings=("OP-1.6",),
    fixes=dict.fromkeys(
        ("kms.Key", "kms.KeyPolicy"),
        '{"Effect": "Allow", "Principal": {"AWS": role_arn}, "Action": ["kms:Decrypt"], "Resource": "*", '
        '"Condition": {"StringEquals": {"kms:ViaService": "s3.REGION.amazonaws.com"}}}',
    ),
    reads=("kms.Key.policy", "kms.KeyPolicy.keyId", "kms.KeyPolicy.policy"),
    passes=[_EXACT],
    fails={
        "opens the key to everyone": _EXACT.but("key", policy=_grant(Principal="*")),
        "allows the wildcard action kms:*": _EXACT.but("opened", policy=_grant(Action="kms:*")),
        "allows by NotAction": _EXACT.but("opened", policy=_grant(Action=[], NotAction=["kms:Decrypt"])),
        "has only the key policy that AWS puts": _EXACT.without("opened"),
    },
)
def key_policy_exact(subject: Node, graph: Graph) -> Iterator[str]:
    """Key policies open a key to named principals for named actions.

    Who may use the key reads everything under it; in a key policy the resource `*` means the key alone.
    """
    if subject.kind == "kms.Key" and not subject.inputs.has("policy"):
        if not graph.companions(subject, "kms.KeyPolicy", "keyId"):
            yield "has only the key policy that AWS puts there, which opens it to the whole account"
        return
    for statement in statements(subject.inputs, "policy"):
        if not statement.allows:
            continue
        if statement.everyone or "NotPrincipal" in statement.exceptions:
            yield f"opens the key to everyone in {statement.place}"
        if "NotAction" in statement.exceptions:
            yield f"allows by NotAction in {statement.place}"
        for action in {"*", "kms:*"} & set(statement.actions):
            yield f"allows the wildcard action {action} in {statement.place}"
