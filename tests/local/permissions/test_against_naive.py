"""The evaluator decides as one does that was written from AWS's guide alone, and planted bugs show."""

import re
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings

from local.permissions import concerns, conditions, evaluator, keys, operators, patterns, principals
from local.permissions.concerns import Concern
from local.permissions.conditions import Condition, Outcome
from local.permissions.documents import Kind, parse_policy
from local.permissions.evaluator import Request, evaluate
from local.permissions.keys import Context
from local.permissions.principals import Caller, Match
from tests.local.permissions import naive
from tests.local.permissions.worlds import WORLDS, World, smallest, world

SEED, ENOUGH = 5, 8000

type Plant = tuple[Any, str, Any]
"""What to replace: module or class, name, and what stands there instead."""


def by_the_evaluator(world: World) -> str:
    asked = world.request
    caller = Caller(
        principal=asked.get("service") or asked["role"],
        account=asked["account"],
        session_arn=asked.get("session"),
    )
    kinds = {Kind.IDENTITY: world.identity, Kind.BOUNDARY: world.boundary, Kind.SESSION: world.session}
    decision = evaluate(
        Request(
            caller=caller,
            action=asked["action"],
            resource=asked["resource"],
            context=Context(asked["context"]),
        ),
        identity=[parse_policy(d, name=kind.value, kind=kind) for kind, all_ in kinds.items() for d in all_],
        resource=[parse_policy(d, name="resource", kind=Kind.RESOURCE) for d in world.resource],
        resource_decides=world.resource_decides,
    )
    if decision.allowed:
        return "allowed"
    return "denied" if "explicit deny" in decision.cause else "not allowed"


def by_the_guide(world: World) -> str:
    return naive.decide(
        world.request,
        world.identity,
        world.resource,
        boundary=world.boundary,
        session=world.session,
        resource_decides=world.resource_decides,
    )


def differ(world: World) -> bool:
    return by_the_evaluator(world) != by_the_guide(world)


@settings(max_examples=500)
@given(WORLDS)
def test_both_evaluators_decide_alike(found: World) -> None:
    assert not differ(found), smallest(found, differ)


@pytest.mark.slow
def test_both_evaluators_decide_alike_in_very_many_worlds() -> None:
    rng = Random(SEED)  # noqa: S311 - test data

    found = next((one for one in (world(rng) for _ in range(30_000)) if differ(one)), None)

    assert found is None or smallest(found, differ) is None


def test_the_generated_worlds_reach_every_outcome() -> None:
    rng = Random(SEED)  # noqa: S311 - test data

    assert {by_the_guide(world(rng)) for _ in range(200)} == {"allowed", "denied", "not allowed"}


def judged(change: Callable[[Condition, Context, Outcome], Outcome]) -> Plant:
    """Plant a change of what the conditions say."""
    return concerns, "judge", lambda c, k: change(c, k, conditions.judge(c, k))


def without_key(holds: bool, when: Callable[[Condition], bool]) -> Plant:
    return judged(lambda c, k, o: Outcome(met=holds) if when(c) and k.get(c.key) is None else o)


def matched(change: Callable[[Match], Match]) -> Plant:
    true = principals.match_principals
    return concerns, "match_principals", lambda p, c, bounded: change(true(p, c, bounded=bounded))


def spliced(text: str, look: patterns.Lookup) -> patterns.Pattern:
    """Put variables in before wildcards are looked for."""
    return patterns.parse_pattern(
        re.sub(r"\$\{([^},]*)[^}]*\}", lambda v: v[1] if v[1] in "*?$" else look(v[1]) or v[1], text)
    )


def stays_in_its_segments(pattern: patterns.Pattern, arn: str) -> bool:
    parts, found = patterns.split_arn_pattern(pattern), arn.split(":", 5)
    return patterns.matches_resource(pattern, arn) and (
        len(parts) != len(found) or all(map(patterns.matches, parts, found))
    )


PLANTS: dict[str, Plant] = {
    "ForAllValues fails without the key": without_key(False, lambda c: c.quantifier == "ForAllValues"),
    "ForAnyValue holds without the key": without_key(True, lambda c: c.quantifier == "ForAnyValue"),
    "a negated operator fails without the key": without_key(
        False, lambda c: not c.quantifier and not c.if_exists and "Not" in c.operator
    ),
    "IfExists is not heeded": without_key(False, lambda c: c.if_exists),
    "Null asks for presence": judged(
        lambda c, k, o: replace(o, met=not o.met) if c.operator == "Null" else o
    ),
    "ForAnyValue needs all values": judged(
        lambda c, k, o: Outcome(met=all(map(any, o.hits))) if c.quantifier == "ForAnyValue" and o.hits else o
    ),
    "a negated operator holds if one of its values differs": judged(
        lambda c, k, o: Outcome(met=not all(map(all, o.hits))) if "Not" in c.operator and o.hits else o
    ),
    "one of two conditions is enough": (
        Concern,
        "met",
        property(lambda self: not self.outcomes or any(o.met for o in self.outcomes)),
    ),
    "keys heed case": (keys, "normalised", lambda key: key),
    "actions heed case": (concerns, "matches", lambda p, text, ignore_case: patterns.matches(p, text)),
    "NotAction and NotResource are read as if positive": (
        concerns,
        "_everything_but",
        lambda fitting: ("*",) if fitting else (),
    ),
    "a wildcard crosses segments": (concerns, "matches_resource", patterns.matches),
    "a last wildcard stays in its segment": (concerns, "matches_resource", stays_in_its_segments),
    "variables bring in wildcards": (concerns, "resolve_pattern", spliced),
    "variables work in documents of 2008": (
        concerns,
        "parse_pattern",
        lambda text: patterns.resolve_pattern(text, {"s3:prefix": "intake/a.csv"}.get) or (),
    ),
    "defaults of variables are not read": (
        concerns,
        "resolve_pattern",
        lambda text, look: None if "," in text else patterns.resolve_pattern(text, look),
    ),
    "an account is a principal by itself": matched(lambda m: Match.DIRECT if m is Match.ACCOUNT else m),
    "a role is free of its boundary": matched(lambda m: Match.DIRECT if m is Match.ROLE else m),
    "a session is bound by its boundary": matched(lambda m: Match.ROLE if m is Match.DIRECT else m),
    "NotPrincipal spares the bounded": (
        concerns,
        "match_principals",
        lambda p, c, bounded: principals.match_principals(p, c, bounded=False),
    ),
    "NotPrincipal spares a role without its account": (
        concerns,
        "match_principals",
        lambda p, c, bounded: (
            Match.NONE
            if p.negated and c.principal in p.aws
            else principals.match_principals(p, c, bounded=bounded)
        ),
    ),
    "boundaries and session policies do not limit": (evaluator, "_unmet_limits", lambda allows, front: []),
    "a boundary grants": (
        evaluator,
        "_granting",
        lambda allows, front: tuple(found for found in allows if found.kind is not Kind.RESOURCE),
    ),
    "IPv4 networks are compared as texts": (
        conditions,
        "OPERATORS",
        operators.OPERATORS | {"IpAddress": operators.OPERATORS["StringEquals"]},
    ),
    "numbers are compared as texts": (
        conditions,
        "OPERATORS",
        operators.OPERATORS
        | {f"NumericLessThan{equals}": operators.OPERATORS["StringEquals"] for equals in ("", "Equals")},
    ),
}


@pytest.mark.parametrize("bug", PLANTS)
def test_a_planted_bug_shows(bug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    place, name, planted = PLANTS[bug]
    monkeypatch.setattr(place, name, planted)

    rng = Random(SEED)  # noqa: S311 - test data
    assert any(differ(world(rng)) for _ in range(ENOUGH))
