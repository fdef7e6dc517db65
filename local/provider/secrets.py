"""What is secret: unwrapped when it arrives, wrapped again wherever it, or what carries it, leaves.

The engine sends a secret as an object with a signature. Emulations work on plain values; what they return is
secret where the same place of the inputs was, where the provider derives it from such a place, and where a
text holds a secret text.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Self

from google.protobuf import json_format, struct_pb2

from local.provider.values import SECRET, SIGNATURE_KEY, UNKNOWN, Properties, encode, is_archive, plain

type Place = tuple[str, ...]

SHORTEST = 3
"""Shorter texts are found in everything; as in Pulumi's own log filter, only their places are kept."""

DERIVED = {"tags": ("tagsAll",), "code": ("codeSha256", "sourceCodeHash", "sourceCodeSize")}
"""What the provider computes of an input in a form that no longer shows the input's text."""


@dataclass(frozen=True)
class Secrets:
    """The secrets of one message: the places where they stand, and the texts that they hold."""

    places: frozenset[Place] = frozenset()
    leaves: frozenset[str] = frozenset()

    @classmethod
    def of(cls, *sent: struct_pb2.Struct) -> Self:
        """Collect what is wrapped as secret in the messages."""
        places: set[Place] = set()
        leaves: set[str] = set()
        for properties in map(json_format.MessageToDict, sent):
            for place, value in _wrapped(properties, ()):
                places |= {place, *((name, *place[1:]) for name in DERIVED.get(place[0], ()))}
                leaves |= set(_leaves(plain(value)))
        return cls(frozenset(places), frozenset(leaves))

    def __or__(self, other: "Secrets") -> "Secrets":
        return Secrets(self.places | other.places, self.leaves | other.leaves)

    def only(self, names: Iterable[str]) -> "Secrets":
        """Return the places in the properties *names*, without the texts."""
        kept = set(names)
        return Secrets(frozenset(place for place in self.places if place[0] in kept))

    def mark(self, properties: Properties) -> Properties:
        """Return *properties* with everything secret wrapped."""
        if not self.places and not self.leaves:
            return properties
        return {key: self._marked(value, (key,)) for key, value in properties.items()}

    def encode(self, properties: Properties) -> struct_pb2.Struct:
        """Return *properties* as the message that the engine expects, with everything secret wrapped."""
        return encode(self.mark(properties))

    def redact(self, message: str) -> str:
        """Return *message* without the secret texts."""
        for text in sorted(self._texts(), key=len, reverse=True):
            message = message.replace(text, "[secret]")
        return message

    def cover(self, path: str) -> bool:
        """Tell whether something is secret in the property with which *path*, as `rules[0].id`, begins."""
        return any(place[0] == re.split(r"[.\[]", path)[0] for place in self.places)

    def uncovered(self, properties: Properties, other: "Secrets") -> set[str]:
        """Return the names of the properties whose secrets *other* leaves in the clear."""
        return {
            place[0]
            for place in self.places
            if place[0] in properties
            and not any(place[:end] in other.places for end in range(len(place) + 1))
        }

    def _marked(self, value: Any, place: Place) -> Any:
        if value is None:
            return None
        if place in self.places or self._holds(value, place):
            return wrapped(value)
        if isinstance(value, dict) and not is_archive(value):
            return {key: self._marked(item, (*place, key)) for key, item in value.items()}
        if isinstance(value, list):
            items = [self._marked(item, (*place, str(index))) for index, item in enumerate(value)]
            # Lists come back in another order: one secret makes a secret of all.
            return wrapped(value) if any(_has_wrapped(item) for item in items) else items
        return value

    def _holds(self, value: Any, place: Place) -> bool:
        """Tell whether *value* has no parts to look into, and is made of something secret."""
        if isinstance(value, dict | list) and not is_archive(value):
            return False
        if any(secret[: len(place)] == place for secret in self.places):
            return True  # the parts became one text, as a policy document does
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            return False
        return str(value) in self.leaves or (
            isinstance(value, str) and any(text in value for text in self._texts())
        )

    def _texts(self) -> Iterator[str]:
        """Yield each secret text that is long enough to be looked for, as itself and as it is quoted."""
        for leaf in self.leaves:
            if len(leaf) >= SHORTEST:
                yield from {
                    leaf,
                    json.dumps(leaf)[1:-1],
                    json.dumps(leaf, ensure_ascii=False)[1:-1],
                    repr(leaf)[1:-1],
                }


def wrapped(value: Any) -> Any:
    """Return *value* as the engine knows a secret; nothing in it is wrapped once more."""
    return {SIGNATURE_KEY: SECRET, "value": value}


def _has_wrapped(value: Any) -> bool:
    return any(True for _ in _wrapped(value, ()))


def _wrapped(value: Any, place: Place) -> Iterator[tuple[Place, Any]]:
    """Yield place and content of everything that is wrapped."""
    if isinstance(value, dict):
        if value.get(SIGNATURE_KEY) == SECRET:
            yield place, value.get("value")
        else:
            for key, item in value.items():
                yield from _wrapped(item, (*place, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _wrapped(item, (*place, str(index)))


def _leaves(value: Any) -> Iterator[str]:
    """Yield the texts and numbers of a secret; of an asset its text, not its signature or place."""
    if isinstance(value, dict):
        parts: Iterable[Any] = value.values()
        if is_archive(value):
            parts = [value.get("text"), *value.get("assets", {}).values()]
        for part in parts:
            yield from _leaves(part)
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    elif isinstance(value, str | int | float) and not isinstance(value, bool) and value not in ("", UNKNOWN):
        yield str(value)
