"""The deliveries between services that the local stack knows, and what AWS asks of each."""

from collections.abc import Mapping
from dataclasses import dataclass

_USE = ("kms:GenerateDataKey", "kms:Decrypt")
_QUEUE_KEYS = "Amazon SQS Developer Guide, Amazon SQS Key management"
_TOPIC_KEYS = "Amazon SNS Developer Guide, Managing Amazon SNS encryption keys and costs"


NOT_CHECKED = (
    "EventBridge: deliveries to log groups, archives, buses and API destinations are moto's own, which "
    "asks for no permission; other targets than these, queues and topics receive nothing.",
)
"""For the page docs/local-stack.md."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of delivery.

    *principal* calls *actions* on the target in the service's own name, on behalf of the source, and
    *key_actions* on the customer-managed key behind the target, whose encryption context is the target's ARN
    under *bound_to*. Without a principal AWS asks for no permission. *names_source* tells whether KMS learns
    the source, too.
    """

    source: str
    target: str
    principal: str | None = None
    actions: tuple[str, ...] = ()
    key_actions: tuple[str, ...] = ()
    bound_to: str = ""
    names_source: bool = True
    refused: str
    documented: str


def _to_queue(source: str, principal: str, refused: str, documented: str) -> Kind:
    return Kind(
        source=source,
        target="queue",
        principal=principal,
        actions=("sqs:SendMessage",),
        key_actions=_USE,
        bound_to="aws:sqs:arn",
        refused=refused,
        documented=f"{documented}; {_QUEUE_KEYS}",
    )


def _to_topic(
    source: str, principal: str, refused: str, documented: str, *, names_source: bool = True
) -> Kind:
    return Kind(
        source=source,
        target="topic",
        principal=principal,
        actions=("sns:Publish",),
        key_actions=_USE,
        bound_to="aws:sns:topicArn",
        names_source=names_source,
        refused=refused,
        documented=f"{documented}; {_TOPIC_KEYS}",
    )


_DROPPED = "dropped"
_RULES = "Amazon EventBridge User Guide, Using resource-based policies for Amazon EventBridge"
_RULE_FAILURES = "Amazon EventBridge User Guide, Using dead-letter queues to process undelivered events"
_SET_ASIDE = "to the target's dead-letter queue at once, else dropped"

_LOG_KEYS = (
    "Amazon CloudWatch Logs User Guide, Encrypt log data in CloudWatch Logs using AWS Key Management Service"
)

DELIVERIES: Mapping[str, Kind] = {
    "rule-to-queue": _to_queue("event rule", "events.amazonaws.com", _SET_ASIDE, _RULES),
    "rule-to-dead-letters": _to_queue("event rule", "events.amazonaws.com", _DROPPED, _RULE_FAILURES),
    # AWS: aws:SourceAccount, aws:SourceArn and aws:SourceOrgID in the key's policy are not supported here.
    "rule-to-topic": _to_topic("event rule", "events.amazonaws.com", _SET_ASIDE, _RULES, names_source=False),
    "rule-to-scanner": Kind(
        source="event rule of a malware scan plan",
        target="local scanner",
        refused="never",
        documented="Amazon GuardDuty User Guide, How does Malware Protection for S3 work? (AWS's own target)",
    ),
    "bucket-to-queue": _to_queue(
        "bucket notification",
        "s3.amazonaws.com",
        _DROPPED,
        "Amazon S3 User Guide, Granting permissions to publish event notification messages to a destination",
    ),
    "bucket-to-topic": _to_topic(
        "bucket notification",
        "s3.amazonaws.com",
        _DROPPED,
        "Amazon S3 User Guide, Granting permissions to publish event notification messages to a destination",
    ),
    "topic-to-queue": _to_queue(
        "subscription",
        "sns.amazonaws.com",
        "to the subscription's dead-letter queue at once, else dropped",
        "Amazon SNS Developer Guide, Fanout Amazon SNS notifications to Amazon SQS queues",
    ),
    "topic-to-dead-letters": _to_queue(
        "subscription",
        "sns.amazonaws.com",
        _DROPPED,
        "Amazon SNS Developer Guide, Amazon SNS dead-letter queues",
    ),
    "alarm-to-topic": _to_topic(
        "alarm",
        "cloudwatch.amazonaws.com",
        _DROPPED,
        "Amazon CloudWatch User Guide, Notifying users on alarm changes",
    ),
    "log-group-to-key": Kind(
        source="log group with a key, when it is created",
        target="key",
        principal="logs.{region}.amazonaws.com",
        key_actions=(
            "kms:Encrypt",
            "kms:Decrypt",
            "kms:ReEncryptFrom",
            "kms:ReEncryptTo",
            "kms:GenerateDataKey",
            "kms:GenerateDataKeyWithoutPlaintext",
        ),
        bound_to="aws:logs:arn",
        refused="AccessDeniedException to who creates it",
        documented=_LOG_KEYS,
    ),
    "log-events-to-key": Kind(
        source="log group with a key, when events are written",
        target="key",
        principal="logs.{region}.amazonaws.com",
        key_actions=("kms:GenerateDataKey", "kms:Decrypt"),
        bound_to="aws:logs:arn",
        refused="AccessDeniedException to who writes",
        documented=_LOG_KEYS,
    ),
    "bucket-to-log-bucket": Kind(
        source="bucket with access logging",
        target="log bucket",
        principal="logging.s3.amazonaws.com",
        actions=("s3:PutObject",),
        refused="dropped, as is everything for a log bucket whose default encryption is a key of KMS",
        documented="Amazon S3 User Guide, Enabling Amazon S3 server access logging",
    ),
}  # fmt: skip
