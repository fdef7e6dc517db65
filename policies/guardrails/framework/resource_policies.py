"""Where the policies of resources stand."""

from typing import Final

from guardrails.framework.documents import Statement, statements
from guardrails.framework.node import Node

RESOURCE_POLICIES: Final = {
    **dict.fromkeys(
        (
            "cloudwatch.EventBusPolicy",
            "dynamodb.ResourcePolicy",
            "s3.Bucket",
            "s3.BucketPolicy",
            "secretsmanager.Secret",
            "secretsmanager.SecretPolicy",
            "sns.Topic",
            "sns.TopicPolicy",
            "sqs.Queue",
            "sqs.QueuePolicy",
        ),
        "policy",
    ),
    "cloudwatch.LogResourcePolicy": "policyDocument",
}
"""Where kinds carry the policy of a resource."""


def stating(holder: Node) -> list[Statement]:
    """Return what the policy that *holder* carries says."""
    return statements(holder.inputs, RESOURCE_POLICIES[holder.kind])


def allowing(holder: Node) -> list[Statement]:
    """Return what the policy that *holder* carries allows."""
    return [each for each in stating(holder) if each.allows]


def refuses(statement: Statement, service: str, action: str) -> bool:
    """Tell whether a statement denies *action* to a service under no condition, whatever others allow."""
    concerned = statement.everyone or service in statement.principals_of.get("Service", ())
    return statement.denies and concerned and not statement.conditions and statement.concerns(action)
