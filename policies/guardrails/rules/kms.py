"""Rules on KMS keys."""

from collections.abc import Iterator
from typing import Any, Final

from guardrails.framework.actions import has_wildcard
from guardrails.framework.conditions import confined, is_account, narrowed_by
from guardrails.framework.documents import Statement, statements
from guardrails.framework.errors import UndeterminedError
from guardrails.framework.examples import UNKNOWN, resource, stack
from guardrails.framework.graph import Graph
from guardrails.framework.node import Node
from guardrails.framework.rule import Severity, stack_rule

_KEYS: Final = ("kms.ExternalKey", "kms.Key", "kms.ReplicaKey")
_USES: Final = (
    *("kms:Decrypt", "kms:Encrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:GenerateDataKey"),
    *("kms:GenerateDataKeyPair", "kms:GenerateDataKeyPairWithoutPlaintext"),
    "kms:GenerateDataKeyWithoutPlaintext",
)
"""Actions by which data is encrypted and read; signing has no service or context to name."""

_GRANTING: Final = "kms:CreateGrant"
_THROUGH: Final = ("kms:viaservice", "kms:encryptioncontext:*")
_FOR_ONE: Final = ("kms:calleraccount", "kms:encryptioncontext:*")
"""What binds a service that tells KMS no source: EventBridge has only accounts, CloudWatch Logs a context."""

_ROLE: Final = {"AWS": "arn:aws:iam::111122223333:role/worker"}
_ACCOUNT: Final = {"AWS": "arn:aws:iam::111122223333:root"}
_VIA_S3: Final = {"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}}
_GRANTS: Final = {"kms:GrantIsForAWSResource": True}


def _grant(principal: Any = None, condition: Any = None, **changes: Any) -> dict[str, Any]:
    grant = {
        "Effect": "Allow",
        "Principal": principal or _ROLE,
        "Action": ["kms:Decrypt"],
        "Resource": "*",
        "Condition": _VIA_S3 if condition is None else condition,
    }
    return {"Version": "2012-10-17", "Statement": [{**grant, **changes}]}


_EXACT: Final = stack(
    resource("kms.Key", "key", policy=_grant()),
    resource("kms.Key", "split"),
    resource("kms.KeyPolicy", "opened", sources={"keyId": ("split",)}, keyId=UNKNOWN, policy=_grant()),
    resource("kms.ExternalKey", "administered", policy=_grant(_ACCOUNT, {}, Action="kms:PutKeyPolicy")),
)
_SERVICES: Final = stack(
    resource(
        "kms.Key",
        "logs",
        policy=_grant(
            {"Service": "logs.eu-west-1.amazonaws.com"},
            {
                "ArnEquals": {
                    "kms:EncryptionContext:aws:logs:arn": "arn:aws:logs:eu-west-1:111122223333:log-group:w"
                }
            },
        ),
    ),
    resource(
        "kms.ReplicaKey",
        "events",
        policy=_grant(
            {"Service": "events.amazonaws.com"}, {"StringEquals": {"AWS:SourceAccount": ["111122223333"]}}
        ),
    ),
    resource(
        "kms.Key",
        "granted",
        policy=_grant(_ACCOUNT, {**_VIA_S3, "Bool": _GRANTS}, Action="kms:CreateGrant"),
    ),
    resource("kms.Key", "signing", policy=_grant(None, {}, Action=["kms:Sign", "kms:GetPublicKey"])),
)


@stack_rule(
    severity=Severity.HIGH,
    findings=("OP-1.6",),
    fixes=dict.fromkeys(
        (*_KEYS, "kms.KeyPolicy"),
        (
            '{"Effect": "Allow", "Principal": {"AWS": role_arn}, "Action": ["kms:Decrypt"],\n'
            ' "Resource": "*",'
            ' "Condition": {"StringEquals": {"kms:ViaService": f"s3.{region}.amazonaws.com"}}}\n'
            "# a service: under a condition on aws:SourceAccount or its encryption context"
        ),
    ),
    reads=(*(f"{kind}.policy" for kind in _KEYS), "kms.KeyPolicy.keyId", "kms.KeyPolicy.policy"),
    passes={
        "the resource *: in a key policy it means this key": _EXACT,
        "a whole account that may create grants: for services of AWS alone": _SERVICES,
    },
    fails={
        "opens the key to everyone": _EXACT.but("key", policy=_grant("*")),
        "opens the key to everyone in": _EXACT.but("key", policy=_grant({"AWS": "arn:aws:iam::*:root"})),
        "allows the wildcard action KMS:*": _EXACT.but("opened", policy=_grant(Action="KMS:*")),
        "allows the wildcard action kms:?ecrypt": _EXACT.but("opened", policy=_grant(Action="kms:?ecrypt")),
        "allows by NotAction": _EXACT.but("opened", policy=_grant(Action=[], NotAction=["kms:Decrypt"])),
        "has only the key policy that AWS puts": _EXACT.without("opened"),
        "lets events.amazonaws.com use the key for any account": _SERVICES.but(
            "events", policy=_grant({"Service": "events.amazonaws.com"}, {})
        ),
        "for any account": _SERVICES.but(
            "events",
            policy=_grant(
                {"Service": "events.amazonaws.com"},
                {"StringEqualsIfExists": {"aws:SourceAccount": "111122223333"}},
            ),
        ),
        "lets kms:Decrypt be called for any purpose": _EXACT.but("key", policy=_grant(_ACCOUNT, {})),
        "be called for any purpose": _EXACT.but("key", policy=_grant(None, {})),
        "lets grants be created for anything": _SERVICES.but(
            "granted", policy=_grant(_ACCOUNT, Action="kms:CreateGrant")
        ),
    },
)
def key_policy_exact(subject: Node, graph: Graph) -> Iterator[str]:
    """Key policies open a key to named principals for named actions, under conditions.

    Who may use the key reads everything under it; in a key policy the resource `*` means the key alone.
    """
    if subject.kind in _KEYS and not subject.inputs.has("policy"):
        if not graph.companions(subject, "kms.KeyPolicy", "keyId"):
            yield "has only the key policy that AWS puts there, which opens it to the whole account"
        return
    for statement in statements(subject.inputs, "policy"):
        if statement.allows:
            yield from _opened_too_far(statement)


def _opened_too_far(statement: Statement) -> Iterator[str]:
    unnamed = "NotPrincipal" in statement.exceptions
    if not statement.principals and not unnamed:
        raise UndeterminedError(f"{statement.place} of a key policy names no principal")
    if unnamed or any(map(has_wildcard, statement.principals)):
        yield f"opens the key to everyone in {statement.place}"
    if "NotAction" in statement.exceptions:
        yield f"allows by NotAction in {statement.place}"
    for action in filter(has_wildcard, statement.actions):
        yield f"allows the wildcard action {action} in {statement.place}"
    for service in statement.principals_of.get("Service", ()):
        if not confined(statement) and not narrowed_by(statement, *_FOR_ONE):
            yield f"lets {service} use the key for any account in {statement.place}"
    if set(statement.principals_of) - {"Service"}:
        yield from _unbound_use(statement)


def _unbound_use(statement: Statement) -> Iterator[str]:
    """Yield what roles and accounts may do with the key themselves, and not only through a service."""
    accounts = any(map(is_account, statement.principals_of.get("AWS", ())))
    uses = (*_USES, _GRANTING) if accounts else _USES
    used = [action for action in uses if statement.concerns(action)]
    if used and not narrowed_by(statement, *_THROUGH):
        yield f"lets {used[0]} be called for any purpose in {statement.place}"
    for_resources = ("true",) in statement.values_of("kms:GrantIsForAWSResource", "Bool")
    if statement.concerns(_GRANTING) and not for_resources:
        yield f"lets grants be created for anything in {statement.place}"
