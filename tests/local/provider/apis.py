"""One resource of each kind that API Gateway and Cognito have, with what it stands on."""

import json
from typing import Any

from tests.local.provider.caller import REGION, Caller, Managed

LAMBDA = f"arn:aws:lambda:{REGION}:123456789012:function:shop:live"
INTEGRATION = {
    "type": "aws_proxy",
    "httpMethod": "POST",
    "uri": f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{LAMBDA}/invocations",
}
DOCUMENT = json.dumps(
    {
        "openapi": "3.0.1",
        "info": {"title": "shop", "version": "1"},
        "paths": {
            "/v1/things/{id}": {
                "get": {
                    "responses": {"200": {"description": "it"}},
                    "x-amazon-apigateway-integration": INTEGRATION,
                },
                "options": {
                    "responses": {"204": {"description": "preflight"}},
                    "x-amazon-apigateway-integration": {
                        "type": "mock",
                        "responses": {"default": {"statusCode": "204"}},
                    },
                },
            }
        },
    }
)
GATEWAY, COGNITO = "aws:apigateway/", "aws:cognito/"

APIS: dict[str, dict[str, Any]] = {
    "aws:apigateway/restApi:RestApi": {
        "name": "it",
        "description": "d",
        "body": DOCUMENT,
        "endpointConfiguration": {"types": "REGIONAL"},
        "binaryMediaTypes": ["image/png"],
        "tags": {"a": "1"},
    },
    "aws:apigateway/deployment:Deployment": {"restApi": "${api}", "triggers": {"document": "a"}},
    "aws:apigateway/stage:Stage": {
        "restApi": "${api}",
        "deployment": "${deployment}",
        "stageName": "live",
        "description": "d",
        "variables": {"pool": "p"},
        "xrayTracingEnabled": True,
        "accessLogSettings": {
            "destinationArn": f"arn:aws:logs:{REGION}:123456789012:log-group:access",
            "format": "$context.requestId",
        },
        "tags": {"a": "1"},
    },
    "aws:apigateway/methodSettings:MethodSettings": {
        "restApi": "${api}",
        "stageName": "live",
        "methodPath": "*/*",
        "settings": {"throttlingRateLimit": 5, "throttlingBurstLimit": 10, "metricsEnabled": True},
    },
    "aws:apigateway/account:Account": {"cloudwatchRoleArn": "arn:aws:iam::123456789012:role/of-gateway"},
    "aws:apigateway/response:Response": {
        "restApiId": "${api}",
        "responseType": "THROTTLED",
        "statusCode": "429",
        "responseTemplates": {"application/json": "{}"},
        "responseParameters": {"gatewayresponse.header.Retry-After": "'1'"},
    },
    "aws:apigateway/authorizer:Authorizer": {
        "restApi": "${api}",
        "name": "it",
        "type": "COGNITO_USER_POOLS",
        "providerArns": [f"arn:aws:cognito-idp:{REGION}:123456789012:userpool/p"],
    },
    "aws:apigateway/usagePlan:UsagePlan": {
        "name": "it",
        "description": "d",
        "apiStages": [{"apiId": "${api}", "stage": "live"}],
        "quotaSettings": {"limit": 10, "offset": 0, "period": "DAY"},
        "throttleSettings": {"burstLimit": 5, "rateLimit": 5},
    },
    "aws:apigateway/apiKey:ApiKey": {"name": "it", "description": "d"},
    "aws:apigateway/usagePlanKey:UsagePlanKey": {
        "keyId": "${key}",
        "keyType": "API_KEY",
        "usagePlanId": "${plan}",
    },
    "aws:cognito/userPool:UserPool": {
        "name": "it",
        "usernameAttributes": ["email"],
        "autoVerifiedAttributes": ["email"],
        "passwordPolicy": {
            "minimumLength": 12,
            "requireLowercase": True,
            "requireNumbers": True,
            "requireSymbols": False,
            "requireUppercase": True,
            "temporaryPasswordValidityDays": 7,
        },
        "accountRecoverySetting": {"recoveryMechanisms": [{"name": "verified_email", "priority": 1}]},
        "adminCreateUserConfig": {"allowAdminCreateUserOnly": True},
        "deletionProtection": "ACTIVE",
    },
    "aws:cognito/userPoolClient:UserPoolClient": {
        "name": "it",
        "userPoolId": "${pool}",
        "explicitAuthFlows": ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        "accessTokenValidity": 1,
        "tokenValidityUnits": {"accessToken": "hours"},
        "callbackUrls": ["https://example.com/callback"],
        "allowedOauthFlows": ["code"],
        "allowedOauthScopes": ["openid"],
    },
    "aws:cognito/userPoolDomain:UserPoolDomain": {"domain": "it-here", "userPoolId": "${pool}"},
    "aws:cognito/userGroup:UserGroup": {
        "name": "it",
        "userPoolId": "${pool}",
        "description": "d",
        "precedence": 3,
    },
}
"""Every property that moto can tell."""

STANDS_ON = {
    "api": "aws:apigateway/restApi:RestApi",
    "deployment": "aws:apigateway/deployment:Deployment",
    "stage": "aws:apigateway/stage:Stage",
    "key": "aws:apigateway/apiKey:ApiKey",
    "plan": "aws:apigateway/usagePlan:UsagePlan",
    "pool": "aws:cognito/userPool:UserPool",
}
NAMED = {"aws:apigateway/methodSettings:MethodSettings": ["stage"]}
"""What a resource needs and names by something else than an id."""


def deploy_one(provider: Caller, token: str, **changes: Any) -> Managed:
    """Create a resource with what it stands on."""
    made: dict[str, str] = {}

    def filled(inputs: dict[str, Any]) -> Any:
        text = json.dumps(inputs)
        for name, kind in STANDS_ON.items():
            if f"${{{name}}}" in text:
                if name not in made:
                    made[name] = provider.create_named(name, kind, **filled(APIS[kind])).id
                text = text.replace(f"${{{name}}}", made[name])
        return json.loads(text)

    for name in NAMED.get(token, []):
        made[name] = provider.create_named(name, STANDS_ON[name], **filled(APIS[STANDS_ON[name]])).id
    return provider.create(token, **filled(APIS[token] | changes))


def looked_up_by(it: Managed, token: str) -> str:
    """Return the id by which Pulumi imports a resource; some begin with the id of what they are part of."""
    owners = {
        "aws:apigateway/deployment:Deployment": "restApi",
        "aws:apigateway/authorizer:Authorizer": "restApi",
        "aws:apigateway/usagePlanKey:UsagePlanKey": "usagePlanId",
        "aws:cognito/userPoolClient:UserPoolClient": "userPoolId",
    }
    parts = {
        "aws:apigateway/stage:Stage": ("restApi", "stageName"),
        "aws:apigateway/methodSettings:MethodSettings": ("restApi", "stageName", "methodPath"),
        "aws:apigateway/response:Response": ("restApiId", "responseType"),
    }
    if token in owners:
        return f"{it.state[owners[token]]}/{it.id}"
    return "/".join(it.state[name] for name in parts[token]) if token in parts else it.id
