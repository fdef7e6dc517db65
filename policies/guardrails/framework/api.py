"""APIs as rules see them: REST, HTTP and WebSocket APIs, and the resources that are parts of one."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Final

from guardrails.framework.errors import UndeterminedError, gravest
from guardrails.framework.graph import Graph
from guardrails.framework.node import Node

REST: Final = "apigateway.RestApi"
HTTP: Final = "apigatewayv2.Api"
REST_BODY: Final = "apigateway.RestApiPut"
"""An OpenAPI body that is a resource of its own."""
STAGES: Final = ("apigateway.Stage", "apigatewayv2.Stage")
PARTS: Final = {
    "apigateway.Deployment": "restApi",
    "apigateway.Method": "restApi",
    "apigateway.MethodSettings": "restApi",
    "apigateway.Resource": "restApi",
    REST_BODY: "restApiId",
    "apigateway.Stage": "restApi",
    "apigatewayv2.Deployment": "apiId",
    "apigatewayv2.Route": "apiId",
    "apigatewayv2.Stage": "apiId",
}
"""Kinds that belong to an API, and the property that names it."""

type Api = Node | str
"""An API of the stack, or the id of one outside it."""


def api_of(node: Node, graph: Graph) -> Api:
    """Return the API that a stage, method, … belongs to; that of an API is itself."""
    if node.kind in (REST, HTTP):
        return node
    prop = PARTS[node.kind]
    return api_named(node, prop, partial(node.inputs.text, prop), graph)


def api_named(node: Node, prop: str, read: Callable[[], str], graph: Graph) -> Api:
    """Return the API whose id *read* finds inside *prop*.

    An unknown id is proved if all that *prop* comes from is one API and its parts, such as a stage.

    Raises
    ------
    UndeterminedError
        The id is unknown, and may be that of another API.
    WrongSourceError
        All that it comes from has nothing to do with an API.
    """
    try:
        id_ = read()
    except UndeterminedError:
        found = apis_within(node, prop, graph)
        if not found:
            graph.expect(node, prop, graph.sources(node, prop), (REST, HTTP))
        if len(found) != 1:
            raise
        return found[0]
    return next((api for api in graph.of(REST, HTTP) if api.outputs.known_text("id") == id_), id_)


def apis_within(node: Node, prop: str, graph: Graph) -> list[Node]:
    """Return the APIs of the stack that values inside *prop* come from, by themselves or by their parts."""
    found: dict[str, Node] = {}
    waiting, seen = graph.sources(node, prop), set()
    while waiting:
        source = waiting.pop()
        if source.urn not in seen:
            seen.add(source.urn)
            if source.kind in (REST, HTTP):
                found[source.urn] = source
            elif source.kind in PARTS:
                waiting += graph.sources(source, PARTS[source.kind])
    return list(found.values())


def stages_of(api: Api, graph: Graph) -> list[Node]:
    """Return the stages of *api* that are part of the stack."""
    return [
        stage for kind in STAGES for stage in graph.matching(kind, lambda node: api_of(node, graph) == api)
    ]


def stage_name(stage: Node) -> str:
    """Return a stage's name."""
    return stage.inputs.text("stageName" if stage.kind == "apigateway.Stage" else "name")


def is_quick(api: Node) -> bool:
    """Tell whether AWS makes a route and a stage for an HTTP API by itself (quick create)."""
    return api.kind == HTTP and api.inputs.has("target")


def each[T](things: Iterable[T], judge: Callable[[T], Iterable[str]]) -> Iterator[str]:
    """Judge each of *things*, so that a doubt about one hides nothing about the others.

    Raises
    ------
    UndeterminedError
        One of them could not be judged; all others are through.
    """
    doubts = []
    for thing in things:
        try:
            yield from judge(thing)
        except UndeterminedError as doubt:
            doubts.append(doubt)
    if doubts:
        raise gravest(doubts)
