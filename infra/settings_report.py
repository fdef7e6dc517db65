"""What is wrong with a stack's settings, in words: key, value, constraint, and the command that mends it."""

import difflib
import json
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from infra.config import STACK_KEY, Config


def report(errors: Sequence[Mapping[str, Any]], model: type[BaseModel], config: Config) -> str:
    """Return the message for all *errors* that validating *config* as *model* found."""
    count = f"{len(errors)} settings" if len(errors) > 1 else "1 setting"
    lines = [f"{count} of stack {config.stack!r} must be mended before anything is deployed:"]
    for error in errors:
        lines += _sentence(error, model, config)
    return "\n".join(lines)


def _sentence(error: Mapping[str, Any], model: type[BaseModel], config: Config) -> list[str]:
    location = [str(part) for part in error["loc"]]
    field = _field(location, model)
    key = config.full_key(_dotted(location))
    if error["type"] == "extra_forbidden":
        known = _siblings(location, model)
        hint = difflib.get_close_matches(location[-1], known, n=1)
        constraint = "unknown key" + (
            f"; did you mean {hint[0]}?" if hint else f"; known: {', '.join(known)}"
        )
        mend = f"pulumi config rm --stack {config.stack} {_quoted(key)}"
        return [f"  {key} = {_shown(error, location, config)}", f"    {constraint}", f"    mend: {mend}"]
    what = field.description if field is not None and field.description else "see its section"
    if error["type"] == "missing":
        return [f"  {key} is missing", f"    {what}", f"    mend: {_set(key, field, config)}"]
    # Items beyond the one that is set would stay.
    reset = (
        f"pulumi config rm --stack {config.stack} {_quoted(key)} && "
        if isinstance(error["input"], list)
        else ""
    )
    constraint = f"{what}: {error['msg'].removeprefix('Value error, ')}"
    return [
        f"  {key} = {_shown(error, location, config)}",
        f"    {constraint}",
        f"    mend: {reset}{_set(key, field, config, error.get('ctx', {}).get('mend'))}",
    ]


def _set(key: str, field: FieldInfo | None, config: Config, mend: Any = None) -> str:
    if key == STACK_KEY:
        return f"pulumi stack rename <shorter or simpler name> --stack {config.stack}"
    examples = (field.examples if field is not None else None) or ["<value>"]
    example = examples[0] if mend is None else mend
    typed = ""
    if isinstance(example, list):
        key, example = (key if key.endswith("]") else f"{key}[0]"), example[0]
        # With --path, Pulumi would store digits as a number.
        typed = "--type string " if example.isdigit() else ""
    value = json.dumps(example) if isinstance(example, bool) else str(example)
    return f"pulumi config set --stack {config.stack} {typed}{_quoted(key)} {value}"


def _quoted(key: str) -> str:
    return f"--path '{key}'" if "." in key or "[" in key else key


def _shown(error: Mapping[str, Any], location: Sequence[str], config: Config) -> str:
    return "[secret]" if location[0] in config.secrets else json.dumps(error["input"], default=str)


def _dotted(location: Sequence[str]) -> str:
    return "".join(f"[{part}]" if part.isdigit() else f".{part}" for part in location).removeprefix(".")


def _field(location: Sequence[str], model: type[BaseModel]) -> FieldInfo | None:
    """Return the field at *location*; for an item of a list, the list's."""
    current: type[BaseModel] | None = model
    field: FieldInfo | None = None
    for part in location:
        if part.isdigit() or current is None:
            return field
        field = _by_key(current).get(part)
        current = _section(field)
    return field


def _siblings(location: Sequence[str], model: type[BaseModel]) -> list[str]:
    parent = _section(_field(location[:-1], model)) if len(location) > 1 else model
    return sorted(_by_key(parent)) if parent is not None else []


def _by_key(model: type[BaseModel]) -> dict[str, FieldInfo]:
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _section(field: FieldInfo | None) -> type[BaseModel] | None:
    kind = field.annotation if field is not None else None
    candidates = (kind, *get_args(kind))
    return next((c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)), None)
