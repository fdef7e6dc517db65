"""One resource of a stack."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from guardrails.framework.names import kind_of
from guardrails.framework.props import Props


@dataclass(frozen=True, kw_only=True, eq=False)
class Node:
    """One resource.

    `inputs` is what the program declares, after the provider's Check; `outputs` what the provider answers,
    where whatever AWS decides is unknown in a preview: an omitted property that AWS would fill in is absent
    from inputs and unknown in outputs. Rules therefore judge inputs; joins also look at outputs. Where the
    engine showed no inputs (a resource that is only read, a state under `policy analyze`) outputs stand for
    them. `provider` holds the properties of the resource's provider; `sources` maps a property to the URNs
    that its value comes from, as far as Pulumi tells; `dependencies` are the URNs of all that it is made
    after, by value or by `depends_on` (empty in the resource phase, where Pulumi does not tell).
    """

    urn: str
    type: str
    name: str
    inputs: Props
    outputs: Props
    provider: Props
    parent: str = ""
    sources: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    dependencies: tuple[str, ...] = ()

    @property
    def stack(self) -> str:
        """The name of the stack."""
        return stack_in(self.urn)

    @property
    def kind(self) -> str:
        """The short type, such as `s3.Bucket`."""
        return kind_of(self.type)

    @property
    def region(self) -> str:
        """The region, empty if it is not known or there is none."""
        places = (self.inputs, self.outputs, self.provider)
        return next((region for place in places if (region := place.known_text("region"))), "")

    def __str__(self) -> str:
        """Name, type and parent component, for messages."""
        component = within(self.parent)
        return f"{label(self.name, self.type)}{f' in {component}' if component else ''}"


def stack_in(urn: str) -> str:
    """Return the stack of `urn:pulumi:STACK::PROJECT::…`, empty if *urn* is not of that form."""
    head = urn.split("::", 1)[0]
    return head.removeprefix("urn:pulumi:") if head.startswith("urn:pulumi:") else ""


def project_in(urn: str) -> str:
    """Return the project of `urn:pulumi:STACK::PROJECT::…`, empty if *urn* is not of that form."""
    parts = urn.split("::")
    return parts[1] if stack_in(urn) and len(parts) > 3 else ""


def label(name: str, token: str) -> str:
    """Return how messages name a resource."""
    return f'"{name}" ({token})'


def within(parent: str) -> str:
    """Return the component whose URN is *parent*; the stack itself is not worth a word."""
    if "::" not in parent:
        return ""
    chain, name = parent.split("::", 2)[-1].rsplit("::", 1)
    component = chain.split("$")[-1]
    return "" if component == "pulumi:pulumi:Stack" else label(name, component)
