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


def allowing(holder: Node) -> list[Statement]:
    """Return what the policy that *holder* carries allows."""
    return [each for each in statements(holder.inputs, RESOURCE_POLICIES[holder.kind]) if each.allows]
