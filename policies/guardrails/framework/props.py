"""Reading a resource's properties without ever reading past an unknown."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from guardrails.framework.errors import UndeterminedError
from guardrails.framework.nesting import is_excessive
from guardrails.framework.sdk import UnknownValueError, unknown_checking_proxy

_EMPTY: Final[dict[str, Any]] = {}
_PROVIDERS_NOTE: Final = "__defaults"
"""What a bridged provider adds to every object in its Check, to remember where it filled in defaults."""


class Props:
    """The properties of one resource, or one object inside them, read as plain Python values.

    Stands before the SDK's proxies. A value that is not known yet, or is not of the shape that the reader
    asks for, raises `UndeterminedError` with the place; no reader ever sees the sentinel. An absent value and
    null are the same. `owner` names the resource in messages; values never appear in them, since secrets
    arrive here in the clear.
    """

    def __init__(self, values: Mapping[str, Any], owner: str, path: str = "") -> None:
        self._values = values
        self._owner = owner
        self._path = path

    @classmethod
    def of(cls, plain: Mapping[str, Any], owner: str, path: str = "") -> "Props":
        """Return a reader of plain (not yet proxied) values."""
        return cls(unknown_checking_proxy(dict(plain)), owner, path)

    @property
    def place(self) -> str:
        """Where the object stands, for messages."""
        return f"property {self._path} of {self._owner}" if self._path else self._owner

    def keys(self) -> list[str]:
        """Return the names that are set, known or not."""
        return [
            key
            for key in self._values
            if key != _PROVIDERS_NOTE and (self.is_unknown(key) or self._values[key] is not None)
        ]

    def is_unknown(self, key: str) -> bool:
        """Tell whether *key* is set to something not known yet."""
        try:
            self._values.get(key)
        except UnknownValueError:
            return True
        return False

    def has(self, key: str) -> bool:
        """Tell whether *key* is set at all; states hold empty text for what nobody has set."""
        return key in self.keys() and (self.is_unknown(key) or self._values[key] != "")

    def sets(self, key: str) -> bool:
        """Tell whether *key* is set, where what is not known yet could as well turn out to be nothing."""
        return self.get(key) not in (None, "")

    def filled_in(self, key: str) -> bool:
        """Tell whether the provider put its default at *key*, about which the program says nothing.

        Only inputs tell, and only those that went through a bridged provider's Check.
        """
        try:
            noted = self._values.get(_PROVIDERS_NOTE)
            if not isinstance(noted, Sequence) or isinstance(noted, str):
                return False
            return any(name == key for name in noted)
        except UnknownValueError:
            raise UndeterminedError(f"{self._place(_PROVIDERS_NOTE)} is not known yet") from None

    def known_text(self, key: str) -> str | None:
        """Return the text at *key* if there is one and it is known, else None."""
        value = None if self.is_unknown(key) else self._values.get(key)
        return value if isinstance(value, str) else None

    def get(self, key: str) -> Any:
        """Return the raw value at *key*, None if absent."""
        try:
            return self._values.get(key)
        except UnknownValueError:
            raise UndeterminedError(f"{self._place(key)} is not known yet") from None

    def is_list(self, key: str) -> bool:
        """Tell whether there is a list at *key*."""
        value = self.get(key)
        return isinstance(value, Sequence) and not isinstance(value, str)

    def text(self, key: str) -> str:
        """Return the text at *key*, empty if absent."""
        value = self.get(key)
        return "" if value is None else self._expect(value, str, key)

    def flag(self, key: str) -> bool:
        """Return the boolean at *key*, False if absent. Provider properties carry booleans as text."""
        value = self.get(key)
        if value in ("true", "false"):
            return bool(value == "true")
        return False if value is None else self._expect(value, bool, key)

    def number(self, key: str, default: float = 0) -> float:
        """Return the number at *key*, *default* if absent."""
        value = self.get(key)
        if isinstance(value, bool):
            raise self._shape(key, "a number")
        return default if value is None else self._expect(value, (int, float), key)

    def count(self, key: str) -> int:
        """Return how many members the list or object at *key* has, without looking at them."""
        value = self.get(key)
        if isinstance(value, Mapping):
            return len(self.block(key).keys())
        return 0 if value is None else len(self._expect(value, Sequence, key))

    def texts(self, key: str) -> list[str]:
        """Return the list of texts at *key*; one text is a list of one, as in policy documents."""
        value = self.get(key)
        if value is None:
            return []
        if isinstance(value, str):
            return [value]
        return [
            self._expect(self._member(value, index, key), str, f"{key}[{index}]")
            for index in range(len(self._expect(value, Sequence, key)))
        ]

    def known_texts(self, key: str) -> list[str | None]:
        """Return the list of texts at *key*, None for each that is not known yet."""
        try:
            value = self.get(key)
        except UndeterminedError:
            return [None]
        if not self.is_list(key):
            return list(self.texts(key))
        found: list[str | None] = []
        for index in range(len(value)):
            try:
                member = self._member(value, index, key)
            except UndeterminedError:
                found.append(None)
            else:
                found.append(self._expect(member, str, f"{key}[{index}]"))
        return found

    def scalars(self, key: str) -> list[str]:
        """Return texts, booleans and numbers at *key*, one or a list, as IAM compares them: as text."""
        value = self.get(key)
        if value is None:
            return []
        if isinstance(value, str) or not isinstance(value, Sequence):
            return [self._scalar(value, key)]
        return [
            self._scalar(self._member(value, index, key), f"{key}[{index}]") for index in range(len(value))
        ]

    def _scalar(self, value: Any, key: str) -> str:
        if isinstance(value, str):
            return value
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, float) and value.is_integer():
            return str(int(value))  # every number arrives as a float
        return str(self._expect(value, (int, float), key))

    def members(self, key: str) -> list["str | Props"]:
        """Return the texts and objects of the list at *key*."""
        values = self._expect([] if (value := self.get(key)) is None else value, Sequence, key)
        found: list[str | Props] = []
        for index in range(len(values)):
            place, member = f"{key}[{index}]", self._member(values, index, key)
            text = isinstance(member, str)
            found.append(
                member
                if text
                else Props(self._expect(member, Mapping, place), self._owner, self._join(place))
            )
        return found

    def rows(self, key: str) -> list[list["str | Props"]]:
        """Return the texts and objects of each list in the list at *key*."""
        values = self._expect([] if (value := self.get(key)) is None else value, Sequence, key)
        places = {f"{key}[{index}]": self._member(values, index, key) for index in range(len(values))}
        rows = Props(places, self._owner, self._path)
        return [rows.members(place) for place in places]

    def block(self, key: str) -> "Props":
        """Return the object at *key*, an empty one if absent; a list of one object is that object."""
        found = self.blocks(key)
        if len(found) > 1:
            raise self._shape(key, "a single object")
        return found[0] if found else Props(_EMPTY, self._owner, self._join(key))

    def blocks(self, key: str) -> list["Props"]:
        """Return the objects at *key*; one object is a list of one."""
        value = self.get(key)
        if value is None:
            return []
        if isinstance(value, Mapping):
            return [Props(value, self._owner, self._join(key))]
        if isinstance(value, str) or not isinstance(value, Sequence):
            raise self._shape(key, "an object or a list of objects")
        members = [(f"{key}[{i}]", self._member(value, i, key)) for i in range(len(value))]
        return [
            Props(self._expect(member, Mapping, place), self._owner, self._join(place))
            for place, member in members
            if member is not None
        ]

    def any_blocks(self, *keys: str) -> list["Props"]:
        """Return the objects at all of *keys*: older types have names of their own for the same thing."""
        return [block for key in keys for block in self.blocks(key)]

    def texts_inside(self) -> list[str | None]:
        """Return every text at any depth, None for each value that is not known yet."""
        return _texts_inside(self._values)

    def document(self, key: str, parse: Callable[[str], Any] | None = None) -> "Props":
        """Return the document at *key*, given as text or as an object; an empty one if absent.

        The text is JSON, or what *parse* reads; it raises ValueError if it cannot.
        """
        value = self.get(key)
        if not isinstance(value, str):
            return self.block(key)
        try:
            read = parse or partial(json.loads, object_pairs_hook=partial(self._unique, key))
            parsed = read(value) if value else {}
        except (ValueError, RecursionError):
            raise self._shape(key, "JSON") from None
        if not isinstance(parsed, dict):
            raise self._shape(key, "a JSON object")
        if is_excessive(parsed):
            raise self._shape(key, "less deep and less large")
        return Props.of(parsed, self._owner, self._join(key))

    def _unique(self, key: str, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        """Refuse JSON whose meaning depends on which of two equal keys a reader takes."""
        found = dict(pairs)
        if len(found) < len(pairs):
            raise self._shape(key, "JSON without a key that stands twice")
        return found

    def _member(self, values: Sequence[Any], index: int, key: str) -> Any:
        try:
            return values[index]
        except UnknownValueError:
            raise UndeterminedError(f"{self._place(f'{key}[{index}]')} is not known yet") from None

    def _expect(self, value: Any, kind: Any, key: str) -> Any:
        wrong_text = isinstance(value, str) and kind is not str
        if wrong_text or not isinstance(value, kind):
            kinds = kind if isinstance(kind, tuple) else (kind,)
            raise self._shape(key, " or ".join(_WORDS[k] for k in kinds))
        return value

    def _shape(self, key: str, wanted: str) -> UndeterminedError:
        return UndeterminedError(f"{self._place(key)} has an unexpected shape: it should be {wanted}")

    def _join(self, key: str) -> str:
        return f"{self._path}.{key}" if self._path else key

    def _place(self, key: str) -> str:
        return f"property {self._join(key)} of {self._owner}"


def _texts_inside(value: Any) -> list[str | None]:
    """Walk a value; the proxies raise on an unknown when it is asked for, not before."""
    if isinstance(value, str):
        return [value]
    places: Iterable[Any] = ()
    if isinstance(value, Mapping):
        places = value.keys()
    elif isinstance(value, Sequence):
        places = range(len(value))
    found: list[str | None] = []
    for place in places:
        try:
            found += _texts_inside(value[place])
        except UnknownValueError:
            found.append(None)
    return found


_WORDS: Final[dict[type, str]] = {
    str: "text",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    Mapping: "an object",
    Sequence: "a list",
}
