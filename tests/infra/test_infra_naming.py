"""Names fit what AWS allows in every accepted stack, and ARNs follow from names."""

import string
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.errors import NameTooLongError
from infra.naming import Kind, Scope, too_long

SCOPE = Scope(
    prefix="sg",
    system="objects",
    stack="dev",
    account_id="123456789012",
    region="eu-central-1",
    environment="dev",
    owner="platform",
    cost_center="cc-1000",
    data_classification="internal",
)
words = st.text(string.ascii_lowercase, min_size=1)


@pytest.mark.finding("OP-8.4", "IP-7.2", "IP-7.1")
@pytest.mark.parametrize(
    ("kind", "purpose", "name"),
    [
        (Kind.BUCKET, "intake", "sg-objects-intake-dev-123456789012-eu-central-1"),
        (Kind.QUEUE, "work-dlq", "sg-objects-work-dlq-dev"),
        (Kind.ROLE, "scan", "sg-objects-scan-dev"),
        (Kind.ALIAS, "", "sg-objects-dev"),
    ],
)
def test_a_name_says_prefix_system_purpose_and_stack(kind: Kind, purpose: str, name: str) -> None:
    assert SCOPE.name(kind, purpose) == name


@given(
    kind=st.sampled_from(Kind),
    prefix=st.text(string.ascii_lowercase, min_size=1, max_size=6),
    stack=st.text(string.ascii_lowercase, min_size=1, max_size=40),
    region=st.sampled_from(["eu-central-1", "ap-southeast-2", "us-east-1"]),
    role=st.text(string.ascii_lowercase, min_size=1, max_size=70),
)
def test_a_name_that_is_given_fits_the_limit_in_every_accepted_stack(
    kind: Kind, prefix: str, stack: str, region: str, role: str
) -> None:
    if too_long(prefix, stack, region):
        stack = "x"
    scope = replace(SCOPE, prefix=prefix, system=role, stack=stack, region=region)

    if len(role) <= kind.share:
        assert len(scope.name(kind)) <= kind.limit
    else:
        with pytest.raises(NameTooLongError, match=f"limit {kind.limit}"):
            scope.name(kind)


@pytest.mark.finding("IP-7.1")
@given(a=words, b=words)
def test_two_stacks_never_share_a_name(a: str, b: str) -> None:
    names = {replace(SCOPE, stack=stack).name(Kind.QUEUE, "work") for stack in (a, b)}

    assert len(names) == len({a, b})


def test_a_name_that_is_too_long_is_refused_with_value_limit_and_fix() -> None:
    with pytest.raises(NameTooLongError) as raised:
        SCOPE.name(Kind.BUCKET, "infected-objects")

    assert str(raised.value) == (
        "'objects-infected-objects' has 24 characters, bucket names leave 18 for system and purpose "
        "(limit 63): shorten 'infected-objects'"
    )


def test_every_arn_follows_from_a_name() -> None:
    here = "eu-central-1:123456789012"

    assert SCOPE.bucket_arn("b") == "arn:aws:s3:::b"
    assert SCOPE.objects_arn("b") == "arn:aws:s3:::b/*"
    assert SCOPE.table_arn("t") == f"arn:aws:dynamodb:{here}:table/t"
    assert SCOPE.queue_arn("q") == f"arn:aws:sqs:{here}:q"
    assert SCOPE.topic_arn("t") == f"arn:aws:sns:{here}:t"
    assert SCOPE.rule_arn("r") == f"arn:aws:events:{here}:rule/r"
    assert SCOPE.alarm_arn("a") == f"arn:aws:cloudwatch:{here}:alarm:a"
    assert SCOPE.log_group_arn("/aws/lambda/f") == f"arn:aws:logs:{here}:log-group:/aws/lambda/f"
    assert SCOPE.log_streams_arn("/aws/lambda/f") == f"arn:aws:logs:{here}:log-group:/aws/lambda/f:*"
    assert SCOPE.role_arn("r") == "arn:aws:iam::123456789012:role/r"


@pytest.mark.finding("CC-COST-3", "CC-SEC-3")
def test_the_tags_are_the_six_that_cost_and_compliance_ask_for() -> None:
    assert SCOPE.tags == {
        "Project": "serverless-guardrails",
        "System": "objects",
        "Environment": "dev",
        "Owner": "platform",
        "CostCenter": "cc-1000",
        "DataClassification": "internal",
    }
