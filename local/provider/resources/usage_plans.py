"""API Gateway's usage plans and API keys; the local front meters by what is in state."""

import secrets
from types import MappingProxyType

from local.provider.emulation import Call, Emulation, emulates, given
from local.provider.resources.api_calls import changes, gateway_arn, parts, replacing
from local.provider.values import Properties


@emulates("aws:apigateway/usagePlan:UsagePlan")
class UsagePlan(Emulation):
    """A usage plan: stages of APIs, with a quota and a rate for each key."""

    replaces = frozenset()
    identified_by = "its id"

    def create(self, call: Call) -> tuple[str, Properties]:
        """Create the plan."""
        made = call.aws("apigateway").create_usage_plan(
            name=call.inputs["name"],
            apiStages=_stages(call.inputs),
            tags=call.tags,
            **given(
                description=call.inputs.get("description"),
                throttle=call.inputs.get("throttleSettings"),
                quota=call.inputs.get("quotaSettings"),
            ),
        )
        return made["id"], {"arn": self._arn(call, made["id"])}

    def update(self, call: Call) -> Properties:
        """Replace what changed."""
        old, new = call.before, call.inputs
        operations = changes(call, {"name": "", "description": ""})
        for one in _stages(old):
            operations.append(
                {"op": "remove", "path": "/apiStages", "value": f"{one['apiId']}:{one['stage']}"}
            )
        for one in _stages(new):
            operations.append({"op": "add", "path": "/apiStages", "value": f"{one['apiId']}:{one['stage']}"})
        for name, path in (("throttleSettings", "throttle"), ("quotaSettings", "quota")):
            if old.get(name) and not new.get(name):
                operations.append({"op": "remove", "path": f"/{path}"})
            operations += [replacing(f"/{path}/{key}", value) for key, value in (new.get(name) or {}).items()]
        call.aws("apigateway").update_usage_plan(usagePlanId=call.id, patchOperations=operations)
        return {}

    def read(self, call: Call) -> Properties:
        """Tell name, description, stages, rate and quota; moto changes no tags."""
        found = call.aws("apigateway").get_usage_plan(usagePlanId=call.id)
        return {
            "arn": self._arn(call, call.id),
            "name": found["name"],
            "description": found.get("description"),
            "apiStages": _stages(found),
            "throttleSettings": found.get("throttle"),
            "quotaSettings": found.get("quota"),
            **({} if call.before.get("name") else {"tagsAll": found.get("tags") or {}}),
        }

    def delete(self, call: Call) -> None:
        """Delete the plan."""
        call.aws("apigateway").delete_usage_plan(usagePlanId=call.id)

    def _arn(self, call: Call, plan: str) -> str:
        return gateway_arn(call, f"usageplans/{plan}")


def _stages(inputs: Properties) -> list[dict[str, str]]:
    return [{"apiId": one["apiId"], "stage": one["stage"]} for one in inputs.get("apiStages") or []]


@emulates("aws:apigateway/apiKey:ApiKey")
class ApiKey(Emulation):
    """An API key; without a `value` one is made up."""

    replaces = frozenset({"value"})
    unset = MappingProxyType({"enabled": True})
    identified_by = "its id"

    def create(self, call: Call) -> tuple[str, Properties]:
        """Create the key."""
        made = call.aws("apigateway").create_api_key(
            name=call.inputs["name"],
            enabled=call.inputs.get("enabled", True),
            value=call.inputs.get("value") or secrets.token_urlsafe(30),
            tags=call.tags,
            **given(
                description=call.inputs.get("description"), customerId=call.inputs.get("customerId")
            ),
        )  # fmt: skip
        return made["id"], self._outputs(call, made)

    def update(self, call: Call) -> Properties:
        """Replace what changed."""
        defaults = {"name": "", "description": "", "enabled": True, "customerId": ""}
        operations = changes(call, defaults)
        call.aws("apigateway").update_api_key(apiKey=call.id, patchOperations=operations)
        return {}

    def read(self, call: Call) -> Properties:
        """Tell everything but tags, which moto never changes."""
        found = call.aws("apigateway").get_api_key(apiKey=call.id, includeValue=True)
        names = ("name", "description", "enabled", "customerId")
        tags = {} if call.before.get("name") else {"tagsAll": found.get("tags") or {}}
        return self._outputs(call, found) | {name: found.get(name) for name in names} | tags

    def delete(self, call: Call) -> None:
        """Delete the key."""
        call.aws("apigateway").delete_api_key(apiKey=call.id)

    def _outputs(self, call: Call, found: Properties) -> Properties:
        return {
            "arn": gateway_arn(call, f"apikeys/{found['id']}"),
            "value": found["value"],
            "createdDate": found["createdDate"].isoformat(),
        }


@emulates("aws:apigateway/usagePlanKey:UsagePlanKey")
class UsagePlanKey(Emulation):
    """A key of a usage plan."""

    replaces = frozenset({"keyId", "keyType", "usagePlanId"})
    identified_by = "plan/key"

    def create(self, call: Call) -> tuple[str, Properties]:
        """Add the key to the plan."""
        names = ("usagePlanId", "keyId", "keyType")
        made = call.aws("apigateway").create_usage_plan_key(**{name: call.inputs[name] for name in names})
        return made["id"], {"name": made["name"], "value": made["value"]}

    def read(self, call: Call) -> Properties:
        """Tell that the key is in the plan."""
        plan, key = parts(call, "usagePlanId")
        found = call.aws("apigateway").get_usage_plan_key(usagePlanId=plan, keyId=key)
        kept = {name: found[name] for name in ("name", "value")}
        return {"usagePlanId": plan, "keyId": key, "keyType": found["type"], **kept}

    def delete(self, call: Call) -> None:
        """Take the key out of the plan."""
        plan = call.before["usagePlanId"]
        call.aws("apigateway").delete_usage_plan_key(usagePlanId=plan, keyId=call.id)
