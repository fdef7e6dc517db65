"""Proof that policies are exact: what was judged is judged again with each part of each policy left out.

A part that is needed changes at least one decision. An Allow that is left out must deny a recorded request; a
Deny must admit a request that it stopped, recorded or built from the statement as a probe. What changes
nothing is unused or untested.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from local.permissions.concerns import Request
from local.permissions.documents import Policy, Statement
from local.permissions.evaluator import Front, decide
from local.permissions.mutants import Mutant, mutants
from local.permissions.principals import Caller
from local.permissions.probes import probes
from local.permissions.recording import Recorded


@dataclass(frozen=True, kw_only=True)
class Proof:
    """What was proved: how many statements, entries of their lists, requests and probes, and what survived.

    A survivor is a part without which everything is decided as before; where a whole statement survives, its
    entries are not named beside it.
    """

    allows: int
    denies: int
    actions: int
    entries: int
    requests: int
    probes: int
    survivors: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class _Decided:
    request: Request
    front: Front
    allowed: bool


def prove(policies: Iterable[Policy], recorded: Sequence[Recorded], callers: Sequence[Caller]) -> Proof:
    """Leave out each part of each of *policies* in turn; probes are made by *callers*."""
    known = list(dict.fromkeys(policies))
    concerned = _by_statement(recorded)
    statements = [(policy, statement) for policy in known for statement in policy.statements]
    probed: dict[tuple[Policy, Statement], list[_Decided]] = {
        (policy, statement): list(_stopped(policy, statement, recorded, callers))
        for policy, statement in statements
        if not statement.allows
    }
    survivors, unneeded, entries = [], set(), 0
    for policy in known:
        for mutant in mutants(policy):  # of each statement the whole comes first
            entries += bool(mutant.part)
            place = (policy, mutant.statement)
            if place in unneeded or _changes_a_decision(mutant, [*concerned[place], *probed.get(place, [])]):
                continue
            survivors.append(mutant.what)
            if not mutant.part:
                unneeded.add(place)
    return Proof(
        allows=sum(statement.allows for _, statement in statements),
        denies=sum(not statement.allows for _, statement in statements),
        actions=sum(len(statement.actions) for _, statement in statements),
        entries=entries,
        requests=len(recorded),
        probes=sum(map(len, probed.values())),
        survivors=tuple(survivors),
    )


def _by_statement(recorded: Iterable[Recorded]) -> dict[tuple[Policy, Statement], list[_Decided]]:
    """Find the requests that concern a statement; no other can be decided differently without it."""
    found: dict[tuple[Policy, Statement], list[_Decided]] = defaultdict(list)
    for one in recorded:
        decided = _Decided(request=one.request, front=one.front, allowed=one.allowed)
        concerned = {concern.statement for concern in one.concerns}
        for policy in one.front.policies:
            for statement in policy.statements:
                if statement in concerned:
                    found[policy, statement].append(decided)
    return found


def _changes_a_decision(mutant: Mutant, decided: Iterable[_Decided]) -> bool:
    return any(
        decide(one.request, _with(one.front, mutant.policy, mutant.without)).allowed != one.allowed
        for one in decided
    )


def _with(front: Front, policy: Policy, other: Policy) -> Front:
    return replace(front, policies=tuple(other if one == policy else one for one in front.policies))


def _stopped(
    policy: Policy, statement: Statement, recorded: Sequence[Recorded], callers: Sequence[Caller]
) -> Iterator[_Decided]:
    """Yield, for each action and resource of a Deny, one probe that it stops and nothing else would."""
    without = replace(policy, statements=tuple(one for one in policy.statements if one != statement))
    seen = set()
    for request, front in probes(statement, policy, callers, recorded):
        place = (request.action, request.resource)
        if place in seen or decide(request, front).allowed:
            continue
        if decide(request, _with(front, policy, without)).allowed:
            seen.add(place)
            yield _Decided(request=request, front=front, allowed=False)
