"""Joins that several rules need: what an alias stands for, what invokes a function, what a role may do."""

from collections.abc import Callable
from functools import partial
from typing import Final

from guardrails.framework.documents import Statement, statements
from guardrails.framework.errors import UndeterminedError
from guardrails.framework.graph import Graph
from guardrails.framework.names import service_of
from guardrails.framework.node import Node

_FUNCTIONS: Final = ("lambda.Function", "lambda.Alias")
_REAL_KEYS: Final = ("kms.Key", "kms.ExternalKey", "kms.ReplicaExternalKey")
_KEYS: Final = {"kms.Alias": "targetKeyId", "kms.ReplicaKey": "primaryKeyArn"}


def bucket_statements(bucket: Node, graph: Graph) -> list[Statement]:
    """Return the statements of a bucket's policy, whether it is a resource of its own or inline."""
    policies = [policy.inputs for policy in graph.companions(bucket, "s3.BucketPolicy", "bucket")]
    return [statement for holder in [bucket.inputs, *policies] for statement in statements(holder, "policy")]


def role_statements(role: Node, graph: Graph) -> list[Statement]:
    """Return the statements of a role's policies, as far as they are part of the stack.

    Raises
    ------
    UndeterminedError
        A policy is not known yet, or it is not known whose it is.
    """
    holders = role.inputs.blocks("inlinePolicies")
    for policy in graph.of("iam.RolePolicy"):
        if graph.target(policy, "role", kinds=("iam.Role",)) is role:
            holders.append(policy.inputs)
    for attachment in graph.of("iam.RolePolicyAttachment"):
        if graph.target(attachment, "role", kinds=("iam.Role",)) is role:
            attached = graph.target(attachment, "policyArn", kinds=("iam.Policy",))
            holders += [attached.inputs] if attached else []
    return [statement for holder in holders for statement in statements(holder, "policy")]


def function_behind(node: Node, prop: str, read: Callable[[], str], graph: Graph) -> Node | None:
    """Return the function that a value means, itself or by its alias; None if it means something else."""
    found = graph.origin(node, prop, read)
    if isinstance(found, str):
        named_service = service_of(found)
        foreign = not found or named_service not in (None, "lambda")
        resource = None if foreign else graph.named(found, *_FUNCTIONS, near=node)
    else:
        resource = found if found.kind in _FUNCTIONS else None
    if resource and resource.kind == "lambda.Alias":
        return graph.target(resource, "functionName", kinds=("lambda.Function",))
    return resource


def key_behind(resource: Node, graph: Graph) -> Node:
    """Return the key that an alias or a replica stands for.

    Raises
    ------
    UndeterminedError
        That key is not part of the stack.
    """
    while resource.kind in _KEYS:
        target = graph.target(resource, _KEYS[resource.kind], kinds=(*_REAL_KEYS, *_KEYS))
        if target is None:
            raise UndeterminedError(f"the key behind {resource} is not part of this stack")
        resource = target
    return resource


def function_at(node: Node, prop: str, graph: Graph) -> Node | None:
    """Do as `function_behind` for the text at a top-level property."""
    return function_behind(node, prop, partial(node.inputs.text, prop), graph)


def async_invokers(function: Node, graph: Graph) -> list[Node]:
    """Return what invokes *function* without waiting: event rules' targets, topics and buckets."""

    def targets(node: Node) -> bool:
        return function_at(node, "arn", graph) is function

    def subscribes(node: Node) -> bool:
        return node.inputs.text("protocol") == "lambda" and function_at(node, "endpoint", graph) is function

    def notifies(node: Node) -> bool:
        reads = [partial(block.text, "lambdaFunctionArn") for block in node.inputs.blocks("lambdaFunctions")]
        return any(function_behind(node, "lambdaFunctions", read, graph) is function for read in reads)

    return [
        *graph.matching("cloudwatch.EventTarget", targets),
        *graph.matching("sns.TopicSubscription", subscribes),
        *graph.matching("s3.BucketNotification", notifies),
    ]


def mappings_of(function: Node, graph: Graph) -> list[Node]:
    """Return the event source mappings that feed *function* or an alias of it."""
    return graph.matching(
        "lambda.EventSourceMapping", lambda node: function_at(node, "functionName", graph) is function
    )
