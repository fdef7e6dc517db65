"""Who may call an API, however its methods are declared: resources, an OpenAPI body, a function URL."""

from collections.abc import Iterator
from functools import partial
from typing import Any, Final

from guardrails.framework.api import (
    HTTP,
    REST,
    REST_BODY,
    Api,
    api_named,
    api_of,
    apis_within,
    each,
    stage_name,
    stages_of,
)
from guardrails.framework.examples import UNKNOWN, Sample, resource, stack
from guardrails.framework.graph import Graph
from guardrails.framework.methods import Method, Route, methods_of
from guardrails.framework.node import Node
from guardrails.framework.rule import Severity, stack_rule

_API: Final = resource("apigateway.RestApi", "api", name="shop-orders-dev")
_OF_API: Final[dict[str, tuple[str, ...]]] = {"restApi": ("api",)}


def _method(name: str, **inputs: Any) -> Sample:
    return resource("apigateway.Method", name, sources=_OF_API, restApi=UNKNOWN, **inputs)


def _document(**operation: Any) -> dict[str, Any]:
    return {
        "openapi": "3.0.1",
        "paths": {"/v1/orders": {"post": operation}},
        "components": {
            "securitySchemes": {
                "staff": {"type": "apiKey", "x-amazon-apigateway-authorizer": {"type": "token"}},
                "key": {"type": "apiKey", "name": "x-api-key", "in": "header"},
            }
        },
    }


_GUARDED: Final = stack(
    _API,
    _method("post", httpMethod="POST", authorization="CUSTOM", authorizerId=UNKNOWN),
    _method("preflight", httpMethod="OPTIONS", authorization="NONE"),
    resource("apigateway.Authorizer", "staff", name="staff"),
).traced("post", authorizerId=("staff",))
_KEYED: Final = stack(
    _API,
    _method("post", httpMethod="POST", authorization="NONE", apiKeyRequired=True),
    resource("apigateway.Stage", "stage", sources=_OF_API, restApi=UNKNOWN, stageName="dev"),
    resource(
        "apigateway.UsagePlan",
        "plan",
        sources={"apiStages": ("api", "stage")},
        apiStages=[{"apiId": UNKNOWN, "stage": "dev"}],
    ),
)
_GUARDED_ROUTE: Final = stack(
    resource("apigatewayv2.Api", "http", protocolType="HTTP"),
    resource(
        "apigatewayv2.Route",
        "route",
        sources={"apiId": ("http",), "authorizerId": ("staff",)},
        apiId=UNKNOWN,
        routeKey="POST /v1/orders",
        authorizationType="JWT",
        authorizerId=UNKNOWN,
    ),
    resource("apigatewayv2.Authorizer", "staff", name="staff"),
)
_SOCKET: Final = stack(
    resource("apigatewayv2.Api", "socket", protocolType="WEBSOCKET"),
    resource(
        "apigatewayv2.Route",
        "route",
        sources={"apiId": ("socket",)},
        apiId=UNKNOWN,
        routeKey="$default",
        authorizationType="NONE",
    ),
)
_GUARDED_BODY: Final = stack(_API, resource(REST, "told", body=_document(security=[{"staff": []}])))


@stack_rule(
    severity=Severity.CRITICAL,
    findings=("CC-SEC-1", "UA-1.2"),
    fixes={
        "apigateway.Method": (
            'authorization="COGNITO_USER_POOLS", authorizer_id=authorizer.id\n'
            "# or by keys: api_key_required=True on the method, and\n"
            '# aws.apigateway.UsagePlan("web", api_stages=[{"api_id": api.id, "stage": stage.stage_name}])'
        ),
        REST: (
            "# in body, on each operation (API Gateway reads no other place):\n"
            '{"security": [{"users": []}]}\n'
            "# and in components:\n"
            '{"securitySchemes": {"users": {\n'
            '    "type": "apiKey", "name": "Authorization", "in": "header",\n'
            '    "x-amazon-apigateway-authtype": "cognito_user_pools",\n'
            '    "x-amazon-apigateway-authorizer": {\n'
            '        "type": "cognito_user_pools", "providerARNs": [pool.arn]}}}}'
        ),
        REST_BODY: (
            "# in body, on each operation (API Gateway reads no other place):\n"
            '{"security": [{"users": []}]}\n'
            "# and in components:\n"
            '{"securitySchemes": {"users": {\n'
            '    "type": "apiKey", "name": "Authorization", "in": "header",\n'
            '    "x-amazon-apigateway-authtype": "cognito_user_pools",\n'
            '    "x-amazon-apigateway-authorizer": {\n'
            '        "type": "cognito_user_pools", "providerARNs": [pool.arn]}}}}'
        ),
        HTTP: (
            "aws.apigatewayv2.Route(\n"
            '    "orders", api_id=api.id, route_key="GET /orders", target=target,\n'
            '    authorization_type="JWT", authorizer_id=authorizer.id,\n'
            ')  # instead of target= on the API; in its body: "security" on each operation'
        ),
        "apigatewayv2.Route": 'authorization_type="JWT", authorizer_id=authorizer.id',
        "lambda.FunctionUrl": 'authorization_type="AWS_IAM"',
    },
    reads=(
        "apigateway.Method.apiKeyRequired",
        "apigateway.Method.authorization",
        "apigateway.Method.authorizerId",
        "apigateway.Method.httpMethod",
        "apigateway.Method.restApi",
        "apigateway.RestApi.body",
        "apigateway.RestApi.parameters",
        "apigateway.RestApiPut.body",
        "apigateway.RestApiPut.parameters",
        "apigateway.Stage.restApi",
        "apigateway.Stage.stageName",
        "apigateway.UsagePlan.apiStages",
        "apigatewayv2.Api.body",
        "apigatewayv2.Api.protocolType",
        "apigatewayv2.Api.target",
        "apigatewayv2.Route.apiId",
        "apigatewayv2.Route.apiKeyRequired",
        "apigatewayv2.Route.authorizationType",
        "apigatewayv2.Route.authorizerId",
        "apigatewayv2.Route.routeKey",
        "lambda.FunctionUrl.authorizationType",
    ),
    passes={
        "an OPTIONS method without authorizer: browsers ask it before they send credentials": _GUARDED,
        "authorization NONE: it asks for an API key, and a usage plan covers its stage": _KEYED,
        "a route with an authorizer": _GUARDED_ROUTE,
        "authorization NONE of $default: a WebSocket has let its caller in by $connect": _SOCKET,
        "an API without methods: its body has them, with an authorizer": _GUARDED_BODY,
        "no API at all: RestApiPut gives it its body, with an authorizer": stack(
            resource(REST_BODY, "put", body=_document(security=[{"staff": []}]))
        ),
        "a function URL, which anybody may find: it asks for credentials of IAM": stack(
            resource("lambda.FunctionUrl", "url", authorizationType="AWS_IAM")
        ),
    },
    fails={
        "asks neither for an authorizer nor for an API key": _GUARDED.but("post", authorization="NONE"),
        "neither for an authorizer": _GUARDED.but("post", authorizerId=None),
        "but no usage plan covers the stage dev": _KEYED.without("plan"),
        "but no usage plan covers": _KEYED.but("plan", apiStages=[{"apiId": "other", "stage": "dev"}]),
        "nor for an API key": _GUARDED_ROUTE.but("route", authorizationType=None),
        "has the method POST /v1/orders, which asks neither": _GUARDED_BODY.but(
            "told", body={**_document(), "security": [{"staff": []}]}
        ),
        "method POST /v1/orders, which asks": _GUARDED_BODY.but(
            "told", body=_document(security=[{"staff": []}, {}])
        ),
        "has a quick-created route": stack(resource(HTTP, "http", target=UNKNOWN)),
        "for an API key": stack(resource("lambda.FunctionUrl", "url", authorizationType="NONE")),
    },
)
def api_authorization(subject: Node, graph: Graph) -> Iterator[str]:
    """Every method but OPTIONS asks for an authorizer, or for an API key on a usage plan.

    Whoever finds the address of an open method may call it, read its data and spend its money.
    """
    yield from each(methods_of(subject, graph), _authorization_problems)


def _authorization_problems(method: Method) -> Iterator[str]:
    if method.asks_authorizer() or method.verb() == "OPTIONS" or _is_message(method):
        return
    if not method.asks_api_key():
        yield f"{method.place}asks neither for an authorizer nor for an API key"
        return
    api = api_of(method.node, method.graph)
    names = [stage_name(stage) for stage in stages_of(api, method.graph)]
    for name in names or [""]:
        if not method.graph.matching("apigateway.UsagePlan", partial(_covers, api, name, method.graph)):
            place = f"the stage {name}" if name else "its API"
            yield f"{method.place}asks for an API key, but no usage plan covers {place}"


def _is_message(method: Method) -> bool:
    """Tell whether a method is a WebSocket's message: `$connect` has let the caller in before."""
    return isinstance(method, Route) and method.is_message()


def _covers(api: Api, name: str, graph: Graph, plan: Node) -> bool:
    """Tell whether a usage plan is for the stage *name* of *api*, or for any without a name."""
    within = apis_within(plan, "apiStages", graph)
    covered = plan.inputs.blocks("apiStages")
    for each_stage in covered:
        if name in ("", each_stage.text("stage")):
            several = len(covered) >= len(within) > 1 and each_stage.is_unknown("apiId")
            if several and api in within:
                return True
            if api_named(plan, "apiStages", partial(each_stage.text, "apiId"), graph) == api:
                return True
    return False
