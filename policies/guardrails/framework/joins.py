"""Joins that several rules need: what an alias stands for, what invokes a function, what a role may do."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from guardrails.framework.documents import Statement, statements
from guardrails.framework.errors import UndeterminedError
from guardrails.framework.graph import Graph
from guardrails.framework.names import service_of
from guardrails.framework.node import Node
from guardrails.framework.props import Props

_FUNCTIONS: Final = ("lambda.Function", "lambda.Alias")
_REAL_KEYS: Final = ("kms.Key", "kms.ExternalKey", "kms.ReplicaExternalKey")
OF_AWS: Final = ":iam::aws:policy/"
"""What the ARNs of AWS's own policies have in common."""

_ROLE_ATTACHMENTS: Final = {
    "iam.RolePolicyAttachment": ("role", "policyArn"),
    "iam.RolePolicyAttachmentsExclusive": ("roleName", "policyArns"),
}
ROLE_POLICIES: Final = (
    "iam.PolicyAttachment.policyArn",
    "iam.PolicyAttachment.roles",
    "iam.Role.inlinePolicies",
    "iam.Role.managedPolicyArns",
    "iam.Role.name",
    "iam.RolePolicy.role",
    "iam.RolePolicyAttachment.policyArn",
    "iam.RolePolicyAttachment.role",
    "iam.RolePolicyAttachmentsExclusive.policyArns",
    "iam.RolePolicyAttachmentsExclusive.roleName",
)
"""What `policies_of_role` reads, for rules that use it."""

ROLE_READS: Final = (*ROLE_POLICIES, "iam.Policy.policy", "iam.RolePolicy.policy")
"""What `role_statements` reads, for rules that use it."""

BESIDE_TARGET: Final = ("iam.Role", "kms.Key", "sqs.Queue")
"""Where else what a schedule says of its target may come from."""
_SOURCES: Final = ("sqs", "dynamodb", "kinesis", "msk", "mq", "docdb")
"""The services that an event source mapping may read from."""
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
    return graph.once(_statements_of_role, role)


def _statements_of_role(role: Node, graph: Graph) -> list[Statement]:
    holders = [holder for holder, _ in policies_of_role(role, graph)]
    return [statement for holder in holders for statement in statements(holder, "policy")]


def policies_of_role(role: Node, graph: Graph) -> list[tuple[Props, Node]]:
    """Return each policy of a role that is part of the stack, and the resource that it stands in."""
    found = [(inline, role) for inline in role.inputs.blocks("inlinePolicies")]
    found += [(policy.inputs, policy) for policy in graph.once(_by_role).get(role, ())]
    named = policies_at(role, "managedPolicyArns", graph)
    return found + [(policy.inputs, policy) for policy in named if isinstance(policy, Node)]


def _by_role(graph: Graph) -> dict[Node, list[Node]]:
    """Return the policies that stand by themselves, by the role that they are for or attached to."""
    found: dict[Node, list[Node]] = {}

    def attach(role: Node | None, policies: Iterable[Node | str]) -> None:
        if role:
            found.setdefault(role, []).extend(policy for policy in policies if isinstance(policy, Node))

    for policy in graph.of("iam.RolePolicy"):
        attach(graph.target(policy, "role", kinds=("iam.Role",)), [policy])
    for kind, (owner, prop) in _ROLE_ATTACHMENTS.items():
        for attachment in graph.of(kind):
            if role := graph.target(attachment, owner, kinds=("iam.Role",)):
                attach(role, policies_at(attachment, prop, graph))
    for attachment in graph.of("iam.PolicyAttachment"):
        for name in attachment.inputs.texts("roles"):
            attach(graph.named(name, "iam.Role"), policies_at(attachment, "policyArn", graph))
    return found


def policies_at(node: Node, prop: str, graph: Graph) -> list[Node | str]:
    """Return the policies that ARNs at *prop*, one or a list, name; the ARN if it is none of this stack.

    Raises
    ------
    UndeterminedError
        An ARN is not known yet, and what it comes from is not policies alone.
    """
    arns = node.inputs.known_texts(prop)
    found: list[Node | str] = [
        arn if OF_AWS in arn else graph.named(arn, "iam.Policy") or arn for arn in arns if arn is not None
    ]
    if unknown := arns.count(None):
        sources = graph.sources(node, prop)
        if len(sources) < unknown or any(source.kind != "iam.Policy" for source in sources):
            raise UndeterminedError(f"property {prop} of {node} is not known yet")
        found += sources
    return found


def function_behind(
    node: Node, prop: str, read: Callable[[], str], graph: Graph, *, beside: tuple[str, ...] = ()
) -> Node | None:
    """Return the function that a value means, itself or by its alias; None if it means something else.

    Other values inside *prop* may come from resources of the kinds *beside*.
    """
    found = graph.origin(node, prop, read, beside=beside)
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
    """Return what invokes *function* without waiting: targets of event rules, schedules, topics, buckets."""

    def subscribes(node: Node) -> bool:
        return node.inputs.text("protocol") == "lambda" and function_at(node, "endpoint", graph) is function

    def notifies(node: Node) -> bool:
        reads = [partial(block.text, "lambdaFunctionArn") for block in node.inputs.blocks("lambdaFunctions")]
        return any(function_behind(node, "lambdaFunctions", read, graph) is function for read in reads)

    def schedules(node: Node) -> bool:
        read = partial(node.inputs.block("target").text, "arn")
        return function_behind(node, "target", read, graph, beside=BESIDE_TARGET) is function

    return [
        *naming(function, "cloudwatch.EventTarget", "arn", graph),
        *graph.matching("scheduler.Schedule", schedules),
        *graph.matching("sns.TopicSubscription", subscribes),
        *graph.matching("s3.BucketNotification", notifies),
    ]


def mappings_of(function: Node, graph: Graph) -> list[Node]:
    """Return the event source mappings that feed *function* or an alias of it."""
    return naming(function, "lambda.EventSourceMapping", "functionName", graph)


@dataclass(kw_only=True)
class Pointers:
    """Which resources point at which; `doubts` are of those of which nobody can tell."""

    found: dict[Node | None, list[Node]] = field(default_factory=dict)
    doubts: list[UndeterminedError] = field(default_factory=list)

    def at(self, target: Node) -> list[Node]:
        """Return what points at *target*.

        Raises
        ------
        UndeterminedError
            Nothing does for certain, but something might.
        """
        if target not in self.found and self.doubts:
            raise self.doubts[0]
        return self.found.get(target, [])


def pointers(nodes: Iterable[Node], targets: Callable[[Node], Iterable[Node | None]]) -> Pointers:
    """Return which of *nodes* point at which resources, as *targets* tells."""
    made = Pointers()
    for node in nodes:
        try:
            for target in targets(node):
                made.found.setdefault(target, []).append(node)
        except UndeterminedError as doubt:
            made.doubts.append(doubt)
    return made


def naming(function: Node, kind: str, prop: str, graph: Graph) -> list[Node]:
    """Return the resources of *kind* whose *prop* means *function* or an alias of it."""
    return graph.once(_functions_named, kind, prop).at(function)


def _functions_named(kind: str, prop: str, graph: Graph) -> Pointers:
    return pointers(graph.of(kind), lambda node: [function_at(node, prop, graph)])


def source_of(mapping: Node, graph: Graph) -> tuple[str, Node | None]:
    """Return the service that an event source mapping reads from, and the resource if it is in this stack.

    Raises
    ------
    UndeterminedError
        The source is not known yet, and comes from something that no mapping can read.
    """
    found = graph.origin(mapping, "eventSourceArn", partial(mapping.inputs.text, "eventSourceArn"))
    if isinstance(found, str):
        service = service_of(found) or ""
        return service, graph.named(found, "sqs.Queue", near=mapping) if service == "sqs" else None
    service = found.kind.split(".", 1)[0]
    if service not in _SOURCES:
        raise UndeterminedError(f"what {mapping} reads is not known yet and comes from {found}")
    return service, found


def queue_read_by(mapping: Node, graph: Graph) -> Node | None:
    """Return the queue that an event source mapping reads, None if it reads something else.

    Raises
    ------
    UndeterminedError
        The queue is not part of the stack.
    """
    service, source = source_of(mapping, graph)
    if service == "sqs" and (source is None or source.kind != "sqs.Queue"):
        graph.elsewhere(mapping.inputs.text("eventSourceArn"), "the queue it reads")
        return None
    return source if service == "sqs" else None


def function_fed_by(mapping: Node, graph: Graph) -> Node:
    """Return the function that an event source mapping feeds.

    Raises
    ------
    UndeterminedError
        The function is not part of the stack.
    """
    function = function_at(mapping, "functionName", graph)
    if function is None:
        raise UndeterminedError("the function it feeds is not part of this stack")
    return function


def mappings_reading(queue: Node, graph: Graph) -> list[Node]:
    """Return the event source mappings that feed a function from *queue*."""
    return graph.once(_mappings_by_source).at(queue)


def _mappings_by_source(graph: Graph) -> Pointers:
    return pointers(graph.of("lambda.EventSourceMapping"), lambda node: [source_of(node, graph)[1]])


def alarms_telling(topic: Node, graph: Graph) -> list[Node]:
    """Return the alarms that tell *topic* when they go off."""
    return graph.once(_alarms_by_topic).at(topic)


def _alarms_by_topic(graph: Graph) -> Pointers:
    alarms = graph.of("cloudwatch.MetricAlarm", "cloudwatch.CompositeAlarm")
    return pointers(alarms, lambda alarm: topics_told_by(alarm, graph))


def topics_told_by(alarm: Node, graph: Graph) -> list[Node]:
    """Return the topics of this stack that an alarm tells when it goes off.

    Raises
    ------
    UndeterminedError
        What the alarm does is not known yet and no topic is behind it.
    """
    try:
        actions = alarm.inputs.texts("alarmActions")
    except UndeterminedError:
        sources = graph.sources(alarm, "alarmActions")
        if not sources or any(source.kind != "sns.Topic" for source in sources):
            raise
        return sources
    named = [
        graph.named(action, "sns.Topic", near=alarm) for action in actions if service_of(action) == "sns"
    ]
    return [topic for topic in named if topic]


def queue_of(holder: Node, graph: Graph) -> Node:
    """Return the queue whose redrive policy *holder* has: the queue itself, or a split resource.

    Raises
    ------
    UndeterminedError
        The queue is not part of the stack.
    """
    if holder.kind == "sqs.Queue":
        return holder
    queue = graph.target(holder, "queueUrl", kinds=("sqs.Queue",))
    if queue is None:
        raise UndeterminedError("the queue that it belongs to is not part of this stack")
    return queue
