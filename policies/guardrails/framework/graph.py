"""The resources of a stack as rules see them, and joins that hold in a first preview."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Any

from guardrails.framework.errors import UndeterminedError, WrongSourceError, gravest
from guardrails.framework.names import PART_OF
from guardrails.framework.namesakes import Names, physical_name
from guardrails.framework.node import Node
from guardrails.framework.pointers import Pointers
from guardrails.framework.props import Props

_STACK = "pulumi:pulumi:Stack"


class Graph:
    """All resources of a stack, by kind, with the joins between split resources.

    A join asks whether a property names a given resource. A known value is compared with known names, ids and
    ARNs; an unknown one is proved by the one resource it comes from, if that is of a right kind. What neither
    tells raises `UndeterminedError`, a source of a wrong kind `WrongSourceError`. *elsewhere* are ARNs,
    perhaps with wildcards, that other stacks answer for.
    """

    def __init__(self, nodes: Iterable[Node], elsewhere: Iterable[str] = ()) -> None:
        self._elsewhere = tuple(elsewhere)
        self._by_urn = {node.urn: node for node in nodes}
        self._by_kind: dict[str, list[Node]] = {}
        self._known: dict[tuple[Hashable, ...], Any] = {}
        for node in self._by_urn.values():
            self._by_kind.setdefault(node.kind, []).append(node)
        self._names = Names(self.of)
        self._pointers = Pointers(self.of)

    def __iter__(self) -> Iterator[Node]:
        """Iterate over all resources."""
        return iter(self._by_urn.values())

    def __len__(self) -> int:
        """Return how many resources there are."""
        return len(self._by_urn)

    @property
    def kinds(self) -> Iterable[str]:
        """The kinds of which there are resources."""
        return self._by_kind.keys()

    def once[T](self, work: Callable[..., T], *about: Hashable) -> T:
        """Return what *work* finds *about* these things in this graph, worked out only the first time."""
        key = (work, *about)
        if key not in self._known:
            self._known[key] = work(*about, self)
        found: T = self._known[key]
        return found

    def of(self, *kinds: str) -> list[Node]:
        """Return the resources of these kinds."""
        return [node for kind in kinds for node in self._by_kind.get(kind, ())]

    def at(self, urns: Iterable[str]) -> list[Node]:
        """Return the resources of this stack that have these URNs."""
        return [self._by_urn[urn] for urn in urns if urn in self._by_urn]

    def target(self, node: Node, *path: str, kinds: tuple[str, ...]) -> Node | None:
        """Return the resource of *kinds* that the value at *path* names, None if it names none in this stack.

        A step of *path* into text reads it as JSON.

        Raises
        ------
        UndeterminedError
            The value is unknown and not proved by coming from exactly one resource of *kinds*.
        WrongSourceError
            It comes from resources of other kinds alone.
        """
        return self.traced(node, path[0], lambda: _reach(node.inputs, path), kinds=kinds)

    def text_at(self, node: Node, *path: str) -> str:
        """Return the text at *path*, empty if there is none; a step into text reads it as JSON."""
        return _reach(node.inputs, path)

    def traced(
        self,
        node: Node,
        prop: str,
        read: Callable[[], str],
        *,
        kinds: tuple[str, ...],
        beside: tuple[str, ...] = (),
    ) -> Node | None:
        """Do as `target` for a value that *read* finds somewhere inside the top-level property *prop*.

        Other values inside *prop* may come from resources of the kinds *beside*.
        """
        found = self.origin(node, prop, read, kinds=kinds, beside=beside)
        if isinstance(found, str):
            return self.named(found, *kinds, near=node) if found else None
        return found

    def origin(
        self,
        node: Node,
        prop: str,
        read: Callable[[], str],
        *,
        kinds: tuple[str, ...] = (),
        beside: tuple[str, ...] = (),
    ) -> Node | str:
        """Return the text that *read* finds inside *prop*, or the one AWS resource that it will come from.

        With *kinds* that is of one of them; what a part of such a resource tells is of that resource.

        Raises
        ------
        UndeterminedError
            The value is unknown, and comes from several resources or from none that Pulumi tells of.
        WrongSourceError
            All that it comes from is of other *kinds*.
        """
        try:
            return read()
        except UndeterminedError:
            found = [self._by_urn.get(urn) for urn in node.sources.get(prop, ())]
            sources = [source and self._whole(source, kinds) for source in found]
            sources = [source for source in sources if source is None or source.kind not in beside]
            self.expect(node, prop, sources, kinds)
            if len(sources) == 1 and sources[0] and sources[0].type.startswith("aws:"):
                return sources[0]
            raise

    def expect(self, node: Node, prop: str, sources: Sequence[Node | None], kinds: tuple[str, ...]) -> None:
        """Check that of *sources* one is of *kinds*, or is none of AWS; without any of either all is well.

        Raises
        ------
        WrongSourceError
            All are AWS resources of other kinds.
        """
        wrong = [each for each in sources if each and each.type.startswith("aws:") and each.kind not in kinds]
        if kinds and wrong and len(wrong) == len(sources):
            raise WrongSourceError(node, prop, wrong[0], kinds)

    def _whole(self, part: Node, kinds: tuple[str, ...]) -> Node:
        """Return what *part* is a part of, if that is wanted: what a part has of a name is its owner's."""
        prop, kind = PART_OF.get(part.kind, ("", ""))
        owners = self.sources(part, prop)
        of_one = len(owners) == 1 and owners[0].kind == kind
        return owners[0] if of_one and kind in kinds and part.kind not in kinds else part

    def elsewhere(self, reference: str, what: str) -> None:
        """Leave the resource that *reference* names to the stack that it is part of.

        Raises
        ------
        UndeterminedError
            guardrails.yaml does not say that another stack answers for it.
        """
        if not any(fnmatchcase(reference, pattern) for pattern in self._elsewhere):
            raise UndeterminedError(
                f"{what} is not part of this stack; if another answers for it, name its ARN under "
                "`elsewhere` in guardrails.yaml"
            )

    def sources(self, node: Node, prop: str) -> list[Node]:
        """Return the resources of this stack that the top-level property *prop* takes something from."""
        return self.at(node.sources.get(prop, ()))

    def system(self, node: Node) -> str:
        """Return the URN of the outermost component that *node* stands in, empty directly below the stack."""
        outermost, urn = "", node.parent
        while urn and f"::{_STACK}::" not in urn:
            outermost = urn
            above = self._by_urn.get(urn)
            urn = above.parent if above else ""
        return outermost

    def named(self, reference: str, *kinds: str, near: Node | None = None) -> Node | None:
        """Return the resource of *kinds* that a known name, id, URL or ARN means, None if there is none.

        Of namesakes in several regions it is the one in the ARN's region, for a bare name in that of *near*.

        Raises
        ------
        UndeterminedError
            None is called so, but one of *kinds* has a name that is not known yet; or several are.
        """
        return self._names.named(reference, *kinds, near=near)

    def physical_name(self, node: Node) -> str:
        """Return a resource's name in AWS.

        Raises
        ------
        UndeterminedError
            AWS or the provider will make it up.
        """
        return physical_name(node)

    def companions(self, owner: Node, kind: str, *path: str) -> list[Node]:
        """Return the resources of *kind* whose value at *path* names *owner*.

        Raises
        ------
        UndeterminedError
            None does for certain, but one might.
        """
        kinds = (owner.kind,)
        return self.pointing_at(
            owner, (kind,), (*kinds, *path), lambda node: [self.target(node, *path, kinds=kinds)]
        )

    def pointing_at(
        self,
        owner: Node,
        kinds: tuple[str, ...],
        how: Hashable,
        find: Callable[[Node], Iterable[Node | None]],
    ) -> list[Node]:
        """Return the resources of *kinds* for which *find* yields *owner*.

        What *find* yields is kept under *how* for other owners, so that joins cost the same for each.

        Raises
        ------
        UndeterminedError
            It does for none for certain, but might for one.
        """
        return self._pointers.at(owner, kinds, how, find)

    def matching(self, kind: str, test: Callable[[Node], bool]) -> list[Node]:
        """Return the resources of *kind* that pass *test*.

        Raises
        ------
        UndeterminedError
            None does for certain, but one might.
        """
        found, doubts = [], []
        for node in self.of(kind):
            try:
                if test(node):
                    found.append(node)
            except UndeterminedError as doubt:
                doubts.append(doubt)
        if doubts and not found:
            raise gravest(doubts)
        return found


def _reach(props: Props, path: tuple[str, ...]) -> str:
    """Walk to the text at *path*, empty if the way ends before; text on the way is read as JSON."""
    *steps, last = path
    for step in steps:
        props = props.document(step)
    return props.text(last)
