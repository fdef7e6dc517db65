"""A customer-managed key, and its policy: the only place where use of the key is granted.

The policy is a component of its own because KMS refuses principals that do not exist: first the key, then
roles, then the policy.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from infra.naming import Kind, Scope
from infra.permissions import Condition, Statement, allow, document, principals, service

THE_KEY: Final = "*"  # in a key's own policy
ADMINISTRATION: Final = (
    "kms:CancelKeyDeletion",
    "kms:CreateAlias",
    "kms:DeleteAlias",
    "kms:DescribeKey",
    "kms:DisableKey",
    "kms:DisableKeyRotation",
    "kms:EnableKey",
    "kms:EnableKeyRotation",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:ListGrants",
    "kms:ListKeyPolicies",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:RevokeGrant",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateAlias",
    "kms:UpdateKeyDescription",
)
SETTING_UP: Final = (
    "kms:Encrypt",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)


@dataclass(frozen=True, kw_only=True)
class KeyArgs:
    """What a key is for, and how long its deletion can be called off (7 to 30 days)."""

    scope: Scope
    description: str
    deletion_window_days: int = 30
    protect: bool = True


class Key(pulumi.ComponentResource):
    """A rotating symmetric key with an alias."""

    def __init__(self, name: str, args: KeyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("guardrails:blocks:Key", name, {}, opts)
        key = aws.kms.Key(
            name,
            description=args.description,
            enable_key_rotation=True,
            deletion_window_in_days=args.deletion_window_days,
            tags=args.scope.tags,
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        alias = aws.kms.Alias(
            name,
            name=f"alias/{args.scope.name(Kind.ALIAS)}",
            target_key_id=key.key_id,
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
        self.id: pulumi.Output[str] = key.key_id
        self.arn: pulumi.Output[str] = key.arn
        self.alias: pulumi.Output[str] = alias.name
        self.register_outputs({"keyArn": self.arn, "keyAlias": self.alias})


@dataclass(frozen=True, kw_only=True)
class KeyPolicyArgs:
    """Whose key it is, and who uses it beside the account's administrators."""

    scope: Scope
    key: Key
    # The services through which the account's own principals use the key, as far as IAM lets them.
    account_services: Sequence[str]
    # Those among them that work with grants: they go on using the key when nobody calls them.
    grant_services: Sequence[str] = ()
    uses: Sequence[Statement] = ()


class KeyPolicy(pulumi.ComponentResource):
    """The whole policy of a key: administration, the account's use through services, and each named use."""

    def __init__(self, name: str, args: KeyPolicyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("guardrails:blocks:KeyPolicy", name, {}, opts)
        aws.kms.KeyPolicy(
            name,
            key_id=args.key.id,
            policy=document(*account_statements(args), *args.uses),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})


def account_statements(args: KeyPolicyArgs) -> list[Statement]:
    """Return the statements that name the account, so that IAM decides who in it.

    Without the first, KMS refuses the policy; it never decrypts. The others are for who deploys and operates:
    only through services, and grants only for AWS resources.
    """
    account = principals(f"arn:aws:iam::{args.scope.account_id}:root")
    statements = [
        allow(*ADMINISTRATION, on=THE_KEY, sid="Administration", to=account),
        allow(
            *("kms:Decrypt", "kms:GenerateDataKey"),
            on=THE_KEY,
            sid="AccountThroughServices",
            to=account,
            when={"StringEquals": _through(args.scope, args.account_services)},
        ),
    ]
    if args.grant_services:
        through: Condition = {"StringEquals": _through(args.scope, args.grant_services)}
        for_resources = {**through, "Bool": {"kms:GrantIsForAWSResource": "true"}}
        # What setting up an encrypted table or function needs beside the two above, and DescribeKey.
        statements += [
            allow(*SETTING_UP, on=THE_KEY, sid="AccountSetsUpServices", to=account, when=through),
            allow(
                "kms:CreateGrant",
                on=THE_KEY,
                sid="AccountGrantsForServices",
                to=account,
                when=for_resources,
            ),
        ]
    return statements


def role_use(
    *actions: str, scope: Scope, sid: str, role_arn: pulumi.Input[str], services: Sequence[str]
) -> Statement:
    """Return the use of the key by one role, only through *services*."""
    return allow(
        *actions,
        on=THE_KEY,
        sid=sid,
        to=principals(role_arn),
        when={"StringEquals": _through(scope, services)},
    )


def service_use(scope: Scope, *, sid: str, by: str, sources: Sequence[str] = ()) -> Statement:
    """Return the use of the key by the service *by* in this account, on behalf of *sources* (ARN patterns).

    Without *sources* any source of this account is served: not every service tells KMS which one it is.
    """
    condition: dict[str, dict[str, object]] = {"StringEquals": {"aws:SourceAccount": scope.account_id}}
    if sources:
        condition["ArnLike"] = {"aws:SourceArn": list(sources)}
    return allow(
        *("kms:Decrypt", "kms:GenerateDataKey"),
        on=THE_KEY,
        sid=sid,
        to=service(by),
        when=condition,
    )


def logs_use(scope: Scope, log_groups: Sequence[str]) -> Statement:
    """Return the use of the key by CloudWatch Logs, for exactly the named *log_groups*.

    AWS's example names `kms:DescribeKey`, too; a request to describe a key has no encryption context, so that
    the condition never lets it pass.
    """
    return allow(
        *("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom"),
        *("kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptTo"),
        on=THE_KEY,
        sid="Logs",
        to=service(f"logs.{scope.region}.amazonaws.com"),
        when={
            "ArnEquals": {
                "kms:EncryptionContext:aws:logs:arn": [scope.log_group_arn(name) for name in log_groups]
            }
        },
    )


def _through(scope: Scope, services: Sequence[str]) -> dict[str, object]:
    return {"kms:ViaService": scope.via(*services), "kms:CallerAccount": scope.account_id}
