"""Rules on who reads what is in S3 buckets."""

from collections.abc import Iterator
from typing import Annotated, Any, Final

from msgspec import Meta

from guardrails.framework.buckets import LOGGING_READS, takes_access_logs
from guardrails.framework.documents import Statement
from guardrails.framework.examples import resource, stack
from guardrails.framework.graph import Graph
from guardrails.framework.joins import bucket_statements
from guardrails.framework.names import name_in
from guardrails.framework.node import Node
from guardrails.framework.rule import Settings, Severity, stack_rule
from guardrails.rules.tags import carried_tags

_EXEMPTING: Final = {"ArnNotEquals", "ArnNotLike", "StringNotEquals", "StringNotLike"}


class S3NamedReadersSettings(Settings):
    """Which data is read by named readers only."""

    classes: Annotated[
        tuple[str, ...], Meta(description="Values of the tag DataClassification that ask for it.")
    ] = ("confidential", "restricted")


_SECRET: Final = {"DataClassification": "confidential"}
_ONLY_WORKER: Final[dict[str, Any]] = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": ["s3:GetObject", "s3:GetObjectVersion"],
    "Resource": "arn:aws:s3:::shop-media-dev/*",
    "Condition": {"ArnNotEquals": {"aws:PrincipalArn": ["arn:aws:iam::111122223333:role/shop-worker-dev"]}},
}


def _policy(**changes: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{**_ONLY_WORKER, **changes}]}


_KEPT: Final = stack(
    resource("s3.Bucket", "media", bucket="shop-media-dev", tags=_SECRET),
    resource("s3.BucketPolicy", "policy", bucket="shop-media-dev", policy=_policy()),
)
_KEPT_INLINE: Final = stack(
    resource(
        "s3.Bucket", "media", bucket="shop-media-dev", default_tags=_SECRET, policy=_policy(Action="s3:*")
    ),
)
_BY_SESSION: Final = _KEPT.but(
    "policy", policy=_policy(Condition={"StringNotLike": {"aws:userId": "AROAEXAMPLEEXAMPLE:*"}})
)
_LESS_SECRET: Final = stack(
    resource("s3.Bucket", "media", bucket="shop-media-dev", tags={"DataClassification": "internal"})
)
_LOGS: Final = stack(
    resource("s3.Bucket", "media", bucket="shop-media-dev", tags=_SECRET),
    resource("s3.BucketLogging", "logging", bucket="elsewhere", targetBucket="shop-media-dev"),
)


@stack_rule(
    severity=Severity.MEDIUM,
    findings=("UA-1.3", "UA-8.2"),
    fixes={
        "s3.Bucket": 'aws.s3.BucketPolicy with {"Effect": "Deny", "Principal": "*", "Action": '
        '["s3:GetObject", "s3:GetObjectVersion"], "Resource": f"{bucket_arn}/*", "Condition": '
        '{"ArnNotEquals": {"aws:PrincipalArn": [reader_role_arn]}}}'
    },
    reads=(
        *LOGGING_READS,
        "provider.defaultTags",
        "s3.Bucket.policy",
        "s3.Bucket.tags",
        "s3.BucketPolicy.bucket",
        "s3.BucketPolicy.policy",
    ),
    passes=[_KEPT, _KEPT_INLINE, _BY_SESSION, _LESS_SECRET, _LOGS],
    fails={
        "is confidential, and its policy lets whoever the account lets read it": _KEPT.without("policy"),
        "is confidential": _KEPT.but("policy", policy=_policy(Effect="Allow")),
        "its policy lets whoever": _KEPT.but("policy", policy=_policy(Action="s3:GetObject")),
        "lets whoever": _KEPT.but("policy", policy=_policy(Resource="arn:aws:s3:::shop-media-dev/a/*")),
        "whoever": _KEPT.but(
            "policy",
            policy=_policy(
                Condition={"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/*"}}
            ),
        ),
        "the account lets read": _KEPT.but(
            "policy",
            policy=_policy(
                Condition={
                    **_ONLY_WORKER["Condition"],
                    "StringEquals": {"s3:ExistingObjectTag/secret": "true"},
                }
            ),
        ),
    },
    settings=S3NamedReadersSettings,
)
def s3_named_readers(bucket: Node, graph: Graph, chosen: S3NamedReadersSettings) -> Iterator[str]:
    """Buckets with sensitive data are read by named readers only.

    Any role of the account that may read every bucket would otherwise read this one too. Where access logs go
    is left to the account, since auditors are whoever it says.
    """
    named_class = carried_tags(bucket).get("DataClassification", "").lower()
    if named_class not in [name.lower() for name in chosen.classes] or takes_access_logs(bucket, graph):
        return
    name = graph.physical_name(bucket)
    if not any(_keeps_to_named(statement, name) for statement in bucket_statements(bucket, graph)):
        yield f"is {named_class}, and its policy lets whoever the account lets read it"


def _keeps_to_named(statement: Statement, bucket: str) -> bool:
    """Tell whether *statement* denies reading any object to all but named principals."""
    actions = {action.lower() for action in statement.actions}
    reads = {"s3:getobject", "s3:getobjectversion"}
    conditions = statement.conditions.items()
    return (
        statement.effect == "Deny"
        and statement.everyone
        and not statement.exceptions
        and (actions >= reads or bool(actions & {"*", "s3:*", "s3:get*", "s3:getobject*"}))
        and any(name_in(arn, "s3.Bucket") == f"{bucket}/*" for arn in statement.resources)
        and all(_exempts_named(operator, key, values) for (operator, key), values in conditions)
    )


def _exempts_named(operator: str, key: str, values: tuple[str, ...]) -> bool:
    """Tell whether a condition exempts principals by their names; an id of a role stands for its sessions."""
    if operator not in _EXEMPTING or not values:
        return False
    return (key == "aws:userid" and not {"*", "*:*"} & set(values)) or (
        key == "aws:principalarn" and "*" not in "".join(values)
    )
