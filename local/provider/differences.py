"""What differs between two sets of inputs, by property path, and which of it AWS replaces for."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pulumi.runtime.proto import provider_pb2 as messages

from local.provider.naming import name_property
from local.provider.replacing import replacing_paths
from local.provider.schema import ResourceType
from local.provider.values import Properties, comparable

type Path = tuple[str | int, ...]
"""Keys and list positions from the resource down; `*` stands for any of them."""

type Kind = messages.PropertyDiff.Kind.ValueType

STEP = re.compile(r'\["((?:[^"\\]|\\.)*)"\]|\[(\d+|\*)\]|\.?([^.\[\]]+)')
WORD = re.compile(r"[A-Za-z_$][\w$]*")
REPLACING: dict[Kind, Kind] = {
    messages.PropertyDiff.ADD: messages.PropertyDiff.ADD_REPLACE,
    messages.PropertyDiff.DELETE: messages.PropertyDiff.DELETE_REPLACE,
    messages.PropertyDiff.UPDATE: messages.PropertyDiff.UPDATE_REPLACE,
}


def parse(path: str) -> Path:
    """Return the steps of a property path as the engine writes it: `a.b[0]["c.d"][*]`."""
    steps: list[str | int] = []
    for quoted, index, word in STEP.findall(path):
        steps.append(int(index) if index.isdecimal() else index or quoted.replace('\\"', '"') or word)
    return tuple(steps)


def written(path: Path) -> str:
    """Return the path as the engine reads it."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif WORD.fullmatch(step):
            text += f".{step}" if text else step
        else:
            text += '["{}"]'.format(step.replace('"', '\\"'))
    return text


def changes(old: Properties, new: Properties, ignored: Iterable[str] = ()) -> dict[Path, Kind]:
    """Return what was added, deleted or updated, but for the paths to be ignored and what is below them."""
    skipped = [parse(path) for path in ignored]
    found = _changes(_visible(old), _visible(new), ())
    return {path: kind for path, kind in found if not any(_is_at(path, each) for each in skipped)}


def difference(
    kind: ResourceType, old: Properties, new: Properties, changed: Mapping[Path, Kind]
) -> messages.DiffResponse:
    """Say what changed, whether AWS needs another resource for it, and whether the two share a name."""
    forcing = replacing_paths(kind.token)
    replacing = {
        path for path in changed if any(_is_at(path, each) or _is_at(each, path) for each in forcing)
    }
    detailed = {
        written(path): messages.PropertyDiff(
            kind=REPLACING[what] if path in replacing else what, inputDiff=path[0] in kind.inputs
        )
        for path, what in changed.items()
    }
    name = name_property(kind.token)
    return messages.DiffResponse(
        changes=messages.DiffResponse.DIFF_SOME if changed else messages.DiffResponse.DIFF_NONE,
        diffs=sorted({str(path[0]) for path in changed}),
        replaces=sorted({str(path[0]) for path in replacing}),
        detailedDiff=detailed,
        hasDetailedDiff=True,
        # The engine may replace for a change of which the provider does not say so (replace_on_changes).
        deleteBeforeReplace=bool(changed) and name in new and old.get(name) == new.get(name),
    )


def _visible(properties: Properties) -> Properties:
    return {key: comparable(value) for key, value in properties.items() if not key.startswith("__")}


def _changes(old: Any, new: Any, path: Path) -> Iterator[tuple[Path, Kind]]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted((old.keys() | new.keys()) - {"__defaults"}):
            yield from _change(key in old, key in new, old.get(key), new.get(key), (*path, key))
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            before, after = index < len(old), index < len(new)
            yield from _change(before, after, before and old[index], after and new[index], (*path, index))
    elif old != new:
        yield path, messages.PropertyDiff.UPDATE


def _change(before: bool, after: bool, old: Any, new: Any, path: Path) -> Iterator[tuple[Path, Kind]]:
    if before and after:
        yield from _changes(old, new, path)
    elif before and old is not None:
        yield path, messages.PropertyDiff.DELETE
    elif after and new is not None:
        yield path, messages.PropertyDiff.ADD


def _is_at(path: Path, place: Path) -> bool:
    """Tell whether *path* is *place* or below it."""
    return len(place) <= len(path) and all(
        "*" in (step, there) or step == there for step, there in zip(path, place, strict=False)
    )
