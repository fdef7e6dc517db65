"""Policies are proved exact by leaving out each part: what changes no decision is named."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.permissions.administrator import administrator
from local.permissions.documents import Policy
from local.permissions.evaluator import Decision
from local.permissions.principals import Caller
from local.permissions.recording import Recorded, Recording
from local.permissions.replay import Proof, prove
from local.permissions.reviewed import review
from tests.local.permissions.asking import (
    ACCOUNT,
    OBJECT,
    ROLE,
    SESSION,
    Statement,
    allow,
    ask,
    deny,
    on_bucket,
    on_role,
)

OTHER = "arn:aws:s3:::intake/dog.jpg"
OBJECTS = "arn:aws:s3:::intake/*"
TWO_READS = {
    "Effect": "Allow",
    "Action": ["s3:GetObject", "s3:GetObjectVersion"],
    "Resource": [OBJECT, OTHER],
}
CALLERS = (Caller(principal=ROLE, account=ACCOUNT, session_arn=SESSION), administrator(ACCOUNT))
CLEAN = "s3:ExistingObjectTag/scan"


def record(*decisions: Decision) -> list[Recorded]:
    recording = Recording()
    for decision in decisions:
        recording.add(decision)
    return recording.all()


def proof(policies: Sequence[Policy], *decisions: Decision) -> Proof:
    return prove(policies, record(*decisions), CALLERS)


def test_an_allow_is_needed_by_the_request_that_it_alone_allows() -> None:
    role = on_role(allow(Sid="Read"), allow("s3:PutObject", Sid="Write"))

    assert proof([role]).survivors == (
        "statement 'Read' of inline policy 'work'",
        "statement 'Write' of inline policy 'work'",
    )
    assert proof([role], ask(role)).survivors == ("statement 'Write' of inline policy 'work'",)
    assert proof([role], ask(role), ask(role, action="s3:PutObject")).survivors == ()


def test_every_action_and_every_resource_of_a_statement_must_be_needed() -> None:
    role = on_role(TWO_READS)
    where = "in statement 0 of inline policy 'work'"

    some = proof([role], ask(role))
    all_ = proof([role], ask(role), ask(role, action="s3:GetObjectVersion", resource=OTHER))

    assert some.survivors == (f"action s3:GetObjectVersion {where}", f"resource {OTHER} {where}")
    assert all_.survivors == ()
    assert (all_.allows, all_.actions, all_.entries, all_.requests) == (1, 2, 4, 2)


def test_what_two_statements_allow_is_needed_in_neither() -> None:
    role, bucket = on_role(allow()), on_bucket(allow(Principal={"AWS": ROLE}))

    found = proof([role, bucket], ask(role, bucket))

    assert found.survivors == (
        "statement 0 of inline policy 'work'",
        "statement 0 of bucket policy of 'intake'",
    )


def test_each_principal_and_each_value_of_a_condition_must_be_needed() -> None:
    services = {"Service": ["events.amazonaws.com", "sns.amazonaws.com"]}
    from_two = {"StringEquals": {"aws:SourceAccount": ["1", "2"]}}
    bucket = on_bucket(allow(Principal=services, Condition=from_two))
    events = Caller(principal="events.amazonaws.com", account=ACCOUNT)

    found = proof([bucket], ask(bucket, caller=events, values={"aws:SourceAccount": "1"}))

    where = "in statement 0 of bucket policy of 'intake'"
    assert found.survivors == (
        f"principal sns.amazonaws.com {where}",
        f"value 2 of StringEquals aws:SourceAccount {where}",
    )


def test_a_deny_is_needed_if_it_alone_stops_something_that_the_account_might_allow() -> None:
    plain_http = {"Bool": {"aws:SecureTransport": "false"}}
    bucket = on_bucket(deny("s3:*", OBJECTS, Sid="TlsOnly", Principal="*", Condition=plain_http))

    found = proof([bucket])

    assert (found.survivors, found.denies, found.probes) == ((), 1, 1)


def test_a_deny_behind_another_is_not_needed() -> None:
    never = deny("s3:*", "*", Sid="Never", Principal="*")
    bucket = on_bucket(never, deny(Sid="NorThis", Principal="*"))

    assert proof([bucket]).survivors == ("statement 'NorThis' of bucket policy of 'intake'",)


def test_a_deny_whose_conditions_exclude_each_other_is_not_needed() -> None:
    both = {"StringEquals": {"s3:prefix": "a"}, "StringNotEquals": {"s3:prefix": "a"}}
    bucket = on_bucket(deny(Principal="*", Condition=both))

    assert proof([bucket]).survivors == ("statement 0 of bucket policy of 'intake'",)


def test_probes_get_past_other_denials_as_the_recorded_requests_did() -> None:
    unclean = {"StringNotEquals": {CLEAN: "yes"}}
    strangers = {"ArnNotEquals": {"aws:PrincipalArn": ROLE}}
    bucket = on_bucket(
        deny(on=OBJECTS, Sid="CleanOnly", Principal="*", Condition=unclean),
        deny(on=OBJECTS, Sid="ReadersOnly", Principal="*", Condition=strangers),
    )
    role = on_role(allow())
    read = ask(role, bucket, values={CLEAN: "yes", "aws:PrincipalArn": ROLE})

    assert read.allowed
    assert proof([bucket, role], read).survivors == ()


def test_an_exemption_that_nobody_uses_is_named() -> None:
    other = ROLE.replace("worker", "scanner")
    strangers = {"ArnNotEquals": {"aws:PrincipalArn": [ROLE, other]}}
    bucket = on_bucket(deny(Principal="*", Condition=strangers))
    role = on_role(allow())

    found = proof([bucket, role], ask(role, bucket, values={"aws:PrincipalArn": ROLE}))

    assert found.survivors == (
        f"value {other} of ArnNotEquals aws:PrincipalArn in statement 0 of bucket policy of 'intake'",
    )


def test_a_denial_of_the_run_itself_shows_that_a_deny_is_needed() -> None:
    role = on_role(allow("s3:*", "*"), deny(Sid="No"))

    assert proof([role], ask(role), ask(role, action="s3:PutObject")).survivors == ()


def test_requests_that_differ_only_in_what_no_policy_looks_at_are_kept_once_and_counted() -> None:
    role = on_role(allow(on=OBJECTS))

    found = record(*(ask(role, resource=f"arn:aws:s3:::intake/{number}") for number in range(100)))

    assert [(one.request.resource, one.times) for one in found] == [("arn:aws:s3:::intake/0", 100)]


def test_a_recorded_request_says_who_asked_what_in_which_context_before_which_policies() -> None:
    role, bucket = on_role(allow()), on_bucket(deny(Principal="*", Condition={"Null": {CLEAN: "true"}}))

    (found,) = record(ask(role, bucket, values={CLEAN: "yes", "aws:SecureTransport": "true"}))

    assert found.plain() == {
        "principal": ROLE,
        "session": SESSION,
        "action": "s3:GetObject",
        "resource": OBJECT,
        "context": {"aws:securetransport": ["true"], "s3:existingobjecttag/scan": ["yes"]},
        "policies": ["inline policy 'work'", "bucket policy of 'intake'"],
        "allowed": True,
        "times": 1,
    }


STATEMENTS = st.builds(
    lambda actions, resources: {"Effect": "Allow", "Action": sorted(actions), "Resource": sorted(resources)},
    st.sets(st.sampled_from(["s3:GetObject", "s3:PutObject", "s3:*"]), min_size=1),
    st.sets(st.sampled_from([OBJECT, OTHER, OBJECTS]), min_size=1),
)
CALLS = st.tuples(st.sampled_from(["s3:GetObject", "s3:PutObject"]), st.sampled_from([OBJECT, OTHER]))


@given(st.lists(STATEMENTS, min_size=1, max_size=4), st.sets(CALLS))
def test_a_statement_survives_exactly_if_every_call_is_decided_as_before_without_it(
    statements: list[Statement], calls: set[tuple[str, str]]
) -> None:
    def allowed(kept: list[Statement]) -> list[bool]:
        return [bool(kept) and ask(on_role(*kept), action=a, resource=r).allowed for a, r in sorted(calls)]

    named = [{**statement, "Sid": f"S{number}"} for number, statement in enumerate(statements)]
    role = on_role(*named)

    found = proof([role], *(ask(role, action=a, resource=r) for a, r in sorted(calls)))

    unneeded = [one["Sid"] for one in named if allowed([o for o in named if o is not one]) == allowed(named)]
    whole = [f"statement '{sid}' of inline policy 'work'" for sid in unneeded]
    assert [one for one in found.survivors if one.startswith("statement")] == whole


@pytest.mark.parametrize("times", [1, 3])
def test_the_same_policy_deployed_again_is_the_same_policy(times: int) -> None:
    policies = [on_role(allow()) for _ in range(times)]

    assert proof(policies, ask(on_role(allow()))).survivors == ()


def test_the_review_leaves_what_nobody_has_reviewed_and_names_reviews_of_nothing() -> None:
    table = (("statement 'A' of *", "why"), ("statement 'B' of *", "why"))

    left = review(["statement 'A' of role 'x'", "action y in statement 'A' of role 'x'"], table)

    assert left.unneeded == ("action y in statement 'A' of role 'x'",)
    assert left.outdated == ("statement 'B' of *",)
