"""What a stack has once: the topic that every alarm tells, and its key.

alarms, functions ──► alerts topic ──► email
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from infra.blocks.key import Key, KeyArgs, KeyPolicy, KeyPolicyArgs, role_use, service_use
from infra.blocks.role import Role
from infra.blocks.topic import Topic, TopicArgs
from infra.settings import Settings


@dataclass(frozen=True, kw_only=True)
class FoundationArgs:
    """The stack's settings."""

    settings: Settings


class Foundation(pulumi.ComponentResource):
    """The alerts topic with its subscription, encrypted by a key of its own."""

    def __init__(self, name: str, args: FoundationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("guardrails:systems:Foundation", name, {}, opts)
        settings, child = args.settings, pulumi.ResourceOptions(parent=self)
        self._name = name
        self._scope = settings.scope(name, "internal")
        self._key = Key(
            name,
            KeyArgs(
                scope=self._scope,
                description="Encrypts the notifications of this stack",
                deletion_window_days=settings.key_deletion_days,
                protect=settings.protect_data,
            ),
            child,
        )
        self.alerts = Topic(
            f"{name}-alerts",
            TopicArgs(
                scope=self._scope, purpose="alerts", key_arn=self._key.arn, email=settings.alerts_email
            ),
            child,
        )
        self.outputs: dict[str, pulumi.Output[str]] = {
            "alertsTopicArn": self.alerts.arn,
            "keyArn": self._key.arn,
            "keyAlias": self._key.alias,
        }
        self.register_outputs(self.outputs)

    def admit(self, publishers: Sequence[Role]) -> None:
        """Make the key's policy: alarms and *publishers* may send encrypted notifications.

        KMS refuses roles that do not exist, so this comes after the systems; it is called once.
        """
        alarms = service_use(
            self._scope,
            sid="Alarms",
            by="cloudwatch.amazonaws.com",
            sources=[self._scope.arn("cloudwatch", "alarm:*")],
        )
        roles = [
            role_use(
                *("kms:Decrypt", "kms:GenerateDataKey"),
                scope=self._scope,
                sid=f"Publisher{number}",
                role_arn=role.arn,
                services=["sns"],
            )
            for number, role in enumerate(publishers, start=1)
        ]
        policy = KeyPolicyArgs(
            scope=self._scope, key=self._key, account_services=["sns"], uses=[alarms, *roles]
        )
        KeyPolicy(self._name, policy, pulumi.ResourceOptions(parent=self))
