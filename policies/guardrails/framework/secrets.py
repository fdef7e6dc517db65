"""Keeping secret values out of what rules say.

Rules judge secrets like any other value, and some of their sentences quote what they judged. What a sentence
may quote of a secret is a part of it as well: a member of a JSON document, a name out of an ARN.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from guardrails.framework.sdk import SPECIAL_SECRET_SIG, SPECIAL_SIG_KEY

HIDDEN: Final = "[secret]"
_WORD: Final = re.compile(r"[\w.-]+")
_TELLING: Final = 4
"""Shorter texts stand in sentences by chance: they are hidden only where they stand alone."""


class Secrets:
    """The secret texts of one run."""

    def __init__(self) -> None:
        self._texts: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def learn(self, wire: Any) -> None:
        """Remember what is marked as a secret in properties as the engine sends them."""
        if isinstance(wire, dict):
            if wire.get(SPECIAL_SIG_KEY) == SPECIAL_SECRET_SIG:
                self.add(wire.get("value"))
            for member in wire.values():
                self.learn(member)
        elif isinstance(wire, list):
            for member in wire:
                self.learn(member)

    def add(self, value: Any) -> None:
        """Remember a secret value, and all that it is made of."""
        self._texts.update(_parts(value))
        self._pattern = None

    def redacted(self, sentence: str) -> str:
        """Return *sentence* without any text of a secret."""
        if not self._texts:
            return sentence
        if self._pattern is None:
            self._pattern = re.compile("|".join(map(_find, sorted(self._texts, key=len, reverse=True))))
        return self._pattern.sub(HIDDEN, sentence)


def _find(text: str) -> str:
    escaped = re.escape(text)
    return escaped if len(text) >= _TELLING else rf"(?<![\w.-]){escaped}(?![\w.-])"


def _parts(value: Any) -> Iterator[str]:
    """Yield each text and number in *value*, keys too, and words of texts; true and false tell nothing."""
    if isinstance(value, dict):
        for key, member in value.items():
            if key != SPECIAL_SIG_KEY:
                yield from _parts(key)
                yield from _parts(member)
    elif isinstance(value, list):
        for member in value:
            yield from _parts(member)
    elif isinstance(value, str):
        yield from _parts_of_text(value)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from {str(value), f"{value:g}", f"{value:,g}"}


def _parts_of_text(text: str) -> Iterator[str]:
    if not _WORD.search(text):
        return
    yield text
    yield from (word for word in _WORD.findall(text) if len(word) >= _TELLING)
    if text.lstrip()[:1] in ("{", "["):
        try:
            opened = json.loads(text)
        except (ValueError, RecursionError):
            return
        yield from _parts(opened)
