"""Finding values in a resource's inputs, of which some may not be known yet."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from local.provider.values import UNKNOWN, has_unknown


class NotKnownError(Exception):
    """A value is not known before the update."""


@dataclass(frozen=True)
class Inputs:
    """Inputs of a resource, read by path; a value that is not known yet raises NotKnownError."""

    raw: Mapping[str, Any]

    def get(self, path: str, default: Any = None) -> Any:
        """Return the value at a dotted path, *default* where it is absent."""
        value = self._at(path)
        return default if value is None else known(value)

    def keys(self, path: str) -> list[str]:
        """Return the names in the object at a dotted path, whose values may be unknown."""
        value = self._at(path)
        if value == UNKNOWN:
            raise NotKnownError(path)
        return list(value or {})

    def part(self, path: str) -> "Inputs":
        """Return the object at a dotted path, an empty one where it is absent; parts of it may be unknown."""
        return Inputs({key: self._at(f"{path}.{key}") for key in self.keys(path)})

    def each(self, path: str) -> Iterator[tuple[str, "Inputs"]]:
        """Yield path and content of every object in the list at *path*, of which parts may be unknown."""
        value = self._at(path)
        for index, item in enumerate([UNKNOWN] if value == UNKNOWN else value or []):
            if item == UNKNOWN:
                raise NotKnownError(path)
            yield f"{path}[{index}]", Inputs(item)

    def _at(self, path: str) -> Any:
        value: Any = self.raw
        for name in path.split("."):
            if value == UNKNOWN:
                raise NotKnownError(path)
            value = value.get(name) if isinstance(value, Mapping) else None
        return value

    def __contains__(self, path: str) -> bool:
        """Tell whether there is a value, known or not, in something that is known."""
        return self._at(path) is not None


def known(value: Any) -> Any:
    """Return *value* if all of it is known."""
    if has_unknown(value):
        raise NotKnownError
    return value


def places(inputs: Mapping[str, Any], path: str) -> Iterator[tuple[str, Any]]:
    """Yield concrete path and value for a path such as `rules[].expiration.days`, but for unknown values."""
    for place, value in _walk(inputs, path.split("."), ""):
        if not has_unknown(value):
            yield place, value


def _walk(value: Any, names: list[str], at: str) -> Iterator[tuple[str, Any]]:
    if value is None or (value == UNKNOWN and names):
        return
    if not names:
        yield at, value
        return
    name, *rest = names
    plain = name.removesuffix("[]")
    inner = value.get(plain) if isinstance(value, Mapping) else None
    place = f"{at}.{plain}" if at else plain
    if name == plain:
        yield from _walk(inner, rest, place)
    elif isinstance(inner, list):
        for index, item in enumerate(inner):
            yield from _walk(item, rest, f"{place}[{index}]")
