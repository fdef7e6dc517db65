"""Who is allowed what when several policies speak."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.permissions.documents import Policy
from local.permissions.errors import PolicyError
from local.permissions.evaluator import Decision
from local.permissions.keys import Values
from local.permissions.principals import Caller
from tests.local.permissions.asking import (
    ACCOUNT,
    OBJECT,
    ROLE,
    ROOT,
    SESSION,
    Statement,
    allow,
    ask,
    deny,
    on_bucket,
    on_role,
)

NAMED = {"AWS": ROLE}


def test_nothing_is_allowed_without_a_statement() -> None:
    decision = ask(on_role(allow("s3:PutObject")))

    assert not decision.allowed
    assert decision.cause == "because no identity-based policy allows the s3:GetObject action"
    for part in (ROLE, "s3:GetObject", OBJECT, "inline policy 'work'"):
        assert part in decision.reason


def test_a_statement_of_the_role_allows_and_is_named() -> None:
    decision = ask(on_role(allow(Sid="Read")))

    assert decision.allowed
    assert "is allowed by statement 'Read' of inline policy 'work'" in decision.reason
    assert [(grant.action, grant.resource) for grant in decision.grants] == [("s3:GetObject", OBJECT)]


@pytest.mark.parametrize("principal", [NAMED, "*", {"AWS": "*"}, {"AWS": [SESSION, "999999999999"]}])
def test_a_bucket_policy_alone_allows_a_role_that_it_names(principal: Any) -> None:
    assert ask(on_bucket(allow(Principal=principal))).allowed


@pytest.mark.parametrize(
    "principal",
    [
        {"AWS": ROOT},
        {"AWS": ACCOUNT},
        {"AWS": "arn:aws:iam::111122223333:role/other"},
        {"Service": "lambda.amazonaws.com"},
        {"Federated": "accounts.example.com"},
    ],
)
def test_a_bucket_policy_that_names_the_account_or_others_allows_nothing_by_itself(principal: Any) -> None:
    assert not ask(on_bucket(allow(Principal=principal))).allowed


@pytest.mark.parametrize("principal", [NAMED, "*", {"AWS": ROOT}, {"AWS": ACCOUNT}, {"AWS": SESSION}])
def test_a_denial_by_the_bucket_wins_over_what_the_role_may(principal: Any) -> None:
    decision = ask(on_role(allow()), on_bucket(deny(Principal=principal, Sid="No")))

    assert not decision.allowed
    assert decision.cause == "with an explicit deny in a resource-based policy"
    assert "is denied by statement 'No' of bucket policy of 'intake'" in decision.reason


def test_a_denial_by_the_role_wins_over_what_the_bucket_grants() -> None:
    decision = ask(on_role(deny()), on_bucket(allow(Principal=NAMED)))

    assert not decision.allowed
    assert decision.cause == "with an explicit deny in an identity-based policy"


def test_not_principal_spares_a_role_only_with_its_account() -> None:
    def denied_but_for(*names: str) -> bool:
        return not ask(on_role(allow()), on_bucket(deny(NotPrincipal={"AWS": list(names)}))).allowed

    assert not denied_but_for(ROLE, ROOT)
    assert denied_but_for(ROLE)
    assert denied_but_for(ROOT)
    assert denied_but_for("arn:aws:iam::111122223333:role/other", ROOT)


def test_roles_exempt_by_their_arn_are_not_denied() -> None:
    only_clean = deny(
        Principal="*",
        Condition={
            "ArnNotEquals": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/quarantine"},
            "StringNotEquals": {"s3:VersionId": "v1"},
        },
    )
    policies = (on_role(allow()), on_bucket(only_clean))

    assert not ask(*policies, values={"aws:PrincipalArn": ROLE}).allowed
    assert ask(*policies, values={"aws:PrincipalArn": ROLE.replace("worker", "quarantine")}).allowed
    assert ask(*policies, values={"aws:PrincipalArn": ROLE, "s3:VersionId": "v1"}).allowed


@pytest.mark.parametrize(
    ("actions", "allowed"),
    [
        ("s3:GetObject", True),
        ("S3:getobject", True),
        ("s3:Get*", True),
        ("s3:Get?bject", True),
        ("*", True),
        ("s3:GetObjectVersion", False),
        ("sqs:*", False),
    ],
)
def test_actions_ignore_case_and_know_wildcards(actions: str, allowed: bool) -> None:
    assert ask(on_role(allow(actions))).allowed is allowed


@pytest.mark.parametrize(
    ("resource", "allowed"),
    [
        (OBJECT, True),
        ("arn:aws:s3:::intake/*", True),
        ("arn:aws:s3:::intake/???.jpg", True),
        ("*", True),
        ("arn:aws:s3:::INTAKE/*", False),
        ("arn:aws:s3:::intake", False),
        ("arn:aws:s3:::intake/cat", False),
    ],
)
def test_resources_heed_case_and_know_wildcards(resource: str, allowed: bool) -> None:
    assert ask(on_role(allow(on=resource))).allowed is allowed


def test_not_action_and_not_resource_are_everything_else() -> None:
    all_but = {
        "Effect": "Allow",
        "NotAction": ["s3:Put*", "s3:Delete*"],
        "NotResource": "arn:aws:s3:::logs/*",
    }

    assert ask(on_role(all_but)).allowed
    assert not ask(on_role(all_but), action="s3:PutObject").allowed
    assert not ask(on_role(all_but), resource="arn:aws:s3:::logs/x").allowed


def test_resources_may_hold_variables() -> None:
    home = on_role(allow(on="arn:aws:s3:::intake/${aws:PrincipalAccount}/*"))
    mine, other = "arn:aws:s3:::intake/1/x", "arn:aws:s3:::intake/2/x"

    assert ask(home, resource=mine, values={"aws:PrincipalAccount": "1"}).allowed
    assert not ask(home, resource=other, values={"aws:PrincipalAccount": "1"}).allowed
    assert not ask(home, resource=mine).allowed


def test_a_service_is_allowed_by_the_resource_that_names_it_under_its_conditions() -> None:
    scoped = allow(
        Principal={"Service": "events.amazonaws.com"}, Condition={"StringEquals": {"aws:SourceAccount": "1"}}
    )
    events = Caller(principal="events.amazonaws.com", account=ACCOUNT)
    topics = Caller(principal="sns.amazonaws.com", account=ACCOUNT)

    assert ask(on_bucket(scoped), caller=events, values={"aws:SourceAccount": "1"}).allowed
    assert not ask(on_bucket(scoped), caller=events, values={"aws:SourceAccount": "2"}).allowed
    assert not ask(on_bucket(scoped), caller=topics, values={"aws:SourceAccount": "1"}).allowed
    assert not ask(on_bucket(scoped), values={"aws:SourceAccount": "1"}).allowed


class TestKeyPolicies:
    """A key's own policy must agree: by itself, or by leaving it to the account's policies."""

    def decrypt(self, *policies: Policy, **values: str) -> Decision:
        key = "arn:aws:kms:eu-central-1:111122223333:key/1"
        named: dict[str, Values] = {f"kms:{name}": value for name, value in values.items()}
        return ask(*policies, action="kms:Decrypt", resource=key, values=named, resource_decides=True)

    def test_what_the_role_may_is_not_enough(self) -> None:
        decision = self.decrypt(on_role(allow("kms:Decrypt", "*")))

        assert not decision.allowed
        assert decision.cause == "because no resource-based policy allows the kms:Decrypt action"

    def test_naming_the_role_is_enough(self) -> None:
        key = on_bucket(allow("kms:Decrypt", "*", Principal=NAMED))

        assert self.decrypt(key).allowed

    def test_naming_the_account_lets_the_policies_of_the_role_decide(self) -> None:
        key = on_bucket(allow("kms:*", "*", Principal={"AWS": ROOT}))

        assert self.decrypt(key, on_role(allow("kms:Decrypt", "*"))).allowed
        alone = self.decrypt(key)
        assert not alone.allowed
        assert alone.cause == "because no identity-based policy allows the kms:Decrypt action"

    def test_conditions_of_the_account_statement_count(self) -> None:
        through_s3 = {"StringEquals": {"kms:ViaService": "s3.eu-central-1.amazonaws.com"}}
        key = on_bucket(allow("kms:*", "*", Principal={"AWS": ROOT}, Condition=through_s3))
        role = on_role(allow("kms:Decrypt", "*"))

        assert self.decrypt(key, role, ViaService="s3.eu-central-1.amazonaws.com").allowed
        assert not self.decrypt(key, role, ViaService="sqs.eu-central-1.amazonaws.com").allowed


STATEMENTS = st.builds(
    lambda effect, action, resource: {"Effect": effect, "Action": action, "Resource": resource},
    st.sampled_from(["Allow", "Deny"]),
    st.sampled_from(["s3:GetObject", "s3:*", "s3:PutObject", "*"]),
    st.sampled_from([OBJECT, "arn:aws:s3:::intake/*", "arn:aws:s3:::other/*", "*"]),
)


@given(st.lists(STATEMENTS, max_size=5), st.lists(STATEMENTS, max_size=3))
def test_one_denial_anywhere_wins_whatever_else_is_granted(
    role: list[Statement], bucket: list[Statement]
) -> None:
    named = [{**statement, "Principal": NAMED} for statement in bucket]

    for place in range(len(role) + 1):
        policies = (on_role(*role[:place], deny(), *role[place:]), on_bucket(*named))
        assert not ask(*policies).allowed
    assert not ask(on_role(*role), on_bucket(*named, deny(Principal="*"))).allowed


@given(st.lists(STATEMENTS, max_size=6))
def test_the_order_of_statements_changes_nothing(statements: list[Statement]) -> None:
    assert ask(on_role(*statements)).allowed is ask(on_role(*reversed(statements))).allowed


@given(st.lists(STATEMENTS, max_size=5), STATEMENTS)
def test_taking_an_allow_away_never_allows_more(statements: list[Statement], extra: Statement) -> None:
    less, more = ask(on_role(*statements)), ask(on_role(*statements, {**extra, "Effect": "Allow"}))

    assert more.allowed or not less.allowed


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"Effect": "allow"}, "Effect 'allow'"),
        ({"NotAction": "s3:*"}, "exactly one of Action and NotAction"),
        ({"Resource": []}, "Resource must be text"),
        ({"Actions": "s3:*"}, "element 'Actions'"),
        ({"Principal": "*"}, "may name a principal"),
    ],
)
def test_what_aws_refuses_in_a_role_policy_is_an_error(change: Statement, message: str) -> None:
    with pytest.raises(PolicyError, match=f"inline policy 'work'.*{message}"):
        on_role({**allow(), **change})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({}, "exactly one of Principal and NotPrincipal"),
        ({"Principal": {"AWS": "arn:aws:iam::1:role/*"}}, "wildcard"),
        ({"Principal": {"Robot": "x"}}, "principal"),
        ({"Principal": "worker"}, "principal"),
        ({"NotPrincipal": NAMED}, "NotPrincipal with Allow"),
    ],
)
def test_what_aws_refuses_in_a_bucket_policy_is_an_error(change: Statement, message: str) -> None:
    with pytest.raises(PolicyError, match=message):
        on_bucket({**allow(), **change})


def test_a_document_of_an_unknown_version_is_an_error() -> None:
    with pytest.raises(PolicyError, match="2030-01-01"):
        on_role(allow(), version="2030-01-01")
