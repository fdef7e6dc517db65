"""A role that one service may assume; what it may do is attached where its resources are."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.naming import Kind, Scope
from infra.permissions import Condition, trust


@dataclass(frozen=True, kw_only=True)
class RoleArgs:
    """Who assumes the role and what it is called."""

    scope: Scope
    purpose: str
    description: str
    service: str
    when: Condition | None = None


class Role(pulumi.ComponentResource):
    """An IAM role; made before keys and buckets, whose policies name it."""

    def __init__(self, name: str, args: RoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("guardrails:blocks:Role", name, {}, opts)
        self.role = aws.iam.Role(
            name,
            name=args.scope.name(Kind.ROLE, args.purpose),
            description=args.description,
            assume_role_policy=trust(args.service, when=args.when),
            tags=args.scope.tags,
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
        self.name: pulumi.Output[str] = self.role.name
        self.arn: pulumi.Output[str] = self.name.apply(args.scope.role_arn)
        self.register_outputs({"roleArn": self.arn})
