"""Rules on services that are let in."""

from collections.abc import Iterator
from typing import Any, Final

from guardrails.framework.conditions import confined, names_account, narrowed_by
from guardrails.framework.documents import Statement
from guardrails.framework.examples import UNKNOWN, Stack, resource
from guardrails.framework.graph import Graph
from guardrails.framework.node import Node
from guardrails.framework.resource_policies import RESOURCE_POLICIES, allowing
from guardrails.framework.rule import Severity, stack_rule
from guardrails.rules.resource_policies import on_each_kind

_QUEUE: Final = "arn:aws:sqs:eu-west-1:111122223333:shop-work-dev"
_RULE: Final = "arn:aws:events:eu-west-1:111122223333:rule/shop-scanned-dev"
_EVENTS: Final = {"Service": "events.amazonaws.com"}


def _policy(principal: Any, action: str, condition: Any = None) -> dict[str, Any]:
    allowed = {"Effect": "Allow", "Principal": principal, "Action": action, "Resource": _QUEUE}
    return {"Statement": {**allowed, "Condition": condition} if condition else allowed}


def _admitting(condition: dict[str, Any]) -> Stack:
    return on_each_kind(_policy(_EVENTS, "sqs:SendMessage", condition))


_CONFINED: Final = _admitting({"ArnEquals": {"aws:SourceArn": _RULE}}).plus(
    resource("lambda.Permission", "invoke", principal="events.amazonaws.com", sourceArn=_RULE),
    resource(
        "lambda.Permission",
        "uploads",
        principal="s3.amazonaws.com",
        sourceArn="arn:aws:s3:::shop-media-dev",
        sourceAccount="111122223333",
    ),
    resource("lambda.Permission", "partner", principal="arn:aws:iam::444455556666:role/partner"),
    resource("lambda.Permission", "audit", principal="config.amazonaws.com", sourceAccount="111122223333"),
    resource("cloudwatch.EventRule", "rule"),
    resource(
        "lambda.Permission",
        "proved",
        principal="events.amazonaws.com",
        sources={"sourceArn": ("rule",)},
        sourceArn=UNKNOWN,
    ),
    resource("s3.Bucket", "intake"),
)
_OF_ACCOUNT: Final = {"StringEquals": {"AWS:SourceAccount": "111122223333"}}
_BY_ACCOUNT: Final = on_each_kind(
    _policy({"Service": "config.amazonaws.com"}, "sns:Publish", _OF_ACCOUNT)
).but("s3-BucketPolicy", policy=_policy({"Service": "logging.s3.amazonaws.com"}, "s3:PutObject", _OF_ACCOUNT))
_BUCKET_ALONE: Final = {"ArnLike": {"aws:SourceArn": "arn:aws:s3:*:*:shop-media-dev"}}


@stack_rule(
    severity=Severity.HIGH,
    findings=("IP-3.2", "CC-SEC-7"),
    fixes={
        **dict.fromkeys(
            RESOURCE_POLICIES,
            (
                "# in the statement:\n"
                '{"Condition": {"StringEquals": {"aws:SourceAccount": account_id},\n'
                '               "ArnEquals": {"aws:SourceArn": rule_arn}}}'
            ),
        ),
        "lambda.Permission": "source_arn=bucket.arn, source_account=account_id",
    },
    reads=(
        *(f"{kind}.{prop}" for kind, prop in RESOURCE_POLICIES.items()),
        "lambda.Permission.eventSourceToken",
        "lambda.Permission.principal",
        "lambda.Permission.sourceAccount",
        "lambda.Permission.sourceArn",
    ),
    passes={
        "no source account: the source's ARN has it, or a bucket's account stands beside": _CONFINED,
        "no source by ARN: rules of Config come later, and logs are of the whole account": _BY_ACCOUNT,
    },
    fails={
        "admits events.amazonaws.com for any account in statement 1": _CONFINED.but(
            "sqs-QueuePolicy", policy=_policy(_EVENTS, "sqs:SendMessage")
        ),
        "admits s3.amazonaws.com for any account": _CONFINED.but(
            "sns-TopicPolicy", policy=_policy({"Service": "s3.amazonaws.com"}, "sns:Publish", _BUCKET_ALONE)
        ),
        "admits events.amazonaws.com for any source": _CONFINED.but(
            "sqs-QueuePolicy", policy=_policy(_EVENTS, "sqs:SendMessage", _OF_ACCOUNT)
        ),
        "lets events.amazonaws.com invoke for any source": _CONFINED.but("invoke", sourceArn=None),
        "for any source": _CONFINED.but("uploads", sourceArn=None),
        "lets s3.amazonaws.com invoke for any account": _CONFINED.but("uploads", sourceAccount=None),
        "invoke for any account": _CONFINED.plus(
            resource(
                "lambda.Permission",
                "unproved",
                principal="s3.amazonaws.com",
                sources={"sourceArn": ("intake",)},
                sourceArn=UNKNOWN,
            )
        ),
    },
)
def services_confined(subject: Node, graph: Graph) -> Iterator[str]:
    """Services that are let in act only for named sources of named accounts.

    Else anybody could make the service, which acts for all its customers, reach this resource for them.
    """
    if subject.kind == "lambda.Permission":
        yield from _unconfined_permission(subject, graph)
        return
    for statement in allowing(subject):
        for service in statement.principals_of.get("Service", ()):
            if not confined(statement):
                yield f"admits {service} for any account in {statement.place}"
            elif subject.kind in _RECEIVERS and not _tells_source(service, statement):
                yield f"admits {service} for any source in {statement.place}"


_RECEIVERS: Final = ("sns.Topic", "sns.TopicPolicy", "sqs.Queue", "sqs.QueuePolicy")
"""What is sent to: there the finding asks for the source's ARN and not only for its account."""

_BY_ACCOUNT_ALONE: Final = {"config.amazonaws.com"}
"""Services whose permissions AWS documents with the account alone, since their rules come later."""


def _tells_source(service: str, statement: Statement) -> bool:
    return service in _BY_ACCOUNT_ALONE or narrowed_by(statement, "aws:sourcearn")


def _unconfined_permission(permission: Node, graph: Graph) -> Iterator[str]:
    given = permission.inputs
    service = given.text("principal")
    if not service.endswith((".amazonaws.com", ".amazon.com")) or given.sets("eventSourceToken"):
        return
    source = graph.origin(permission, "sourceArn", lambda: given.text("sourceArn"))
    if not source and service not in _BY_ACCOUNT_ALONE:
        yield f"lets {service} invoke for any source"
    elif not given.sets("sourceAccount"):
        named = names_account(source) if isinstance(source, str) else source.kind != "s3.Bucket"
        if not named:
            yield f"lets {service} invoke for any account"
