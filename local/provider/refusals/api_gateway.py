"""API Gateway: REST APIs, stages, usage plans and authorizers, which are kept in state alone."""

import json
from collections.abc import Iterator

from local.provider.refusals.constraints import arn, at_least, between, length, of_model, one_of, pattern
from local.provider.refusals.places import Inputs
from local.provider.refusals.registry import Fault, at_check, constrain

API, STAGE = "aws:apigateway/restApi:RestApi", "aws:apigateway/stage:Stage"
SETTINGS, AUTHORIZER = "aws:apigateway/methodSettings:MethodSettings", "aws:apigateway/authorizer:Authorizer"
PLAN, KEY = "aws:apigateway/usagePlan:UsagePlan", "aws:apigateway/apiKey:ApiKey"
RESPONSE = "aws:apigateway/response:Response"
REFERENCE = "{} - Amazon API Gateway V1 API Reference"
QUOTAS = "Quotas for configuring and running a REST API in API Gateway"

constrain(
    API,
    "CreateRestApi",
    error="BadRequestException",
    page=REFERENCE.format("CreateRestApi"),
    inputs={
        "name": length(1, 1024),
        "apiKeySource": of_model("apigateway", "ApiKeySourceType"),
        "minimumCompressionSize": pattern("", "empty") | between(-1, 10_485_760),
        "endpointConfiguration.types": of_model("apigateway", "EndpointType"),
        "endpointConfiguration.ipAddressType": of_model("apigateway", "IpAddressType"),
    },
)
constrain(
    STAGE,
    "CreateStage",
    error="BadRequestException",
    page=REFERENCE.format("CreateStage"),
    inputs={
        "stageName": pattern(
            r"[a-zA-Z0-9_-]{1,128}|\$default", "1 to 128 letters, digits, hyphens and underscores"
        ),
        "cacheClusterSize": of_model("apigateway", "CacheClusterSize"),
        "accessLogSettings.destinationArn": arn("logs") | arn("firehose"),
        "accessLogSettings.format": length(1, 3072),
    },
)
constrain(
    SETTINGS,
    "UpdateStage",
    error="BadRequestException",
    page=REFERENCE.format("UpdateStage"),
    inputs={
        "settings.loggingLevel": one_of("OFF", "ERROR", "INFO"),
        "settings.unauthorizedCacheControlHeaderStrategy": of_model(
            "apigateway", "UnauthorizedCacheControlHeaderStrategy"
        ),
        "settings.throttlingRateLimit": at_least(-1),
        "settings.throttlingBurstLimit": at_least(-1),
        "settings.cacheTtlInSeconds": between(0, 3600),
    },
)
constrain(
    AUTHORIZER,
    "CreateAuthorizer",
    error="BadRequestException",
    page=REFERENCE.format("CreateAuthorizer"),
    inputs={
        "name": length(1, 128),
        "type": one_of("TOKEN", "REQUEST", "COGNITO_USER_POOLS"),
        "authorizerResultTtlInSeconds": between(0, 3600),
        "providerArns[]": arn("cognito-idp"),
        "authorizerCredentials": arn("iam"),
    },
)
constrain(
    PLAN,
    "CreateUsagePlan",
    error="BadRequestException",
    page=REFERENCE.format("CreateUsagePlan"),
    inputs={
        "name": length(1, 255),
        "quotaSettings.limit": at_least(1),
        "quotaSettings.offset": at_least(0),
        "quotaSettings.period": of_model("apigateway", "QuotaPeriodType"),
        "throttleSettings.burstLimit": at_least(0),
        "throttleSettings.rateLimit": at_least(0),
    },
)
constrain(
    KEY,
    "CreateApiKey",
    error="BadRequestException",
    page=REFERENCE.format("CreateApiKey"),
    inputs={"name": length(1, 1024), "value": length(20, 128)},
)
constrain(
    RESPONSE,
    "PutGatewayResponse",
    error="BadRequestException",
    page=REFERENCE.format("PutGatewayResponse"),
    inputs={
        "responseType": of_model("apigateway", "GatewayResponseType"),
        "statusCode": of_model("apigateway", "StatusCode"),
    },
)


@at_check(API, error="BadRequestException", operation="ImportRestApi", page=QUOTAS)
def api_document(inputs: Inputs) -> Iterator[Fault]:
    """An API's body is an OpenAPI document with info and paths, of at most 6 MB."""
    body = inputs.get("body")
    if not isinstance(body, str):
        return
    if len(body.encode()) > 6 * 1024 * 1024:
        yield "body", f"Invalid OpenAPI input: {len(body)} bytes, 6 MB are allowed"
    try:
        document = json.loads(body)
    except ValueError:
        return  # YAML may be given too
    if not isinstance(document, dict) or not document.keys() & {"openapi", "swagger"}:
        yield "body", "Invalid OpenAPI input: no version of OpenAPI or Swagger"
    elif missing := sorted({"info", "paths"} - document.keys()):
        yield "body", f"Invalid OpenAPI input: {missing[0]} is missing"


@at_check(
    PLAN, error="BadRequestException", operation="CreateUsagePlan", page=REFERENCE.format("CreateUsagePlan")
)
def offset_of_the_quota(inputs: Inputs) -> Iterator[Fault]:
    """A quota's offset lies within its period."""
    offset, period = inputs.get("quotaSettings.offset", 0), inputs.get("quotaSettings.period")
    last = {"DAY": 0, "WEEK": 6, "MONTH": 27}.get(period)
    if last is not None and offset > last:
        yield "quotaSettings.offset", f"{offset} is not from 0 to {last}, for a quota by {period}"


@at_check(
    AUTHORIZER,
    error="BadRequestException",
    operation="CreateAuthorizer",
    page=REFERENCE.format("CreateAuthorizer"),
)
def parts_of_the_authorizer(inputs: Inputs) -> Iterator[Fault]:
    """An authorizer by user pools names the pools, any other the function's URI."""
    kind = inputs.get("type", "TOKEN")
    needed = "providerArns" if kind == "COGNITO_USER_POOLS" else "authorizerUri"
    if needed not in inputs or inputs.raw[needed] == []:
        yield needed, f"is needed for an authorizer of type {kind}"
