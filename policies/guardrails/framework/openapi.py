"""OpenAPI documents as API Gateway imports them: versions 2 and 3, JSON or YAML, with Amazon's extensions."""

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

import yaml

from guardrails.framework.errors import UndeterminedError, gravest
from guardrails.framework.props import Props

_VERBS: Final = {
    **{verb: verb.upper() for verb in ("get", "put", "post", "delete", "options", "head", "patch")},
    "x-amazon-apigateway-any-method": "ANY",
}
_AUTHORIZER: Final = "x-amazon-apigateway-authorizer"
_INTEGRATION: Final = "x-amazon-apigateway-integration"
_SAYS_NOTHING: Final = {"$schema", "id", "title", "description", "example", "default", "type"}
_TAG_ERRORS: Final = (RecursionError, LookupError, AttributeError, TypeError, OverflowError)
"""What PyYAML lets through for text that is nested too deep, or does not fit its tag, such as `!!bool x`."""
_MAX_DEPTH: Final = 100
_MAX_SIZE: Final = 200_000
_MAX_HOPS: Final = 20


def says_something(schema: Props) -> bool:
    """Tell whether a JSON schema narrows what it describes; the built-in model `Empty` does not."""
    return bool(set(schema.keys()) - _SAYS_NOTHING)


class OpenApi:
    """A document. Any reader raises `UndeterminedError` for what is unknown or is not OpenAPI."""

    def __init__(self, root: Props) -> None:
        self.root = root

    @classmethod
    def of(cls, holder: Props, key: str) -> "OpenApi":
        """Return the document at *key*: JSON or YAML text, or an object; an empty one if absent."""
        return cls(holder.document(key, parse_markup))

    def operations(self) -> Iterator["Operation"]:
        """Yield every operation; what is wrong with a path is raised after the others are through."""
        doubts = []
        paths = self.root.block("paths")
        for path in [path for path in paths.keys() if not path.startswith("x-")]:  # noqa: SIM118
            try:
                item = self.resolved(paths.block(path))
                verbs = [verb for verb in item.keys() if verb in _VERBS]  # noqa: SIM118
            except UndeterminedError as doubt:
                doubts.append(doubt)
                verbs = []
            for verb in verbs:
                yield Operation(self, path, item, verb)
        if doubts:
            raise gravest(doubts)

    def base_path(self) -> str:
        """Return the path that a host serves the document under, empty if there is none."""
        servers = self.root.blocks("servers")
        default = servers[0].block("variables").block("basePath").text("default") if servers else ""
        base = (self.root.text("basePath") or default).strip("/")
        return f"/{base}" if base else ""

    def resolved(self, value: Props) -> Props:
        """Return what *value* refers to by `$ref`, itself if it is no reference."""
        for _ in range(_MAX_HOPS):
            if "$ref" not in value.keys():  # noqa: SIM118  Props is no mapping
                return value
            reference = value.text("$ref")
            if not reference.startswith("#/"):
                raise UndeterminedError(f"{value.place} refers to something outside the document")
            value = self.root
            for step in reference[2:].split("/"):
                value = value.block(step.replace("~1", "/").replace("~0", "~"))
        raise UndeterminedError(f"{value.place} refers to itself")

    def scheme(self, name: str) -> Props:
        """Return a security scheme, an empty object if it is not defined."""
        schemes = self.root.block("components").block("securitySchemes")
        return self.resolved(
            (schemes if schemes.has(name) else self.root.block("securityDefinitions")).block(name)
        )

    def gateway_responses(self) -> list[tuple[str, Props]]:
        """Return the parameters of each answer that API Gateway gives by itself, by its type."""
        answers = self.root.block("x-amazon-apigateway-gateway-responses")
        return [(kind, answers.block(kind).block("responseParameters")) for kind in answers.keys()]  # noqa: SIM118


class Operation:
    """One method of a document."""

    def __init__(self, document: OpenApi, path: str, item: Props, verb: str) -> None:
        self._document = document
        self._item = item
        self._key = verb
        self.path = path
        self.verb = _VERBS[verb]

    @property
    def _props(self) -> Props:
        return self._item.block(self._key)

    def asks_authorizer(self) -> bool:
        """Tell whether each way in goes by an authorizer or by IAM.

        API Gateway does not read the `security` of the whole document, only that of operations.
        """
        if self._props.block("x-amazon-apigateway-auth").text("type").upper() == "AWS_IAM":
            return True
        return self._each_way_in(self._is_authorizer)

    def asks_api_key(self) -> bool:
        """Tell whether each way in that has no authorizer asks for an API key."""
        return self._each_way_in(lambda scheme: self._is_authorizer(scheme) or _is_api_key(scheme))

    def validates_body(self) -> bool:
        """Tell whether the operation has a request validator that looks at bodies."""
        key = "x-amazon-apigateway-request-validator"
        name = self._props.text(key) or self._document.root.text(key)
        validators = self._document.root.block(f"{key}s")
        return bool(name) and validators.block(name).flag("validateRequestBody")

    def has_model(self) -> bool:
        """Tell whether every body that the operation takes has a schema that says something."""
        body = self._document.resolved(self._props.block("requestBody"))
        content = body.block("content")
        schemas = [content.block(kind).block("schema") for kind in content.keys()]  # noqa: SIM118
        parameters = [*self._item.blocks("parameters"), *self._props.blocks("parameters")]
        for parameter in map(self._document.resolved, parameters):
            if parameter.text("in") == "body":
                schemas.append(parameter.block("schema"))
        return bool(schemas) and all(says_something(self._document.resolved(schema)) for schema in schemas)

    def answers(self) -> list[tuple[str, Props]]:
        """Return the parameters of each response of the integration, by its pattern."""
        found = self._props.block(_INTEGRATION).block("responses")
        return [(pattern, found.block(pattern).block("responseParameters")) for pattern in found.keys()]  # noqa: SIM118

    def _each_way_in(self, guards: Any) -> bool:
        ways = self._props.blocks("security")
        return bool(ways) and all(
            any(guards(self._document.scheme(name)) for name in way.keys())  # noqa: SIM118
            for way in ways
        )

    @staticmethod
    def _is_authorizer(scheme: Props) -> bool:
        return scheme.sets(_AUTHORIZER) or scheme.text("x-amazon-apigateway-authtype").lower() == "awssigv4"


def _is_api_key(scheme: Props) -> bool:
    return scheme.text("type") == "apiKey" and scheme.text("name").lower() == "x-api-key"


def parse_markup(text: str) -> Any:
    """Return what JSON or YAML *text* says, with text for keys.

    Raises
    ------
    ValueError
        It is neither, is nested too deep, or grows too big by aliases.
    """
    parsed, problem = _parsed(text)
    if problem:
        raise ValueError(problem)
    return parsed


@lru_cache(maxsize=64)
def _parsed(text: str) -> tuple[Any, str]:
    """Return what *text* says and what is wrong with it: several rules read each body."""
    try:
        return _Copy().of(_loaded(text), 0), ""
    except ValueError as wrong:
        return None, str(wrong)
    except (yaml.YAMLError, *_TAG_ERRORS):
        return None, "neither JSON nor YAML"


def _loaded(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return yaml.load(text, Loader=_ShallowLoader)  # noqa: S506  a safe loader


class _ShallowLoader(yaml.SafeLoader):
    """Gives up early on what is nested too deep, for which PyYAML's time grows with the square."""

    _depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise ValueError("nested too deep")
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


class _Copy:
    """Copies what a YAML loader made; aliases may hide cycles, and gigabytes in a kilobyte."""

    def __init__(self) -> None:
        self._left = _MAX_SIZE

    def of(self, value: Any, depth: int) -> Any:
        self._left -= 1
        if depth > _MAX_DEPTH or self._left < 0:
            raise ValueError("nested too deep or too big")
        if isinstance(value, dict):
            return {str(key): self.of(inner, depth + 1) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.of(inner, depth + 1) for inner in value]
        return value
