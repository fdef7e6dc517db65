"""Judging a mutant: only by the rules that read what it breaks, and only by what they say about it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from guardrails.framework import sdk
from guardrails.framework.examples import UNKNOWN
from guardrails.framework.graph import Graph
from guardrails.framework.judge import judge
from guardrails.framework.node import Node, label
from guardrails.framework.props import Props
from guardrails.framework.rule import Rule
from local.provider.refusals import refused_inputs
from local.provider.schema import resource_type
from tests.mocks import deployed
from tests.mutation.mutants import Mutant
from tests.mutation.places import REMOVED, closed, opened, replaced
from tests.pack.program import program_nodes

JOINS_EVERYTHING: Final = "kms.Key"


class Complaint(NamedTuple):
    """What a rule says about one resource."""

    rule: str
    urn: str
    text: str
    undetermined: bool


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What the rules say about a mutant and did not say about the program.

    Only what names the fault counts: a complaint about the broken resource, or one that is about, or names,
    a resource that is joined with it. Joined are two resources of which one takes a value of the other, at
    once or by way of a third, and two that take values of the same third; none by way of a key, under which
    everything stands. Who is merely watched or used by the same third is not joined.

    `refused` tells that the provider misses a required input or refuses a value, and `referred` that others
    take values of the dropped resource: neither is deployed.
    """

    mutant: Mutant
    complaints: frozenset[Complaint]
    refused: bool
    referred: bool

    @property
    def stopping(self) -> set[str]:
        """The rules that find a violation."""
        return {each.rule for each in self.complaints if not each.undetermined}

    @property
    def doubting(self) -> set[str]:
        """The rules that cannot judge it any more, which blocks as well."""
        return {each.rule for each in self.complaints if each.undetermined}

    @property
    def on_itself(self) -> bool:
        """Whether a violation is found on the broken resource itself."""
        return any(each.urn == self.mutant.urn and not each.undetermined for each in self.complaints)

    @property
    def survived(self) -> bool:
        """Whether no rule names the fault."""
        return not self.complaints


class Court:
    """One stack of the program under *rules*.

    A rule's answer can change only with what it read when it judged the whole program. What each one reads,
    of which resource, is recorded once; a mutant is then judged by those alone that read the property that it
    breaks. A dropped resource is judged by all.
    """

    def __init__(self, stack: str, rules: Sequence[Rule]) -> None:
        self._rules = rules
        self._nodes: Mapping[str, Node] = {node.urn: node for node in program_nodes(stack)}
        wires = {resource.urn: resource.wire for resource in deployed(stack, preview=True).resources}
        self._trees = {
            urn: opened(sdk.plain_properties(sdk.wire_properties(wire))) for urn, wire in wires.items()
        }
        self._beside = _joined(self._nodes.values())
        self._labels = {label(node.name, node.type): urn for urn, node in self._nodes.items()}
        self._readers: dict[tuple[str, str], set[str]] = {}
        for rule in rules:
            self._record(rule)
        self._before = self._said(self._nodes, rules)

    def outcome(self, mutant: Mutant, *, by_all: bool = False) -> Outcome:
        """Judge *mutant*, by all rules if asked to."""
        everyone = by_all or not mutant.path
        readers = self._readers.get((mutant.urn, str(mutant.path[0])), set()) if mutant.path else set()
        rules = [rule for rule in self._rules if everyone or rule.id in readers]
        said = self._said(self._mutated(mutant, self._nodes), rules) - self._before
        return Outcome(
            mutant=mutant,
            complaints=frozenset(each for each in said if self._names_fault(each, mutant)),
            refused=self._refused(mutant),
            referred=not mutant.path and self._is_taken_from(mutant.urn),
        )

    def together(self, mutants: Iterable[Mutant]) -> frozenset[Complaint]:
        """Return what all rules say of the program with all of *mutants*, each of another resource."""
        nodes = self._nodes
        for mutant in mutants:
            nodes = self._mutated(mutant, nodes)
        return self._said(nodes, self._rules)

    def _names_fault(self, complaint: Complaint, mutant: Mutant) -> bool:
        near = {mutant.urn, *self._beside[mutant.urn]}
        named = (urn for name, urn in self._labels.items() if name in complaint.text)
        return complaint.urn in near or any(urn in near for urn in named)

    def _is_taken_from(self, urn: str) -> bool:
        return any(urn in urns for node in self._nodes.values() for urns in node.sources.values())

    def _refused(self, mutant: Mutant) -> bool:
        if not mutant.path:
            return False
        kind, inputs = resource_type(self._nodes[mutant.urn].type), self._inputs(mutant)
        return bool(kind.problems(inputs) or refused_inputs(kind.token, kind.normalize(inputs)))

    def _inputs(self, mutant: Mutant) -> dict[str, Any]:
        inputs: dict[str, Any] = closed(replaced(self._trees[mutant.urn], mutant.path, mutant.value))
        return inputs

    def _mutated(self, mutant: Mutant, nodes: Mapping[str, Node]) -> dict[str, Node]:
        if not mutant.path:
            return {urn: node for urn, node in nodes.items() if urn != mutant.urn}
        node, inputs = self._nodes[mutant.urn], self._inputs(mutant)
        owner = label(node.name, node.type)
        gone = mutant.path[0] if len(mutant.path) == 1 and mutant.value is REMOVED else None
        changed = replace(
            node,
            inputs=Props.of(inputs, owner),
            outputs=Props.of({"id": UNKNOWN, "arn": UNKNOWN, **inputs}, owner),
            sources={prop: urns for prop, urns in node.sources.items() if prop != gone},
        )
        return {**nodes, mutant.urn: changed}

    def _said(self, nodes: Mapping[str, Node], rules: Sequence[Rule]) -> frozenset[Complaint]:
        graph = Graph(nodes.values())
        return frozenset(
            Complaint(rule.id, verdict.node.urn, f"{verdict.node} {verdict.problem}", verdict.undetermined)
            for rule in rules
            for verdict in judge(rule, graph)
        )

    def _record(self, rule: Rule) -> None:
        seen: set[tuple[str, str]] = set()
        graph = Graph([_watched(node, seen) for node in self._nodes.values()])
        list(judge(rule, graph))
        for place in seen:
            self._readers.setdefault(place, set()).add(rule.id)


def _joined(nodes: Iterable[Node]) -> Mapping[str, set[str]]:
    """Return for each resource those that it is joined with."""
    kinds = {node.urn: node.kind for node in nodes}
    origins = {node.urn: {urn for urns in node.sources.values() for urn in urns} for node in nodes}
    takers: dict[str, set[str]] = {urn: set() for urn in kinds}
    for urn, each in origins.items():
        for origin in each:
            takers[origin].add(urn)
    telling = {urn for urn, kind in kinds.items() if kind != JOINS_EVERYTHING}
    return {
        urn: {
            *(origins[urn] | takers[urn]),
            *(far for near in origins[urn] & telling for far in origins[near] | takers[near]),
            *(far for near in takers[urn] & telling for far in takers[near]),
        }
        for urn in kinds
    }


class _Watched(Mapping[str, Any]):
    """A mapping that notes which of its keys are read; looking at all keys is reading all."""

    def __init__(self, inner: Mapping[str, Any], urn: str, seen: set[tuple[str, str]]) -> None:
        self._inner, self._urn, self._seen = inner, urn, seen

    def __getitem__(self, key: str) -> Any:
        self._seen.add((self._urn, key))
        return self._inner[key]

    def get(self, key: str, default: Any = None) -> Any:
        self._seen.add((self._urn, key))
        return self._inner.get(key, default)

    def __iter__(self) -> Iterator[str]:
        self._seen.update((self._urn, key) for key in self._inner)
        return iter(self._inner)

    def __len__(self) -> int:
        return len(list(iter(self)))


def _watched(node: Node, seen: set[tuple[str, str]]) -> Node:
    def watch(props: Props) -> Props:
        return Props(_Watched(props._values, node.urn, seen), props._owner)

    return replace(
        node,
        inputs=watch(node.inputs),
        outputs=watch(node.outputs),
        sources=_Watched(node.sources, node.urn, seen),
    )
