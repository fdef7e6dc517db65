"""Methods as rules see them, one view of all: resources, operations of an OpenAPI body, function URLs."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final, override

from guardrails.framework.api import HTTP, REST, REST_BODY, api_of, is_quick
from guardrails.framework.errors import UndeterminedError
from guardrails.framework.graph import Graph
from guardrails.framework.node import Node
from guardrails.framework.openapi import OpenApi, Operation, says_something

_AUTHORIZERS: Final = ("apigateway.Authorizer", "apigatewayv2.Authorizer")


class Method(ABC):
    """Something that can be called. `place` begins a sentence about it that completes "<resource> …"."""

    place = ""

    def __init__(self, node: Node, graph: Graph) -> None:
        self.node = node
        self.graph = graph

    def verb(self) -> str:
        """Return the HTTP method in capitals, ANY for all."""
        return "ANY"

    def _names_authorizer(self) -> bool:
        read = partial(self.node.inputs.text, "authorizerId")
        return bool(self.graph.origin(self.node, "authorizerId", read, kinds=_AUTHORIZERS))

    @abstractmethod
    def asks_authorizer(self) -> bool:
        """Tell whether callers are told apart by an authorizer or by IAM."""

    def asks_api_key(self) -> bool:
        """Tell whether callers need an API key."""
        return False

    def segments(self) -> list[str]:
        """Return the path's segments."""
        return []

    def validates_body(self) -> bool:
        """Tell whether a request validator looks at bodies."""
        return False

    def has_model(self) -> bool:
        """Tell whether bodies have a model that says something."""
        return False


class RestMethod(Method):
    """A Method resource of a REST API."""

    @override
    def verb(self) -> str:
        return self.node.inputs.text("httpMethod").upper()

    @override
    def asks_authorizer(self) -> bool:
        kind = self.node.inputs.text("authorization").upper()
        return kind == "AWS_IAM" or (kind not in ("", "NONE") and self._names_authorizer())

    @override
    def asks_api_key(self) -> bool:
        return self.node.inputs.flag("apiKeyRequired")

    @override
    def segments(self) -> list[str]:
        found: list[str] = []
        seen = {self.node.urn}
        above = self._above(self.node, "resourceId")
        while above:
            if above.urn in seen:
                raise UndeterminedError(f"{above} is its own parent")
            seen.add(above.urn)
            found.insert(0, above.inputs.text("pathPart"))
            above = self._above(above, "parentId")
        return found

    def _above(self, node: Node, prop: str) -> Node | None:
        """Return the Resource that *prop* names, None if that is the API's root."""
        kinds = (REST, "apigateway.Resource")
        found = self.graph.origin(node, prop, partial(node.inputs.text, prop), kinds=kinds)
        if isinstance(found, str):
            if any(api.outputs.known_text("rootResourceId") == found for api in self.graph.of(REST)):
                return None
            named = self.graph.named(found, "apigateway.Resource", near=node)
            if named is None:
                raise UndeterminedError(f"what {node} stands below is not part of this stack")
            return named
        return None if found.kind == REST else found

    @override
    def validates_body(self) -> bool:
        if not self.node.inputs.has("requestValidatorId"):
            return False
        validator = self.graph.target(self.node, "requestValidatorId", kinds=("apigateway.RequestValidator",))
        if validator is None:
            raise UndeterminedError("its request validator is not part of this stack")
        return validator.inputs.flag("validateRequestBody")

    @override
    def has_model(self) -> bool:
        models = self.node.inputs.block("requestModels")
        return bool(models.keys()) and all(self._says(partial(models.text, kind)) for kind in models.keys())  # noqa: SIM118

    def _says(self, read: Callable[[], str]) -> bool:
        found = self.graph.origin(self.node, "requestModels", read, kinds=("apigateway.Model",))
        if isinstance(found, str):
            named = [
                model
                for model in self.graph.of("apigateway.Model")
                if model.inputs.known_text("name") == found
            ]
            narrow = not named or any(says_something(model.inputs.document("schema")) for model in named)
            return found not in ("", "Empty") and narrow
        return says_something(found.inputs.document("schema"))


class Route(Method):
    """A Route resource of an HTTP or WebSocket API."""

    @override
    def verb(self) -> str:
        return self.node.inputs.text("routeKey").split(" ")[0].upper()

    @override
    def asks_authorizer(self) -> bool:
        kind = self.node.inputs.text("authorizationType").upper()
        return kind == "AWS_IAM" or (kind not in ("", "NONE") and self._names_authorizer())

    @override
    def asks_api_key(self) -> bool:
        return self.node.inputs.flag("apiKeyRequired") and self._over_websocket()

    @override
    def segments(self) -> list[str]:
        return self.node.inputs.text("routeKey").partition(" ")[2].strip("/").split("/")

    def is_message(self) -> bool:
        """Tell whether the route takes messages of a WebSocket, which only `$connect` can guard."""
        key = self.node.inputs.text("routeKey")
        if key == "$default":
            return self._over_websocket()
        return key != "$connect" and " " not in key

    def _over_websocket(self) -> bool:
        api = api_of(self.node, self.graph)
        return isinstance(api, Node) and api.inputs.text("protocolType") == "WEBSOCKET"


class BodyMethod(Method):
    """An operation in the OpenAPI body of an API."""

    def __init__(self, node: Node, graph: Graph, operation: Operation, base: str) -> None:
        super().__init__(node, graph)
        self._operation = operation
        self._base = base
        self.place = f"has the method {operation.verb} {operation.path}, which "

    @override
    def verb(self) -> str:
        return self._operation.verb

    @override
    def asks_authorizer(self) -> bool:
        return self._operation.asks_authorizer()

    @override
    def asks_api_key(self) -> bool:
        return self.node.kind != HTTP and self._operation.asks_api_key()

    @override
    def segments(self) -> list[str]:
        path = (self._base + self._operation.path).strip("/")
        return path.split("/") if path else []

    @override
    def validates_body(self) -> bool:
        return self._operation.validates_body()

    @override
    def has_model(self) -> bool:
        return self._operation.has_model()


class QuickRoute(Method):
    """The route that AWS makes for an HTTP API with a `target`."""

    place = "has a quick-created route, which "

    @override
    def asks_authorizer(self) -> bool:
        return False

    @override
    def segments(self) -> list[str]:
        return self.node.inputs.text("routeKey").partition(" ")[2].strip("/").split("/")


class FunctionUrl(Method):
    """A function's own URL."""

    @override
    def asks_authorizer(self) -> bool:
        return self.node.inputs.text("authorizationType") == "AWS_IAM"


def methods_of(node: Node, graph: Graph) -> Iterator[Method]:
    """Yield the methods that *node* declares by itself: one, or those of its body."""
    if node.kind == "apigateway.Method":
        yield RestMethod(node, graph)
    elif node.kind == "apigatewayv2.Route":
        yield Route(node, graph)
    elif node.kind == "lambda.FunctionUrl":
        yield FunctionUrl(node, graph)
    elif node.kind in (REST, REST_BODY, HTTP):
        if is_quick(node):
            yield QuickRoute(node, graph)
        document = OpenApi.of(node.inputs, "body")
        base = document.base_path() if _prepends(node) else ""
        for operation in document.operations():
            yield BodyMethod(node, graph, operation, base)


def _prepends(api: Node) -> bool:
    return api.kind != HTTP and api.inputs.block("parameters").text("basepath") == "prepend"
