"""What a resource must be made after although no value of it says so."""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Final

from guardrails.framework.documents import statements
from guardrails.framework.functions import FUNCTIONS, function_at, function_behind, naming
from guardrails.framework.graph import Graph
from guardrails.framework.joins import key_behind
from guardrails.framework.node import Node
from guardrails.framework.roles import OF_AWS

type Needs = Callable[[Node, Graph], Iterator[Node]]
_AWS_READING: Final = re.compile("SQS|DynamoDB|Kinesis|MSK|AmazonMQ|Full|ReadOnly|Administrator|PowerUser")
"""What is in the names of AWS's policies that let a role read a queue or a stream."""
_READING: Final = ("receivemessage", "getrecords", "read*", "get*", "receive*", "*")


def _access_block(policy: Node, graph: Graph) -> Iterator[Node]:
    """Yield the public access blocks of the bucket of a policy."""
    if bucket := graph.target(policy, "bucket", kinds=("s3.Bucket",)):
        yield from graph.companions(bucket, "s3.BucketPublicAccessBlock", "bucket")


def _versioning(cycle: Node, graph: Graph) -> Iterator[Node]:
    """Yield the versioning of the bucket of a life cycle."""
    if bucket := graph.target(cycle, "bucket", kinds=("s3.Bucket",)):
        yield from graph.companions(bucket, "s3.BucketVersioning", "bucket")


def _delivery(logging: Node, graph: Graph) -> Iterator[Node]:
    """Yield the policy of the bucket that takes access logs."""
    if target := graph.target(logging, "targetBucket", kinds=("s3.Bucket",)):
        yield from graph.companions(target, "s3.BucketPolicy", "bucket")


def _admissions(notification: Node, graph: Graph) -> Iterator[Node]:
    """Yield the policies and permissions of what a bucket notifies."""
    for prop, arn, kind, policy, owner in (
        ("queues", "queueArn", "sqs.Queue", "sqs.QueuePolicy", "queueUrl"),
        ("topics", "topicArn", "sns.Topic", "sns.TopicPolicy", "arn"),
    ):
        for block in notification.inputs.blocks(prop):
            told = graph.traced(notification, prop, partial(block.text, arn), kinds=(kind,))
            yield from graph.companions(told, policy, owner) if told else ()
    for block in notification.inputs.blocks("lambdaFunctions"):
        read = partial(block.text, "lambdaFunctionArn")
        if function := function_behind(notification, "lambdaFunctions", read, graph, kinds=FUNCTIONS):
            yield from _permissions(function, graph)


def _permissions(function: Node, graph: Graph) -> list[Node]:
    return naming(function, "lambda.Permission", "function", graph)


def _reading_policies(mapping: Node, graph: Graph) -> Iterator[Node]:
    """Yield what lets a function's role read the source that feeds it."""
    if function := function_at(mapping, "functionName", graph):
        yield from (each for each in _role_policies(function, graph) if _lets_read(each, graph))


def _role_policies(holder: Node, graph: Graph) -> Iterator[Node]:
    """Yield the policies of the role of a function or plan, as far as they are resources of their own."""
    role = graph.target(holder, "role", kinds=("iam.Role",))
    for kind in ("iam.RolePolicy", "iam.RolePolicyAttachment"):
        yield from graph.companions(role, kind, "role") if role else ()


def _lets_read(policy: Node, graph: Graph) -> bool:
    """Tell whether a policy is, or may be, about reading a queue or a stream."""
    holder: Node | None = policy
    if policy.kind == "iam.RolePolicyAttachment":
        holder = graph.target(policy, "policyArn", kinds=("iam.Policy",))
    if holder is None:  # what AWS or another stack keeps in it is not seen here
        named = policy.inputs.text("policyArn")
        return OF_AWS not in named or bool(_AWS_READING.search(named))
    granted = [each for each in statements(holder.inputs, "policy") if each.allows]
    actions = {action.lower().rsplit(":", 1)[-1] for each in granted for action in each.actions}
    return bool(actions & set(_READING)) or any(each.exceptions for each in granted)


def _log_group(function: Node, graph: Graph) -> Iterator[Node]:
    """Yield the log group of a function."""
    if function.inputs.block("loggingConfig").has("logGroup"):
        group = graph.target(function, "loggingConfig", "logGroup", kinds=("cloudwatch.LogGroup",))
    else:
        name = f"/aws/lambda/{graph.physical_name(function)}"
        group = graph.named(name, "cloudwatch.LogGroup", near=function)
    if group:
        yield group


def _queue_policy(target: Node, graph: Graph) -> Iterator[Node]:
    """Yield the policy of the queue that events are delivered to."""
    found = graph.origin(target, "arn", partial(target.inputs.text, "arn"))
    queue = graph.named(found, "sqs.Queue", near=target) if isinstance(found, str) else found
    if queue and queue.kind == "sqs.Queue":
        yield from graph.companions(queue, "sqs.QueuePolicy", "queueUrl")


def _key_policy(group: Node, graph: Graph) -> Iterator[Node]:
    """Yield the policy of the key of a log group."""
    keys = ("kms.Key", "kms.Alias", "kms.ReplicaKey")
    if found := graph.target(group, "kmsKeyId", kinds=keys):
        yield from graph.companions(key_behind(found, graph), "kms.KeyPolicy", "keyId")


NEEDS: Final[Mapping[str, tuple[Needs, str]]] = {
    "cloudwatch.EventTarget": (_queue_policy, "until then its events are refused"),
    "cloudwatch.LogGroup": (_key_policy, "CloudWatch Logs tries the key at once"),
    "guardduty.MalwareProtectionPlan": (_role_policies, "GuardDuty tries the role at once"),
    "lambda.EventSourceMapping": (_reading_policies, "Lambda tries at once whether its role may read"),
    "lambda.Function": (_log_group, "Lambda makes the group itself at the first call"),
    "s3.BucketLifecycleConfiguration": (_versioning, "it speaks of old versions"),
    "s3.BucketLogging": (_delivery, "S3 drops the logs until it may write them"),
    "s3.BucketNotification": (_admissions, "S3 tries at once whether it may send"),
    "s3.BucketPolicy": (_access_block, "S3 refuses one of two changes at the same time"),
}
"""What resources of a kind need, and why."""


def is_made_after(node: Node, other: Node, graph: Graph) -> bool:
    """Tell whether *node* is made after *other*, by a value or by `depends_on`, at once or by way."""
    seen, waiting = {node.urn}, [node]
    while waiting:
        here = waiting.pop()
        by_value = (urn for urns in here.sources.values() for urn in urns)
        found = {*here.dependencies, *by_value} - seen
        if other.urn in found:
            return True
        seen |= found
        waiting += graph.at(found)
    return False
