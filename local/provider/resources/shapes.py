"""Properties under a service's names and under Pulumi's, where these differ in capitals alone."""

from collections.abc import Iterable, Mapping
from typing import Any

from local.provider.values import Properties


def as_aws(shape: Any, properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return the properties that the service's model has, by its names, which differ in capitals alone."""
    members = {name.lower(): (name, member) for name, member in shape.members.items()}
    return {
        members[name.lower()][0]: _value(members[name.lower()][1], value)
        for name, value in properties.items()
        if value is not None and name.lower() in members
    }


def _value(shape: Any, value: Any) -> Any:
    if shape.type_name == "structure":
        return as_aws(shape, value)
    return [_value(shape.member, item) for item in value] if shape.type_name == "list" else value


def as_pulumi(found: Mapping[str, Any], names: Iterable[str]) -> Properties:
    """Return what moto tells under the *names* that Pulumi has for it; some of them it does not know."""
    told = {name.lower(): value for name, value in found.items()}
    return {name: _lowered(told[name.lower()]) for name in names if name.lower() in told}


def _lowered(value: Any) -> Any:
    if isinstance(value, dict):
        return {name[0].lower() + name[1:]: _lowered(item) for name, item in value.items()}
    return [_lowered(item) for item in value] if isinstance(value, list) else value
