"""An OpenAPI document as API Gateway reads it: operations with their validators, authorizers, integrations.

Facts: "x-amazon-apigateway-* - OpenAPI extensions for API Gateway" and "Amazon API Gateway important notes".
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from local.front.errors import FrontError
from local.front.schemas import Model
from local.provider.api_documents import ANY, METHODS

_EXTENSION = "x-amazon-apigateway-"
LONGEST_MILLISECONDS = 29_000
"""The integration timeout, unless the document asks for less ("Quotas for … a REST API in API Gateway")."""


@dataclass(frozen=True, kw_only=True)
class Integration:
    """What answers an operation."""

    type: str
    uri: str = ""
    timeout: float = LONGEST_MILLISECONDS / 1000
    template: str = ""
    responses: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Authorizer:
    """An authorizer: of type `cognito_user_pools` with the ARNs of pools, which may hold stage variables."""

    type: str
    header: str
    providers: tuple[str, ...]
    audience: str = ""
    """A regular expression for the audience of identity tokens."""


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One method of a resource; `parameters` are the required ones, by where they stand."""

    method: str
    resource: str
    integration: Integration
    parameters: tuple[tuple[str, str], ...] = ()
    models: Mapping[str, Model] = field(default_factory=dict)
    validates_body: bool = False
    validates_parameters: bool = False
    authorizer: Authorizer | None = None
    scopes: tuple[str, ...] = ()
    needs_key: bool = False


@dataclass(frozen=True, kw_only=True)
class Document:
    """A whole document."""

    operations: tuple[Operation, ...]
    responses: Mapping[str, Any]
    """Gateway responses by type."""
    binary: tuple[str, ...]


def parse_document(document: Mapping[str, Any]) -> Document:
    """Read a document.

    Raises
    ------
    FrontError
        Something that an operation needs is missing; API Gateway would not have imported it.
    """
    operations = [
        _operation(document, path, item, verb)
        for path, item in document["paths"].items()
        for verb in METHODS
        if verb in item
    ]
    return Document(
        operations=tuple(operations),
        responses=document.get(f"{_EXTENSION}gateway-responses") or {},
        binary=tuple(document.get(f"{_EXTENSION}binary-media-types") or ()),
    )


def _operation(document: Mapping[str, Any], path: str, item: Mapping[str, Any], verb: str) -> Operation:
    given = item[verb]
    where = f"{verb.upper()} {path}"
    validator = _validator(document, given, where)
    authorizer, scopes, needs_key = _security(document, given, where)
    return Operation(
        method="ANY" if verb == ANY else verb.upper(),
        resource=path,
        integration=_integration(given, where),
        parameters=tuple(_required(document, item, given)),
        models=dict(_models(document, given)),
        validates_body=bool(validator.get("validateRequestBody")),
        validates_parameters=bool(validator.get("validateRequestParameters")),
        authorizer=authorizer,
        scopes=scopes,
        needs_key=needs_key,
    )


def _validator(document: Mapping[str, Any], given: Mapping[str, Any], where: str) -> Mapping[str, Any]:
    name = given.get(f"{_EXTENSION}request-validator") or document.get(f"{_EXTENSION}request-validator")
    if not name:
        return {}
    known = document.get(f"{_EXTENSION}request-validators") or {}
    if name not in known:
        raise FrontError(f"{where}: there is no request validator {name!r}")
    return dict(known[name])


def _integration(given: Mapping[str, Any], where: str) -> Integration:
    found = given.get(f"{_EXTENSION}integration")
    if not found:
        raise FrontError(f"{where} has no integration")
    templates = found.get("requestTemplates") or {}
    return Integration(
        type=str(found.get("type", "")).lower(),
        uri=found.get("uri", ""),
        timeout=min(found.get("timeoutInMillis") or LONGEST_MILLISECONDS, LONGEST_MILLISECONDS) / 1000,
        template=templates.get("application/json", ""),
        responses=found.get("responses") or {},
    )


def _required(
    document: Mapping[str, Any], item: Mapping[str, Any], given: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    """Yield place and name of each required parameter: API Gateway looks at nothing else of them."""
    for one in [*(item.get("parameters") or []), *(given.get("parameters") or [])]:
        parameter = resolve(document, one)
        if parameter.get("required") and parameter.get("in") in ("path", "query", "header"):
            place = "querystring" if parameter["in"] == "query" else parameter["in"]
            yield place, parameter["name"]


def _models(document: Mapping[str, Any], given: Mapping[str, Any]) -> Iterator[tuple[str, Model]]:
    body = resolve(document, given.get("requestBody") or {})
    for kind, content in (body.get("content") or {}).items():
        if "schema" in content:
            yield kind.lower(), Model(content["schema"], document.get("components") or {})


def _security(
    document: Mapping[str, Any], given: Mapping[str, Any], where: str
) -> tuple[Authorizer | None, tuple[str, ...], bool]:
    wanted = given.get("security", document.get("security")) or []
    schemes = (document.get("components") or {}).get("securitySchemes") or {}
    authorizer, scopes, needs_key = None, (), False
    for name, listed in ((name, listed) for one in wanted for name, listed in one.items()):
        if name not in schemes:
            raise FrontError(f"{where}: there is no security scheme {name!r}")
        scheme = schemes[name]
        if f"{_EXTENSION}authorizer" in scheme or f"{_EXTENSION}authtype" in scheme:
            authorizer, scopes = _authorizer(scheme), tuple(listed)
        elif scheme.get("name", "").lower() == "x-api-key":
            needs_key = True
    return authorizer, scopes, needs_key


def _authorizer(scheme: Mapping[str, Any]) -> Authorizer:
    found = scheme.get(f"{_EXTENSION}authorizer") or {}
    kind = found.get("type") or scheme.get(f"{_EXTENSION}authtype", "")
    source = str(found.get("identitySource") or "").removeprefix("method.request.header.")
    return Authorizer(
        type=str(kind).lower(),
        header=source or scheme.get("name", "Authorization"),
        providers=tuple(found.get("providerARNs") or ()),
        audience=found.get("identityValidationExpression", ""),
    )


def resolve(document: Mapping[str, Any], one: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a reference within the document stands for, anything else as it is."""
    if "$ref" not in one:
        return one
    found: Any = document
    for part in str(one["$ref"]).removeprefix("#/").split("/"):
        found = found[part.replace("~1", "/").replace("~0", "~")]
    return dict(found)
