"""What the SDK's own classes say of a resource type: its inputs, the required ones, its outputs.

The real provider's schema is not on this machine; the generated argument types of `pulumi_aws` carry names,
nesting and which inputs are required, and the output types tell what the provider computes.
"""

import functools
import importlib
import inspect
import json
import re
import threading
import typing
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi_aws
from pulumi import _types as sdk_types

from local.provider.annotations import alternatives, container, fields_of
from local.provider.inputs import Problem, problems_of
from local.provider.values import UNKNOWN, has_unknown, is_archive

_LOCK = threading.RLock()
"""The SDK's modules import each other lazily, which races between threads."""


class UnknownTypeError(Exception):
    """A type token that pulumi_aws does not have."""


@functools.cache
def _tokens() -> dict[str, tuple[str, str]]:
    """Map each type token to the module and class that stand for it."""
    source = Path(str(pulumi_aws.__file__)).read_text()
    found = re.search(r'resource_modules="""\n(.*?)"""', source, re.DOTALL)
    if not found:
        raise UnknownTypeError("pulumi_aws no longer lists its resource types where this version reads them")
    modules = json.loads(found[1])
    return {token: (module["fqn"], name) for module in modules for token, name in module["classes"].items()}


@dataclass(frozen=True)
class ResourceType:
    """One resource type of pulumi_aws."""

    token: str
    arguments: type
    outputs: Mapping[str, bool]
    """Output names, and whether the SDK declares them Optional."""

    @functools.cached_property
    def inputs(self) -> frozenset[str]:
        """Names of the inputs, in camelCase."""
        return frozenset(fields_of(self.arguments))

    @functools.cached_property
    def computed(self) -> frozenset[str]:
        """Outputs that the provider always fills in: the SDK gives them a type that is not Optional."""
        return frozenset(name for name, optional in self.outputs.items() if not optional)

    def normalize(self, properties: Mapping[str, Any]) -> dict[str, Any]:
        """Return values of the type that a property has, as the real provider does.

        Objects, not lists, become JSON text where text is due; numbers and booleans become text, and text
        that spells one becomes it.
        """
        return _normalized(self.arguments, properties)

    def problems(self, properties: Mapping[str, Any]) -> list[Problem]:
        """Return what is unknown, missing or of the wrong shape, at any depth."""
        return list(problems_of(self.arguments, properties))


def _normalized(cls: type, properties: Mapping[str, Any]) -> dict[str, Any]:
    fields = fields_of(cls)
    return {
        name: _normalized_value(fields[name][1], value) if name in fields else value
        for name, value in properties.items()
    }


def _normalized_value(annotation: Any, value: Any) -> Any:
    if value is None or value == UNKNOWN or is_archive(value):
        return value
    kinds = list(alternatives(annotation))
    if not isinstance(value, dict | list):
        return _converted(kinds, value)
    if str in kinds and isinstance(value, dict):
        return UNKNOWN if has_unknown(value) else json.dumps(value)
    if isinstance(value, list):
        elements = [typing.get_args(kind)[0] for kind in kinds if container(kind) == "list"]
        return [_normalized_value(elements[0], item) for item in value] if elements else value
    if members := [typing.get_args(kind)[1] for kind in kinds if container(kind) == "dict"]:
        return {name: _normalized_value(members[0], item) for name, item in value.items()}
    nested = [kind for kind in kinds if inspect.isclass(kind) and sdk_types.is_input_type(kind)]
    return _normalized(nested[0], value) if nested else value


def _converted(kinds: list[Any], value: Any) -> Any:
    """Return a single value as text, number or boolean, whichever is due; what spells none stays as it is."""
    if str in kinds:
        return value if isinstance(value, str) else json.dumps(value)
    if not isinstance(value, str):
        return value
    if bool in kinds:
        return {"true": True, "false": False}.get(value, value)
    for kind in (int, float):
        if kind in kinds or float in kinds:
            with suppress(ValueError):
                return kind(value)
    return value


def _outputs(cls: type) -> dict[str, bool]:
    """Map each output to whether its declared type is Optional, which `resource_types` of the SDK hides."""
    found = {}
    for member in vars(cls).values():
        getter = member.fget if isinstance(member, property) else None
        if getter and (name := getattr(getter, "_pulumi_name", None)):
            declared = typing.get_args(getter.__annotations__["return"])[0]
            found[name] = type(None) in typing.get_args(declared)
    return found


@functools.cache
def resource_type(token: str) -> ResourceType:
    """Return the type that *token* stands for; UnknownTypeError where pulumi_aws has none."""
    with _LOCK:
        try:
            module_name, class_name = _tokens()[token]
        except KeyError:
            raise UnknownTypeError(f"{token} is not a resource type of this version of pulumi_aws") from None
        cls = getattr(importlib.import_module(module_name), class_name)
        module = importlib.import_module(cls.__module__)
        # Where a nested type has taken the name, as with Bucket's versioning, the SDK says InitArgs.
        arguments = getattr(module, f"{class_name}InitArgs", None) or getattr(module, f"{class_name}Args")
        return ResourceType(token, arguments, _outputs(cls))
