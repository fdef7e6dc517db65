"""What an API lets through to its functions."""

from collections.abc import Iterator
from typing import Final

from guardrails.framework.api import REST, REST_BODY, each
from guardrails.framework.examples import UNKNOWN, resource, stack
from guardrails.framework.graph import Graph
from guardrails.framework.methods import Method, methods_of
from guardrails.framework.node import Node
from guardrails.framework.rule import Severity, stack_rule

_OF_API: Final[dict[str, tuple[str, ...]]] = {"restApi": ("api",)}
_VALIDATED: Final = stack(
    resource("apigateway.RestApi", "api", name="shop-orders-dev"),
    resource(
        "apigateway.RequestValidator", "check", sources=_OF_API, restApi=UNKNOWN, validateRequestBody=True
    ),
    resource(
        "apigateway.Model",
        "order",
        sources=_OF_API,
        restApi=UNKNOWN,
        name="Order",
        schema='{"type": "object", "required": ["customer"]}',
    ),
    resource(
        "apigateway.Method",
        "post",
        sources={**_OF_API, "requestValidatorId": ("check",)},
        restApi=UNKNOWN,
        httpMethod="POST",
        requestValidatorId=UNKNOWN,
        requestModels={"application/json": "Order"},
    ),
    resource("apigateway.Method", "get", sources=_OF_API, restApi=UNKNOWN, httpMethod="GET"),
)
_SCHEMA: Final = {"type": "object", "properties": {"customer": {"type": "string"}}}
_VALIDATED_BODY: Final = stack(
    resource(
        REST,
        "told",
        body={
            "x-amazon-apigateway-request-validator": "all",
            "x-amazon-apigateway-request-validators": {"all": {"validateRequestBody": True}},
            "paths": {
                "/orders": {"post": {"requestBody": {"content": {"application/json": {"schema": _SCHEMA}}}}}
            },
        },
    )
)
_PUT: Final = stack(resource(REST_BODY, "put", body=_VALIDATED_BODY.samples[0].inputs["body"]))


@stack_rule(
    severity=Severity.MEDIUM,
    findings=("OP-7.2", "UA-6.1"),
    fixes={
        "apigateway.Method": (
            "request_validator_id=aws.apigateway.RequestValidator(\n"
            '    "all", rest_api=api.id, validate_request_body=True, validate_request_parameters=True,\n'
            ").id,\n"
            'request_models={"application/json": model.name}'
        ),
        REST_BODY: (
            "# at the top of body:\n"
            '{"x-amazon-apigateway-request-validator": "all",\n'
            ' "x-amazon-apigateway-request-validators": {\n'
            '     "all": {"validateRequestBody": True, "validateRequestParameters": True}}}\n'
            "# and in each operation that takes a body:\n"
            '{"requestBody": {"content": {"application/json": {\n'
            '    "schema": {"$ref": "#/components/schemas/Order"}}}}}'
        ),
        REST: (
            "# at the top of body:\n"
            '{"x-amazon-apigateway-request-validator": "all",\n'
            ' "x-amazon-apigateway-request-validators": {\n'
            '     "all": {"validateRequestBody": True, "validateRequestParameters": True}}}\n'
            "# and in each operation that takes a body:\n"
            '{"requestBody": {"content": {"application/json": {\n'
            '    "schema": {"$ref": "#/components/schemas/Order"}}}}}'
        ),
    },
    reads=(
        "apigateway.Method.httpMethod",
        "apigateway.Method.requestModels",
        "apigateway.Method.requestValidatorId",
        "apigateway.Model.schema",
        "apigateway.RequestValidator.validateRequestBody",
        "apigateway.RestApi.body",
        "apigateway.RestApi.parameters",
        "apigateway.RestApiPut.body",
        "apigateway.RestApiPut.parameters",
    ),
    passes={
        "a GET without model and validator: it takes no body": _VALIDATED,
        "an operation without validator: the body names one for all of them": _VALIDATED_BODY,
        "no API at all: RestApiPut gives it its body, with a validator for all": _PUT,
    },
    fails={
        "takes bodies that no request validator looks at": _VALIDATED.but("post", requestValidatorId=None),
        "that no request validator": _VALIDATED.but("check", validateRequestBody=False),
        "takes bodies without a model": _VALIDATED.but("post", requestModels=None),
        "bodies without a model": _VALIDATED.but("post", requestModels={"application/json": "Empty"}),
        "without a model": _VALIDATED.but("order", schema="{}"),
        "has the method POST /orders, which takes bodies without a model": _VALIDATED_BODY.but(
            "told",
            body={
                "x-amazon-apigateway-request-validator": "all",
                "x-amazon-apigateway-request-validators": {"all": {"validateRequestBody": True}},
                "paths": {"/orders": {"post": {}}},
            },
        ),
    },
)
def api_validation(subject: Node, graph: Graph) -> Iterator[str]:
    """Methods of REST APIs that take a body have a model, and a request validator that looks at bodies.

    Whatever a caller sends reaches the function otherwise. HTTP APIs and function URLs offer no validation;
    there it is the function's own.
    """
    yield from each(methods_of(subject, graph), _validation_problems)


def _validation_problems(method: Method) -> Iterator[str]:
    if method.verb() not in ("POST", "PUT", "PATCH", "ANY"):
        return
    if not method.validates_body():
        yield f"{method.place}takes bodies that no request validator looks at"
    if not method.has_model():
        yield f"{method.place}takes bodies without a model"
