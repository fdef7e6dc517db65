"""Rules on physical names."""

import re
from collections.abc import Iterator
from typing import Final

from guardrails.framework.examples import Sample, Stack, resource, stack
from guardrails.framework.node import Node
from guardrails.framework.rule import Severity, resource_rule

_NAMES: Final = {
    "apigateway.RestApi": "name",
    "apigatewayv2.Api": "name",
    "backup.Vault": "name",
    "cloudwatch.CompositeAlarm": "alarmName",
    "cloudwatch.Dashboard": "dashboardName",
    "cloudwatch.EventBus": "name",
    "cloudwatch.EventRule": "name",
    "cloudwatch.LogGroup": "name",
    "cloudwatch.MetricAlarm": "name",
    "cognito.UserPool": "name",
    "dynamodb.Table": "name",
    "iam.Policy": "name",
    "iam.Role": "name",
    "kinesis.Stream": "name",
    "kms.Alias": "name",
    "lambda.Function": "name",
    "lambda.LayerVersion": "layerName",
    "s3.Bucket": "bucket",
    "scheduler.Schedule": "name",
    "secretsmanager.Secret": "name",
    "sfn.StateMachine": "name",
    "sns.Topic": "name",
    "sqs.Queue": "name",
    "ssm.Parameter": "name",
    "wafv2.WebAcl": "name",
}
_PREFIXES: Final = {
    "cloudwatch.EventRule": "namePrefix",
    "cloudwatch.LogGroup": "namePrefix",
    "iam.Policy": "namePrefix",
    "iam.Role": "namePrefix",
    "kms.Alias": "namePrefix",
    "s3.Bucket": "bucketPrefix",
    "scheduler.Schedule": "namePrefix",
    "secretsmanager.Secret": "namePrefix",
    "sfn.StateMachine": "namePrefix",
    "sns.Topic": "namePrefix",
    "sqs.Queue": "namePrefix",
    "wafv2.WebAcl": "namePrefix",
}
_GIVEN_BY_AWS: Final = ("API-Gateway-Execution-Logs_", "/aws/apigateway/welcome")
"""How names of log groups begin that AWS dictates."""


def _named(**names: str) -> Stack:
    return stack(*(Sample(kind=kind, name=kind, inputs={prop: names[prop]}) for kind, prop in _NAMES.items()))


_NAMED: Final = _named(
    name="shop-media-dev",
    bucket="shop-media-dev-111122223333-eu-west-1",
    dashboardName="shop-media-dev",
    alarmName="shop-media-dev",
    layerName="shop-media-dev",
)
_PREFIXED: Final = stack(
    *(
        Sample(kind=kind, name=kind, inputs={prop: "shop-dev-111122223333-"})
        for kind, prop in _PREFIXES.items()
    )
)
_ODD: Final = stack(
    resource("cloudwatch.LogGroup", "logs", name="/aws/lambda/shop-worker-dev"),
    resource("cloudwatch.LogGroup", "execution", name="API-Gateway-Execution-Logs_a1b2c3/v1"),
    resource("sqs.Queue", "work", name="shop-work-dev.fifo"),
    resource("sqs.Queue", "by-stack", name="media-dev-7a6b5c4", __defaults=["name"]),
    resource("kms.Alias", "alias", name="alias/dev/shop"),
    resource("ssm.Parameter", "limit", name="/shop/dev/limit"),
)


@resource_rule(
    severity=Severity.MEDIUM,
    findings=("IP-7.1", "IP-7.2", "OP-8.4"),
    fixes={
        kind: f'{re.sub("([A-Z])", r"_\1", prop).lower()}=f"shop-media-{{pulumi.get_stack()}}'
        + ('-{account_id}-{region}"' if kind == "s3.Bucket" else '"')
        for kind, prop in _NAMES.items()
    },
    reads=tuple(f"{kind}.{prop}" for props in (_NAMES, _PREFIXES) for kind, prop in props.items()),
    passes={
        "names with the stack's": _NAMED,
        "no name: the prefix has the stack's in it": _PREFIXED,
        "names that others made: Pulumi took the stack's in, and AWS dictates that of an execution log": _ODD,
    },
    fails={
        "has a name that does not hold the stack's, dev": _NAMED.but("sqs.Queue", name="shop-media"),
        "does not hold the stack's": _NAMED.but("iam.Role", name="shop-devices"),
        "does not hold": _PREFIXED.but("sns.Topic", namePrefix="shop-"),
        "has a name that Pulumi made up, which does not hold the stack's, dev": _NAMED.but(
            "dynamodb.Table", name="media-7a6b5c4", __defaults=["name"]
        ),
        "has no name of its own": _NAMED.but("cloudwatch.MetricAlarm", name=None),
        "has a name without the account's number": _NAMED.but("s3.Bucket", bucket="shop-media-dev"),
        "without the account's number": _NAMED.but("s3.Bucket", bucket="shop-dev-1111222233334"),
    },
)
def names(subject: Node) -> Iterator[str]:
    """Physical names hold the stack's name, and buckets' names the account's number as well.

    Two stacks in one account then never fight over a name, and whoever sees a resource knows whose it is.
    Names of buckets are unique in the world, so that the account's number keeps others' out of the way.
    """
    prop, prefix = _NAMES[subject.kind], _PREFIXES.get(subject.kind, "")
    name = subject.inputs.text(prop)
    if not name and prefix:
        name = subject.inputs.text(prefix)
    if not name:
        yield "has no name of its own, so that one is made up that tells nobody its stack"
    elif not name.startswith(_GIVEN_BY_AWS):
        yield from _name_problems(subject, name, subject.inputs.filled_in(prop))


def _name_problems(subject: Node, name: str, made_up: bool) -> Iterator[str]:
    if f"-{_plain(subject.stack)}-" not in f"-{_plain(name)}-":
        by_whom = " Pulumi made up, which" if made_up else ""
        yield f"has a name that{by_whom} does not hold the stack's, {subject.stack}"
    elif subject.kind == "s3.Bucket" and not re.search(r"(?<!\d)\d{12}(?!\d)", name):
        yield "has a name without the account's number"


def _plain(name: str) -> str:
    """Return a name as its parts, since services differ in the characters that they take."""
    return "-".join(re.findall(r"[a-z0-9]+", name.lower()))
