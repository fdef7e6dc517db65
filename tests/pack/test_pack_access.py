"""Whom roles, keys and resources admit, and what is delivered: the cases on either side of each line."""

from typing import Any

import pytest

from guardrails.framework.conditions import confined, narrowed_by
from guardrails.framework.documents import Statement, statements
from guardrails.framework.examples import UNKNOWN, Sample, Stack, resource, stack
from guardrails.framework.props import Props
from guardrails.rules import all_rules
from tests.pack.engine_side import verdicts
from tests.pack.samples import said

RULES = {rule.id: rule for rule in all_rules()}
ACCOUNT = "111122223333"
RULE = f"arn:aws:events:eu-west-1:{ACCOUNT}:rule/shop-r-dev"


def statement(condition: dict[str, Any]) -> Statement:
    document = {"Statement": {"Effect": "Allow", "Principal": "*", "Action": "a:b", "Condition": condition}}
    (found,) = statements(Props.of({"policy": document}, "p"), "policy")
    return found


@pytest.mark.parametrize(
    ("condition", "account", "source"),
    [
        ({"StringEquals": {"aws:SourceAccount": ACCOUNT}}, True, False),
        ({"stringequals": {"AWS:SOURCEACCOUNT": [ACCOUNT, "444455556666"]}}, True, False),
        ({"StringEquals": {"aws:SourceAccount": "${aws:ResourceAccount}"}}, True, False),
        ({"StringEquals": {"aws:SourceAccount": "${aws:SourceAccount}"}}, False, False),
        ({"StringLike": {"aws:SourceAccount": "1111*"}}, False, False),
        ({"StringEquals": {"aws:SourceAccount": []}}, False, False),
        ({"StringNotEquals": {"aws:SourceAccount": ACCOUNT}}, False, False),
        ({"StringEqualsIfExists": {"aws:SourceAccount": ACCOUNT}}, False, False),
        ({"ForAllValues:StringEquals": {"aws:SourceAccount": ACCOUNT}}, False, False),
        ({"Null": {"aws:SourceAccount": "false"}}, False, False),
        ({"ArnLike": {"aws:SourceArn": RULE}}, True, True),
        ({"ArnLike": {"aws:SourceArn": f"arn:aws:cloudwatch:*:{ACCOUNT}:alarm:*"}}, True, True),
        ({"ArnLike": {"aws:SourceArn": [RULE, "arn:aws:events:*:*:rule/*"]}}, False, False),
        ({"ArnLike": {"aws:SourceArn": "*"}}, False, False),
        ({"ArnEquals": {"aws:SourceArn": "arn:aws:s3:::media"}}, False, True),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:s3:*:*:media"}}, False, True),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:s3:::*"}}, False, False),
        ({"ArnNotLike": {"aws:SourceArn": RULE}}, False, False),
    ],
)
def test_a_condition_confines_by_account_or_names_a_source(
    condition: dict[str, Any], account: bool, source: bool
) -> None:
    assert confined(statement(condition)) is account
    assert narrowed_by(statement(condition), "aws:sourcearn") is source


GITHUB = "token.actions.githubusercontent.com"


@pytest.mark.parametrize(
    ("principal", "condition", "words"),
    [
        ({"Service": "lambda.amazonaws.com"}, {}, ""),
        ({"Service": "states.amazonaws.com"}, {}, "for any account"),
        ({"Service": "states.amazonaws.com"}, {"ArnLike": {"aws:SourceArn": RULE}}, ""),
        ({"AWS": ACCOUNT}, {}, "the whole account"),
        (
            {"AWS": f"arn:aws-cn:iam::{ACCOUNT}:root"},
            {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
            "whole",
        ),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, {"ArnEquals": {"aws:PrincipalArn": "arn:x:role/a"}}, ""),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, {"ArnLike": {"aws:PrincipalArn": "arn:x:role/*"}}, "whole"),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:role/a"}, {}, ""),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:role/*"}, {}, "wildcard principal"),
        ({"Federated": GITHUB}, {"StringLike": {f"{GITHUB}:sub": "repo:shop/media:ref:*"}}, ""),
        ({"Federated": GITHUB}, {"StringLike": {f"{GITHUB}:SUB": "repo:shop/*:ref:x"}}, "without a pinned"),
        ({"Federated": GITHUB}, {"StringEquals": {f"{GITHUB}:aud": "sts.amazonaws.com"}}, "without a pinned"),
        ({"Federated": GITHUB}, {"StringLike": {f"{GITHUB}:sub": ["repo:a/b:*", "*"]}}, "without a pinned"),
        (
            {"Federated": "cognito-identity.amazonaws.com"},
            {"StringEquals": {"cognito-identity.amazonaws.com:aud": "eu-west-1:pool"}},
            "",
        ),
        ({"Federated": "cognito-identity.amazonaws.com"}, {}, "without a pinned"),
        (
            {"Federated": f"arn:aws:iam::{ACCOUNT}:saml-provider/idp"},
            {"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}},
            "",
        ),
        ({"Federated": f"arn:aws:iam::{ACCOUNT}:saml-provider/idp"}, {}, "without a pinned"),
    ],
)
def test_roles_trust_whom_they_name(principal: Any, condition: dict[str, Any], words: str) -> None:
    trust = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", "Condition": condition}

    found = verdicts(
        RULES["role-trust-exact"],
        stack(resource("iam.Role", "r", assumeRolePolicy={"Statement": trust})),
    )

    assert (len(found) == 1 and words in found[0]) if words else found == []


ROOT = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
WORKER = {"AWS": f"arn:aws:iam::{ACCOUNT}:role/w"}
VIA = {"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com", "kms:CallerAccount": ACCOUNT}}
LOGS = f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:w"


@pytest.mark.parametrize(
    ("principal", "action", "condition", "words"),
    [
        (ROOT, "kms:ScheduleKeyDeletion", {}, ""),
        (ROOT, "kms:Decrypt", VIA, ""),
        (ROOT, "KMS:decrypt", {}, "for any purpose"),
        (ROOT, "kms:Decrypt", {"StringLike": {"kms:ViaService": "*"}}, "for any purpose"),
        (ROOT, "kms:Decrypt", {"StringLike": {"kms:ViaService": "s3.*.amazonaws.com"}}, ""),
        (ROOT, "kms:Decrypt", {"StringEqualsIfExists": {"kms:ViaService": "s3.x"}}, "for any purpose"),
        (WORKER, "kms:GenerateDataKey", {}, "for any purpose"),
        (WORKER, "kms:Decrypt", {"StringEquals": {"kms:EncryptionContext:order": "42"}}, ""),
        (WORKER, "kms:Sign", {}, ""),
        (WORKER, "kms:CreateGrant", VIA, "grants be created for anything"),
        (WORKER, "kms:CreateGrant", {"Bool": {"kms:GrantIsForAWSResource": "true"}}, ""),
        ({"Service": "sns.amazonaws.com"}, "kms:Decrypt", {}, "for any account"),
        ({"Service": "sns.amazonaws.com"}, "kms:Decrypt", VIA, ""),
        (
            {"Service": "logs.eu-west-1.amazonaws.com"},
            "kms:Decrypt",
            {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": LOGS}},
            "",
        ),
        (
            {"Service": "logs.eu-west-1.amazonaws.com"},
            "kms:Decrypt",
            {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": "arn:aws:logs:*:*:*"}},
            "for any account",
        ),
        ({"AWS": "*"}, "kms:DescribeKey", VIA, "to everyone"),
    ],
)
def test_keys_open_for_a_purpose(principal: Any, action: str, condition: dict[str, Any], words: str) -> None:
    grant = {"Effect": "Allow", "Principal": principal, "Action": action, "Resource": "*"}
    policy = {"Statement": {**grant, "Condition": condition}}

    found = verdicts(RULES["key-policy-exact"], stack(resource("kms.Key", "k", policy=policy)))

    assert (len(found) == 1 and words in found[0]) if words else found == []


QUEUE = f"arn:aws:sqs:eu-west-1:{ACCOUNT}:shop-q-dev"


def admitting(**changes: Any) -> dict[str, Any]:
    allowed = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": QUEUE,
        "Condition": {"ArnEquals": {"aws:SourceArn": RULE}},
    }
    return {"Statement": [{**allowed, **changes}]}


def delivered(policy: dict[str, Any], **changes: Any) -> Stack:
    given = {"rule": "shop-r-dev", "arn": QUEUE, **changes}
    return stack(
        resource("sqs.Queue", "q", name="shop-q-dev"),
        resource("cloudwatch.EventRule", "r", name="shop-r-dev"),
        resource("sqs.QueuePolicy", "p", sources={"queueUrl": ("q",)}, queueUrl=UNKNOWN, policy=policy),
        resource("cloudwatch.EventTarget", "t", after=("p",), **given),
    )


@pytest.mark.parametrize(
    ("changes", "admitted"),
    [
        ({}, True),
        ({"Action": ["SQS:sendmessage"], "Resource": "*"}, True),
        ({"Condition": {"StringLike": {"AWS:SourceArn": "arn:aws:events:*:*:rule/shop-*-dev"}}}, True),
        ({"Effect": "Deny"}, False),
        ({"Action": "sqs:ReceiveMessage"}, False),
        ({"Principal": {"Service": "sns.amazonaws.com"}}, False),
        ({"Resource": f"{QUEUE}-other"}, False),
        ({"Condition": {}}, False),
        ({"Condition": {"ArnEquals": {"aws:SourceArn": f"{RULE}-other"}}}, False),
        ({"Condition": {"ArnNotEquals": {"aws:SourceArn": RULE}}}, False),
    ],
)
def test_a_queue_admits_a_rule_by_its_arn(changes: dict[str, Any], admitted: bool) -> None:
    found = verdicts(RULES["deliveries-permitted"], delivered(admitting(**changes)))

    assert found == [] if admitted else len(found) == 1 and "which does not admit it" in found[0]


def test_a_target_behind_a_role_needs_no_policy_of_the_queue() -> None:
    example = delivered(admitting(Effect="Deny"), roleArn=f"arn:aws:iam::{ACCOUNT}:role/send")

    assert verdicts(RULES["deliveries-permitted"], example) == []


def test_what_is_outside_the_stack_is_not_judged() -> None:
    example = delivered(admitting(Effect="Deny"), arn=f"arn:aws:sqs:eu-west-1:{ACCOUNT}:elsewhere")

    assert verdicts(RULES["deliveries-permitted"], example) == []


def test_an_order_may_come_from_a_value_over_several_resources() -> None:
    example = stack(
        *(each for each in delivered(admitting()).samples if each.name != "t"),
        resource("sns.Topic", "between", after=("p",)),
        resource(
            "cloudwatch.EventTarget",
            "t",
            sources={"inputPath": ("between",)},
            rule="shop-r-dev",
            arn=QUEUE,
            inputPath=UNKNOWN,
        ),
    )

    assert verdicts(RULES["deliveries-permitted"], example) == []


def granting(**changes: Any) -> Sample:
    given = {
        "action": "lambda:InvokeFunction",
        "principal": "s3.amazonaws.com",
        "function": "shop-f-dev",
        "sourceArn": "arn:aws:s3:::shop-b-dev",
        **changes,
    }
    return resource("lambda.Permission", "p", **{key: value for key, value in given.items() if value})


@pytest.mark.parametrize(
    ("changes", "arn", "admitted"),
    [
        ({}, "shop-f-dev", True),
        ({"function": f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:shop-f-dev"}, "shop-f-dev", True),
        ({"qualifier": "live"}, "shop-f-dev:live", True),
        ({"function": "shop-f-dev:live"}, "shop-f-dev:live", True),
        ({"qualifier": "live"}, "shop-f-dev", False),
        ({}, "shop-f-dev:live", False),
        ({"function": "shop-g-dev"}, "shop-f-dev", False),
        ({"action": "lambda:GetFunction"}, "shop-f-dev", False),
        ({"principal": "sns.amazonaws.com"}, "shop-f-dev", False),
        ({"sourceArn": "arn:aws:s3:::shop-other-dev"}, "shop-f-dev", False),
        ({"sourceArn": None}, "shop-f-dev", False),
    ],
)
def test_a_function_admits_a_bucket_at_the_alias_that_is_called(
    changes: dict[str, Any], arn: str, admitted: bool
) -> None:
    example = stack(
        resource("s3.Bucket", "b", bucket="shop-b-dev"),
        resource("lambda.Function", "f", name="shop-f-dev"),
        resource("lambda.Function", "g", name="shop-g-dev"),
        granting(**changes),
        resource(
            "s3.BucketNotification",
            "n",
            after=("p",),
            bucket="shop-b-dev",
            lambdaFunctions=[{"lambdaFunctionArn": f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:{arn}"}],
        ),
    )

    found = verdicts(RULES["deliveries-permitted"], example)

    assert found == [] if admitted else len(found) == 1 and "which does not admit it" in found[0]


@pytest.mark.parametrize(
    "attached",
    [
        {"kind": "iam.RolePolicyAttachment", "role": "w", "policyArn": f"arn:aws:iam::{ACCOUNT}:policy/p"},
        {"kind": "iam.PolicyAttachment", "roles": ["w"], "policyArn": f"arn:aws:iam::{ACCOUNT}:policy/p"},
        {
            "kind": "iam.RolePolicyAttachmentsExclusive",
            "roleName": "w",
            "policyArns": [f"arn:aws:iam::{ACCOUNT}:policy/p"],
        },
    ],
)
def test_a_role_has_the_policies_that_are_attached_to_it_however(attached: dict[str, Any]) -> None:
    kind, given = attached["kind"], {key: value for key, value in attached.items() if key != "kind"}
    logs = f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:/aws/lambda/other:*"
    policy = {"Statement": {"Effect": "Allow", "Action": "logs:PutLogEvents", "Resource": logs}}
    bare = stack(
        resource("iam.Role", "w", name="w"),
        resource("iam.Policy", "p", name="p", policy=policy),
        resource("lambda.Function", "f", name="f", role=f"arn:aws:iam::{ACCOUNT}:role/w"),
    )

    assert verdicts(RULES["function-logs-own"], bare) == []
    assert verdicts(RULES["function-logs-own"], bare.plus(resource(kind, "a", **given))) == [
        f"may write logs to {logs} by statement 1 of its role"
    ]
    assert verdicts(RULES["function-role-own"], bare) == ["has a role without a policy of its own"]
    assert verdicts(RULES["function-role-own"], bare.plus(resource(kind, "a", **given))) == []


def roles_with(*others: Sample) -> Stack:
    """Return a function that may write its own logs only, and *others* beside it."""
    own = f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:/aws/lambda/f:*"
    policy = {"Statement": {"Effect": "Allow", "Action": "logs:PutLogEvents", "Resource": own}}
    return stack(
        resource("iam.Role", "w", name="w"),
        resource("iam.RolePolicy", "own", role="w", policy=policy),
        resource("lambda.Function", "f", name="f", role=f"arn:aws:iam::{ACCOUNT}:role/w"),
        *others,
    )


STRAY = resource("iam.RolePolicy", "stray", role=UNKNOWN, policy={"Statement": []})


@pytest.mark.parametrize("rule", ["function-logs-own", "function-role-own"])
def test_a_policy_of_nobody_knows_whom_leaves_roles_with_policies_alone(rule: str) -> None:
    assert said(RULES[rule], roles_with()) == []
    assert said(RULES[rule], roles_with(STRAY)) == []


@pytest.mark.parametrize("rule", ["function-logs-own", "function-role-own"])
def test_a_role_without_policies_might_have_the_one_of_nobody_knows_whom(rule: str) -> None:
    (doubt,) = said(RULES[rule], roles_with(STRAY).without("own"))

    assert doubt.startswith("undetermined: property role of")


def test_an_unknown_policy_is_the_doubt_of_the_role_that_it_is_attached_to() -> None:
    other = resource("iam.Role", "o", name="o")
    attached = resource("iam.RolePolicyAttachment", "a", role="o", policyArn=UNKNOWN)

    assert said(RULES["function-logs-own"], roles_with(other, attached)) == []
    (doubt,) = said(RULES["function-logs-own"], roles_with(other, attached).but("a", role="w"))
    assert doubt.startswith("undetermined: property policyArn of")


def readers(*denials: dict[str, Any]) -> list[str]:
    role = f"arn:aws:iam::{ACCOUNT}:role/w"
    base = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": ["s3:GetObject", "s3:GetObjectVersion"],
        "Resource": ["arn:aws:s3:::b/*"],
        "Condition": {"ArnNotEquals": {"aws:PrincipalArn": role}},
    }
    work = {"Statement": {"Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::b/*"}}
    example = stack(
        resource("s3.Bucket", "b", bucket="b", policy={"Statement": [{**base, **each} for each in denials]}),
        resource("iam.Role", "w", name="w", inlinePolicies=[{"policy": work}]),
        resource("lambda.Function", "f", name="f", role=role),
    )
    return verdicts(RULES["bucket-named-readers"], example)


def test_reads_may_be_kept_by_several_statements() -> None:
    assert readers({}) == []
    assert readers({"Action": "s3:getobject"}, {"Action": "S3:GetObjectVersion*"}) == []
    assert readers({"Action": "*", "Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"]}) == []


@pytest.mark.parametrize(
    "change",
    [
        {"Effect": "Allow"},
        {"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}},
        {"Condition": {"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/w"}}},
        {"Condition": {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/*"}}},
        {"Condition": {"ArnNotLike": {"aws:PrincipalArn": ["arn:aws:iam::111122223333:role/w", "*"]}}},
        {"Condition": {"ArnNotEquals": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:root"}}},
        {"Condition": {"ArnNotEqualsIfExists": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/w"}}},
        {"Condition": {"StringNotEquals": {"s3:ExistingObjectTag/clean": "yes"}}},
        {"Resource": "arn:aws:s3:::other/*"},
        {"Action": "s3:PutObject"},
        {"NotPrincipal": {"AWS": "arn:aws:iam::111122223333:role/w"}},
    ],
)
def test_a_narrower_denial_does_not_keep_readers_out(change: dict[str, Any]) -> None:
    (found,) = readers(change)

    assert found.endswith("its policy does not keep s3:GetObject, s3:GetObjectVersion to named roles")
