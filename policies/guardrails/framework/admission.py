"""Whether a queue, topic or function admits what is delivered to it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from guardrails.framework.actions import matches
from guardrails.framework.conditions import EQUALS
from guardrails.framework.documents import Statement
from guardrails.framework.errors import UndeterminedError, gravest
from guardrails.framework.functions import function_at, function_behind
from guardrails.framework.graph import Graph
from guardrails.framework.names import NAMINGS, name_in, service_of
from guardrails.framework.node import Node
from guardrails.framework.resource_policies import allowing, refuses, stating

_POLICIES: Final = {
    "sqs.Queue": ("sqs.QueuePolicy", "queueUrl", "sqs:SendMessage"),
    "sns.Topic": ("sns.TopicPolicy", "arn", "sns:Publish"),
}
_INVOKE: Final = "lambda:InvokeFunction"
ADMISSION_READS: Final = (
    "lambda.Alias.functionName",
    "lambda.Alias.name",
    "lambda.Function.name",
    "lambda.Permission.action",
    "lambda.Permission.function",
    "lambda.Permission.principal",
    "lambda.Permission.qualifier",
    "lambda.Permission.sourceArn",
    "sns.Topic.name",
    "sns.Topic.policy",
    "sns.TopicPolicy.arn",
    "sns.TopicPolicy.policy",
    "sqs.Queue.name",
    "sqs.Queue.policy",
    "sqs.QueuePolicy.policy",
    "sqs.QueuePolicy.queueUrl",
)
"""What `admitting` and `receiver_of` read, for rules that use them."""


@dataclass(frozen=True, kw_only=True)
class Sender:
    """A service that delivers for a resource: `found` is that, or its name or ARN if it is foreign."""

    service: str
    kind: str
    found: Node | str

    def name(self, graph: Graph) -> str:
        """Return the resource's name in AWS."""
        if isinstance(self.found, Node):
            return graph.physical_name(self.found)
        return name_in(self.found, self.kind) or self.found


@dataclass(frozen=True, kw_only=True)
class Receiver:
    """A queue, topic or function; `qualifier` is its alias or version, empty for none, None if not known."""

    node: Node
    qualifier: str | None = ""


def receiver_of(
    node: Node, prop: str, read: Callable[[], str], graph: Graph, *, kinds: tuple[str, ...]
) -> Receiver | None:
    """Return what the value that *read* finds in *prop* delivers to; None if it is none of this stack.

    *kinds* are those that can be delivered to there.

    Raises
    ------
    UndeterminedError
        The value is not known yet and not proved by one resource.
    WrongSourceError
        It comes from what is of none of *kinds*.
    """
    found = graph.origin(node, prop, read, kinds=kinds)
    if isinstance(found, str):
        service = service_of(found)
        kinds = tuple(kind for kind in _POLICIES if NAMINGS[kind].service == service)
        if kinds:
            named = graph.named(found, *kinds, near=node)
            return Receiver(node=named) if named else None
        function = function_behind(node, prop, read, graph)
        return Receiver(node=function, qualifier=_qualifier_in(found)) if function else None
    if found.kind in _POLICIES:
        return Receiver(node=found)
    function = function_behind(node, prop, read, graph)
    qualifier = found.inputs.text("name") if found.kind == "lambda.Alias" else None
    return Receiver(node=function, qualifier=qualifier) if function else None


def admitting(receiver: Receiver, sender: Sender, graph: Graph) -> list[Node]:
    """Return the resources by which *receiver* admits *sender*, naming it as the source.

    Raises
    ------
    UndeterminedError
        None does for certain, but one might.
    """
    node = receiver.node
    by_receiver, doubts = graph.once(_holders)
    unsure = [doubts[node.kind]] if node.kind in doubts else []
    if node.kind == "lambda.Function":
        admits = _permitting(receiver, sender, by_receiver.get(node, []), unsure, graph)
    else:
        action = _POLICIES[node.kind][-1]
        holders = (node, *by_receiver.get(node, []))  # one that is not known could also deny
        if any(refuses(each, sender.service, action) for holder in holders for each in stating(holder)):
            return []
        admits = [
            holder
            for holder in holders
            if any(_admits(each, node, action, sender, graph) for each in allowing(holder))
        ]
    if unsure and not admits:
        raise gravest(unsure)
    return admits


def _permitting(
    receiver: Receiver, sender: Sender, permissions: list[Node], unsure: list[UndeterminedError], graph: Graph
) -> list[Node]:
    """Return which permissions let the sender in, and add to *unsure* why one cannot be judged."""
    found = []
    for permission in permissions:
        try:
            if _permits(receiver, sender, graph, permission):
                found.append(permission)
        except UndeterminedError as doubt:
            unsure.append(doubt)
    return found


def _holders(graph: Graph) -> tuple[dict[Node, list[Node]], dict[str, UndeterminedError]]:
    """Return policies and permissions by receiver, and by its kind why one cannot be told to be whose."""
    found: dict[Node, list[Node]] = {}
    doubts: dict[str, UndeterminedError] = {}

    def add(kind: str, holder: Node, receiver: Callable[[], Node | None]) -> None:
        try:
            if node := receiver():
                found.setdefault(node, []).append(holder)
        except UndeterminedError as doubt:
            doubts.setdefault(kind, doubt)

    for kind, (policies, owner, _) in _POLICIES.items():
        for policy in graph.of(policies):
            add(kind, policy, partial(graph.target, policy, owner, kinds=(kind,)))
    for permission in graph.of("lambda.Permission"):
        add("lambda.Function", permission, partial(function_at, permission, "function", graph))
    return found, doubts


def _admits(statement: Statement, receiver: Node, action: str, sender: Sender, graph: Graph) -> bool:
    about = sender.service in statement.principals_of.get("Service", ()) and statement.concerns(action)
    if not about or statement.exceptions:
        return False
    name = graph.physical_name(receiver)
    if not any(arn == "*" or name_in(arn, receiver.kind) == name for arn in statement.resources):
        return False
    sources = [arn for values in statement.values_of("aws:SourceArn", *EQUALS) for arn in values]
    return any(_means(arn, sender, graph) for arn in sources)


def _means(pattern: str, sender: Sender, graph: Graph) -> bool:
    """Tell whether the ARN pattern of a source covers the sender; account and region are not compared."""
    named = name_in(pattern, sender.kind) if service_of(pattern) else None
    return named is not None and matches(named, sender.name(graph))


def _permits(receiver: Receiver, sender: Sender, graph: Graph, permission: Node) -> bool:
    given = permission.inputs
    if given.text("principal") != sender.service or not matches(
        given.text("action").lower(), _INVOKE.lower()
    ):
        return False
    permitted = given.text("qualifier") or _named_qualifier(permission, graph)
    if None not in (permitted, receiver.qualifier) and permitted != receiver.qualifier:
        return False
    source = graph.origin(permission, "sourceArn", partial(given.text, "sourceArn"))
    return _means(source, sender, graph) if isinstance(source, str) else source is sender.found


def _named_qualifier(permission: Node, graph: Graph) -> str | None:
    """Return the qualifier that the function property of a permission itself brings."""
    found = graph.origin(permission, "function", partial(permission.inputs.text, "function"))
    if isinstance(found, str):
        return _qualifier_in(found)
    return found.inputs.text("name") if found.kind == "lambda.Alias" else None


def _qualifier_in(reference: str) -> str:
    """Return the alias or version at the end of a function's ARN or name."""
    after = reference.split("function:")[-1]
    return after.split(":", 1)[1] if ":" in after else ""
