"""Rules on who may say that an object is clean."""

from collections.abc import Iterator
from typing import Any, Final

from guardrails.framework.conditions import exempts_named
from guardrails.framework.documents import Statement
from guardrails.framework.examples import resource, stack
from guardrails.framework.graph import Graph
from guardrails.framework.joins import bucket_statements
from guardrails.framework.names import name_in
from guardrails.framework.node import Node
from guardrails.framework.rule import Severity, stack_rule

_TAG: Final = "GuardDutyMalwareScanStatus"
_SETS_TAGS: Final = ("s3:PutObjectTagging", "s3:PutObjectVersionTagging")
_KEYS: Final = "s3:requestobjecttagkeys"
_NAMING_IT: Final = ("ForAnyValue:StringEquals", _KEYS)
_NAMING_NONE: Final = ("Null", _KEYS)

_SCANNER: Final = {"ArnNotEquals": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/shop-scan-dev"}}


def _denying(action: Any, condition: dict[str, Any]) -> dict[str, Any]:
    return {
        "Effect": "Deny",
        "Principal": "*",
        "Action": action,
        "Resource": "arn:aws:s3:::shop-intake-dev/*",
        "Condition": condition,
    }


_NAMED: Final = _denying(
    [*_SETS_TAGS], {**_SCANNER, "ForAnyValue:StringEquals": {"s3:RequestObjectTagKeys": [_TAG]}}
)
_UNNAMED: Final = _denying([*_SETS_TAGS], {**_SCANNER, "Null": {"s3:RequestObjectTagKeys": True}})
_GUARDED: Final = stack(
    resource("s3.Bucket", "intake", bucket="shop-intake-dev"),
    resource(
        "guardduty.MalwareProtectionPlan",
        "plan",
        protectedResource={"s3Bucket": {"bucketName": "shop-intake-dev"}},
    ),
    resource("s3.BucketPolicy", "policy", bucket="shop-intake-dev", policy={"Statement": [_NAMED, _UNNAMED]}),
)
_NO_TAGS_AT_ALL: Final = _GUARDED.but("policy", policy={"Statement": _denying("s3:Put*Tagging", _SCANNER)})
_NOT_SCANNED: Final = stack(resource("s3.Bucket", "results", bucket="shop-results-dev"))


@stack_rule(
    severity=Severity.HIGH,
    findings=("CC-SEC-6",),
    fixes={
        "s3.Bucket": (
            'guard = {"Effect": "Deny", "Principal": "*", "Resource": f"{bucket_arn}/*",\n'
            '         "Action": ["s3:PutObjectTagging", "s3:PutObjectVersionTagging"]}\n'
            'others = {"ArnNotEquals": {"aws:PrincipalArn": scanner_role_arn}}\n'
            "# two statements in the bucket's policy (aws.s3.BucketPolicy):\n"
            'guard | {"Condition": others | {"ForAnyValue:StringEquals": {\n'
            '    "s3:RequestObjectTagKeys": ["GuardDutyMalwareScanStatus"]}}}\n'
            'guard | {"Condition": others | {"Null": {"s3:RequestObjectTagKeys": "true"}}}'
        )
    },
    reads=(
        "guardduty.MalwareProtectionPlan.protectedResource",
        "s3.Bucket.bucket",
        "s3.Bucket.policy",
        "s3.BucketPolicy.bucket",
        "s3.BucketPolicy.policy",
    ),
    passes={
        "tagging that is not denied at all: of a request with other tags, which are no matter": _GUARDED,
        "no word of the tag: nobody but the scanner sets any": _NO_TAGS_AT_ALL,
        "a bucket where everybody may tag: nothing is scanned there": _NOT_SCANNED,
    },
    fails={
        "of a clean object by a request that names no tags": _GUARDED.without("policy"),
        "set the tag of a clean object": _GUARDED.but("policy", policy={"Statement": [_UNNAMED]}),
        "by a request that names no tags": _GUARDED.but("policy", policy={"Statement": [_NAMED]}),
        "lets others than the scanner": _GUARDED.but(
            "policy",
            policy={"Statement": [_NAMED | {"Action": "s3:PutObjectTagging"}, _UNNAMED]},
        ),
        "others than the scanner": _GUARDED.but(
            "policy",
            policy={
                "Statement": [
                    _NAMED
                    | {
                        "Condition": _NAMED["Condition"]
                        | {"ArnNotEquals": {"aws:PrincipalArn": "arn:aws:iam::*"}}
                    },
                    _UNNAMED,
                ]
            },
        ),
    },
)
def scan_tag_guarded(bucket: Node, graph: Graph) -> Iterator[str]:
    """Only the malware scan sets the tag by which objects count as clean.

    Whoever uploads could otherwise tag an infected object clean, and have it processed.
    """
    if not graph.companions(
        bucket, "guardduty.MalwareProtectionPlan", "protectedResource", "s3Bucket", "bucketName"
    ):
        return
    name = graph.physical_name(bucket)
    denying = [each for each in bucket_statements(bucket, graph) if _keeps_to_named(each, name)]
    if not _covers(denying, _NAMING_IT, _TAG):
        yield "lets others than the scanner set the tag of a clean object"
    if not _covers(denying, _NAMING_NONE, "true"):
        yield "lets others than the scanner set the tag of a clean object by a request that names no tags"


def _covers(denying: list[Statement], condition: tuple[str, str], value: str) -> bool:
    """Tell whether both ways to tag are denied where *condition* holds *value*, or under no condition."""
    fitting = [each for each in denying if set(_about_tags(each)) <= {(condition, (value,))}]
    return all(any(each.concerns(action) for each in fitting) for action in _SETS_TAGS)


def _about_tags(statement: Statement) -> list[tuple[tuple[str, str], tuple[str, ...]]]:
    """Return a statement's conditions on the tags of the request."""
    return [(test, values) for test, values in statement.conditions.items() if test[1] == _KEYS]


def _keeps_to_named(statement: Statement, bucket: str) -> bool:
    """Tell whether *statement* denies something about every object to all but named roles."""
    others = [(test, values) for test, values in statement.conditions.items() if test[1] != _KEYS]
    return (
        statement.denies
        and statement.everyone
        and not statement.exceptions
        and any(name_in(arn, "s3.Bucket") == f"{bucket}/*" for arn in statement.resources)
        and all(exempts_named(operator, key, values) for (operator, key), values in others)
    )
