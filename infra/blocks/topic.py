"""An SNS topic: encrypted, TLS only, open to the alarms of its own account."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.naming import Kind, Scope
from infra.permissions import Statement, allow, deny, document, service


@dataclass(frozen=True, kw_only=True)
class TopicArgs:
    """What the topic is called, its key, and who is told by email."""

    scope: Scope
    purpose: str
    key_arn: pulumi.Input[str]
    email: str


class Topic(pulumi.ComponentResource):
    """A topic that alarms publish to, with one subscription, which its owner confirms by AWS's mail."""

    def __init__(self, name: str, args: TopicArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("guardrails:blocks:Topic", name, {}, opts)
        scope, child = args.scope, pulumi.ResourceOptions(parent=self)
        topic = aws.sns.Topic(
            name,
            name=scope.name(Kind.TOPIC, args.purpose),
            kms_master_key_id=args.key_arn,
            tags=scope.tags,
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
        self.name: pulumi.Output[str] = topic.name
        self.arn = self.name.apply(scope.topic_arn)
        aws.sns.TopicPolicy(
            name, arn=self.arn, policy=document(tls_only(self.arn), admit_alarms(self.arn, scope)), opts=child
        )
        aws.sns.TopicSubscription(name, topic=self.arn, protocol="email", endpoint=args.email, opts=child)
        self.register_outputs({"topicArn": self.arn})


def tls_only(arn: pulumi.Input[str]) -> Statement:
    """Deny publishing without TLS."""
    return deny("sns:Publish", on=arn, sid="TlsOnly", when={"Bool": {"aws:SecureTransport": "false"}})


def admit_alarms(arn: pulumi.Input[str], scope: Scope) -> Statement:
    """Let CloudWatch publish on behalf of the account's alarms."""
    return allow(
        "sns:Publish",
        on=arn,
        sid="Alarms",
        to=service("cloudwatch.amazonaws.com"),
        when={
            "StringEquals": {"aws:SourceAccount": scope.account_id},
            "ArnLike": {"aws:SourceArn": scope.arn("cloudwatch", "alarm:*")},
        },
    )
