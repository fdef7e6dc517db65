"""SQS queues: encrypted with the system's key, TLS only, with a dead-letter queue of their own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from infra.naming import Kind, Scope
from infra.permissions import Statement, allow, deny, document, service

DAY_SECONDS: Final = 24 * 60 * 60
LONG_POLL_SECONDS: Final = 20
MAX_RECEIVES: Final = 5


@dataclass(frozen=True, kw_only=True)
class DeadLetterQueueArgs:
    """What a system may choose about a queue that keeps what failed, for 14 days."""

    scope: Scope
    purpose: str
    key_arn: pulumi.Input[str]
    # ARNs of the event rules that may put undelivered events here.
    rules: Sequence[pulumi.Input[str]] = ()


class DeadLetterQueue(pulumi.ComponentResource):
    """A queue that keeps what failed until somebody looks at it."""

    def __init__(
        self, name: str, args: DeadLetterQueueArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("guardrails:blocks:DeadLetterQueue", name, {}, opts)
        self.queue = aws.sqs.Queue(
            name,
            name=args.scope.name(Kind.QUEUE, args.purpose),
            kms_master_key_id=args.key_arn,
            message_retention_seconds=14 * DAY_SECONDS,
            receive_wait_time_seconds=LONG_POLL_SECONDS,
            tags=args.scope.tags,
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
        self.name: pulumi.Output[str] = self.queue.name
        self.url: pulumi.Output[str] = self.queue.url
        self.arn = self.name.apply(args.scope.queue_arn)
        self.policy = queue_policy(self, name, self.url, self.arn, args.scope, args.rules)
        self.register_outputs({"queueUrl": self.url, "queueArn": self.arn})


@dataclass(frozen=True, kw_only=True)
class QueueArgs:
    """What a system may choose about its queue and the dead-letter queue behind it."""

    scope: Scope
    purpose: str
    key_arn: pulumi.Input[str]
    visibility_timeout_seconds: int
    # ARNs of the event rules that may send here.
    rules: Sequence[pulumi.Input[str]] = ()


class Queue(pulumi.ComponentResource):
    """A queue whose messages go to a dead-letter queue after their last attempt."""

    def __init__(self, name: str, args: QueueArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("guardrails:blocks:Queue", name, {}, opts)
        scope, child = args.scope, pulumi.ResourceOptions(parent=self)
        self.visibility_timeout_seconds = args.visibility_timeout_seconds
        self.dlq = DeadLetterQueue(
            f"{name}-dlq",
            DeadLetterQueueArgs(scope=scope, purpose=f"{args.purpose}-dlq", key_arn=args.key_arn),
            child,
        )
        self.queue = aws.sqs.Queue(
            name,
            name=scope.name(Kind.QUEUE, args.purpose),
            kms_master_key_id=args.key_arn,
            visibility_timeout_seconds=args.visibility_timeout_seconds,
            message_retention_seconds=4 * DAY_SECONDS,
            receive_wait_time_seconds=LONG_POLL_SECONDS,
            redrive_policy=redrive(self.dlq.arn),
            tags=scope.tags,
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
        self.name: pulumi.Output[str] = self.queue.name
        self.url: pulumi.Output[str] = self.queue.url
        self.arn = self.name.apply(scope.queue_arn)
        self.policy = queue_policy(self, name, self.url, self.arn, scope, args.rules)
        aws.sqs.RedriveAllowPolicy(
            name, queue_url=self.dlq.url, redrive_allow_policy=redrive_allow(self.arn), opts=child
        )
        self.register_outputs({"queueUrl": self.url, "queueArn": self.arn, "dlqUrl": self.dlq.url})


def redrive(dlq_arn: pulumi.Input[str]) -> pulumi.Output[str]:
    """Send a message to the dead-letter queue after its last attempt."""
    return pulumi.Output.json_dumps({"deadLetterTargetArn": dlq_arn, "maxReceiveCount": MAX_RECEIVES})


def redrive_allow(source_arn: pulumi.Input[str]) -> pulumi.Output[str]:
    """Let one queue alone use the dead-letter queue."""
    return pulumi.Output.json_dumps({"redrivePermission": "byQueue", "sourceQueueArns": [source_arn]})


def queue_policy(
    parent: pulumi.Resource,
    name: str,
    url: pulumi.Input[str],
    arn: pulumi.Input[str],
    scope: Scope,
    rules: Sequence[pulumi.Input[str]],
) -> aws.sqs.QueuePolicy:
    """Refuse requests without TLS, and admit events of *rules*."""
    statements = [tls_only(arn)] + ([admit_rules(arn, scope, rules)] if rules else [])
    return aws.sqs.QueuePolicy(
        name,
        queue_url=url,
        policy=document(*statements),
        opts=pulumi.ResourceOptions(parent=parent),
    )


def tls_only(arn: pulumi.Input[str]) -> Statement:
    """Deny every request without TLS."""
    return deny("sqs:*", on=arn, sid="TlsOnly", when={"Bool": {"aws:SecureTransport": "false"}})


def admit_rules(arn: pulumi.Input[str], scope: Scope, rules: Sequence[pulumi.Input[str]]) -> Statement:
    """Let EventBridge send on behalf of exactly *rules*."""
    return allow(
        "sqs:SendMessage",
        on=arn,
        sid="EventRules",
        to=service("events.amazonaws.com"),
        when={
            "StringEquals": {"aws:SourceAccount": scope.account_id},
            "ArnEquals": {"aws:SourceArn": list(rules)},
        },
    )
