"""Rules on the paths of APIs."""

import re
from collections.abc import Iterator
from functools import partial
from typing import Annotated, Final

from msgspec import Meta

from guardrails.framework.api import (
    HTTP,
    REST,
    REST_BODY,
    Api,
    api_named,
    api_of,
    each,
    stage_name,
    stages_of,
)
from guardrails.framework.examples import UNKNOWN, resource, stack
from guardrails.framework.graph import Graph
from guardrails.framework.methods import Method, Route, methods_of
from guardrails.framework.node import Node
from guardrails.framework.rule import Settings, Severity, stack_rule

_MAPPINGS: Final = {
    "apigateway.BasePathMapping": ("restApi", "basePath"),
    "apigatewayv2.ApiMapping": ("apiId", "apiMappingKey"),
}
_OF_API: Final[dict[str, tuple[str, ...]]] = {"restApi": ("api",)}


class VersionedPathsSettings(Settings):
    """What a stack takes for a version."""

    pattern: Annotated[
        str,
        Meta(
            description="A regular expression for the whole first segment of a path.",
            extra_json_schema={"format": "regex"},
        ),
    ] = "v[0-9]+"

    def __post_init__(self) -> None:
        """Refuse what is no regular expression."""
        try:
            re.compile(self.pattern)
        except re.error as wrong:
            raise ValueError(f"the pattern is no regular expression: {wrong}") from None


_VERSIONED: Final = stack(
    resource("apigateway.RestApi", "api", name="shop-orders-dev"),
    resource(
        "apigateway.Resource",
        "v1",
        sources={**_OF_API, "parentId": ("api",)},
        restApi=UNKNOWN,
        parentId=UNKNOWN,
        pathPart="v1",
    ),
    resource(
        "apigateway.Resource",
        "orders",
        sources={**_OF_API, "parentId": ("v1",)},
        restApi=UNKNOWN,
        parentId=UNKNOWN,
        pathPart="orders",
    ),
    resource(
        "apigateway.Method",
        "get",
        sources={**_OF_API, "resourceId": ("orders",)},
        restApi=UNKNOWN,
        resourceId=UNKNOWN,
        httpMethod="GET",
    ),
)
_BY_STAGE: Final = stack(
    resource("apigateway.RestApi", "api", name="shop-orders-dev"),
    resource(
        "apigateway.Method",
        "get",
        sources={**_OF_API, "resourceId": ("api",)},
        restApi=UNKNOWN,
        resourceId=UNKNOWN,
        httpMethod="GET",
    ),
    resource("apigateway.Stage", "stage", sources=_OF_API, restApi=UNKNOWN, stageName="v1"),
)
_BY_MAPPING: Final = _BY_STAGE.but("stage", stageName="dev").plus(
    resource("apigateway.BasePathMapping", "mapping", sources=_OF_API, restApi=UNKNOWN, basePath="v1/shop")
)
_TOLD: Final = stack(resource(REST, "told", body={"openapi": "3.0.1", "paths": {"/v2/orders": {"get": {}}}}))
_PREPENDED: Final = stack(
    resource(
        REST,
        "told",
        parameters={"basepath": "prepend"},
        body={"swagger": "2.0", "basePath": "/v1", "paths": {"/orders": {"get": {}}}},
    )
)
_PUT: Final = stack(resource(REST_BODY, "put", body={"paths": {"/v1/orders": {"get": {}}}}))
_ROUTE: Final = stack(
    resource("apigatewayv2.Api", "http", protocolType="HTTP"),
    resource(
        "apigatewayv2.Route", "route", sources={"apiId": ("http",)}, apiId=UNKNOWN, routeKey="GET /v1/orders"
    ),
)
_MAPPED_ROUTE: Final = _ROUTE.plus(
    resource("apigatewayv2.Route", "all", sources={"apiId": ("http",)}, apiId=UNKNOWN, routeKey="$default"),
    resource(
        "apigatewayv2.ApiMapping", "mapping", sources={"apiId": ("http",)}, apiId=UNKNOWN, apiMappingKey="v1"
    ),
)


@stack_rule(
    severity=Severity.LOW,
    findings=("UA-9.1",),
    fixes={
        "apigateway.Method": (
            "v1 = aws.apigateway.Resource(\n"
            '    "v1", rest_api=api.id, parent_id=api.root_resource_id, path_part="v1"\n'
            ")  # above the resource of the method: parent_id=v1.id\n"
            '# or: aws.apigateway.BasePathMapping(..., base_path="v1")'
        ),
        REST: ('# in body:\n{"paths": {"/v1/orders": {"get": operation}}}'),
        REST_BODY: ('# in body:\n{"paths": {"/v1/orders": {"get": operation}}}'),
        HTTP: (
            'aws.apigatewayv2.Route("orders", api_id=api.id, route_key="GET /v1/orders", target=target)\n'
            '# instead of target= on the API; in its body: {"paths": {"/v1/orders": {"get": operation}}}'
        ),
        "apigatewayv2.Route": (
            'route_key="GET /v1/orders"\n# or: aws.apigatewayv2.ApiMapping(..., api_mapping_key="v1")'
        ),
    },
    reads=(
        "apigateway.BasePathMapping.basePath",
        "apigateway.BasePathMapping.restApi",
        "apigateway.Method.resourceId",
        "apigateway.Method.restApi",
        "apigateway.Resource.parentId",
        "apigateway.Resource.pathPart",
        "apigateway.RestApi.body",
        "apigateway.RestApi.parameters",
        "apigateway.RestApiPut.body",
        "apigateway.RestApiPut.parameters",
        "apigateway.Stage.restApi",
        "apigateway.Stage.stageName",
        "apigatewayv2.Api.body",
        "apigatewayv2.Api.protocolType",
        "apigatewayv2.Api.routeKey",
        "apigatewayv2.Api.target",
        "apigatewayv2.ApiMapping.apiId",
        "apigatewayv2.ApiMapping.apiMappingKey",
        "apigatewayv2.Route.apiId",
        "apigatewayv2.Route.routeKey",
        "apigatewayv2.Stage.apiId",
        "apigatewayv2.Stage.name",
    ),
    passes={
        "a method on /orders: the resource above is /v1": _VERSIONED,
        "a method on the root: the name of the stage is the version": _BY_STAGE,
        "a path without version: a base path puts v1 before it": _BY_MAPPING,
        "the paths of a body begin with /v2": _TOLD,
        "a body with the path /orders: its basePath /v1 is prepended": _PREPENDED,
        "the paths of RestApiPut begin with /v1": _PUT,
        "a route that begins with /v1": _ROUTE,
        "a $default route, which takes every path: its mapping puts v1 before it": _MAPPED_ROUTE,
    },
    fails={
        "has no version at the beginning of its path": _VERSIONED.but("v1", pathPart="shop"),
        "has no version at": _BY_STAGE.but("stage", stageName="dev"),
        "no version at the beginning": _BY_MAPPING.but("mapping", basePath="shop"),
        "has the method GET /orders, which has no version": _TOLD.but(
            "told", body={"paths": {"/orders": {"get": {}}, "/v1": {"get": {}}}}
        ),
        "the method GET /orders, which": _PREPENDED.but("told", parameters={"basepath": "ignore"}),
        "has no version": _ROUTE.but("route", routeKey="$default"),
        "has a quick-created route, which has no version": stack(resource(HTTP, "http", target=UNKNOWN)),
    },
    settings=VersionedPathsSettings,
)
def api_versioned_paths(subject: Node, graph: Graph, settings: VersionedPathsSettings) -> Iterator[str]:
    """Paths begin with the version of the API.

    Without one, nothing about an API can change before all its callers have.
    """

    def is_version(text: str) -> bool:
        return re.fullmatch(settings.pattern, text) is not None

    def problems(method: Method) -> Iterator[str]:
        if isinstance(method, Route) and method.is_message():
            return
        if any(map(is_version, method.segments()[:1])):
            return
        if not any(names and all(map(is_version, names)) for names in _carriers(method, graph)):
            yield f"{method.place}has no version at the beginning of its path"

    yield from each(methods_of(subject, graph), problems)


def _carriers(method: Method, graph: Graph) -> Iterator[list[str]]:
    """Yield what may stand before a method's path: the names of its API's stages, then of its mappings."""
    api = api_of(method.node, graph)
    yield [stage_name(stage) for stage in stages_of(api, graph)]
    mappings = [
        node.inputs.text(key)
        for kind, (prop, key) in _MAPPINGS.items()
        for node in graph.matching(kind, partial(_maps, api, prop, graph))
    ]
    yield [mapping.strip("/").split("/")[0] for mapping in mappings]


def _maps(api: Api, prop: str, graph: Graph, mapping: Node) -> bool:
    return api_named(mapping, prop, partial(mapping.inputs.text, prop), graph) == api
