"""Which sites' pages may call an API."""

from collections.abc import Iterator
from typing import Any, Final

from guardrails.framework.api import HTTP, REST, REST_BODY, each
from guardrails.framework.examples import resource, stack
from guardrails.framework.node import Node
from guardrails.framework.openapi import OpenApi, Operation
from guardrails.framework.props import Props
from guardrails.framework.rule import Severity, resource_rule

_ORIGINS: Final = "lets pages of any origin call"
_SENT: Final = "lets pages send any header"
_HEADERS: Final = {"access-control-allow-origin": _ORIGINS, "access-control-allow-headers": _SENT}
_LISTS: Final = {"allowOrigins": _ORIGINS, "allowHeaders": _SENT}
_TOLD_BY_BODY: Final = (REST, REST_BODY, HTTP)
_CORS: Final = {HTTP: "corsConfiguration", "lambda.FunctionUrl": "cors"}
_ANY: Final = {"*", "http://*", "https://*"}
_SHOP: Final = "https://shop.example"

_CONFIGURED: Final = stack(
    resource(HTTP, "http", corsConfiguration={"allowOrigins": [_SHOP], "allowHeaders": ["authorization"]})
)
_URL: Final = stack(
    resource("lambda.FunctionUrl", "url", cors={"allowOrigins": [_SHOP], "allowMethods": ["*"]})
)
_ANSWERED: Final = stack(
    resource(
        "apigateway.IntegrationResponse",
        "preflight",
        responseParameters={
            "method.response.header.Access-Control-Allow-Origin": f"'{_SHOP}'",
            "method.response.header.Access-Control-Allow-Methods": "'*'",
        },
    ),
    resource(
        "apigateway.Response",
        "denied",
        responseParameters={"gatewayresponse.header.Access-Control-Allow-Origin": f"'{_SHOP}'"},
    ),
)
_MAPPED: Final = stack(
    resource(
        "apigatewayv2.Integration",
        "integration",
        responseParameters=[
            {"statusCode": "200", "mappings": {"overwrite:header.access-control-allow-origin": _SHOP}}
        ],
    )
)


def _told(origin: str, gateway_origin: str) -> dict[str, Any]:
    parameters = {"method.response.header.Access-Control-Allow-Origin": origin}
    integration = {"type": "mock", "responses": {"default": {"responseParameters": parameters}}}
    return {
        "paths": {"/v1": {"options": {"x-amazon-apigateway-integration": integration}}},
        "x-amazon-apigateway-gateway-responses": {
            "DEFAULT_4XX": {
                "responseParameters": {"gatewayresponse.header.Access-Control-Allow-Origin": gateway_origin}
            }
        },
    }


_TOLD: Final = stack(resource(REST, "told", body=_told(f"'{_SHOP}'", f"'{_SHOP}'")))
_PUT: Final = stack(resource(REST_BODY, "told", body=_told(f"'{_SHOP}'", f"'{_SHOP}'")))
_TOLD_HTTP: Final = stack(
    resource(HTTP, "told", body={"x-amazon-apigateway-cors": {"allowOrigins": [_SHOP]}, "paths": {}})
)


@resource_rule(
    severity=Severity.HIGH,
    findings=("OP-7.1", "UA-1.1"),
    fixes={
        REST: (
            "# in body, under responses of x-amazon-apigateway-integration:\n"
            '{"responseParameters": {\n'
            '    "method.response.header.Access-Control-Allow-Origin": "\'https://shop.example\'"}}\n'
            "# and under x-amazon-apigateway-gateway-responses:\n"
            '{"responseParameters": {\n'
            '    "gatewayresponse.header.Access-Control-Allow-Origin": "\'https://shop.example\'"}}'
        ),
        HTTP: 'cors_configuration={"allow_origins": ["https://shop.example"], '
        '"allow_headers": ["authorization"]}',
        REST_BODY: (
            "# in body, under responses of x-amazon-apigateway-integration:\n"
            '{"responseParameters": {\n'
            '    "method.response.header.Access-Control-Allow-Origin": "\'https://shop.example\'"}}\n'
            "# and under x-amazon-apigateway-gateway-responses:\n"
            '{"responseParameters": {\n'
            '    "gatewayresponse.header.Access-Control-Allow-Origin": "\'https://shop.example\'"}}'
        ),
        "apigateway.IntegrationResponse": "response_parameters={"
        '"method.response.header.Access-Control-Allow-Origin": "\'https://shop.example\'"}',
        "apigateway.Response": "response_parameters={"
        '"gatewayresponse.header.Access-Control-Allow-Origin": "\'https://shop.example\'"}',
        "apigatewayv2.Integration": (
            'aws.apigatewayv2.Api(..., cors_configuration={"allow_origins": ["https://shop.example"]})\n'
            "# and no CORS headers in response_parameters of the integration"
        ),
        "lambda.FunctionUrl": 'cors={"allow_origins": ["https://shop.example"]}',
    },
    reads=(
        "apigateway.IntegrationResponse.responseParameters",
        "apigateway.Response.responseParameters",
        "apigateway.RestApi.body",
        "apigateway.RestApiPut.body",
        "apigatewayv2.Api.body",
        "apigatewayv2.Api.corsConfiguration",
        "apigatewayv2.Integration.responseParameters",
        "lambda.FunctionUrl.cors",
    ),
    passes={
        "one origin and one header": _CONFIGURED,
        "a * in CORS: it stands for methods, and origins are named": _URL,
        "a '*' in an answer: it stands for methods, and origins are named": _ANSWERED,
        "CORS by overwriting a header: with one origin": _MAPPED,
        "a mock integration that answers every preflight: with one origin": _TOLD,
        "an API without corsConfiguration: its body has it, with one origin": _TOLD_HTTP,
        "no API at all: RestApiPut gives it its body, with one origin": _PUT,
    },
    fails={
        "lets pages of any origin call": _CONFIGURED.but("http", corsConfiguration={"allowOrigins": ["*"]}),
        "lets pages send any header": _CONFIGURED.but("http", corsConfiguration={"allowHeaders": ["*"]}),
        "pages of any origin": _URL.but("url", cors={"allowOrigins": ["https://*"]}),
        "of any origin": _ANSWERED.but(
            "preflight", responseParameters={"method.response.header.access-control-allow-origin": "'*'"}
        ),
        "send any header": _ANSWERED.but(
            "denied", responseParameters={"gatewayresponse.header.Access-Control-Allow-Headers": "'a,*'"}
        ),
        "any origin": _MAPPED.but(
            "integration",
            responseParameters=[{"mappings": {"append:header.Access-Control-Allow-Origin": "*"}}],
        ),
        "has the method OPTIONS /v1, which lets pages of any origin call": _TOLD.but(
            "told", body=_told("'*'", f"'{_SHOP}'")
        ),
        "has a gateway response DEFAULT_4XX, which lets pages of any origin call": _TOLD.but(
            "told", body=_told(f"'{_SHOP}'", "'*'")
        ),
        "any origin call": _TOLD_HTTP.but("told", body={"x-amazon-apigateway-cors": {"allowOrigins": ["*"]}}),
    },
)
def api_cors(subject: Node) -> Iterator[str]:
    """CORS names the origins and headers that it admits.

    With `*` any page that a user opens may call the API from the user's browser and read the answers.
    """
    judges = [_own_problems]
    if subject.kind in _TOLD_BY_BODY:
        judges += [_body_problems, _gateway_problems, _operation_problems]
    yield from each(judges, lambda judge: judge(subject))


def _own_problems(api: Node) -> Iterator[str]:
    props = api.inputs
    if api.kind in _CORS:
        yield from _lists(props.block(_CORS[api.kind]))
    elif api.kind == "apigatewayv2.Integration":
        for answer in props.blocks("responseParameters"):
            yield from _headers(answer.block("mappings"))
    elif api.kind not in _TOLD_BY_BODY:
        yield from _headers(props.block("responseParameters"))


def _body_problems(api: Node) -> Iterator[str]:
    yield from _lists(OpenApi.of(api.inputs, "body").root.block("x-amazon-apigateway-cors"))


def _gateway_problems(api: Node) -> Iterator[str]:
    for kind, parameters in OpenApi.of(api.inputs, "body").gateway_responses():
        for problem in _headers(parameters):
            yield f"has a gateway response {kind}, which {problem}"


def _operation_problems(api: Node) -> Iterator[str]:
    yield from each(OpenApi.of(api.inputs, "body").operations(), _answer_problems)


def _answer_problems(operation: Operation) -> Iterator[str]:
    problems = [problem for _pattern, answer in operation.answers() for problem in _headers(answer)]
    for problem in dict.fromkeys(problems):
        yield f"has the method {operation.verb} {operation.path}, which {problem}"


def _lists(cors: Props) -> Iterator[str]:
    for key, problem in _LISTS.items():
        if _ANY & set(cors.texts(key)):
            yield problem


def _headers(parameters: Props) -> Iterator[str]:
    """Judge the headers of an answer: values are mapping expressions, fixed ones in single quotes."""
    for key in parameters.keys():  # noqa: SIM118  Props is no mapping
        problem = _HEADERS.get(key.rsplit(".", 1)[-1].lower())
        if problem and _ANY & {part.strip(" '\"") for part in parameters.text(key).split(",")}:
            yield problem
