"""Values inside a resource's inputs, at any depth, JSON documents given as text included."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

type Steps = tuple[str | int, ...]

REMOVED: Final = object()
"""What a value is replaced by to take it away."""
_NAMES: Final = ("Sid", "id", "name")
_ACTION: Final = re.compile(r"[a-z0-9]+:[A-Z][A-Za-z]+")


@dataclass(frozen=True)
class JsonText:
    """A JSON document that is given as text, opened."""

    value: Any


def opened(value: Any) -> Any:
    """Return *value* with the JSON documents in it opened."""
    if isinstance(value, dict):
        return {key: opened(member) for key, member in value.items()}
    if isinstance(value, list):
        return [opened(member) for member in value]
    if isinstance(value, str) and value[:1] in ("{", "["):
        return JsonText(json.loads(value))
    return value


def closed(tree: Any) -> Any:
    """Return what *tree* was before it was opened."""
    if isinstance(tree, JsonText):
        return json.dumps(tree.value)
    if isinstance(tree, dict):
        return {key: closed(member) for key, member in tree.items()}
    return [closed(member) for member in tree] if isinstance(tree, list) else tree


def places(tree: Any, above: Steps = ()) -> Iterator[tuple[Steps, Any]]:
    """Yield every value below *tree* with its path, containers before what they hold."""
    inner = content(tree)
    for step in inner if isinstance(inner, Mapping) else range(len(inner)) if isinstance(inner, list) else ():
        yield (*above, step), content(inner[step])
        yield from places(inner[step], (*above, step))


def content(tree: Any) -> Any:
    """Return the document if *tree* is one given as text, else *tree*."""
    return tree.value if isinstance(tree, JsonText) else tree


def replaced(tree: Any, path: Steps, value: Any) -> Any:
    """Return a copy of *tree* with *value* at *path*."""
    if not path:
        return value
    inner, (step, *rest) = content(tree), path
    changed: Any = inner.copy()
    member = replaced(inner[step], tuple(rest), value)
    if member is REMOVED:
        del changed[step]
    else:
        changed[step] = member
    return JsonText(changed) if isinstance(tree, JsonText) else changed


def spoken(tree: Any, path: Steps) -> str:
    """Return *path* with dots; members of lists are called by their Sid, id or name if they have one."""
    words: list[str] = []
    for step in path:
        inner = content(tree)
        tree = inner[step]
        words.append(_called(tree, str(step)) if isinstance(inner, list) else str(step))
    return ".".join(words)


def _called(member: Any, position: str) -> str:
    """Return what a list's member is called: statements also by their effect, actions by themselves."""
    inner = content(member)
    if isinstance(inner, str) and _ACTION.fullmatch(inner):
        return inner
    if not isinstance(inner, Mapping):
        return position
    name = next((inner[key] for key in _NAMES if isinstance(inner.get(key), str)), position)
    return f"{inner['Effect']}/{name}" if "Effect" in inner else name
