"""The rule on dashboards."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from guardrails.framework.errors import UndeterminedError
from guardrails.framework.examples import UNKNOWN, resource, stack
from guardrails.framework.functions import mappings_reading
from guardrails.framework.graph import Graph
from guardrails.framework.node import Node
from guardrails.framework.props import Props
from guardrails.framework.rule import Severity, stack_rule

_DIMENSIONS: Final = {
    "dynamodb.Table": ("AWS/DynamoDB", "TableName"),
    "lambda.Function": ("AWS/Lambda", "FunctionName"),
    "s3.Bucket": ("AWS/S3", "BucketName"),
    "sqs.Queue": ("AWS/SQS", "QueueName"),
}
_SCHEMA: Final = re.compile(r"{([^{}]*+)}")


def _widgets(*metrics: list[Any]) -> dict[str, Any]:
    return {"widgets": [{"type": "metric", "properties": {"metrics": list(metrics)}}]}


_STORES: Final = stack(
    resource("dynamodb.Table", "records", name="shop-records-dev"),
    resource("s3.Bucket", "media", bucket="shop-media-dev"),
    resource("s3.BucketNotification", "events", bucket="shop-media-dev", eventbridge=True),
    resource("lambda.Function", "worker", name="shop-worker-dev"),
    resource("sqs.Queue", "work", name="shop-work-dev"),
    resource(
        "lambda.EventSourceMapping",
        "feed",
        eventSourceArn="arn:aws:sqs:eu-west-1:111122223333:shop-work-dev",
    ),
)
_SERIES: Final[dict[str, list[Any]]] = {
    "worker": ["AWS/Lambda", "Errors", "FunctionName", "shop-worker-dev", {"stat": "Sum"}],
    "work": ["AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", "shop-work-dev"],
    "records": ["AWS/DynamoDB", "ReadThrottleEvents", "TableName", "shop-records-dev"],
    "media": ["AWS/S3", "BucketSizeBytes", "StorageType", "StandardStorage", "BucketName", "shop-media-dev"],
}


def _shown(body: Any, **sources: Any) -> Any:
    return _STORES.plus(
        resource("cloudwatch.Dashboard", "board", dashboardName="shop-dev", dashboardBody=body, **sources)
    )


_SHOWN: Final = _shown(_widgets(*_SERIES.values()))


def _lacking(name: str) -> Any:
    return _SHOWN.but("board", dashboardBody=_widgets(*(_SERIES[each] for each in _SERIES if each != name)))


_SEARCHED: Final = _shown(
    {
        "widgets": [
            {"type": "text", "properties": {"markdown": "# shop"}},
            {
                "type": "metric",
                "properties": {
                    "metrics": [
                        [{"expression": "SEARCH('{AWS/Lambda,FunctionName} MetricName=\"Errors\"', 'Sum')"}],
                        _SERIES["work"],
                        _SERIES["records"],
                        _SERIES["media"],
                    ]
                },
            },
        ]
    }
)


@stack_rule(
    severity=Severity.MEDIUM,
    findings=("CC-OPS-2", "IP-5.2"),
    fixes={
        kind: (
            'aws.cloudwatch.Dashboard("shop", dashboard_name="shop", dashboard_body=json.dumps({\n'
            '    "widgets": [{"type": "metric", "properties": {\n'
            f'        "region": region, "metrics": [["{namespace}", metric, "{dimension}", name]],\n'
            "    }}],\n"
            "}))"
        )
        for kind, (namespace, dimension) in _DIMENSIONS.items()
    },
    reads=(
        "cloudwatch.Dashboard.dashboardBody",
        "dynamodb.Table.name",
        "lambda.EventSourceMapping.eventSourceArn",
        "lambda.Function.name",
        "s3.Bucket.bucket",
        "s3.BucketNotification.bucket",
        "sqs.Queue.name",
    ),
    passes={
        "a dashboard of all four": _SHOWN,
        "no word of the function: a search draws the errors of all functions": _SEARCHED,
        "a body unknown until the update: it comes from all that it is to show": _STORES.plus(
            resource(
                "cloudwatch.Dashboard",
                "board",
                sources={"dashboardBody": ("worker", "work", "records", "media")},
                dashboardBody=UNKNOWN,
            )
        ),
        "no dashboard: nothing is uploaded to this bucket, and no function reads this queue": stack(
            resource("s3.Bucket", "logs", bucket="shop-logs-dev"),
            resource("sqs.Queue", "dlq", name="shop-work-dlq-dev"),
        ),
    },
    fails={
        "is on no dashboard: none shows an AWS/Lambda metric with FunctionName": _lacking("worker"),
        "none shows an AWS/SQS metric with QueueName": _lacking("work"),
        "none shows an AWS/DynamoDB metric with TableName": _lacking("records"),
        "none shows an AWS/S3 metric with BucketName": _lacking("media"),
        "AWS/Lambda metric": _SHOWN.without("board"),
        "AWS/DynamoDB metric": _SHOWN.but(
            "board",
            dashboardBody={"widgets": [{"type": "text", "properties": {"markdown": "shop-records-dev"}}]},
        ),
    },
)
def on_dashboard(subject: Node, graph: Graph) -> Iterator[str]:
    """Dashboards show each function, each queue that feeds one, each table, and each bucket with events.

    Who is called at night sees at one look which part of the system is in trouble.
    """
    if subject.kind == "sqs.Queue" and not mappings_reading(subject, graph):
        return
    if subject.kind == "s3.Bucket" and not graph.companions(subject, "s3.BucketNotification", "bucket"):
        return
    namespace, dimension = _DIMENSIONS[subject.kind]
    shows = _shower(subject, graph)
    if not graph.matching("cloudwatch.Dashboard", shows):
        yield f"is on no dashboard: none shows an {namespace} metric with {dimension} of its name"


def _shower(subject: Node, graph: Graph) -> Callable[[Node], bool]:
    """Return what tells whether a dashboard shows *subject*."""
    namespace, dimension = _DIMENSIONS[subject.kind]

    def shows(dashboard: Node) -> bool:
        try:
            drawn = graph.once(_drawn, dashboard)
        except UndeterminedError:
            if subject in graph.sources(dashboard, "dashboardBody"):
                return True
            raise
        if any(_searches(expression, namespace, dimension) for expression in drawn.expressions):
            return True
        return (namespace, dimension, graph.physical_name(subject)) in drawn.owners

    return shows


def _searches(expression: str, namespace: str, dimension: str) -> bool:
    """Tell whether *expression* has a schema such as `{AWS/SQS,QueueName}`: whatever has that dimension."""
    for schema in _SCHEMA.findall(expression):
        name, *dimensions = (part.strip(" \t\n\"'") for part in schema.split(","))
        if name == namespace and dimension in dimensions:
            return True
    return False


@dataclass(kw_only=True)
class _Drawn:
    """What a dashboard draws: expressions, and whose metrics by namespace, dimension and value."""

    expressions: list[str] = field(default_factory=list)
    owners: set[tuple[str, str, str]] = field(default_factory=set)


def _drawn(dashboard: Node, _graph: Graph) -> _Drawn:
    drawn = _Drawn()
    for widget in dashboard.inputs.document("dashboardBody").blocks("widgets"):
        before: list[str] = []
        for row in widget.block("properties").rows("metrics"):
            options = [each for each in row if isinstance(each, Props)]
            before = _spelled_out([each for each in row if isinstance(each, str)], before)
            drawn.expressions += [each.text("expression") for each in options if each.has("expression")]
            namespaces, values = before[:1], zip(before[2::2], before[3::2], strict=False)
            drawn.owners |= {(name, *pair) for name in namespaces for pair in values}
    return drawn


def _spelled_out(row: list[str], before: list[str]) -> list[str]:
    """Replace `.` by what stands there in the row before, and `...` by all of it but the rest."""
    if row[:1] == ["..."]:
        row = [*before[: len(before) - len(row) + 1], *row[1:]]
    return [before[place] if each == "." and place < len(before) else each for place, each in enumerate(row)]
