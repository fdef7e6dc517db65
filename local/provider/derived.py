"""What follows from a resource's inputs without any cloud: what an update keeps, what is only recorded."""

from collections.abc import Mapping
from typing import Any

from local.provider.emulation import Call
from local.provider.schema import ResourceType
from local.provider.values import Properties

ARN_SERVICES = {
    "cognito/userPool": "cognito-idp",
    "cognito/identityPool": "cognito-identity",
    "cloudwatch/event": "events",
    "cloudwatch/log": "logs",
    "sfn/": "states",
    "lb/": "elasticloadbalancing",
    "cfg/": "config",
}
"""How ARNs call a service that Pulumi calls otherwise, by what a type begins with."""


def made_up_outputs(kind: ResourceType, urn: str, call: Call) -> tuple[str, Properties]:
    """Return an id and an ARN for a type that is kept in state alone."""
    service, resource = kind.token.split(":")[1].split("/")
    service = next(
        (aws for begins, aws in ARN_SERVICES.items() if f"{service}/{resource}".startswith(begins)), service
    )
    name = call.inputs.get("name") or urn.rsplit("::", 1)[1]
    computed = "arn" in kind.computed - kind.inputs
    return str(name), {"arn": call.arn(service, f"{resource}/{name}")} if computed else {}


def carried(kind: ResourceType, before: Properties, old_inputs: Mapping[str, Any]) -> Properties:
    """Return what an update leaves in state: what the provider computed, not what the program once set."""
    return {
        key: value
        for key, value in before.items()
        if key not in old_inputs and (key in kind.computed or key not in kind.inputs)
    }
