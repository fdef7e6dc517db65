"""Which resources point at which, worked out once for all that may be pointed at."""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field

from guardrails.framework.errors import UndeterminedError, gravest
from guardrails.framework.node import Node


@dataclass(kw_only=True)
class _Join:
    """Which resources of a kind point at which, by URN; `doubts` are of those that nobody can tell of."""

    found: dict[str, list[Node]] = field(default_factory=dict)
    doubts: list[UndeterminedError] = field(default_factory=list)


class Pointers:
    """The joins of a stack whose resources *of* returns by kind."""

    def __init__(self, of: Callable[..., list[Node]]) -> None:
        self._of = of
        self._joins: dict[tuple[tuple[str, ...], Hashable], _Join] = {}

    def at(
        self,
        owner: Node,
        kinds: tuple[str, ...],
        how: Hashable,
        find: Callable[[Node], Iterable[Node | None]],
    ) -> list[Node]:
        """Return the resources of *kinds* for which *find* yields *owner*; see `Graph.pointing_at`."""
        if (kinds, how) not in self._joins:
            self._joins[kinds, how] = self._joined(kinds, find)
        join = self._joins[kinds, how]
        if join.doubts and owner.urn not in join.found:
            raise gravest(join.doubts)
        return list(join.found.get(owner.urn, ()))

    def _joined(self, kinds: tuple[str, ...], find: Callable[[Node], Iterable[Node | None]]) -> _Join:
        join = _Join()
        for node in self._of(*kinds):
            try:
                for owned_by in filter(None, find(node)):
                    if node not in join.found.setdefault(owned_by.urn, []):
                        join.found[owned_by.urn].append(node)
            except UndeterminedError as doubt:
                join.doubts.append(doubt)
        return join
