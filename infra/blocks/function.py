"""A Lambda function: exact role, own encrypted JSON logs, active tracing, published versions, an alias."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import pulumi
import pulumi_aws as aws

from infra.blocks.role import Role
from infra.naming import Kind, Scope
from infra.permissions import Statement, allow, document

RUNTIME: Final = "python3.13"
ALIAS: Final = "live"


@dataclass(frozen=True, kw_only=True)
class FunctionArgs:
    """What a system may choose about its function."""

    scope: Scope
    purpose: str
    description: str
    handler: str
    code: pulumi.Input[pulumi.Archive]
    layer_arn: pulumi.Input[str]
    architecture: Literal["arm64", "x86_64"]
    memory_mb: int
    timeout_seconds: int
    reserved_concurrency: int
    environment: Mapping[str, pulumi.Input[str]]
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"]
    log_retention_days: int
    key_arn: pulumi.Input[str]
    # CloudWatch Logs can use the key only once the key's policy says so.
    key_policy: pulumi.Resource
    role: Role
    # What the code does beside logging and tracing.
    permissions: Sequence[Statement]


def log_group_name(scope: Scope, purpose: str) -> str:
    """Return the name of the log group of the function for *purpose*."""
    return f"/aws/lambda/{scope.name(Kind.FUNCTION, purpose)}"


class Function(pulumi.ComponentResource):
    """A function that is called by its alias `live`."""

    def __init__(self, name: str, args: FunctionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("guardrails:blocks:Function", name, {}, opts)
        self.timeout_seconds = args.timeout_seconds
        log_group = self._log_group(name, args)
        self.role_policy = self._role_policy(name, args, log_group)
        self.function = self._function(name, args, log_group)
        alias = aws.lambda_.Alias(
            name,
            name=ALIAS,
            description="What callers use",
            function_name=self.function.name,
            function_version=self.function.version,
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
        self.name: pulumi.Output[str] = self.function.name
        self.log_group: pulumi.Output[str] = log_group.name
        self.arn: pulumi.Output[str] = self.function.arn
        self.alias_arn: pulumi.Output[str] = alias.arn
        self.register_outputs({"functionArn": self.arn, "aliasArn": self.alias_arn})

    def _log_group(self, name: str, args: FunctionArgs) -> aws.cloudwatch.LogGroup:
        return aws.cloudwatch.LogGroup(
            name,
            name=log_group_name(args.scope, args.purpose),
            retention_in_days=args.log_retention_days,
            kms_key_id=args.key_arn,
            tags=args.scope.tags,
            opts=pulumi.ResourceOptions(
                parent=self, depends_on=[args.key_policy], delete_before_replace=True
            ),
        )

    def _role_policy(
        self, name: str, args: FunctionArgs, log_group: aws.cloudwatch.LogGroup
    ) -> aws.iam.RolePolicy:
        streams = log_group.name.apply(args.scope.log_streams_arn)
        return aws.iam.RolePolicy(
            name,
            name=args.purpose,
            role=args.role.name,
            policy=document(
                *args.permissions,
                allow("logs:CreateLogStream", "logs:PutLogEvents", on=streams, sid="OwnLogs"),
                allow("xray:PutTraceSegments", "xray:PutTelemetryRecords", on="*", sid="Traces"),
            ),
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )

    def _function(
        self, name: str, args: FunctionArgs, log_group: aws.cloudwatch.LogGroup
    ) -> aws.lambda_.Function:
        return aws.lambda_.Function(
            name,
            name=args.scope.name(Kind.FUNCTION, args.purpose),
            description=args.description,
            role=args.role.arn,
            runtime=RUNTIME,
            architectures=[args.architecture],
            handler=args.handler,
            code=args.code,
            layers=[args.layer_arn],
            memory_size=args.memory_mb,
            timeout=args.timeout_seconds,
            reserved_concurrent_executions=args.reserved_concurrency,
            publish=True,
            environment=aws.lambda_.FunctionEnvironmentArgs(variables=args.environment),
            kms_key_arn=args.key_arn,
            tracing_config=aws.lambda_.FunctionTracingConfigArgs(mode="Active"),
            logging_config=aws.lambda_.FunctionLoggingConfigArgs(
                log_format="JSON",
                log_group=log_group.name,
                # Metrics are lines of plain JSON without a level, which Lambda counts as INFO and would drop
                # above. What the function logs is limited by POWERTOOLS_LOG_LEVEL.
                application_log_level="DEBUG" if args.log_level == "DEBUG" else "INFO",
                system_log_level="INFO",
            ),
            tags=args.scope.tags,
            opts=pulumi.ResourceOptions(
                parent=self, depends_on=[self.role_policy, args.key_policy], delete_before_replace=True
            ),
        )
