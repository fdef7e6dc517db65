"""Where rule iam-exact draws its line."""

import json
from typing import Any

import pytest

from guardrails.framework.examples import UNKNOWN, Sample, resource, stack
from guardrails.rules.iam import iam_exact
from guardrails.rules.iam_trust import role_trust_exact
from tests.pack.engine_side import verdicts

ACCOUNT = "eu-west-1:111122223333"


def grant(resource_arn: str, action: str = "s3:GetObject") -> Sample:
    statement = {"Sid": "Use", "Effect": "Allow", "Action": action, "Resource": resource_arn}
    return resource("iam.RolePolicy", "p", role="w", policy=json.dumps({"Statement": [statement]}))


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:s3:::media/*",
        "arn:aws:s3:::media/in/*.jpg",
        f"arn:aws:dynamodb:{ACCOUNT}:table/records/index/*",
        f"arn:aws:dynamodb:{ACCOUNT}:table/records/stream/*",
        f"arn:aws:logs:{ACCOUNT}:log-group:/aws/lambda/worker:*",
        f"arn:aws:lambda:{ACCOUNT}:function:worker:*",
        f"arn:aws:secretsmanager:{ACCOUNT}:secret:token-??????",
        f"arn:aws:execute-api:{ACCOUNT}:a1b2/dev/*",
        f"arn:aws:events:{ACCOUNT}:rule/DO-NOT-DELETE-AmazonGuardDutyMalwareProtectionS3*",
        f"arn:aws:secretsmanager:{ACCOUNT}:secret:shop/token-??????",
        f"arn:aws:s3:{ACCOUNT}:accesspoint/media/object/*",
        f"arn:aws:ssm:{ACCOUNT}:parameter/shop/*",
        "arn:aws:apigateway:eu-west-1::/restapis/a1b2/*",
    ],
)
def test_a_wildcard_beneath_a_name_is_exact(arn: str) -> None:
    assert verdicts(iam_exact, stack(grant(arn))) == []


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:s3:::*",
        "arn:aws:s3:::shop-*",
        "arn:aws:s3:::*/in/*",
        "arn:aws:sqs:*:111122223333:work",
        "arn:aws:sqs:eu-west-1:*:work",
        f"arn:aws:sqs:{ACCOUNT}:shop-*",
        f"arn:aws:dynamodb:{ACCOUNT}:table/*",
        f"arn:aws:dynamodb:{ACCOUNT}:*",
        f"arn:aws:logs:{ACCOUNT}:log-group:/aws/lambda/*:*",
        f"arn:aws:events:{ACCOUNT}:rule/*",
        "arn:aws:*",
        "**",
        "*:*",
        "arn:*:s3:::media/*",
        "arn:aws:s3:::medi?",
        "arn:aws:?3:::media/x",
        f"arn:aws:secretsmanager:{ACCOUNT}:secret:shop/*",
        f"arn:aws:secretsmanager:{ACCOUNT}:secret:shop*-??????",
        f"arn:aws:s3:{ACCOUNT}:accesspoint/*",
        "arn:aws:apigateway:eu-west-1::/restapis/*",
        "arn:aws:iam::111122223333:role/shop/*",
        f"arn:aws:kms:{ACCOUNT}:alias/shop/*",
        f"arn:aws:logs:{ACCOUNT}:log-group:/aws/lambda/worker*:*",
    ],
)
def test_a_wildcard_in_place_of_a_name_is_refused(arn: str) -> None:
    assert verdicts(iam_exact, stack(grant(arn))) == [
        f"allows s3:GetObject on the wildcard resource {arn} in statement Use"
    ]


@pytest.mark.parametrize(
    "action", ["*", "s3:*", "S3:*", "s3:Get*", "s3:*Object", "s3:GetObjec?", "?3:GetObject"]
)
def test_wildcard_actions_are_refused(action: str) -> None:
    assert f"allows the wildcard action {action} in statement Use" in verdicts(
        iam_exact, stack(grant("arn:aws:s3:::media/*", action))
    )


def test_everything_is_a_resource_only_for_actions_that_know_no_other() -> None:
    assert verdicts(iam_exact, stack(grant("*", "xray:PutTraceSegments"))) == []
    assert verdicts(iam_exact, stack(grant("*"))) == [
        "allows s3:GetObject on every resource in statement Use"
    ]


@pytest.mark.parametrize(
    ("name", "refused"),
    [
        ("AdministratorAccess", True),
        ("job-function/ReadOnlyAccess", True),
        ("AmazonSQSFullAccess", True),
        ("PowerUserAccess", True),
        ("service-role/AWSLambdaBasicExecutionRole", True),
        ("service-role/AWSBackupServiceRolePolicyForBackup", False),
    ],
)
def test_broad_policies_of_aws_are_refused(name: str, refused: bool) -> None:
    arn = f"arn:aws:iam::aws:policy/{name}"
    expected = [f"attaches the broad AWS policy {name.rsplit('/', 1)[-1]}"] if refused else []

    for attached in (
        resource("iam.RolePolicyAttachment", "a", role="w", policyArn=arn),
        resource("iam.UserPolicyAttachment", "a", user="w", policyArn=arn),
        resource("iam.GroupPolicyAttachment", "a", group="w", policyArn=arn),
        resource("iam.PolicyAttachment", "a", roles=["w"], policyArn=arn),
        resource("iam.RolePolicyAttachmentsExclusive", "a", roleName="w", policyArns=[arn]),
        resource("iam.Role", "a", name="w", managedPolicyArns=[arn]),
    ):
        assert verdicts(iam_exact, stack(attached)) == expected


BROAD = "arn:aws:iam::aws:policy/AdministratorAccess"
POLICY = resource("iam.Policy", "p", name="p", policy=json.dumps({"Statement": []}))


def test_a_broad_policy_is_found_among_unknown_ones() -> None:
    attached = resource(
        "iam.RolePolicyAttachmentsExclusive",
        "a",
        sources={"policyArns": ("p",)},
        roleName="w",
        policyArns=[UNKNOWN, BROAD],
    )

    assert verdicts(iam_exact, stack(POLICY, attached)) == [
        "attaches the broad AWS policy AdministratorAccess"
    ]


@pytest.mark.parametrize(
    ("sources", "words"),
    [
        ((), "cannot be judged: property policyArn"),
        (("p", "r"), "cannot be judged: property policyArn"),
        (("r",), 'takes its policyArn from "r" (aws:iam/role:Role)'),
    ],
)
def test_an_unknown_policy_counts_only_if_it_comes_from_policies(
    sources: tuple[str, ...], words: str
) -> None:
    role = resource("iam.Role", "r", name="r")
    attached = resource(
        "iam.RolePolicyAttachment", "a", sources={"policyArn": sources}, role="w", policyArn=UNKNOWN
    )

    (said,) = verdicts(iam_exact, stack(POLICY, role, attached))

    assert said.startswith(words)


def test_two_unknown_policies_are_not_proved_by_one() -> None:
    attached = resource(
        "iam.Role", "r", sources={"managedPolicyArns": ("p",)}, managedPolicyArns=[UNKNOWN, UNKNOWN]
    )

    assert "cannot be judged" in verdicts(iam_exact, stack(POLICY, attached))[0]


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ({"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}, []),
        ({"stringlike": {"IAM:passedtoservice": ["lambda.amazonaws.com"]}}, []),
        ({"StringLike": {"iam:PassedToService": "*"}}, ["lets roles be passed to any service"]),
        (
            {"StringEqualsIfExists": {"iam:PassedToService": "lambda.amazonaws.com"}},
            ["lets roles be passed to any service"],
        ),
        ({"StringNotEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}, ["lets roles be passed"]),
        ({}, ["lets roles be passed to any service in statement 1"]),
    ],
)
def test_roles_are_passed_to_named_services(condition: dict[str, Any], said: list[str]) -> None:
    statement = {
        "Effect": "Allow",
        "Action": ["iam:PassRole"],
        "Resource": "arn:aws:iam::111122223333:role/w",
        "Condition": condition,
    }
    found = verdicts(
        iam_exact, stack(resource("iam.UserPolicy", "p", user="u", policy={"Statement": statement}))
    )

    assert len(found) == len(said)
    assert all(each.startswith(words) for each, words in zip(found, said, strict=True))


def test_a_policy_outside_the_stack_is_undetermined() -> None:
    attached = resource(
        "iam.RolePolicyAttachment", "a", role="w", policyArn="arn:aws:iam::111122223333:policy/x"
    )

    (said,) = verdicts(iam_exact, stack(attached))

    assert said.startswith("cannot be judged: a policy that it attaches is not part of this stack;")


@pytest.mark.parametrize(
    ("principal", "said"),
    [
        ({"Service": "lambda.amazonaws.com"}, []),
        ({"AWS": ["arn:aws:iam::111122223333:role/ci"]}, []),
        ("*", ["is trusted to everyone by statement 1"]),
        ({"AWS": ["x", "*"]}, ["is trusted to everyone by statement 1"]),
        (
            {"AWS": "arn:aws:iam::*:root"},
            ["is trusted to the wildcard principal arn:aws:iam::*:root by statement 1"],
        ),
    ],
)
def test_roles_are_trusted_to_named_principals(principal: Any, said: list[str]) -> None:
    trust = {"Statement": {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}}

    assert verdicts(role_trust_exact, stack(resource("iam.Role", "r", assumeRolePolicy=trust))) == said


def test_a_misspelt_policy_element_is_not_overlooked() -> None:
    policy = {"Statement": [{"Effect": "Allow", "action": "s3:*", "Resource": "*"}]}

    (said,) = verdicts(iam_exact, stack(resource("iam.RolePolicy", "p", role="w", policy=policy)))

    assert said.endswith("statement 1 of a policy has an element that IAM does not know: 'action'")
