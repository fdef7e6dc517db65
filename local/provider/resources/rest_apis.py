"""API Gateway's REST APIs: the API with its OpenAPI document, and its deployments.

moto holds them for inspection, of a document only paths, methods and integrations. The local front serves the
document that a deployment saw, and reads everything else from state.
"""

import json
from types import MappingProxyType
from typing import Any

from botocore.exceptions import ClientError

from local.provider.api_documents import ANY, METHODS, keep, publish, read_document
from local.provider.emulation import Call, Emulation, emulates, given
from local.provider.resources.api_calls import changes, gateway_arn, parts, replacing
from local.provider.values import Properties

_INTEGRATION = "x-amazon-apigateway-integration"


@emulates("aws:apigateway/restApi:RestApi")
class RestApi(Emulation):
    """A REST API, with the OpenAPI document in its `body`."""

    replaces = frozenset()
    unset = MappingProxyType({"apiKeySource": "HEADER", "endpointConfiguration": {"types": "EDGE"}})
    identified_by = "its id"

    def create(self, call: Call) -> tuple[str, Properties]:
        """Create the API and import its document."""
        inputs = call.inputs
        made = call.aws("apigateway").create_rest_api(
            name=inputs["name"],
            tags=call.tags,
            **given(
                description=inputs.get("description"),
                apiKeySource=inputs.get("apiKeySource"),
                endpointConfiguration=_endpoint(inputs),
                disableExecuteApiEndpoint=inputs.get("disableExecuteApiEndpoint"),
                policy=inputs.get("policy"),
            ),
        )
        self._import(call, made["id"])
        return made["id"], self._outputs(call, made)

    def update(self, call: Call) -> Properties:
        """Replace what changed, and import the document again."""
        old, new = call.before, call.inputs
        operations = changes(call, {"name": "", "description": "", "apiKeySource": "HEADER"})
        if (endpoint := _endpoint(new)) and endpoint != _endpoint(old):
            operations.append(replacing("/endpointConfiguration/types/0", endpoint["types"][0]))
        before = set(old.get("binaryMediaTypes") or [])
        for kind in sorted(before - set(new.get("binaryMediaTypes") or [])):
            operations.append({"op": "remove", "path": _media_path(kind), "value": kind})
        if operations:
            call.aws("apigateway").update_rest_api(restApiId=call.id, patchOperations=operations)
        self._import(call, call.id)
        return {}

    def read(self, call: Call) -> Properties:
        """Tell name, description, source of keys, endpoint, binary types; the document is in state."""
        found = call.aws("apigateway").get_rest_api(restApiId=call.id)
        told = {
            "name": found["name"],
            "description": found.get("description"),
            "apiKeySource": found["apiKeySource"],
            "endpointConfiguration": {"types": found["endpointConfiguration"]["types"][0]},
            "binaryMediaTypes": found.get("binaryMediaTypes"),
        }
        tags = {} if call.before.get("name") else {"tagsAll": found.get("tags") or {}}  # moto changes none
        return self._outputs(call, found) | told | tags

    def delete(self, call: Call) -> None:
        """Delete the API with everything in it."""
        call.aws("apigateway").delete_rest_api(restApiId=call.id)

    def _import(self, call: Call, api_id: str) -> None:
        gateway = call.aws("apigateway")
        wanted, before = call.inputs.get("binaryMediaTypes") or [], call.before.get("binaryMediaTypes") or []
        added = [{"op": "add", "path": _media_path(one), "value": one} for one in wanted if one not in before]
        if added:
            gateway.update_rest_api(restApiId=api_id, patchOperations=added)
        body = call.inputs.get("body")
        if not body or (call.id and body == call.before.get("body")):
            return
        keep(call.cloud.code_folder, api_id, body)
        gateway.put_rest_api(
            restApiId=api_id, mode="overwrite", body=json.dumps(_for_moto(read_document(body)))
        )

    def _outputs(self, call: Call, found: Properties) -> Properties:
        return {
            "arn": gateway_arn(call, f"restapis/{found['id']}"),
            "executionArn": call.arn("execute-api", found["id"]),
            "createdDate": found["createdDate"].isoformat(),
        }


def _endpoint(inputs: Properties) -> dict[str, list[str]] | None:
    types = (inputs.get("endpointConfiguration") or {}).get("types")
    return {"types": [types] if isinstance(types, str) else types} if types else None


def _media_path(kind: str) -> str:
    return f"/binaryMediaTypes/{kind.replace('~', '~0').replace('/', '~1')}"


def _for_moto(document: Properties) -> Properties:
    """Return what moto understands of a document: methods with their integrations."""
    return {
        "openapi": "3.0.1",
        "info": document["info"],
        "paths": {
            path: {
                "any" if method == ANY else method: {
                    "responses": {str(status): {} for status in operation.get("responses") or {}},
                    **({_INTEGRATION: _integration(found)} if (found := operation.get(_INTEGRATION)) else {}),
                }
                for method, operation in operations.items()
                if method in METHODS
            }
            for path, operations in document["paths"].items()
        },
    }


def _integration(found: Properties) -> Properties:
    """Return an integration with the spellings and the members that moto takes for granted."""
    return {"uri": "", "httpMethod": "POST", **found, "type": found["type"].upper()}


@emulates("aws:apigateway/deployment:Deployment")
class Deployment(Emulation):
    """A deployment: the API's document as it was then, which stages serve."""

    replaces = frozenset({"restApi", "triggers", "variables"})
    identified_by = "api/deployment"

    def create(self, call: Call) -> tuple[str, Properties]:
        """Deploy the API as it is now."""
        api = call.inputs["restApi"]
        made = call.aws("apigateway").create_deployment(
            restApiId=api, description=call.inputs.get("description", "")
        )
        publish(call.cloud.code_folder, api, made["id"])
        return made["id"], {"createdDate": made["createdDate"].isoformat()}

    def update(self, call: Call) -> Properties:
        """Keep the description in state: moto never changes it."""
        return {}

    def read(self, call: Call) -> Properties | None:
        """Tell that it is there."""
        api, deployment = parts(call, "restApi")
        listed = call.aws("apigateway").get_deployments(restApiId=api)["items"]
        found = next((one for one in listed if one["id"] == deployment), None)
        if found is None:
            return None
        told = {"restApi": api, "createdDate": found["createdDate"].isoformat()}
        return told if call.before.get("restApi") else told | {"description": found.get("description")}

    def delete(self, call: Call) -> None:
        """Delete it; API Gateway refuses while a stage serves it."""
        gateway, api = call.aws("apigateway"), call.before["restApi"]
        if any(one["deploymentId"] == call.id for one in gateway.get_stages(restApiId=api)["item"]):
            message = "Active stages pointing to this deployment must be moved or deleted"
            error: Any = {"Error": {"Code": "BadRequestException", "Message": message}}
            raise ClientError(error, "DeleteDeployment")
        gateway.delete_deployment(restApiId=api, deploymentId=call.id)
