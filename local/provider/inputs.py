"""What is wrong with the inputs of a resource, as far as the SDK's own argument types tell."""

import difflib
import inspect
import typing
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from pulumi import _types as sdk_types

from local.provider.annotations import alternatives, container, fields_of, required
from local.provider.values import UNKNOWN, is_archive

OPEN_ENUMS = {"EngineMode", "EngineType", "InstancePlatform", "InstanceType", "ManagedPolicy", "Metric"} | {
    "MetricsGranularity",
    "ProtocolType",
    "Region",
    "StorageType",
}
"""Enums of the SDK that list common values only; AWS takes others, and so does the real provider.

The closed ones are Runtime (lambda), CannedAcl (s3), RecordType (route53), ParameterType (ssm), Tenancy and
PlacementStrategy (ec2), IpAddressType and LoadBalancerType (alb), NotificationType (autoscaling), and those
of policy documents. What only a docstring lists is not judged: docstrings lag behind AWS.
"""


@dataclass(frozen=True)
class Problem:
    """An input that the provider refuses: its property path and the reason."""

    path: str
    reason: str


def problems_of(cls: type, properties: Mapping[str, Any], prefix: str = "") -> Iterator[Problem]:
    """Yield what is unknown, missing, contradictory or of the wrong shape, at any depth."""
    fields, needed = fields_of(cls), required(cls)
    for name, value in properties.items():
        if name not in fields and not name.startswith("__"):
            yield Problem(prefix + name, f"Invalid or unknown key{_nearest(name, fields)}")
        elif properties.get(f"{name}Prefix") is not None and value is not None:
            yield Problem(prefix + name, f"conflicts with {prefix}{name}Prefix; give only one of the two")
    for name, (python_name, annotation) in fields.items():
        if properties.get(name) is not None:
            yield from _problems_of_value(annotation, properties[name], prefix + name)
        elif python_name in needed:
            yield Problem(prefix + name, f"Missing required property '{prefix}{name}'; give {python_name}")


def _nearest(name: str, fields: Mapping[str, tuple[str, Any]]) -> str:
    """Return a question after the input that was probably meant, as the program writes it."""
    python_names = {python_name: known for known, (python_name, _) in fields.items()}
    known = python_names.get(name) or next(iter(difflib.get_close_matches(name, fields, n=1)), None)
    return f"; did you mean '{known}' ({fields[known][0]} in Python)?" if known else ""


def _problems_of_value(annotation: Any, value: Any, path: str) -> Iterator[Problem]:
    if value == UNKNOWN or is_archive(value):
        return
    kinds = list(alternatives(annotation))
    lists = [kind for kind in kinds if container(kind) == "list"]
    nested = [kind for kind in kinds if inspect.isclass(kind) and sdk_types.is_input_type(kind)]
    open_ended = not kinds or Any in kinds
    if isinstance(value, list):
        if not lists and not open_ended:
            yield Problem(path, "expected a single value, not a list")
        for index, item in enumerate(value):
            for kind in lists:
                yield from _problems_of_value(_inner(kind, 0), item, f"{path}[{index}]")
    elif lists and len(lists) == len(kinds):
        given = "an object" if isinstance(value, dict) else "a single value"
        yield Problem(path, f"expected a list, not {given}")
    elif isinstance(value, dict):
        yield from _problems_of_object(kinds, nested, value, path)
    elif nested and len(nested) == len([kind for kind in kinds if container(kind) != "dict"]):
        yield Problem(path, "expected an object, not a single value")
    else:
        yield from _problems_of_scalar(kinds, value, path)


def _problems_of_object(
    kinds: Collection[Any], nested: Collection[type], value: Mapping[str, Any], path: str
) -> Iterator[Problem]:
    for kind in nested:
        yield from problems_of(kind, value, f"{path}.")
    maps = [kind for kind in kinds if container(kind) == "dict"]
    if not nested:
        for kind in maps:
            for key, item in value.items():
                yield from _problems_of_value(_inner(kind, 1), item, f'{path}["{key}"]')
    if not nested and not maps and kinds and Any not in kinds and str not in kinds:
        yield Problem(path, "expected a single value, not an object")


def _problems_of_scalar(kinds: Collection[Any], value: Any, path: str) -> Iterator[Problem]:
    for kind in kinds:
        if inspect.isclass(kind) and issubclass(kind, Enum) and kind.__name__ not in OPEN_ENUMS:
            allowed = [str(member.value) for member in kind]
            if isinstance(value, str) and value not in allowed:
                near = difflib.get_close_matches(value, allowed, n=3) or allowed
                yield Problem(
                    path, f"expected one of {kind.__name__}, such as {', '.join(near)}; not {value!r}"
                )
    if set(kinds) <= {int, float} and kinds and not _is_number(value):
        yield Problem(path, "expected a number")
    if set(kinds) == {bool} and value not in (True, False, "true", "false"):
        yield Problem(path, "expected true or false")


def _is_number(value: Any) -> bool:
    if isinstance(value, bool):
        return False
    try:
        float(value)
    except ValueError:
        return False
    return True


def _inner(kind: Any, position: int) -> Any:
    """Return the type of a container's elements, if it tells one."""
    arguments = typing.get_args(kind)
    return arguments[position] if len(arguments) > position else Any
