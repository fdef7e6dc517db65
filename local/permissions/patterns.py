"""Wildcards and policy variables of IAM policies."""

import enum
import re
from collections.abc import Callable, Iterator
from functools import lru_cache

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_LITERAL_CHARACTERS = frozenset("*?$")


class Wildcard(enum.Enum):
    """`*` stands for any run of characters, `?` for exactly one."""

    ANY = "*"
    ONE = "?"


type Pattern = tuple[str | Wildcard, ...]
type Lookup = Callable[[str], str | None]


def parse_pattern(text: str) -> Pattern:
    """Split *text* into literal runs and wildcards; variables are not looked at."""
    return tuple(_pieces(text))


def resolve_pattern(text: str, lookup: Lookup) -> Pattern | None:
    """Parse *text* with its `${key}` variables replaced; what a variable brings in is literal.

    `${key, 'default'}` falls back to the default, `${*}`, `${?}` and `${$}` are those characters. None where
    a variable has no value in this request: such a pattern matches nothing.
    """
    pattern: list[str | Wildcard] = []
    position = 0
    for variable in _VARIABLE.finditer(text):
        pattern += _pieces(text[position : variable.start()])
        name, _, default = (part.strip() for part in variable[1].partition(","))
        value = name if name in _LITERAL_CHARACTERS else lookup(name)
        if value is None and default:
            value = default.strip("'")
        if value is None:
            return None
        pattern.append(value)
        position = variable.end()
    return tuple(pattern + list(_pieces(text[position:])))


def matches(pattern: Pattern, text: str, *, ignore_case: bool = False) -> bool:
    """Whether *text* as a whole fits *pattern*.

    A `*` also crosses the colons and slashes of an ARN, as AWS documents for one that ends a segment.
    """
    return _compiled(pattern, ignore_case).fullmatch(text) is not None


def plain_text(pattern: Pattern) -> str:
    """Return *pattern* for operators that know no wildcards, where `*` is a character like any other."""
    return "".join(piece.value if isinstance(piece, Wildcard) else piece for piece in pattern)


def split_arn_pattern(pattern: Pattern) -> list[Pattern]:
    """Return the colon-separated parts of an ARN pattern, at most six; the last keeps its colons."""
    parts: list[list[str | Wildcard]] = [[]]
    for piece in pattern:
        if isinstance(piece, Wildcard):
            parts[-1].append(piece)
            continue
        first, *others = piece.split(":", 6 - len(parts))
        parts[-1].append(first)
        parts.extend([other] for other in others)
    return [tuple(part) for part in parts]


def _pieces(text: str) -> Iterator[str | Wildcard]:
    for piece in re.split(r"([*?])", text):
        if piece in ("*", "?"):
            yield Wildcard(piece)
        elif piece:
            yield piece


@lru_cache(maxsize=4096)
def _compiled(pattern: Pattern, ignore_case: bool) -> re.Pattern[str]:
    """Translate to a regular expression that never backtracks across a `*`, so that no policy stalls us."""
    runs = [""]
    for piece in pattern:
        if piece is Wildcard.ANY:
            runs.append("")
        else:
            runs[-1] += "." if piece is Wildcard.ONE else re.escape(str(piece))
    first, *rest = runs
    middle = "".join(f"(?>.*?{run})" for run in rest[:-1])
    expression = f"{first}{middle}.*{rest[-1]}" if rest else first
    return re.compile(expression, re.DOTALL | (re.IGNORECASE | re.ASCII if ignore_case else re.NOFLAG))
