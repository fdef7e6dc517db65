"""The policies of roles, in whichever of IAM's ways they are given."""

from collections.abc import Iterator
from functools import partial
from typing import Final

from guardrails.framework.documents import Statement, statements
from guardrails.framework.errors import UndeterminedError
from guardrails.framework.graph import Graph
from guardrails.framework.node import Node
from guardrails.framework.props import Props

OF_AWS: Final = ":iam::aws:policy/"
"""What the ARNs of AWS's own policies have in common."""

_ATTACHMENTS: Final = {
    "iam.RolePolicyAttachment": ("role", "policyArn"),
    "iam.RolePolicyAttachmentsExclusive": ("roleName", "policyArns"),
    "iam.PolicyAttachment": ("roles", "policyArn"),
}
"""What attaches policies to roles: where it names the roles and the policies."""

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
    """Return each policy of a role that is part of the stack, and the resource that it stands in.

    Raises
    ------
    UndeterminedError
        One of its policies is not known yet; or no resource gives it any for certain, but one might.
    """
    found = [(inline, role) for inline in role.inputs.blocks("inlinePolicies")]
    named = policies_at(role, "managedPolicyArns", graph)
    kinds = ("iam.RolePolicy", *_ATTACHMENTS)
    for holder in graph.pointing_at(role, kinds, "roles", partial(_roles_given, graph=graph)):
        if holder.kind in _ATTACHMENTS:
            named += policies_at(holder, _ATTACHMENTS[holder.kind][1], graph)
        else:
            found.append((holder.inputs, holder))
    return found + [(policy.inputs, policy) for policy in named if isinstance(policy, Node)]


def _roles_given(holder: Node, graph: Graph) -> Iterator[Node | None]:
    """Yield the roles that a resource gives a policy."""
    if holder.kind == "iam.PolicyAttachment":
        yield from (graph.named(name, "iam.Role") for name in holder.inputs.texts("roles"))
    else:
        owner, _ = _ATTACHMENTS.get(holder.kind, ("role", ""))
        yield graph.target(holder, owner, kinds=("iam.Role",))


def policies_at(node: Node, prop: str, graph: Graph) -> list[Node | str]:
    """Return the policies that ARNs at *prop*, one or a list, name; the ARN if it is none of this stack.

    Raises
    ------
    UndeterminedError
        An ARN is not known yet, and what it comes from is not policies alone.
    WrongSourceError
        It comes from no policy.
    """
    arns = node.inputs.known_texts(prop)
    found: list[Node | str] = [
        arn if OF_AWS in arn else graph.named(arn, "iam.Policy") or arn for arn in arns if arn is not None
    ]
    if unknown := arns.count(None):
        sources = graph.sources(node, prop)
        graph.expect(node, prop, sources, ("iam.Policy",))
        if len(sources) < unknown or any(source.kind != "iam.Policy" for source in sources):
            raise UndeterminedError(f"property {prop} of {node} is not known yet")
        found += sources
    return found
