"""Which resource a name, id, URL or ARN means, also where several are called so."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from guardrails.framework.errors import UndeterminedError, gravest
from guardrails.framework.names import NAMINGS, name_in, region_of
from guardrails.framework.node import Node

_EVERYWHERE: Final = ("iam.Policy", "iam.Role", "s3.Bucket")
_IDENTITIES: Final = ("id", "arn", "name", "url", "bucket", "keyId")


@dataclass(kw_only=True)
class _Index:
    """How the resources of one kind are called; `nameless` is set if the name of one is not known."""

    known: dict[str, list[Node]] = field(default_factory=dict)
    nameless: UndeterminedError | None = None


class Names:
    """The names of a stack's resources, which *of* returns by kind; worked out once for each kind."""

    def __init__(self, of: Callable[[str], list[Node]]) -> None:
        self._of = of
        self._indices: dict[str, _Index] = {}

    def named(self, reference: str, *kinds: str, near: Node | None = None) -> Node | None:
        """Return the resource of *kinds* that *reference* means, None if there is none; see `Graph.named`."""
        unknowns = []
        for kind in kinds:
            index = self._index(kind)
            meant = name_in(reference, kind) if kind in NAMINGS else None
            found = index.known.get(reference) or (index.known.get(meant) if meant else None)
            region = region_of(reference) or (near.region if near else "")
            if found and (nearest := _nearest(found, region)):
                return nearest
            if meant and index.nameless:
                unknowns.append(index.nameless)
        if unknowns:
            raise gravest(unknowns)
        return None

    def _index(self, kind: str) -> _Index:
        if kind not in self._indices:
            self._indices[kind] = index = _Index()
            for node in self._of(kind):
                names = {node.outputs.known_text(key) for key in _IDENTITIES}
                try:
                    names.add(physical_name(node) if kind in NAMINGS else None)
                except UndeterminedError as unknown:
                    index.nameless = unknown
                for name in filter(None, names):
                    index.known.setdefault(name, []).append(node)
        return self._indices[kind]


def physical_name(node: Node) -> str:
    """Return a resource's name in AWS.

    Raises
    ------
    UndeterminedError
        AWS or the provider will make it up.
    """
    prop = NAMINGS[node.kind].name
    return node.inputs.text(prop) or node.outputs.text(prop)


def _nearest(namesakes: list[Node], region: str) -> Node | None:
    """Return the one in *region*, None if all are elsewhere; buckets and roles are the same everywhere."""
    if len(namesakes) == 1:
        regions = {region, namesakes[0].region} - {""}
        return namesakes[0] if len(regions) < 2 or namesakes[0].kind in _EVERYWHERE else None
    here = [node for node in namesakes if node.region == region]
    if len(here) != 1:
        raise UndeterminedError(f"{namesakes[0]} and {namesakes[1]} have the same name in AWS")
    return here[0]
