"""Rules on scanning uploads for malware."""

from collections.abc import Iterator
from typing import Any, Final

from guardrails.framework.conditions import exempts_named
from guardrails.framework.documents import Statement
from guardrails.framework.events import read_by_event, rules_feeding
from guardrails.framework.examples import UNKNOWN, resource, stack
from guardrails.framework.graph import Graph
from guardrails.framework.joins import bucket_statements
from guardrails.framework.names import name_in
from guardrails.framework.node import Node
from guardrails.framework.props import Props
from guardrails.framework.roles import ROLE_READS
from guardrails.framework.rule import Severity, stack_rule

_SCAN_RESULT: Final = "GuardDuty Malware Protection Object Scan Result"
_TAG: Final = "s3:existingobjecttag/guarddutymalwarescanstatus"
_READS: Final = {"s3:GetObject", "s3:GetObjectVersion"}

_STATUSES: Final = {
    "NO_THREATS_FOUND": "clean objects are not processed after their scan",
    "THREATS_FOUND": "infected objects are not taken away",
}

_CLEAN_ONLY: Final = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": sorted(_READS),
    "Resource": "arn:aws:s3:::shop-intake-dev/*",
    "Condition": {
        "StringNotEquals": {"s3:ExistingObjectTag/GuardDutyMalwareScanStatus": "NO_THREATS_FOUND"},
        "ArnNotEquals": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/shop-quarantine-dev"},
    },
}


def _pattern(*statuses: Any) -> dict[str, Any]:
    detail = {
        "s3ObjectDetails": {"bucketName": ["shop-intake-dev"]},
        "scanResultDetails": {"scanResultStatus": statuses},
    }
    return {"source": ["aws.guardduty"], "detail-type": [_SCAN_RESULT], "detail": detail}


_READING: Final = {
    "Statement": [
        {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": "arn:aws:s3:::shop-intake-dev/*"}
    ]
}


def _policy(**changes: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{**_CLEAN_ONLY, **changes}]}


_GATED: Final = stack(
    resource("s3.Bucket", "intake", bucket="shop-intake-dev"),
    resource(
        "guardduty.MalwareProtectionPlan",
        "plan",
        protectedResource={"s3Bucket": {"bucketName": "shop-intake-dev"}},
        actions=[{"taggings": [{"status": "ENABLED"}]}],
    ),
    resource("s3.BucketPolicy", "policy", bucket="shop-intake-dev", policy=_policy()),
    resource("s3.BucketNotification", "notification", bucket="shop-intake-dev", eventbridge=True),
    resource(
        "cloudwatch.EventRule",
        "scanned",
        name="shop-scanned-dev",
        eventPattern=_pattern({"anything-but": ["THREATS_FOUND"]}),
    ),
    resource(
        "cloudwatch.EventRule", "infected", name="shop-infected-dev", eventPattern=_pattern("THREATS_FOUND")
    ),
    resource(
        "cloudwatch.EventTarget",
        "quarantine",
        rule="shop-infected-dev",
        arn=UNKNOWN,
        sources={"arn": ("work",)},
    ),
    resource(
        "cloudwatch.EventTarget", "target", rule="shop-scanned-dev", arn=UNKNOWN, sources={"arn": ("work",)}
    ),
    resource("sqs.Queue", "work", name="shop-work-dev"),
)
_READ_BY_WORKER: Final = stack(
    resource("s3.Bucket", "intake", bucket="shop-intake-dev"),
    resource("lambda.Function", "worker", sources={"role": ("role",)}, name="shop-worker-dev", role=UNKNOWN),
    resource("iam.Role", "role", name="shop-worker-dev"),
    resource("iam.RolePolicy", "reading", role="shop-worker-dev", policy=_READING),
    resource("lambda.EventSourceMapping", "feed", functionName="shop-worker-dev", eventSourceArn=UNKNOWN),
)
_PLAIN: Final = stack(resource("s3.Bucket", "results", bucket="shop-results-dev"))


@stack_rule(
    severity=Severity.HIGH,
    findings=("CC-SEC-6", "IP-3.1"),
    fixes={
        "s3.Bucket": (
            "aws.guardduty.MalwareProtectionPlan(\n"
            '    "media", role=role.arn, actions=[{"taggings": [{"status": "ENABLED"}]}],\n'
            '    protected_resource={"s3_bucket": {"bucket_name": bucket.bucket}},\n'
            ")\n"
            "# in the bucket's policy:\n"
            '{"Effect": "Deny", "Principal": "*", "Resource": f"{bucket_arn}/*",\n'
            ' "Action": ["s3:GetObject", "s3:GetObjectVersion"],\n'
            ' "Condition": {"StringNotEquals": {\n'
            '     "s3:ExistingObjectTag/GuardDutyMalwareScanStatus": "NO_THREATS_FOUND"},\n'
            '     "ArnNotEquals": {"aws:PrincipalArn": scanner_role_arn}}}\n'
            "# and an aws.cloudwatch.EventRule on source aws.guardduty that feeds the function's queue"
        )
    },
    reads=(
        "cloudwatch.EventRule.eventPattern",
        "cloudwatch.EventRule.name",
        "cloudwatch.EventTarget.arn",
        "cloudwatch.EventTarget.rule",
        "guardduty.MalwareProtectionPlan.actions",
        "guardduty.MalwareProtectionPlan.protectedResource",
        "lambda.EventSourceMapping.functionName",
        "lambda.Function.name",
        "lambda.Function.role",
        "s3.Bucket.bucket",
        "s3.Bucket.policy",
        "s3.BucketNotification.bucket",
        "s3.BucketNotification.eventbridge",
        "s3.BucketNotification.lambdaFunctions",
        "scheduler.Schedule.target",
        "s3.BucketNotification.queues",
        "s3.BucketNotification.topics",
        "s3.BucketPolicy.bucket",
        "s3.BucketPolicy.policy",
        *ROLE_READS,
    ),
    passes={
        "a denial that spares a role: somebody has to take infected objects away": _GATED,
        "a bucket without a malware plan: nobody works on what is put there": _PLAIN,
        "a function that reads what is uploaded: only what the scan has found clean": _READ_BY_WORKER.plus(
            *_GATED.without("intake").samples
        ),
    },
    fails={
        "without a malware protection plan": _GATED.without("plan"),
        "takes uploads without a malware protection plan": _READ_BY_WORKER.plus(
            *_GATED.without("intake", "plan", "notification").samples
        ),
        "no malware protection plan names it": _READ_BY_WORKER.without("feed").plus(
            resource(
                "cloudwatch.EventTarget",
                "direct",
                rule="shop-nightly-dev",
                arn=UNKNOWN,
                sources={"arn": ("worker",)},
            )
        ),
        "whose plan does not tag": _GATED.but("plan", actions=[{"taggings": [{"status": "DISABLED"}]}]),
        "lets objects be read that no scan has found clean": _GATED.but(
            "policy", policy=_policy(Action="s3:Get*")
        ),
        "lets objects be read": _GATED.but("policy", policy=_policy(Condition={})),
        "no rule on the scan result NO_THREATS_FOUND": _GATED.without("target"),
        "no rule on the scan result THREATS_FOUND": _GATED.without("infected"),
        "switches EventBridge off, by which the scan hears of uploads": _GATED.but(
            "notification", eventbridge=False
        ),
        "sends its own events to functions before the scan": _GATED.but(
            "notification", queues=[{"queueArn": UNKNOWN, "events": ["s3:ObjectCreated:*"]}]
        ),
        "sends its own events": _GATED.plus(
            resource("cloudwatch.EventRule", "raw", name="shop-raw-dev", eventPattern={"source": ["aws.s3"]}),
            resource("cloudwatch.EventTarget", "raw-target", rule="shop-raw-dev", arn=UNKNOWN),
        ),
    },
)
def scan_gate(bucket: Node, graph: Graph) -> Iterator[str]:
    """Only uploads that a malware scan has found clean are processed.

    An infected file would otherwise run through the system, and out to whoever downloads it.
    """
    plans = graph.companions(
        bucket, "guardduty.MalwareProtectionPlan", "protectedResource", "s3Bucket", "bucketName"
    )
    notifications = graph.companions(bucket, "s3.BucketNotification", "bucket")
    own_rules = rules_feeding(graph, bucket, "aws.s3", "Object Created")
    if not (plans or notifications or own_rules or read_by_event(bucket, graph)):
        return
    if not plans:
        yield "takes uploads without a malware protection plan: no malware protection plan names it"
    if plans and not any(_tags_results(plan.inputs) for plan in plans):
        yield "takes uploads, whose plan does not tag them with the scan's result"
    name = graph.physical_name(bucket)
    if not any(_denies_unclean(statement, name) for statement in bucket_statements(bucket, graph)):
        yield "lets objects be read that no scan has found clean"
    if plans and not all(each.inputs.flag("eventbridge") for each in notifications):
        yield "has a notification that switches EventBridge off, by which the scan hears of uploads"
    if own_rules or any(_feeds(each.inputs) for each in notifications):
        yield "sends its own events to functions before the scan"
    for status, meaning in _STATUSES.items():
        if not rules_feeding(graph, bucket, "aws.guardduty", _SCAN_RESULT, status):
            yield f"has no rule on the scan result {status} with a target, so that {meaning}"


def _tags_results(plan: Props) -> bool:
    taggings = [tagging for action in plan.blocks("actions") for tagging in action.blocks("taggings")]
    return any(tagging.text("status") == "ENABLED" for tagging in taggings)


def _feeds(notification: Props) -> bool:
    return any(notification.count(receivers) for receivers in ("queues", "topics", "lambdaFunctions"))


def _denies_unclean(statement: Statement, bucket: str) -> bool:
    """Tell whether *statement* lets nobody but named roles read objects that are not tagged clean."""
    if not statement.denies or not statement.everyone or statement.exceptions:
        return False
    tests = dict(statement.conditions)
    tagged = tests.pop(("StringNotEquals", _TAG), ()) == ("NO_THREATS_FOUND",)
    exempting = all(exempts_named(operator, key, values) for (operator, key), values in tests.items())
    whole = any(name_in(arn, "s3.Bucket") == f"{bucket}/*" for arn in statement.resources)
    return tagged and exempting and whole and statement.lists(*_READS)
