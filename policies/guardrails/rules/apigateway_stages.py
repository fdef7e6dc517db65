"""Rules on the stages of APIs: throttling, and how fast changes arrive."""

from collections.abc import Iterator
from functools import partial
from typing import Annotated, Final

from msgspec import Meta

from guardrails.framework.api import HTTP, STAGES, api_of, each, is_quick, stage_name
from guardrails.framework.examples import UNKNOWN, resource, stack
from guardrails.framework.graph import Graph
from guardrails.framework.node import Node
from guardrails.framework.props import Props
from guardrails.framework.rule import Settings, Severity, resource_rule, stack_rule

_WHOLE: Final = "*/*"
_OF_API: Final[dict[str, tuple[str, ...]]] = {"restApi": ("api",)}
_LIMITS: Final = {"throttlingRateLimit": 500, "throttlingBurstLimit": 1000}


class ThrottlingSettings(Settings):
    """The most that a stage may let through."""

    maximum_rate: Annotated[float, Meta(gt=0, le=100_000, description="Requests a second.")] = 500
    maximum_burst: Annotated[int, Meta(gt=0, le=100_000, description="Requests at once.")] = 1000


_THROTTLED: Final = stack(
    resource("apigateway.RestApi", "api", name="shop-orders-dev"),
    resource("apigateway.Stage", "stage", sources=_OF_API, restApi=UNKNOWN, stageName="dev"),
    resource(
        "apigateway.MethodSettings",
        "settings",
        sources=_OF_API,
        restApi=UNKNOWN,
        stageName="dev",
        methodPath="*/*",
        settings=_LIMITS,
    ),
)
_STRICTER_METHOD: Final = _THROTTLED.plus(
    resource(
        "apigateway.MethodSettings",
        "post",
        sources={**_OF_API, "stageName": ("stage",)},
        restApi=UNKNOWN,
        stageName=UNKNOWN,
        methodPath="v1/orders/POST",
        settings={"throttlingRateLimit": 5, "throttlingBurstLimit": 10},
    )
)
_THROTTLED_HTTP: Final = stack(
    resource(
        "apigatewayv2.Stage",
        "stage",
        apiId=UNKNOWN,
        name="$default",
        defaultRouteSettings=_LIMITS,
        routeSettings=[{"routeKey": "GET /v1/orders", "throttlingRateLimit": 10}],
    )
)


@stack_rule(
    severity=Severity.HIGH,
    findings=("OP-3.2", "CC-SEC-9"),
    fixes={
        "apigateway.Stage": (
            "aws.apigateway.MethodSettings(\n"
            '    "all", rest_api=api.id, stage_name=stage.stage_name, method_path="*/*",\n'
            '    settings={"throttling_rate_limit": 500, "throttling_burst_limit": 1000},\n'
            ")"
        ),
        "apigateway.MethodSettings": 'settings={"throttling_rate_limit": 500, '
        '"throttling_burst_limit": 1000}',
        "apigatewayv2.Stage": 'default_route_settings={"throttling_rate_limit": 500, '
        '"throttling_burst_limit": 1000}',
        HTTP: (
            "aws.apigatewayv2.Stage(\n"
            '    "live", api_id=api.id, name="live",\n'
            '    default_route_settings={"throttling_rate_limit": 500, "throttling_burst_limit": 1000},\n'
            ")  # and no target= on the API, which makes a stage of its own"
        ),
    },
    reads=(
        "apigateway.MethodSettings.methodPath",
        "apigateway.MethodSettings.restApi",
        "apigateway.MethodSettings.settings",
        "apigateway.MethodSettings.stageName",
        "apigateway.Stage.restApi",
        "apigateway.Stage.stageName",
        "apigatewayv2.Api.target",
        "apigatewayv2.Stage.defaultRouteSettings",
        "apigatewayv2.Stage.routeSettings",
    ),
    passes={
        "a stage without limits: MethodSettings for */* give them to all its methods": _THROTTLED,
        "a second MethodSettings, for one method: its limits are lower": _STRICTER_METHOD,
        "a route that limits no bursts: for them the limit of its stage holds": _THROTTLED_HTTP,
    },
    fails={
        "has no settings that limit the requests to all its methods": _THROTTLED.without("settings"),
        "has no settings": _THROTTLED.but("settings", methodPath="v1/orders/POST"),
        "has no settings that": _THROTTLED.but("settings", stageName="prod"),
        "does not limit bursts of requests": _THROTTLED.but("settings", settings={"throttlingRateLimit": 5}),
        "lets 501 requests a second through, 500 are the most": _THROTTLED.but(
            "settings", settings={"throttlingRateLimit": 501, "throttlingBurstLimit": 1000}
        ),
        "lets bursts of 1001 requests through, 1000 are the most": _THROTTLED_HTTP.but(
            "stage", defaultRouteSettings={"throttlingRateLimit": 500, "throttlingBurstLimit": 1001}
        ),
        "does not limit the rate of requests for v1/orders/POST": _STRICTER_METHOD.but(
            "post", settings={"throttlingRateLimit": -1}
        ),
        "does not limit the rate of requests for GET /": _THROTTLED_HTTP.but(
            "stage", routeSettings=[{"routeKey": "GET /", "throttlingRateLimit": 0}]
        ),
        "has a quick-created stage, which does not limit requests": stack(
            resource(HTTP, "http", target=UNKNOWN)
        ),
    },
    settings=ThrottlingSettings,
)
def api_throttling(subject: Node, graph: Graph, settings: ThrottlingSettings) -> Iterator[str]:
    """Stages limit how many requests come through.

    One caller could otherwise use up the account's capacity, and its budget.
    """
    inputs = subject.inputs
    if subject.kind == HTTP:
        if is_quick(subject):
            yield "has a quick-created stage, which does not limit requests"
    elif subject.kind == "apigateway.MethodSettings":
        path = inputs.text("methodPath")
        yield from _limit_problems(path, inputs.block("settings"), settings, required=path == _WHOLE)
    elif subject.kind == "apigatewayv2.Stage":
        yield from _limit_problems("", inputs.block("defaultRouteSettings"), settings, required=True)
        yield from each(
            inputs.blocks("routeSettings"),
            lambda route: _limit_problems(route.text("routeKey"), route, settings, required=False),
        )
    elif not graph.matching("apigateway.MethodSettings", partial(_is_for_whole, subject, graph)):
        yield "has no settings that limit the requests to all its methods"


def _is_for_whole(stage: Node, graph: Graph, settings: Node) -> bool:
    """Tell whether MethodSettings are for all of *stage*, which they call by its name."""
    if settings.inputs.text("methodPath") != _WHOLE or api_of(settings, graph) != api_of(stage, graph):
        return False
    name = graph.origin(settings, "stageName", partial(settings.inputs.text, "stageName"), kinds=STAGES)
    return name == stage_name(stage) if isinstance(name, str) else name is stage


def _limit_problems(
    path: str, limits: Props, settings: ThrottlingSettings, *, required: bool
) -> Iterator[str]:
    """Judge the limits of a whole stage, or those that a part of it sets instead."""
    place = "" if path in ("", _WHOLE) else f" for {path}"
    rate, burst = limits.number("throttlingRateLimit"), limits.number("throttlingBurstLimit")
    if rate <= 0 and (required or limits.has("throttlingRateLimit")):
        yield f"does not limit the rate of requests{place}"
    if burst <= 0 and (required or limits.has("throttlingBurstLimit")):
        yield f"does not limit bursts of requests{place}"
    if rate > settings.maximum_rate:
        yield f"lets {rate:g} requests a second through{place}, {settings.maximum_rate:g} are the most"
    if burst > settings.maximum_burst:
        yield f"lets bursts of {burst:g} requests through{place}, {settings.maximum_burst} are the most"


_DEPLOYED: Final = stack(
    resource("apigateway.Deployment", "deployment", restApi=UNKNOWN, triggers={"redeployment": "5f3c"})
)


@resource_rule(
    severity=Severity.MEDIUM,
    findings=(),
    fixes={
        "apigateway.Deployment": 'triggers={"redeployment": hash_of_body_or_methods}',
    },
    reads=("apigateway.Deployment.triggers",),
    passes={
        "a trigger that changes with the API": _DEPLOYED,
        "a trigger unknown until the update: whatever it will be, it is one": _DEPLOYED.but(
            "deployment", triggers={"redeployment": UNKNOWN}
        ),
        "no deployment: an HTTP stage with autoDeploy deploys by itself": stack(
            resource("apigatewayv2.Stage", "stage", name="$default", autoDeploy=True)
        ),
    },
    fails={
        "is made once, whatever changes": _DEPLOYED.but("deployment", triggers=None),
        "is made once": _DEPLOYED.but("deployment", triggers={}),
    },
)
def api_redeploys(deployment: Node) -> Iterator[str]:
    """Each change of a REST API reaches its stages.

    A deployment is a snapshot; without triggers later methods, authorizers and limits never arrive.
    """
    if not deployment.inputs.count("triggers"):
        yield "is made once, whatever changes in its API: it has no triggers"
