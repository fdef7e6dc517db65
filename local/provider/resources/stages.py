"""API Gateway's stages with their settings, and the account's role for logs.

The local front reads them from state; moto holds them for inspection.
"""

from types import MappingProxyType
from typing import Any

from local.provider.emulation import Call, Emulation, Setting, emulates, given
from local.provider.resources.api_calls import changes, gateway_arn, replacing
from local.provider.values import Properties

SETTINGS: dict[str, tuple[str, Any]] = {
    "metricsEnabled": ("metrics/enabled", False),
    "loggingLevel": ("logging/loglevel", "OFF"),
    "dataTraceEnabled": ("logging/dataTrace", False),
    "throttlingBurstLimit": ("throttling/burstLimit", -1),
    "throttlingRateLimit": ("throttling/rateLimit", -1),
    "cachingEnabled": ("caching/enabled", False),
    "cacheTtlInSeconds": ("caching/ttlInSeconds", 300),
    "cacheDataEncrypted": ("caching/dataEncrypted", False),
    "requireAuthorizationForCacheControl": ("caching/requireAuthorizationForCacheControl", True),
    "unauthorizedCacheControlHeaderStrategy": (
        "caching/unauthorizedCacheControlHeaderStrategy",
        "SUCCEED_WITH_RESPONSE_HEADER",
    ),
}
"""The path of a method setting in an update, and what stands where nothing is set."""


@emulates("aws:apigateway/stage:Stage")
class Stage(Emulation):
    """A stage, whose `invokeUrl` is where the local front serves it."""

    replaces = frozenset({"restApi", "stageName"})
    identified_by = "api/stage"

    def create(self, call: Call) -> tuple[str, Properties]:
        """Create the stage; its log settings can only be put afterwards."""
        inputs = call.inputs
        api, name = inputs["restApi"], inputs["stageName"]
        call.aws("apigateway").create_stage(
            restApiId=api,
            stageName=name,
            deploymentId=inputs["deployment"],
            description=inputs.get("description", ""),
            variables=inputs.get("variables") or {},
            tracingEnabled=inputs.get("xrayTracingEnabled", False),
            tags=call.tags,
            **given(
                cacheClusterEnabled=inputs.get("cacheClusterEnabled"),
                cacheClusterSize=inputs.get("cacheClusterSize"),
            ),
        )
        self._change(call, api, name, _log_operations(call))
        return f"ags-{api}-{name}", self._outputs(call, api, name)

    def update(self, call: Call) -> Properties:
        """Replace what changed."""
        defaults = {
            "deployment": "",
            "description": "",
            "xrayTracingEnabled": False,
            "cacheClusterEnabled": False,
        }
        paths = {"deployment": "deploymentId", "xrayTracingEnabled": "tracingEnabled"}
        operations = changes(call, defaults, paths)
        before, after = call.before.get("variables") or {}, call.inputs.get("variables") or {}
        gone = [{"op": "remove", "path": f"/variables/{name}"} for name in sorted(before.keys() - after)]
        put = [replacing(f"/variables/{name}", value) for name, value in after.items()]
        api, name = call.inputs["restApi"], call.inputs["stageName"]
        self._change(call, api, name, [*operations, *gone, *put, *_log_operations(call)])
        arn = self._arn(call, api, name)
        gateway = call.aws("apigateway")
        call.retag(
            lambda: gateway.tag_resource(resourceArn=arn, tags=call.tags),
            lambda keys: gateway.untag_resource(resourceArn=arn, tagKeys=keys),
        )
        return {}

    def read(self, call: Call) -> Properties:
        """Tell deployment, description, variables, tracing, logs and tags."""
        api, name = call.before.get("restApi"), call.before.get("stageName")
        if not api or not name:
            api, name = call.id.split("/", 1)
        found = call.aws("apigateway").get_stage(restApiId=api, stageName=name)
        logs = found.get("accessLogSettings") or {}
        return self._outputs(call, api, name) | {
            "restApi": api,
            "stageName": name,
            "deployment": found["deploymentId"],
            "description": found.get("description"),
            "variables": found.get("variables"),
            "xrayTracingEnabled": found.get("tracingEnabled"),
            "cacheClusterEnabled": found.get("cacheClusterEnabled"),
            "accessLogSettings": {
                key: logs[key] for key in ("destinationArn", "format") if logs.get(key)
            } or None,
            "tagsAll": found.get("tags") or {},
        }  # fmt: skip

    def delete(self, call: Call) -> None:
        """Delete the stage."""
        api, name = call.before["restApi"], call.before["stageName"]
        call.aws("apigateway").delete_stage(restApiId=api, stageName=name)

    def _change(self, call: Call, api: str, name: str, operations: list[dict[str, str]]) -> None:
        if operations:
            call.aws("apigateway").update_stage(restApiId=api, stageName=name, patchOperations=operations)

    def _arn(self, call: Call, api: str, name: str) -> str:
        return gateway_arn(call, f"restapis/{api}/stages/{name}")

    def _outputs(self, call: Call, api: str, name: str) -> Properties:
        return {
            "arn": self._arn(call, api, name),
            "executionArn": call.arn("execute-api", f"{api}/{name}"),
            "invokeUrl": call.cloud.api_url(api, call.region, name),
        }


def _log_operations(call: Call) -> list[dict[str, str]]:
    old, new = call.before.get("accessLogSettings") or {}, call.inputs.get("accessLogSettings") or {}
    if old == new:
        return []
    if not new:
        return [{"op": "remove", "path": "/accessLogSettings"}]
    return [replacing(f"/accessLogSettings/{name}", value) for name, value in new.items()]


@emulates("aws:apigateway/methodSettings:MethodSettings")
class MethodSettings(Emulation):
    """Settings of all methods of a stage, or of one."""

    replaces = frozenset({"restApi", "stageName", "methodPath"})
    identified_by = "api/stage/path of the method"

    def create(self, call: Call) -> tuple[str, Properties]:
        """Apply the settings."""
        self.update(call)
        return "-".join(call.inputs[name] for name in ("restApi", "stageName", "methodPath")), {}

    def update(self, call: Call) -> Properties:
        """Apply the changed settings; those that are set no longer return to their defaults."""
        settings = call.inputs["settings"]
        dropped = (call.before.get("settings") or {}).keys() - settings.keys()
        values = {**{name: SETTINGS[name][1] for name in dropped if name in SETTINGS}, **settings}
        path = _method_path(call.inputs["methodPath"])
        operations = [
            replacing(f"/{path}/{SETTINGS[name][0]}", value)
            for name, value in values.items()
            if name in SETTINGS
        ]
        call.aws("apigateway").update_stage(
            restApiId=call.inputs["restApi"],
            stageName=call.inputs["stageName"],
            patchOperations=operations,
        )
        return {}

    def read(self, call: Call) -> Properties | None:
        """Tell the settings that a program makes; moto's own defaults are not AWS's."""
        names = ("restApi", "stageName", "methodPath")
        known = "/".join(call.before[name] for name in names) if call.before.get("restApi") else call.id
        api, stage, path = known.split("/", 2)
        found = call.aws("apigateway").get_stage(restApiId=api, stageName=stage)["methodSettings"]
        if _method_path(path) not in found:
            return None
        told = found[_method_path(path)]
        made = call.before.get("settings") or told
        return {
            "restApi": api,
            "stageName": stage,
            "methodPath": path,
            "settings": {name: told.get(name) for name in made if name in SETTINGS},
        }

    def delete(self, call: Call) -> None:
        """Leave them: they end with the stage."""


def _method_path(path: str) -> str:
    """Return the path of a method as the key of its settings: slashes within the resource are escaped."""
    resource, method = path.rsplit("/", 1)
    return f"{resource.replace('/', '~1')}/{method}"


@emulates("aws:apigateway/account:Account")
class Account(Setting):
    """The account's settings in a region: with which role API Gateway writes logs."""

    replaces = frozenset()
    unset = MappingProxyType({"cloudwatchRoleArn": ""})
    identified_by = "api-gateway-account"

    def put(self, call: Call) -> None:
        """Set the role."""
        role = call.inputs.get("cloudwatchRoleArn", "")
        call.aws("apigateway").update_account(patchOperations=[replacing("/cloudwatchRoleArn", role)])

    def create(self, call: Call) -> tuple[str, Properties]:
        """Set the role; an account has its settings once for a region."""
        self.put(call)
        return "api-gateway-account", {"apiKeyVersion": "1"}

    def read(self, call: Call) -> Properties | None:
        """Tell the role."""
        if call.id != "api-gateway-account":
            return None
        found = call.aws("apigateway").get_account()
        return {"cloudwatchRoleArn": found.get("cloudwatchRoleArn") or "", "apiKeyVersion": "1"}

    def delete(self, call: Call) -> None:
        """Take the role away."""
        call.aws("apigateway").update_account(patchOperations=[replacing("/cloudwatchRoleArn", "")])
