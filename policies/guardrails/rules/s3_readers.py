"""Rules on who reads the data in buckets."""

from collections.abc import Iterator
from typing import Annotated, Any, Final

from msgspec import Meta

from guardrails.framework.buckets import LOGGING_READS, takes_access_logs
from guardrails.framework.conditions import exempts_named
from guardrails.framework.documents import Statement
from guardrails.framework.examples import UNKNOWN, resource, stack
from guardrails.framework.graph import Graph
from guardrails.framework.joins import bucket_statements
from guardrails.framework.names import name_in
from guardrails.framework.node import Node
from guardrails.framework.roles import ROLE_READS, role_statements
from guardrails.framework.rule import Settings, Severity, stack_rule
from guardrails.rules.tags import carried_tags

_READS: Final = ("s3:GetObject", "s3:GetObjectVersion")
_WORK: Final = (*_READS, "s3:PutObject")
_NOT_BY_AWS: Final = {
    (operator, key): ("false",)
    for operator in ("Bool", "BoolIfExists")
    for key in ("aws:principalisawsservice", "aws:viaawsservice")
}
"""Conditions that let services of AWS through, which ask in their own name."""


class ReadersSettings(Settings):
    """Which data is read by named roles only, whoever works in it."""

    classes: Annotated[
        tuple[str, ...], Meta(description="Values of the tag DataClassification that ask for it.")
    ] = ("confidential", "restricted")


_OBJECTS: Final = "arn:aws:s3:::shop-media-dev/*"
_WORKER: Final = "arn:aws:iam::111122223333:role/shop-worker-dev"


def _readers(condition: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    statement = {
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": list(_READS),
        "Resource": _OBJECTS,
        "Condition": condition or {"ArnNotEquals": {"AWS:PrincipalArn": [_WORKER]}},
    }
    return {"Statement": [{**statement, **changes}]}


def _working(action: str, on: str = _OBJECTS) -> dict[str, Any]:
    return {"Statement": {"Effect": "Allow", "Action": action, "Resource": on}}


_NAMED: Final = stack(
    resource("s3.Bucket", "media", bucket="shop-media-dev"),
    resource("s3.BucketPolicy", "policy", bucket="shop-media-dev", policy=_readers()),
    resource("iam.Role", "role", name="shop-worker-dev"),
    resource("iam.RolePolicy", "work", role="shop-worker-dev", policy=_working("s3:GetObjectVersion")),
    resource("lambda.Function", "worker", sources={"role": ("role",)}, role=UNKNOWN),
)
_BUT_SERVICES: Final = _NAMED.but(
    "work", policy=_working("S3:putobject", "arn:aws:s3:::shop-media-dev/in/*")
).but(
    "policy",
    policy=_readers(
        {"StringNotLike": {"aws:PrincipalArn": _WORKER}, "Bool": {"aws:PrincipalIsAWSService": False}},
        Action=["S3:GET*", "s3:PutObject"],
    ),
)
_CLASSED: Final = stack(
    resource(
        "s3.Bucket",
        "media",
        bucket="shop-media-dev",
        default_tags={"DataClassification": "confidential"},
        policy=_readers({"StringNotLike": {"aws:userId": "AROAEXAMPLEEXAMPLE:*"}}, Action="s3:*"),
    )
)
_LOGS: Final = stack(
    resource("s3.Bucket", "media", bucket="shop-media-dev", tags={"DataClassification": "restricted"}),
    resource("s3.BucketLogging", "logging", bucket="elsewhere", targetBucket="shop-media-dev"),
)
_UNREAD: Final = stack(
    resource("s3.Bucket", "logs", bucket="shop-logs-dev", tags={"DataClassification": "internal"}),
    *_NAMED.without("media", "policy").samples,
)


@stack_rule(
    severity=Severity.HIGH,
    findings=("UA-1.3", "UA-8.2"),
    fixes={
        "s3.Bucket": (
            "# in the bucket's policy (aws.s3.BucketPolicy):\n"
            '{"Effect": "Deny", "Principal": "*", "Action": ["s3:GetObject", "s3:GetObjectVersion"],\n'
            ' "Resource": f"{bucket_arn}/*", "Condition": {"ArnNotEquals": {"aws:PrincipalArn": role_arn}}}'
        )
    },
    reads=(
        *LOGGING_READS,
        "lambda.Function.role",
        "provider.defaultTags",
        "s3.Bucket.policy",
        "s3.Bucket.tags",
        "s3.BucketPolicy.bucket",
        "s3.BucketPolicy.policy",
        *ROLE_READS,
    ),
    settings=ReadersSettings,
    passes={
        "a denial for everyone: it spares the role that works in the bucket": _NAMED,
        "a denial under a second condition: what it spares beside the role is AWS itself": _BUT_SERVICES,
        "a denial without any ARN: it spares a role by its id": _CLASSED,
        "restricted data that anybody with a role may read: access logs are for the auditors": _LOGS,
        "a bucket without policy: no function works in it, and its data is internal": _UNREAD,
    },
    fails={
        "its policy does not keep s3:GetObject, s3:GetObjectVersion": _NAMED.without("policy"),
        "does not keep s3:GetObjectVersion": _NAMED.but("policy", policy=_readers(Action="s3:GetObject")),
        "does not keep s3:GetObject,": _NAMED.but(
            "policy", policy=_readers({"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:*"}})
        ),
        "does not keep": _NAMED.but(
            "policy",
            policy=_readers(
                {
                    "ArnNotEquals": {"aws:PrincipalArn": _WORKER},
                    "StringEquals": {"aws:PrincipalAccount": "444455556666"},
                }
            ),
        ),
        "is classed confidential, but its policy does not keep": _CLASSED.but("media", policy=None),
        "not keep": _NAMED.but("policy", policy=_readers(Resource="arn:aws:s3:::shop-media-dev/in/*")),
    },
)
def bucket_named_readers(bucket: Node, graph: Graph, chosen: ReadersSettings) -> Iterator[str]:
    """Buckets that functions work in, or whose data is sensitive, keep reading to named roles.

    Else every role and user of the account that may read from S3 reads this data too. Where access logs go is
    left to the account, since auditors are whoever it says.
    """
    concerns = _concern(bucket, graph, chosen)
    if not concerns:
        return
    name = graph.physical_name(bucket)
    kept = [each for each in bucket_statements(bucket, graph) if _keeps_out(each, name)]
    if open_ := [action for action in _READS if not any(each.concerns(action) for each in kept)]:
        yield f"{concerns}, but its policy does not keep {', '.join(open_)} to named roles"


def _concern(bucket: Node, graph: Graph, chosen: ReadersSettings) -> str:
    """Return why it matters who reads *bucket*, empty if it does not."""
    places = graph.once(_worked_in)
    if places and (worker := places.get(graph.physical_name(bucket))):
        return f"is worked in by {worker}"
    named_class = carried_tags(bucket).get("DataClassification", "").lower()
    sensitive = named_class in [each.lower() for each in chosen.classes]
    return f"is classed {named_class}" if sensitive and not takes_access_logs(bucket, graph) else ""


def _worked_in(graph: Graph) -> dict[str, Node]:
    """Return, by bucket name, a function that may read or put the bucket's objects."""
    found: dict[str, Node] = {}
    for function in graph.of("lambda.Function"):
        role = graph.target(function, "role", kinds=("iam.Role",))
        for statement in role_statements(role, graph) if role else ():
            found |= dict.fromkeys(_places(statement), function)
    return found


def _places(statement: Statement) -> list[str]:
    """Return the buckets whose objects a statement opens; who opens all buckets is stopped by `iam-exact`."""
    if not statement.allows or not any(map(statement.concerns, _WORK)):
        return []
    named = [name_in(arn, "s3.Bucket") or "" for arn in statement.resources]
    return [place.split("/", 1)[0] for place in named if "/" in place]


def _keeps_out(statement: Statement, bucket: str) -> bool:
    """Tell whether a statement denies the bucket's objects to all but named roles."""
    if not statement.denies or not statement.everyone or statement.exceptions:
        return False
    tests = {key: values for key, values in statement.conditions.items() if _NOT_BY_AWS.get(key) != values}
    whole = any(name_in(arn, "s3.Bucket") == f"{bucket}/*" for arn in statement.resources)
    return whole and all(exempts_named(operator, key, values) for (operator, key), values in tests.items())
