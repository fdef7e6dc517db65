"""Rules on the alarms of APIs."""

from collections.abc import Iterator
from typing import Any, Final

from guardrails.framework.alarms import alarms_on
from guardrails.framework.api import HTTP, REST
from guardrails.framework.examples import UNKNOWN, Sample, resource, stack
from guardrails.framework.fixes import alarm
from guardrails.framework.graph import Graph
from guardrails.framework.node import Node
from guardrails.framework.rule import Severity, stack_rule

_NAMESPACE: Final = "AWS/ApiGateway"
_METRICS: Final = {
    "REST": (("4XXError",), ("5XXError",), ("Latency", "IntegrationLatency")),
    "HTTP": (("4xx",), ("5xx",), ("Latency", "IntegrationLatency")),
    "WEBSOCKET": (("ClientError",), ("ExecutionError",), ("IntegrationLatency",)),
}
"""What each protocol counts: refused requests, failed ones, and the time they take."""


def _alarm(metric: str, dimensions: dict[str, Any], *sources: str) -> Sample:
    return resource(
        "cloudwatch.MetricAlarm",
        metric.lower(),
        sources={"dimensions": sources} if sources else {},
        namespace=_NAMESPACE,
        metricName=metric,
        dimensions=dimensions,
        alarmActions=[UNKNOWN],
    )


_WATCHED: Final = stack(
    resource(REST, "api", name="shop-orders-dev"),
    *(_alarm(metric, {"ApiName": "shop-orders-dev"}) for metric in ("4XXError", "5XXError", "Latency")),
)
_WATCHED_STAGE: Final = _WATCHED.without("latency").plus(
    _alarm("IntegrationLatency", {"ApiName": "shop-orders-dev", "Stage": "dev"})
)
_WATCHED_HTTP: Final = stack(
    resource(HTTP, "api", protocolType="HTTP"),
    resource("apigatewayv2.Stage", "stage", sources={"apiId": ("api",)}, apiId=UNKNOWN, name="$default"),
    _alarm("4xx", {"ApiId": UNKNOWN, "Stage": "$default"}, "api", "stage"),
    _alarm("5xx", {"ApiId": UNKNOWN}, "api"),
    _alarm("Latency", {"ApiId": UNKNOWN}, "api"),
)
_WATCHED_SOCKET: Final = stack(
    resource(HTTP, "api", protocolType="WEBSOCKET"),
    *(
        _alarm(metric, {"ApiId": UNKNOWN}, "api")
        for metric in ("ClientError", "ExecutionError", "IntegrationLatency")
    ),
)


@stack_rule(
    severity=Severity.HIGH,
    findings=("OP-2.2", "CC-OPS-3", "UA-5.2"),
    fixes={
        REST: alarm("api-errors", _NAMESPACE, "5XXError", "ApiName", "api.name")
        + "  # the same for 4XXError and Latency",
        HTTP: alarm("api-errors", _NAMESPACE, "5xx", "ApiId", "api.id") + "  # the same for 4xx and Latency",
    },
    reads=(
        "apigateway.RestApi.name",
        "apigatewayv2.Api.protocolType",
        "cloudwatch.MetricAlarm.actionsEnabled",
        "cloudwatch.MetricAlarm.alarmActions",
        "cloudwatch.MetricAlarm.dimensions",
        "cloudwatch.MetricAlarm.metricName",
        "cloudwatch.MetricAlarm.metricQueries",
        "cloudwatch.MetricAlarm.namespace",
    ),
    passes={
        "alarms on refused requests, failed ones and latency": _WATCHED,
        "no alarm on Latency: the latency of the integrations of its stage has one": _WATCHED_STAGE,
        "no alarm on 5XXError: HTTP APIs count 5xx and 4xx": _WATCHED_HTTP,
        "no alarm on 5xx or Latency: WebSocket APIs count ClientError and so on": _WATCHED_SOCKET,
    },
    fails={
        "has no alarm with an action on 5XXError": _WATCHED.without("5xxerror"),
        "has no alarm with an action on 4XXError": _WATCHED.but("4xxerror", alarmActions=[]),
        "has no alarm with an action on Latency": _WATCHED.but("latency", dimensions={"ApiName": "other"}),
        "has no alarm with an action on 5xx": _WATCHED_HTTP.without("5xx"),
        "on ClientError": _WATCHED_SOCKET.but("clienterror", actionsEnabled=False),
    },
)
def api_alarms(api: Node, graph: Graph) -> Iterator[str]:
    """Refused requests, failed ones and latency of each API raise alarms that act.

    Callers notice that an API fails or crawls; its owners learn it from them.
    """
    protocol = "REST" if api.kind == REST else api.inputs.text("protocolType") or "HTTP"
    dimension = "ApiName" if api.kind == REST else "ApiId"
    for metrics in _METRICS.get(protocol, _METRICS["HTTP"]):
        if not any(
            alarms_on(
                api,
                graph,
                namespace=_NAMESPACE,
                metric=metric,
                dimension=dimension,
                beside=("apigatewayv2.Stage",),
            )
            for metric in metrics
        ):
            yield f"has no alarm with an action on {metrics[0]}"
