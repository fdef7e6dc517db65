"""Where a rule draws its line: the cases on either side of it."""

from typing import Any

import pytest

from guardrails.framework.errors import UndeterminedError
from guardrails.framework.events import admits
from guardrails.framework.examples import UNKNOWN, Sample, Stack, resource, stack
from guardrails.framework.props import Props
from guardrails.rules import all_rules
from tests.pack.engine_side import verdicts

RULES = {rule.id: rule for rule in all_rules()}
BUCKET = resource("s3.Bucket", "media", bucket="shop-media-dev")
KEY = resource("kms.Key", "key", enableKeyRotation=True)


def tls(*statements: dict[str, Any]) -> Stack:
    base = {"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": ["s3:*"]}
    condition = {"Condition": {"Bool": {"AWS:SecureTransport": False}}}
    document = {"Statement": [{**base, **condition, **statement} for statement in statements]}
    return stack(BUCKET, resource("s3.BucketPolicy", "p", bucket="shop-media-dev", policy=document))


def test_tls_may_be_demanded_by_several_statements() -> None:
    whole, objects = "arn:aws:s3:::shop-media-dev", "arn:aws:s3:::shop-media-dev/*"

    assert verdicts(RULES["s3-tls-only"], tls({"Resource": whole}, {"Resource": objects})) == []


@pytest.mark.parametrize(
    "change",
    [
        {"Effect": "Allow"},
        {"Principal": {"AWS": "arn:aws:iam::111122223333:root"}},
        {"Condition": {"Bool": {"aws:SecureTransport": "true"}}},
        {"Condition": {"Bool": {"aws:SecureTransport": "false"}, "StringEquals": {"aws:SourceVpc": "v"}}},
        {"Resource": ["arn:aws:s3:::other", "arn:aws:s3:::other/*"]},
        {"NotPrincipal": {"AWS": "arn:aws:iam::111122223333:root"}},
    ],
)
def test_a_narrower_denial_does_not_demand_tls(change: dict[str, Any]) -> None:
    both = ["arn:aws:s3:::shop-media-dev", "arn:aws:s3:::shop-media-dev/*"]

    assert verdicts(RULES["s3-tls-only"], tls({"Resource": both, **change})) == [
        "has no policy that denies requests without TLS"
    ]


def gate(condition: dict[str, Any]) -> list[str]:
    (example,) = [each for each in RULES["scan-gate"].passing if len(each.samples) == 9]
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": ["s3:GetObject", "s3:GetObjectVersion"],
        "Resource": "arn:aws:s3:::shop-intake-dev/*",
        "Condition": condition,
    }
    return verdicts(RULES["scan-gate"], example.but("policy", policy={"Statement": [statement]}))


CLEAN = {"s3:ExistingObjectTag/GuardDutyMalwareScanStatus": "NO_THREATS_FOUND"}
ROLE = "arn:aws:iam::111122223333:role/q"


@pytest.mark.parametrize(
    ("condition", "shut"),
    [
        ({"StringNotEquals": CLEAN}, True),
        ({"StringNotEquals": CLEAN, "ArnNotEquals": {"aws:PrincipalArn": [ROLE]}}, True),
        ({"StringNotEquals": {**CLEAN, "aws:PrincipalArn": ROLE}}, True),
        (
            {
                "StringNotEquals": CLEAN,
                "ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/*"},
            },
            False,
        ),
        ({"StringNotEquals": CLEAN, "ArnNotLike": {"aws:PrincipalArn": f"{ROLE}?"}}, False),
        ({"StringNotEquals": {**CLEAN, "aws:PrincipalArn": "arn:aws:iam::111122223333:root"}}, False),
        ({"StringNotEquals": {**CLEAN, "aws:userid": "${aws:userid}"}}, False),
        ({"StringNotEquals": CLEAN, "StringNotLike": {"aws:userid": "AROAEXAMPLE:*"}}, True),
        ({"StringNotEquals": CLEAN, "StringEquals": {"aws:SourceVpc": "v"}}, False),
        ({"StringEquals": CLEAN}, False),
        ({"StringNotEquals": {"s3:ExistingObjectTag/Scan": "NO_THREATS_FOUND"}}, False),
    ],
)
def test_unclean_objects_are_shut_to_all_but_named_roles(condition: dict[str, Any], shut: bool) -> None:
    assert gate(condition) == ([] if shut else ["lets objects be read that no scan has found clean"])


def queue(**inputs: Any) -> Sample:
    sources = inputs.pop("sources", None)
    return resource("sqs.Queue", "work", sources=sources, **inputs)


def test_a_key_behind_an_alias_must_rotate() -> None:
    alias = resource(
        "kms.Alias", "alias", sources={"targetKeyId": ("key",)}, name="alias/shop", targetKeyId=UNKNOWN
    )

    (said,) = verdicts(
        RULES["customer-managed-keys"],
        stack(resource("kms.Key", "key"), alias, queue(kmsMasterKeyId="alias/shop")),
    )

    assert said.startswith('uses the key "key" (aws:kms/key:Key)')
    assert said.endswith("which does not rotate")


@pytest.mark.parametrize(
    ("example", "reason"),
    [
        (stack(queue(kmsMasterKeyId="alias/shared")), "its key is not part of this stack"),
        (stack(queue(kmsMasterKeyId=UNKNOWN)), "property kmsMasterKeyId of"),
        (
            stack(KEY, BUCKET, queue(sources={"kmsMasterKeyId": ("key", "media")}, kmsMasterKeyId=UNKNOWN)),
            "property kmsMasterKeyId of",
        ),
    ],
)
def test_a_key_that_nothing_proves_is_undetermined(example: Stack, reason: str) -> None:
    said = [each for each in verdicts(RULES["customer-managed-keys"], example) if "cannot be judged" in each]

    assert [each.startswith(f"cannot be judged: {reason}") for each in said] == [True]


def test_a_bucket_under_s3s_own_key_that_is_itself_logged_is_no_log_bucket() -> None:
    (example,) = [
        each for each in RULES["customer-managed-keys"].passing if "log" in [s.name for s in each.samples]
    ]
    logged = resource("s3.BucketLogging", "more", bucket="shop-logs-dev", targetBucket="elsewhere")

    assert verdicts(RULES["customer-managed-keys"], example.plus(logged)) == [
        "is encrypted with S3's own key, no customer-managed one"
    ]


def test_replicas_of_a_table_need_keys_of_their_own() -> None:
    table = resource(
        "dynamodb.Table",
        "records",
        sources={"serverSideEncryption": ("key",)},
        serverSideEncryption={"enabled": True, "kmsKeyArn": UNKNOWN},
        replicas=[{"regionName": "eu-central-1"}],
    )

    assert verdicts(RULES["customer-managed-keys"], stack(KEY, table)) == [
        "uses no customer-managed key in its replica in eu-central-1"
    ]


@pytest.mark.parametrize(
    ("wanted", "value", "admitted"),
    [
        (None, "THREATS_FOUND", True),
        (["THREATS_FOUND"], "THREATS_FOUND", True),
        (["THREATS_FOUND"], "NO_THREATS_FOUND", False),
        ([{"anything-but": ["THREATS_FOUND"]}], "NO_THREATS_FOUND", True),
        ([{"anything-but": "THREATS_FOUND"}], "THREATS_FOUND", False),
        ([{"prefix": "NO_"}], "NO_THREATS_FOUND", True),
        ([{"suffix": "FOUND"}], "FAILED", False),
        (["FAILED", {"prefix": "NO_"}], "NO_THREATS_FOUND", True),
        ([], "FAILED", False),
    ],
)
def test_a_pattern_admits_what_eventbridge_admits(wanted: Any, value: str, admitted: bool) -> None:
    assert admits(Props.of({"status": wanted}, "a pattern"), "status", value) is admitted


def test_a_pattern_that_is_not_read_is_undetermined() -> None:
    with pytest.raises(UndeterminedError, match="filters by wildcard"):
        admits(Props.of({"status": [{"wildcard": "*"}]}, "a pattern"), "status", "FAILED")
