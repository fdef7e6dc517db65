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
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi_aws
from pulumi import _types as sdk_types

from local.provider.values import UNKNOWN, has_unknown, is_archive

_LOCK = threading.RLock()
"""The SDK's modules import each other lazily, which races between threads."""


class UnknownTypeError(Exception):
    """A type token that pulumi_aws does not have."""


@dataclass(frozen=True)
class Problem:
    """An input that the provider refuses: its property path and the reason."""

    path: str
    reason: str


@functools.cache
def _tokens() -> dict[str, tuple[str, str]]:
    """Map each type token to the module and class that stand for it."""
    source = Path(str(pulumi_aws.__file__)).read_text()
    found = re.search(r'resource_modules="""\n(.*?)"""', source, re.DOTALL)
    if not found:
        raise UnknownTypeError("pulumi_aws no longer lists its resource types where this version reads them")
    modules = json.loads(found[1])
    return {token: (module["fqn"], name) for module in modules for token, name in module["classes"].items()}


def _fields(cls: type) -> dict[str, tuple[str, Any]]:
    """Map each Pulumi name of an input type to its Python name and type."""
    names = sdk_types.input_type_py_to_pulumi_names(cls)
    types = sdk_types.input_type_types(cls)
    return {pulumi_name: (name, types.get(pulumi_name)) for name, pulumi_name in names.items()}


def _required(cls: type) -> set[str]:
    """Return the Python names of the arguments that have no default."""
    parameters = list(inspect.signature(cls.__init__).parameters.values())[1:]  # type: ignore[misc]
    return {parameter.name for parameter in parameters if parameter.default is inspect.Parameter.empty}


def _alternatives(annotation: Any) -> Iterator[Any]:
    """Yield what a value may be, without Input, Awaitable, Output, Optional and Union around it."""
    origin = typing.get_origin(annotation)
    if origin is typing.Union or str(origin) == "<class 'types.UnionType'>":
        for argument in typing.get_args(annotation):
            yield from _alternatives(argument)
    elif annotation is not type(None) and getattr(origin, "__name__", "") not in ("Awaitable", "Output"):
        yield annotation


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
        return frozenset(_fields(self.arguments))

    @functools.cached_property
    def computed(self) -> frozenset[str]:
        """Outputs that the provider always fills in: the SDK gives them a type that is not Optional."""
        return frozenset(name for name, optional in self.outputs.items() if not optional)

    def normalize(self, properties: Mapping[str, Any]) -> dict[str, Any]:
        """Return JSON text where an object, not a list, was given for a text property."""
        return _normalized(self.arguments, properties)

    def problems(self, properties: Mapping[str, Any]) -> list[Problem]:
        """Return what is unknown, missing or of the wrong shape, at any depth."""
        return list(_problems(self.arguments, properties, ""))


def _normalized(cls: type, properties: Mapping[str, Any]) -> dict[str, Any]:
    fields = _fields(cls)
    return {
        name: _normalized_value(fields[name][1], value) if name in fields else value
        for name, value in properties.items()
    }


def _normalized_value(annotation: Any, value: Any) -> Any:
    if not isinstance(value, dict | list) or is_archive(value):
        return value
    kinds = list(_alternatives(annotation))
    if str in kinds and isinstance(value, dict):
        return UNKNOWN if has_unknown(value) else json.dumps(value)
    if isinstance(value, list):
        elements = [typing.get_args(kind)[0] for kind in kinds if _container(kind) == "list"]
        return [_normalized_value(elements[0], item) for item in value] if elements else value
    nested = [kind for kind in kinds if inspect.isclass(kind) and sdk_types.is_input_type(kind)]
    return _normalized(nested[0], value) if nested else value


def _outputs(cls: type) -> dict[str, bool]:
    """Map each output to whether its declared type is Optional, which `resource_types` of the SDK hides."""
    found = {}
    for member in vars(cls).values():
        getter = member.fget if isinstance(member, property) else None
        if getter and (name := getattr(getter, "_pulumi_name", None)):
            declared = typing.get_args(getter.__annotations__["return"])[0]
            found[name] = type(None) in typing.get_args(declared)
    return found


def _problems(cls: type, properties: Mapping[str, Any], prefix: str) -> Iterator[Problem]:
    fields = _fields(cls)
    required = _required(cls)
    for name in properties:
        if name not in fields and not name.startswith("__"):
            yield Problem(prefix + name, "Invalid or unknown key")
    for name, (python_name, annotation) in fields.items():
        if name in properties and properties[name] is not None:
            yield from _problems_of_value(annotation, properties[name], prefix + name)
        elif python_name in required:
            yield Problem(prefix + name, f"Missing required property '{prefix}{name}'")


def _problems_of_value(annotation: Any, value: Any, path: str) -> Iterator[Problem]:
    if value == UNKNOWN or is_archive(value):
        return
    kinds = list(_alternatives(annotation))
    lists = [kind for kind in kinds if _container(kind) == "list"]
    nested = [kind for kind in kinds if inspect.isclass(kind) and sdk_types.is_input_type(kind)]
    open_ended = not kinds or Any in kinds
    if isinstance(value, list):
        if not lists and not open_ended:
            yield Problem(path, "expected a single value, not a list")
        for index, item in enumerate(value):
            for kind in lists:
                yield from _problems_of_value(typing.get_args(kind)[0], item, f"{path}[{index}]")
    elif lists and len(lists) == len(kinds):
        given = "an object" if isinstance(value, dict) else "a single value"
        yield Problem(path, f"expected a list, not {given}")
    elif isinstance(value, dict):
        for kind in nested:
            yield from _problems(kind, value, f"{path}.")
        if not nested and not open_ended and "dict" not in map(_container, kinds) and str not in kinds:
            yield Problem(path, "expected a single value, not an object")


def _container(kind: Any) -> str:
    """Return `list` or `dict` for the SDK's Sequence and Mapping annotations."""
    name = getattr(typing.get_origin(kind), "__name__", "")
    return {"Sequence": "list", "list": "list", "Mapping": "dict", "dict": "dict"}.get(name, "")


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
