"""Putting what pydantic refuses in words that mend it: what is there, what may be, the nearest of it."""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from guardrails.framework.errors import ConfigError


def checked[T: BaseModel](model: type[T], content: object, where: str) -> T:
    """Return *content* as a *model*; an empty file is an empty object.

    Raises
    ------
    ConfigError
        It has a key or a value that does not exist; the message begins with *where* and names the nearest.
    """
    try:
        return model.model_validate({} if content is None else content)
    except ValidationError as invalid:
        errors: list[dict[str, Any]] = [dict(error) for error in invalid.errors(include_url=False)]
        # A misspelt key explains why another is missing.
        error = next((each for each in errors if each["type"] == "extra_forbidden"), errors[0])
        place = ".".join(str(step) for step in error["loc"])
        raise ConfigError(f"{where}: {place or 'the file'}: {_explained(model, error)}") from None


def nearest(name: str, allowed: Iterable[str]) -> str:
    """Return the one of *allowed* that *name* may mean, else what is allowed."""
    near = difflib.get_close_matches(name, list(allowed), n=1)
    return f"did you mean {near[0]!r}?" if near else f"there are {', '.join(sorted(allowed))}"


def _explained(model: type[BaseModel], error: dict[str, Any]) -> str:
    given = error["input"]
    if error["type"] == "extra_forbidden":
        last = str(error["loc"][-1])
        return f"unknown key {last!r}; {nearest(last, _keys(_holder(model, error['loc'][:-1])))}"
    if error["type"] in ("enum", "literal_error"):
        kind = "level" if "mandatory" in str(error["ctx"]) else "value"
        return f"{given!r} is not a {kind}; {nearest(str(given), _words(error))}"
    if error["type"] == "missing":
        return "is missing"
    if isinstance(given, str | int | float | bool) or given is None:
        return f"{error['msg']}, not {given!r}"
    return f"{error['msg']}, not {type(given).__name__}"


def _words(error: dict[str, Any]) -> list[str]:
    """Return the values that pydantic lists as `'a', 'b' or 'c'`."""
    return re.findall(r"'([^']*)'", str(error["ctx"]["expected"]))


def _holder(model: type[BaseModel], path: tuple[str | int, ...]) -> type[BaseModel]:
    """Return the model in which the value at *path* stands."""
    for step in path:
        fields = model.model_fields
        found = fields.get(str(step)) or next((each for each in fields.values() if each.alias == step), None)
        if found is not None:
            model = next(_models_in(found.annotation), model)
    return model


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        if not isinstance(inner, Enum | Mapping):
            yield from _models_in(inner)


def _keys(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]
