"""Parts of a REST API that stand beside its document: gateway responses and authorizers."""

from functools import partial
from types import MappingProxyType

from local.provider.emulation import Call, Emulation, emulates, given, unless_missing
from local.provider.resources.api_calls import changes, gateway_arn, parts
from local.provider.values import Properties

NOT_CHECKED = (
    "API Gateway: gateway responses that are resources count at once, and not from the next deployment on; "
    "methods, models and validators that are resources are only recorded: APIs are documents here.",
)
"""For the page docs/local-stack.md."""

_DEFAULTS = MappingProxyType(
    {"identitySource": "method.request.header.Authorization", "authorizerResultTtlInSeconds": 300}
)
"""Of an authorizer."""


@emulates("aws:apigateway/response:Response")
class GatewayResponse(Emulation):
    """What an API answers by itself in one kind of trouble."""

    replaces = frozenset({"restApiId", "responseType"})
    identified_by = "api/type"

    def create(self, call: Call) -> tuple[str, Properties]:
        """Put the response."""
        self.update(call)
        return f"aggr-{call.inputs['restApiId']}-{call.inputs['responseType']}", {}

    def update(self, call: Call) -> Properties:
        """Put the changed response."""
        call.aws("apigateway").put_gateway_response(
            restApiId=call.inputs["restApiId"],
            responseType=call.inputs["responseType"],
            **given(
                statusCode=call.inputs.get("statusCode"),
                responseParameters=call.inputs.get("responseParameters"),
                responseTemplates=call.inputs.get("responseTemplates"),
            ),
        )
        return {}

    def read(self, call: Call) -> Properties | None:
        """Tell status, headers and templates."""
        api, kind = call.id.removeprefix("aggr-").replace("/", "-").split("-", 1)
        get = partial(call.aws("apigateway").get_gateway_response, restApiId=api, responseType=kind)
        found = unless_missing(get)
        if found is None:
            return None
        names = ("responseType", "statusCode", "responseParameters", "responseTemplates")
        return {"restApiId": api} | {name: found.get(name) for name in names}

    def delete(self, call: Call) -> None:
        """Return to API Gateway's own response."""
        api, kind = call.before["restApiId"], call.before["responseType"]
        call.aws("apigateway").delete_gateway_response(restApiId=api, responseType=kind)


@emulates("aws:apigateway/authorizer:Authorizer")
class Authorizer(Emulation):
    """An authorizer beside the document; moto cannot change its user pools, so another takes its place."""

    replaces = frozenset({"restApi", "providerArns"})
    unset = _DEFAULTS
    identified_by = "api/authorizer"

    def create(self, call: Call) -> tuple[str, Properties]:
        """Create the authorizer."""
        inputs = call.inputs
        made = call.aws("apigateway").create_authorizer(
            restApiId=inputs["restApi"],
            name=inputs["name"],
            type=inputs.get("type", "TOKEN"),
            **{name: inputs.get(name, default) for name, default in _DEFAULTS.items()},
            **given(
                providerARNs=inputs.get("providerArns"),
                authorizerUri=inputs.get("authorizerUri"),
                authorizerCredentials=inputs.get("authorizerCredentials"),
            ),
        )
        return made["id"], {"arn": self._arn(call, inputs["restApi"], made["id"])}

    def update(self, call: Call) -> Properties:
        """Replace what changed."""
        texts = {"name": "", "type": "TOKEN", "authorizerUri": "", "authorizerCredentials": ""}
        operations = changes(call, texts | _DEFAULTS)
        api = call.inputs["restApi"]
        call.aws("apigateway").update_authorizer(
            restApiId=api, authorizerId=call.id, patchOperations=operations
        )
        return {}

    def read(self, call: Call) -> Properties:
        """Tell everything."""
        api, authorizer = parts(call, "restApi")
        found = call.aws("apigateway").get_authorizer(restApiId=api, authorizerId=authorizer)
        names = ("name", "type", "identitySource", "authorizerUri", "authorizerCredentials")
        return {
            "restApi": api,
            "arn": self._arn(call, api, authorizer),
            "providerArns": found.get("providerARNs"),
            "authorizerResultTtlInSeconds": found.get("authorizerResultTtlInSeconds"),
            **{name: found.get(name) for name in names},
        }

    def delete(self, call: Call) -> None:
        """Delete the authorizer."""
        api = call.before["restApi"]
        call.aws("apigateway").delete_authorizer(restApiId=api, authorizerId=call.id)

    def _arn(self, call: Call, api: str, authorizer: str) -> str:
        return gateway_arn(call, f"restapis/{api}/authorizers/{authorizer}")
