"""What the type annotations of the SDK's argument classes say."""

import inspect
import typing
from collections.abc import Iterator
from typing import Any

from pulumi import _types as sdk_types


def fields_of(cls: type) -> dict[str, tuple[str, Any]]:
    """Map each Pulumi name of an input type to its Python name and type."""
    names = sdk_types.input_type_py_to_pulumi_names(cls)
    types = sdk_types.input_type_types(cls)
    return {pulumi_name: (name, types.get(pulumi_name)) for name, pulumi_name in names.items()}


def required(cls: type) -> set[str]:
    """Return the Python names of the arguments that have no default."""
    parameters = list(inspect.signature(cls.__init__).parameters.values())[1:]  # type: ignore[misc]
    return {parameter.name for parameter in parameters if parameter.default is inspect.Parameter.empty}


def alternatives(annotation: Any) -> Iterator[Any]:
    """Yield what a value may be, without Input, Awaitable, Output, Optional and Union around it."""
    origin = typing.get_origin(annotation)
    if origin is typing.Union or str(origin) == "<class 'types.UnionType'>":
        for argument in typing.get_args(annotation):
            yield from alternatives(argument)
    elif annotation is not type(None) and getattr(origin, "__name__", "") not in ("Awaitable", "Output"):
        yield annotation


def container(kind: Any) -> str:
    """Return `list` or `dict` for the SDK's Sequence and Mapping annotations."""
    name = getattr(typing.get_origin(kind), "__name__", "")
    return {"Sequence": "list", "list": "list", "Mapping": "dict", "dict": "dict"}.get(name, "")
