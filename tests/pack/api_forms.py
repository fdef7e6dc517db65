"""One API in every form of declaration: resources, OpenAPI objects and texts, versions 1 and 2."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import yaml

from guardrails.framework.examples import UNKNOWN, Sample, Stack, resource, stack

OF_API: dict[str, tuple[str, ...]] = {"restApi": ("api",)}
OPEN = "asks neither for an authorizer nor for an API key"
UNVALIDATED = "takes bodies that no request validator looks at"
UNMODELLED = "takes bodies without a model"
ANY_ORIGIN = "lets pages of any origin call"
UNVERSIONED = "has no version at the beginning of its path"


@dataclass(frozen=True, kw_only=True)
class Method:
    """A method of the API that all forms declare."""

    verb: str
    path: str
    auth: str = "authorizer"
    validated: bool = True
    modelled: bool = True
    origin: str = "https://shop.example"

    @property
    def problems(self) -> set[tuple[str, str]]:
        """What a REST API with this method earns, by rule and sentence."""
        takes_body = self.verb in ("POST", "PUT", "PATCH", "ANY")
        return {
            (rule, problem)
            for rule, problem, holds in (
                ("api-authorization", OPEN, self.auth == "none" and self.verb != "OPTIONS"),
                ("api-validation", UNVALIDATED, takes_body and not self.validated),
                ("api-validation", UNMODELLED, takes_body and not self.modelled),
                ("api-cors", ANY_ORIGIN, self.origin == "*"),
                ("api-versioned-paths", UNVERSIONED, not re.match(r"/v\d+(/|$)", self.path)),
            )
            if holds
        }


type Api = list[Method]


def companions(api: Sample) -> Stack:
    """Return the API with a stage and a usage plan for it, and an authorizer."""
    return stack(
        api,
        resource("apigateway.Authorizer", "staff", name="staff"),
        resource("apigateway.Stage", "stage", sources=OF_API, restApi=UNKNOWN, stageName="dev"),
        resource(
            "apigateway.UsagePlan",
            "plan",
            sources={"apiStages": ("api", "stage")},
            apiStages=[{"apiId": UNKNOWN, "stage": "dev"}],
        ),
    )


def as_resources(api: Api) -> Stack:
    """Declare each path and method as resources of a REST API."""
    samples = [
        resource("apigateway.RequestValidator", "all", sources=OF_API, validateRequestBody=True),
        resource("apigateway.RequestValidator", "parameters", sources=OF_API, validateRequestBody=False),
        resource("apigateway.Model", "order", name="Order", schema=json.dumps(SCHEMA)),
    ]
    paths: dict[str, str] = {"/": "api"}
    for method in api:
        walked, parent = "", "api"
        for part in method.path.strip("/").split("/"):
            walked += f"/{part}"
            if walked not in paths:
                paths[walked] = f"path {walked}"
                samples.append(
                    resource(
                        "apigateway.Resource",
                        paths[walked],
                        sources={**OF_API, "parentId": (parent,)},
                        restApi=UNKNOWN,
                        parentId=UNKNOWN,
                        pathPart=part,
                    )
                )
            parent = paths[walked]
        samples += method_resources(method, parent)
    return companions(resource("apigateway.RestApi", "api", name="shop-orders-dev")).plus(*samples)


def method_resources(method: Method, parent: str) -> list[Sample]:
    name = f"{method.verb} {method.path}"
    kinds = {"authorizer": "CUSTOM", "iam": "AWS_IAM", "key": "NONE", "none": "NONE"}
    validator = "all" if method.validated else "parameters"
    return [
        resource(
            "apigateway.Method",
            name,
            sources={
                **OF_API,
                "resourceId": (parent,),
                "requestValidatorId": (validator,),
                "authorizerId": ("staff",),
            },
            restApi=UNKNOWN,
            resourceId=UNKNOWN,
            httpMethod=method.verb,
            authorization=kinds[method.auth],
            apiKeyRequired=method.auth == "key",
            authorizerId=UNKNOWN if method.auth == "authorizer" else None,
            requestValidatorId=UNKNOWN,
            requestModels={"application/json": "Order" if method.modelled else "Empty"},
        ),
        resource(
            "apigateway.IntegrationResponse",
            f"{name}#answer",
            sources={**OF_API, "resourceId": (parent,)},
            restApi=UNKNOWN,
            resourceId=UNKNOWN,
            responseParameters={"method.response.header.Access-Control-Allow-Origin": f"'{method.origin}'"},
        ),
    ]


SCHEMA = {"type": "object", "required": ["customer"]}
SCHEMES = {
    "authorizer": {
        "type": "apiKey",
        "name": "Authorization",
        "in": "header",
        "x-amazon-apigateway-authtype": "custom",
        "x-amazon-apigateway-authorizer": {"type": "token"},
    },
    "iam": {
        "type": "apiKey",
        "name": "Authorization",
        "in": "header",
        "x-amazon-apigateway-authtype": "awsSigv4",
    },
    "key": {"type": "apiKey", "name": "x-api-key", "in": "header"},
}


def operation(method: Method) -> dict[str, Any]:
    origin = {"method.response.header.Access-Control-Allow-Origin": f"'{method.origin}'"}
    return {
        "security": [] if method.auth == "none" else [{method.auth: []}],
        "x-amazon-apigateway-request-validator": "all" if method.validated else "parameters",
        "x-amazon-apigateway-integration": {"responses": {"default": {"responseParameters": origin}}},
        "responses": {200: {"description": "done"}},
    }


def paths_of(api: Api, finish: Callable[[Method], dict[str, Any]]) -> dict[str, Any]:
    paths: dict[str, dict[str, Any]] = {}
    for method in api:
        key = "x-amazon-apigateway-any-method" if method.verb == "ANY" else method.verb.lower()
        paths.setdefault(method.path, {})[key] = {**operation(method), **finish(method)}
    return paths


HEAD: dict[str, Any] = {
    "info": {"title": "orders", "version": "2026-01-01"},
    "security": [{"authorizer": []}],
    "x-amazon-apigateway-request-validators": {
        "all": {"validateRequestBody": True, "validateRequestParameters": True},
        "parameters": {"validateRequestBody": False, "validateRequestParameters": True},
    },
}


def openapi(api: Api) -> dict[str, Any]:
    def body(method: Method) -> dict[str, Any]:
        schema = {"$ref": "#/components/schemas/Order"} if method.modelled else {}
        return {"requestBody": {"content": {"application/json": {"schema": schema}}}}

    return {
        "openapi": "3.0.1",
        **HEAD,
        "paths": paths_of(api, body),
        "components": {"securitySchemes": SCHEMES, "schemas": {"Order": SCHEMA}},
    }


def swagger(api: Api) -> dict[str, Any]:
    def body(method: Method) -> dict[str, Any]:
        sent = {"in": "body", "name": "order", "schema": {"$ref": "#/definitions/Order"}}
        return {"parameters": [sent] if method.modelled else []}

    return {
        "swagger": "2.0",
        **HEAD,
        "paths": paths_of(api, body),
        "securityDefinitions": SCHEMES,
        "definitions": {"Order": SCHEMA},
    }


def rest(body: object) -> Stack:
    return companions(resource("apigateway.RestApi", "api", name="shop-orders-dev", body=body))


def texts(document: dict[str, Any]) -> dict[str, Any]:
    """Return a document as Pulumi carries it: JSON has no other keys than text."""
    plain: dict[str, Any] = json.loads(json.dumps(document))
    return plain


FORMS: dict[str, Callable[[Api], Stack]] = {
    "resources": as_resources,
    "OpenAPI object": lambda api: rest(texts(openapi(api))),
    "OpenAPI JSON": lambda api: rest(json.dumps(openapi(api))),
    "OpenAPI YAML": lambda api: rest(yaml.safe_dump(openapi(api))),
    "Swagger object": lambda api: rest(texts(swagger(api))),
    "OpenAPI of its own": lambda api: companions(resource("apigateway.RestApi", "api", name="shop")).plus(
        resource(
            "apigateway.RestApiPut",
            "put",
            sources={"restApiId": ("api",)},
            restApiId=UNKNOWN,
            body=json.dumps(openapi(api)),
        )
    ),
    "Swagger YAML": lambda api: rest(yaml.safe_dump(swagger(api))),
}


def as_routes(api: Api) -> Stack:
    """Declare each method as a route of an HTTP API."""
    kinds = {"authorizer": "JWT", "iam": "AWS_IAM", "key": "NONE", "none": "NONE"}
    return stack(
        resource("apigatewayv2.Api", "api", protocolType="HTTP"),
        resource("apigatewayv2.Authorizer", "staff", name="staff"),
    ).plus(
        *(
            resource(
                "apigatewayv2.Route",
                f"{method.verb} {method.path}",
                sources={"apiId": ("api",), "authorizerId": ("staff",)},
                apiId=UNKNOWN,
                routeKey=f"{method.verb} {method.path}",
                authorizationType=kinds[method.auth],
                authorizerId=UNKNOWN if method.auth == "authorizer" else None,
            )
            for method in api
        )
    )


HTTP_FORMS: dict[str, Callable[[Api], Stack]] = {
    "routes": as_routes,
    "body": lambda api: stack(resource("apigatewayv2.Api", "api", protocolType="HTTP", body=openapi(api))),
    "YAML body": lambda api: stack(
        resource("apigatewayv2.Api", "api", protocolType="HTTP", body=yaml.safe_dump(openapi(api)))
    ),
}
