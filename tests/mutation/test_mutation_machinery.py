"""The machinery of the trial: values are broken where it says, and the table explains what it says."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardrails.framework.graph import Graph
from guardrails.framework.node import Node
from guardrails.framework.rule import Rule, Severity, stack_rule
from tests.mutation.judging import Court
from tests.mutation.mutants import faults, mutants
from tests.mutation.places import REMOVED, closed, opened, places, replaced, spoken
from tests.mutation.score import outcomes, survivors
from tests.mutation.table import Entry, stale, unexplained
from tests.pack.samples import NOTHING

# The mutants are judged once for all tests of a process.
pytestmark = pytest.mark.xdist_group("mutants")

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("ab."),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("kl", min_size=1), inner, max_size=3),
    max_leaves=12,
)
DOCUMENTS = st.dictionaries(
    st.text("kl", min_size=1), VALUES | st.dictionaries(st.text("m", min_size=1), VALUES).map(json.dumps)
)


@given(DOCUMENTS)
def test_opening_loses_nothing(document: dict[str, Any]) -> None:
    assert closed(opened(document)) == document


@given(DOCUMENTS, st.data())
def test_removing_changes_one_place(document: dict[str, Any], data: st.DataObject) -> None:
    tree = opened(document)
    if not (found := list(places(tree))):
        return
    path, value = data.draw(st.sampled_from(found))

    removed = replaced(tree, path, REMOVED)

    assert opened(document) == tree
    assert closed(removed) != closed(tree)
    assert len(list(places(removed))) == len(found) - 1 - len(list(places(value)))


def test_places_are_told_by_names() -> None:
    statement = {"Sid": "Read", "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::a"]}
    tree = opened({"policy": json.dumps({"Statement": [statement]}), "queries": [{"id": "m0"}, {"x": 1}]})

    assert [spoken(tree, path) for path, _ in places(tree) if len(path) in (2, 3, 5)] == [
        "policy.Statement",
        "policy.Statement.Allow/Read",
        "policy.Statement.Allow/Read.Action.s3:GetObject",
        "policy.Statement.Allow/Read.Resource.0",
        "queries.m0",
        "queries.m0.id",
        "queries.1",
        "queries.1.x",
    ]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("text", ["removed"]),
        (True, ["removed", "flipped to false"]),
        ("false", ["removed", "flipped to true"]),
        (0, ["removed", "lowered to -1", "raised to 2147483647"]),
        (7, ["removed", "lowered to -1", "lowered to 0", "raised to 2147483647"]),
        (
            {
                "Effect": "Allow",
                "Action": ["s3:GetObject"],
                "Resource": "x",
                "Principal": "y",
                "Condition": {},
            },
            [
                "removed",
                *("widened to action s3:*", "widened to action *"),
                *("widened to resource *", "widened to principal *", "widened to no condition"),
            ],
        ),
        ({"Effect": "Deny", "Action": "s3:*"}, ["removed"]),
    ],
)
def test_each_value_is_broken_in_every_way_it_can_be(value: Any, expected: list[str]) -> None:
    assert [fault for _, fault in faults(("here",), value)] == expected


def test_a_survivor_without_an_entry_is_told() -> None:
    survivor = survivors()[0]
    entry = Entry(why="a reason that a reviewer can check", kinds=(survivor.mutant.kind,), faults=("**",))
    other = replace(survivor, mutant=replace(survivor.mutant, kind="new.Kind"))

    assert unexplained([survivor, other], [entry]) == [other]


def test_an_entry_that_explains_nothing_is_told() -> None:
    entry = Entry(why="a reason that a reviewer can check", kinds=("new.Kind",))

    assert [line.split(" under ")[0] for line in stale(survivors(), [entry])] == [
        "kinds 'new.Kind'",
        "names '**'",
        "places '**'",
        "faults 'removed'",
    ]


def test_a_refusal_must_be_the_providers_own() -> None:
    entry = Entry(why="the provider refuses what lacks an input", refused=True)
    by_name = {str(each.mutant): each for each in outcomes()}

    required = by_name["prod: objects-worker [iam.Role] assumeRolePolicy removed"]
    optional = by_name["prod: objects-worker [lambda.Function] layers removed"]

    assert unexplained([required, optional], [entry]) == [optional]


def test_an_entry_is_about_survivors_or_about_what_is_undetermined() -> None:
    by_name = {str(each.mutant): each for each in outcomes()}
    survivor = by_name["prod: objects-worker [lambda.Function] layers removed"]
    doubted = by_name["prod: objects-worker [lambda.Function] role removed"]

    about = Entry(why="a reason that a reviewer can check")
    of_doubts = about.model_copy(update={"undetermined": True})

    assert unexplained([survivor, doubted], [about]) == [doubted]
    assert unexplained([survivor, doubted], [of_doubts]) == [survivor]


def test_what_is_dropped_must_be_taken_from() -> None:
    entry = Entry(why="others take values of what is missing", faults=("dropped",), referred=True)
    by_name = {str(each.mutant): each for each in outcomes()}

    taken = by_name["prod: objects-records [dynamodb.Table] dropped"]
    not_taken = by_name["prod: objects-scan [s3.BucketNotification] dropped"]

    assert unexplained([taken, not_taken], [entry]) == [not_taken]


# --- what counts as naming the fault ------------------------------------------------------------------------


def complaining_rule(token: str, name: str, text: str) -> Rule:
    """A rule that says *text* of one resource as soon as the alerts topic has no key."""

    def far_fetched(node: Node, graph: Graph) -> Iterator[str]:
        """Something is wrong elsewhere.

        So it is.
        """
        topics = graph.of("sns.Topic")
        if node.name == name and not all(topic.inputs.has("kmsMasterKeyId") for topic in topics):
            yield text

    about = stack_rule(
        severity=Severity.LOW, findings=[], fixes={token: ""}, reads=[], passes=NOTHING, fails={}
    )
    return about(far_fetched)


@pytest.mark.parametrize(
    ("kind", "name", "text", "counts"),
    [
        ("sns.Topic", "foundation-alerts", "is open", True),
        ("sns.TopicPolicy", "foundation-alerts", "belongs to a topic that is open", True),
        ("cloudwatch.MetricAlarm", "objects-worker-errors", "tells nobody", True),
        ("s3.BucketVersioning", "objects-logs", "is odd", False),
        ("s3.BucketVersioning", "objects-logs", 'is beside "foundation-alerts" (aws:sns/topic:Topic)', True),
        ("dynamodb.Table", "objects-records", "is under another key", False),
    ],
)
def test_a_complaint_counts_if_it_is_about_or_names_what_is_joined_with_the_broken(
    kind: str, name: str, text: str, counts: bool
) -> None:
    court = Court("prod", [complaining_rule(kind, name, text)])
    (mutant,) = (
        mutant
        for mutant in mutants("prod")
        if (mutant.kind, mutant.place, mutant.fault) == ("sns.Topic", "kmsMasterKeyId", "removed")
    )

    outcome = court.outcome(mutant)

    assert bool(outcome.stopping) == counts
    assert outcome.survived != counts
    assert outcome.on_itself == (kind == "sns.Topic")
