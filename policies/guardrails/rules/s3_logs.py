"""Rules on access logs of S3 buckets."""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any, Final

from guardrails.framework.buckets import LOGGING_READS, Logging, logging_of, takes_access_logs
from guardrails.framework.documents import Statement
from guardrails.framework.examples import UNKNOWN, resource, stack
from guardrails.framework.graph import Graph
from guardrails.framework.joins import bucket_statements
from guardrails.framework.node import Node
from guardrails.framework.rule import Severity, stack_rule

_DELIVERY: Final = "logging.s3.amazonaws.com"
_ADMITTED: Final = {
    "Effect": "Allow",
    "Principal": {"Service": _DELIVERY},
    "Action": "s3:PutObject",
    "Resource": "arn:aws:s3:::shop-logs-dev/*",
    "Condition": {
        "StringEquals": {"aws:SourceAccount": "111122223333"},
        "ArnLike": {"aws:SourceArn": "arn:aws:s3:::shop-media-dev"},
    },
}


def _admitting(**changes: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{**_ADMITTED, **changes}]}


_LOGGED: Final = stack(
    resource("s3.Bucket", "media", bucket="shop-media-dev"),
    resource("s3.Bucket", "logs", bucket="shop-logs-dev"),
    resource("s3.BucketPolicy", "policy", bucket="shop-logs-dev", policy=_admitting()),
    resource(
        "s3.BucketLogging",
        "logging",
        bucket="shop-media-dev",
        targetBucket="shop-logs-dev",
        targetPrefix="media/",
    ),
)
_LOGGED_INLINE: Final = (
    _LOGGED.without("logging", "policy")
    .but("media", loggings=[{"targetBucket": UNKNOWN, "targetPrefix": "media/"}])
    .but("logs", policy=_admitting(Resource=["arn:aws:s3:::shop-logs-dev/media/*"]))
    .traced("media", loggings=("logs",))
)
_BY_ACCOUNT: Final = _LOGGED.but(
    "policy", policy=_admitting(Condition={"StringEquals": {"aws:SourceAccount": "111122223333"}})
)
_BY_PATTERN: Final = _LOGGED.but(
    "policy", policy=_admitting(Condition={"ArnLike": {"aws:SourceArn": ["arn:aws:s3:::shop-*-dev"]}})
)


@stack_rule(
    severity=Severity.MEDIUM,
    findings=("CC-GOV-1", "UA-8.2", "OP-9.1"),
    fixes={
        "s3.Bucket": (
            "aws.s3.BucketLogging(\n"
            '    "media", bucket=bucket.bucket, target_bucket=logs.bucket, target_prefix="media/"\n'
            ")\n"
            "# in the policy of the bucket that takes the logs:\n"
            '{"Effect": "Allow", "Principal": {"Service": "logging.s3.amazonaws.com"},\n'
            ' "Action": "s3:PutObject", "Resource": f"{logs_arn}/*",\n'
            ' "Condition": {"StringEquals": {"aws:SourceAccount": account_id},\n'
            '               "ArnLike": {"aws:SourceArn": bucket_arn}}}'
        )
    },
    reads=(
        *LOGGING_READS,
        "s3.Bucket.policy",
        "s3.BucketLogging.targetPrefix",
        "s3.BucketPolicy.bucket",
        "s3.BucketPolicy.policy",
    ),
    passes={
        "a bucket without access logs: it takes those of the others": _LOGGED,
        "a bucket without BucketLogging: it has the setting itself": _LOGGED_INLINE,
        "no source by ARN: every bucket of this account may write here, and no other": _BY_ACCOUNT,
        "a wildcard in the source: all are named by this stack": _BY_PATTERN,
    },
    fails={
        "has no access logs": _LOGGED.plus(resource("s3.Bucket", "other", bucket="shop-other-dev")),
        "delivers its access logs to itself": _LOGGED.but("logging", targetBucket="shop-media-dev")
        .but("logs", logging={"targetBucket": "shop-media-dev"}, policy=_admitting())
        .but(
            "policy",
            bucket="shop-media-dev",
            policy=_admitting(
                Resource="arn:aws:s3:::shop-media-dev/*",
                Condition={"StringEquals": {"aws:SourceAccount": "1"}},
            ),
        ),
        "whose policy does not let logging.s3.amazonaws.com write": _LOGGED.without("policy"),
        "does not let logging.s3.amazonaws.com": _LOGGED.but(
            "policy", policy=_admitting(Resource="arn:aws:s3:::shop-logs-dev/other/*")
        ),
        "let logging.s3.amazonaws.com write": _LOGGED.but(
            "policy",
            policy=_admitting(Condition={"ArnLike": {"aws:SourceArn": "arn:aws:s3:::shop-other-dev"}}),
        ),
        "takes the logs of anybody's buckets": _LOGGED.but("policy", policy=_admitting(Condition={})),
    },
)
def s3_access_logs(bucket: Node, graph: Graph) -> Iterator[str]:
    """Buckets write down who read and changed what, in a bucket that S3 may write to for them alone.

    Without access logs nobody can tell afterwards who took the data; in a bucket that S3 cannot write to they
    are dropped without a word.
    """
    loggings = logging_of(bucket, graph)
    if not loggings and not takes_access_logs(bucket, graph):
        yield "has no access logs"
    for logging in loggings:
        target = logging.target(graph)
        if target is None:
            graph.elsewhere(f"arn:aws:s3:::{logging.read()}", "the bucket that takes its access logs")
        elif target is bucket:
            yield "delivers its access logs to itself, and each delivery is logged again"
        else:
            yield from _delivery_problems(bucket, logging, target, graph)


def _delivery_problems(bucket: Node, logging: Logging, target: Node, graph: Graph) -> Iterator[str]:
    source = f"arn:aws:s3:::{graph.physical_name(bucket)}"
    place = f"arn:aws:s3:::{graph.physical_name(target)}/{logging.settings.text('targetPrefix')}x"
    admitting = [each for each in bucket_statements(target, graph) if _admits(each, source, place)]
    if not admitting:
        yield f"delivers its access logs to {target}, whose policy does not let {_DELIVERY} write them there"
    elif not any(_sources(each, key) for each in admitting for key in _SOURCES):
        yield f"delivers its access logs to {target}, which takes the logs of anybody's buckets"


_SOURCES: Final = ("aws:sourceaccount", "aws:sourcearn")


def _admits(statement: Statement, source: str, place: str) -> bool:
    """Tell whether S3 may put logs of the bucket *source* at *place*."""
    arns = _sources(statement, "aws:sourcearn")
    return (
        statement.allows
        and _DELIVERY in statement.principals
        and bool({"s3:putobject", "s3:put*", "s3:*", "*"} & {action.lower() for action in statement.actions})
        and any(fnmatchcase(place, pattern) for pattern in statement.resources)
        and (not arns or any(fnmatchcase(source, pattern) for pattern in arns))
    )


def _sources(statement: Statement, key: str) -> list[str]:
    return [
        value for (_, tested), values in statement.conditions.items() if tested == key for value in values
    ]
