"""Putting what a file gets wrong in words that mend it: what is there, what may be, the nearest of it."""

import difflib
import re
from collections.abc import Iterable
from enum import Enum
from types import UnionType
from typing import Any, Final

import msgspec

from guardrails.framework.errors import ConfigError

_MANY: Final = 12
_FEW: Final = 3
_FAR: Final = 0.5
_PLACE: Final = " - at `$"
_UNKNOWN_KEY: Final = re.compile(r"^Object contains unknown field `(?P<key>.*)`")
_MISSING_KEY: Final = re.compile(r"^Object missing required field `(?P<key>.*)`")


def checked[T](kind: type[T], content: object, where: str) -> T:
    """Return *content* as a *kind*; an empty file is an empty object.

    Raises
    ------
    ConfigError
        It has a key or a value that does not exist; the message begins with *where* and names the nearest.
    """
    empty = content is None and issubclass(kind, msgspec.Struct)
    try:
        return msgspec.convert({} if empty else _whole(content), kind)
    except msgspec.ValidationError as invalid:
        said, placed, place = str(invalid).rpartition(_PLACE)
        sentence, path = (said, place.removesuffix("`").removeprefix(".")) if placed else (place, "")
        inside = path and f"{'.' if ': ' in where else ': '}{path}"
        raise ConfigError(f"{where}{inside}: {_explained(kind, sentence, path, content)}") from None


def nearest(name: str, allowed: Iterable[str]) -> str:
    """Return the one of *allowed* that *name* may mean, else what is allowed; of much, the nearest few."""
    by_letters = {each.lower(): each for each in allowed}
    if near := difflib.get_close_matches(name.lower(), by_letters, n=1):
        return f"did you mean {by_letters[near[0]]!r}?"
    if len(by_letters) <= _MANY:
        return f"there are {', '.join(sorted(by_letters.values()))}"
    holding = sorted(each for each in by_letters if name and name.lower() in each)
    few = holding[:_FEW] or difflib.get_close_matches(name.lower(), by_letters, n=_FEW, cutoff=_FAR)
    named = ", ".join(repr(by_letters[each]) for each in few or sorted(by_letters)[:_FEW])
    return f"the nearest are {named}" if few else f"there are {len(by_letters)}, such as {named}"


def _explained(kind: type, sentence: str, path: str, content: object) -> str:
    if unknown := _UNKNOWN_KEY.search(sentence):
        return f"unknown key {unknown['key']!r}; {nearest(unknown['key'], _keys(kind, path))}"
    if missing := _MISSING_KEY.search(sentence):
        return f"{missing['key']} is missing"
    given, wanted = _at(content, path), _type_at(kind, path)
    if isinstance(wanted, type) and issubclass(wanted, Enum):
        kind_of_word = wanted.__name__.lower()
        return f"{given!r} is not a {kind_of_word}; {nearest(str(given), [str(each) for each in wanted])}"
    if "matching regex" in sentence:
        return "must not be blank"
    told = ", got " in sentence or not isinstance(given, int | float | str)
    return sentence if told else f"{sentence}, not {given!r}"


def _keys(kind: type, path: str) -> list[str]:
    holder = _type_at(kind, path)
    return [each.encode_name for each in msgspec.structs.fields(holder)]


def _type_at(kind: Any, path: str) -> Any:
    """Return the type of what stands at *path* of a *kind*, as far as it goes through named fields."""
    for step in filter(None, path.split(".")):
        if not (isinstance(kind, type) and issubclass(kind, msgspec.Struct)):
            return None
        kind = next((each.type for each in msgspec.structs.fields(kind) if each.encode_name == step), None)
        if isinstance(kind, UnionType):
            kind = next(each for each in kind.__args__ if each is not type(None))
    return kind


def _at(content: Any, path: str) -> Any:
    for step in filter(None, path.split(".")):
        content = content.get(step) if isinstance(content, dict) else None
    return content


def _whole(value: Any) -> Any:
    """Return *value* with whole floats as integers: the engine has no others."""
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in value.items()}
    return int(value) if isinstance(value, float) and value.is_integer() else value
