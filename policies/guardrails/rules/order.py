"""Rules on the order in which resources are made."""

from collections.abc import Iterator
from typing import Any, Final

from guardrails.framework.examples import UNKNOWN, resource, stack
from guardrails.framework.graph import Graph
from guardrails.framework.node import Node
from guardrails.framework.order import NEEDS, is_made_after
from guardrails.framework.rule import Severity, stack_rule

_EITHER_WAY: Final = ("lambda.Function", "s3.BucketPolicy")
"""What may as well be made before what it goes with: both at the same time is what must not be."""


def _statement(*actions: str) -> dict[str, Any]:
    return {"Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}


_BUCKETS: Final = stack(
    resource("s3.Bucket", "media", bucket="shop-media-dev"),
    resource("s3.BucketPublicAccessBlock", "block", bucket="shop-media-dev"),
    resource("s3.BucketPolicy", "policy", after=("block",), bucket="shop-media-dev"),
    resource("s3.BucketVersioning", "versions", bucket="shop-media-dev"),
    resource("s3.BucketLifecycleConfiguration", "cycle", after=("versions",), bucket="shop-media-dev"),
    resource(
        "s3.BucketLogging",
        "logging",
        bucket="shop-other",
        targetBucket="shop-media-dev",
        after=("cycle", "policy"),
    ),
)
_NOTIFYING: Final = stack(
    resource("s3.Bucket", "media", bucket="shop-media-dev"),
    resource("sqs.Queue", "work", name="shop-work-dev"),
    resource("sqs.QueuePolicy", "queue-policy", queueUrl=UNKNOWN, sources={"queueUrl": ("work",)}),
    resource("sns.Topic", "news", name="shop-news-dev"),
    resource("sns.TopicPolicy", "topic-policy", arn="arn:aws:sns:eu-west-1:111122223333:shop-news-dev"),
    resource("lambda.Function", "worker", name="shop-worker-dev"),
    resource("lambda.Permission", "permission", function="shop-worker-dev"),
    resource(
        "s3.BucketNotification",
        "notification",
        queues=[{"queueArn": "arn:aws:sqs:eu-west-1:111122223333:shop-work-dev"}],
        topics=[{"topicArn": "arn:aws:sns:eu-west-1:111122223333:shop-news-dev"}],
        lambdaFunctions=[
            {"lambdaFunctionArn": "arn:aws:lambda:eu-west-1:111122223333:function:shop-worker-dev"}
        ],
        after=("queue-policy", "topic-policy", "permission"),
    ),
    resource(
        "cloudwatch.EventTarget",
        "target",
        arn="arn:aws:sqs:eu-west-1:111122223333:shop-work-dev",
        after=("queue-policy",),
    ),
)
_FED: Final = stack(
    resource("iam.Role", "role", name="shop-worker-dev"),
    resource("iam.RolePolicy", "reading", role="shop-worker-dev", policy=_statement("sqs:ReceiveMessage")),
    resource(
        "iam.RolePolicyAttachment",
        "logs",
        role="shop-worker-dev",
        policyArn=UNKNOWN,
        sources={"policyArn": ("logging",)},
    ),
    resource("iam.Policy", "logging", policy=_statement("logs:PutLogEvents")),
    resource("kms.Key", "key"),
    resource("kms.KeyPolicy", "key-policy", keyId=UNKNOWN, sources={"keyId": ("key",)}),
    resource(
        "cloudwatch.LogGroup",
        "group",
        name="/aws/lambda/shop-worker-dev",
        kmsKeyId=UNKNOWN,
        sources={"kmsKeyId": ("key",)},
        after=("key-policy",),
    ),
    resource(
        "lambda.Function",
        "worker",
        name="shop-worker-dev",
        role=UNKNOWN,
        sources={"role": ("role",)},
        after=("group",),
    ),
    resource("lambda.EventSourceMapping", "feed", functionName="shop-worker-dev", after=("reading",)),
)
_BY_WAY: Final = (
    _FED.but("worker", loggingConfig={"logGroup": "/aws/lambda/shop-worker-dev"})
    .made_after("worker", "group", "reading")
    .made_after("feed", "worker")
)
_GROUP_LAST: Final = _FED.made_after("worker").made_after("group", "key-policy", "worker")
_FOREIGN: Final = stack(
    resource("s3.BucketPolicy", "policy", bucket="elsewhere"),
    resource("cloudwatch.EventTarget", "target", arn="arn:aws:lambda:eu-west-1:111122223333:function:other"),
    resource("cloudwatch.LogGroup", "group", name="/shop/dev"),
    resource("lambda.EventSourceMapping", "feed", functionName="elsewhere"),
)
_SCANNED: Final = stack(
    resource("iam.Role", "role", name="shop-scan-dev"),
    resource("iam.RolePolicyAttachment", "scan", role="shop-scan-dev"),
    resource(
        "guardduty.MalwareProtectionPlan",
        "plan",
        role="arn:aws:iam::111122223333:role/shop-scan-dev",
        after=("scan",),
    ),
)
_DEPENDS_ON: Final = "opts=pulumi.ResourceOptions(depends_on=[{}])"


@stack_rule(
    severity=Severity.LOW,
    findings=("OP-8.2", "IP-3.2"),
    fixes={
        "cloudwatch.EventTarget": _DEPENDS_ON.format("queue_policy"),
        "cloudwatch.LogGroup": _DEPENDS_ON.format("key_policy"),
        "guardduty.MalwareProtectionPlan": _DEPENDS_ON.format("role_policy"),
        "lambda.EventSourceMapping": _DEPENDS_ON.format("role_policy"),
        "lambda.Function": 'logging_config={"log_format": "JSON", "log_group": log_group.name}',
        "s3.BucketLifecycleConfiguration": _DEPENDS_ON.format("versioning"),
        "s3.BucketLogging": _DEPENDS_ON.format("policy_of_log_bucket"),
        "s3.BucketNotification": _DEPENDS_ON.format("queue_policy"),
        "s3.BucketPolicy": _DEPENDS_ON.format("public_access_block"),
    },
    reads=(
        "cloudwatch.EventTarget.arn",
        "cloudwatch.LogGroup.kmsKeyId",
        "cloudwatch.LogGroup.name",
        "guardduty.MalwareProtectionPlan.role",
        "iam.Policy.name",
        "iam.Policy.policy",
        "iam.Role.name",
        "iam.RolePolicy.policy",
        "iam.RolePolicy.role",
        "iam.RolePolicyAttachment.policyArn",
        "iam.RolePolicyAttachment.role",
        "kms.KeyPolicy.keyId",
        "lambda.EventSourceMapping.functionName",
        "lambda.Function.loggingConfig",
        "lambda.Function.name",
        "lambda.Function.role",
        "lambda.Permission.function",
        "s3.Bucket.bucket",
        "s3.BucketLifecycleConfiguration.bucket",
        "s3.BucketLogging.targetBucket",
        "s3.BucketNotification.lambdaFunctions",
        "s3.BucketNotification.queues",
        "s3.BucketNotification.topics",
        "s3.BucketPolicy.bucket",
        "s3.BucketPublicAccessBlock.bucket",
        "s3.BucketVersioning.bucket",
        "sns.Topic.name",
        "sns.TopicPolicy.arn",
        "sqs.Queue.name",
        "sqs.QueuePolicy.queueUrl",
    ),
    passes={
        "companions of a bucket one after the other": _BUCKETS,
        "deliveries after what admits them": _NOTIFYING,
        "a function after its log group, that after its key": _FED,
        "a mapping that waits for no policy: it waits for the function, which does": _BY_WAY,
        "a function before its log group: that waits for the function instead": _GROUP_LAST,
        "resources that wait for nothing: what they need is not part of the stack": _FOREIGN,
        "a role as a mere ARN: the plan waits for what is attached to it": _SCANNED,
    },
    fails={
        'is not made after "block"': _BUCKETS.made_after("policy"),
        'is not made after "versions"': _BUCKETS.made_after("cycle"),
        'is not made after "policy"': _BUCKETS.made_after("logging"),
        'is not made after "queue-policy"': _NOTIFYING.made_after(
            "notification", "topic-policy", "permission"
        ),
        'is not made after "topic-policy"': _NOTIFYING.made_after(
            "notification", "queue-policy", "permission"
        ),
        'is not made after "permission"': _NOTIFYING.made_after(
            "notification", "queue-policy", "topic-policy"
        ),
        "until then its events are refused": _NOTIFYING.made_after("target"),
        'is not made after "reading"': _FED.made_after("feed"),
        'not made after "logs"': _FED.but(
            "logs", policyArn="arn:aws:iam::aws:policy/service-role/AWSLambdaSQSQueueExecutionRole"
        ),
        'is not made after "key-policy"': _FED.made_after("group"),
        'is not made after "group"': _FED.made_after("worker"),
        'is not made after "scan"': _SCANNED.made_after("plan"),
    },
)
def creation_order(subject: Node, graph: Graph) -> Iterator[str]:
    """Resources that need others are made after them, also where no value says so.

    Pulumi makes at the same time whatever does not depend on each other; that works on some days.
    """
    needs, reason = NEEDS[subject.kind]
    for needed in needs(subject, graph):
        reverse = subject.kind in _EITHER_WAY and is_made_after(needed, subject, graph)
        if not reverse and not is_made_after(subject, needed, graph):
            yield f"is not made after {needed}: {reason}"
