"""Wildcards and policy variables of IAM policies."""

import enum
import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_LITERAL_CHARACTERS = frozenset("*?$")
ARN_SEGMENTS = 6
_NO_COLON = "[^:]"


class Wildcard(enum.Enum):
    """`*` stands for any run of characters, `?` for exactly one."""

    ANY = "*"
    ONE = "?"


type Pattern = tuple[str | Wildcard, ...]
type Lookup = Callable[[str], str | None]


@lru_cache(maxsize=4096)
def parse_pattern(text: str) -> Pattern:
    """Split *text* into literal runs and wildcards; variables are not looked at."""
    return tuple(_pieces(text))


def resolve_pattern(text: str, lookup: Lookup) -> Pattern | None:
    """Parse *text* with its `${key}` variables replaced; what a variable brings in is literal.

    `${key, 'default'}` falls back to the default, `${*}`, `${?}` and `${$}` are those characters. None where
    a variable has no value in this request: such a pattern matches nothing.
    """
    if "${" not in text:
        return parse_pattern(text)
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
    """Whether *text* as a whole fits *pattern*; a wildcard stands for any characters."""
    return _compiled(pattern, ignore_case).fullmatch(text) is not None


def matches_resource(pattern: Pattern, arn: str) -> bool:
    """Whether *arn* fits the *pattern* of a Resource element ("Resource" in AWS's guide to IAM).

    Wildcards stay within their segment of the ARN, but for a `*` that ends one, which may go on beyond the
    colon. Segments that are left out at the end count as `*`. In the resource itself, the sixth segment,
    colons are characters like any other.
    """
    return _compiled_resource(pattern).fullmatch(arn) is not None


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
        first, *others = piece.split(":", ARN_SEGMENTS - len(parts))
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
def _compiled_resource(pattern: Pattern) -> re.Pattern[str]:
    """Split at the wildcards that know no bounds; those within the first five segments stop at a colon."""
    if set(pattern) == {Wildcard.ANY}:
        return re.compile(".*", re.DOTALL)
    *leading, last = split_arn_pattern(pattern)
    if len(leading) + 1 < ARN_SEGMENTS:
        leading, last = [*leading, last], (Wildcard.ANY,)
    runs = [""]
    for segment in leading:
        pieces = [piece for piece in segment if piece]
        ends_open = pieces[-1:] == [Wildcard.ANY]
        runs[-1] += _within_segment(pieces[:-1] if ends_open else pieces)
        if ends_open:
            runs.append("")
        runs[-1] += ":"
    first, *others = _runs(last)
    runs[-1] += first
    return re.compile(_joined(runs + others), re.DOTALL)


def _within_segment(pieces: Sequence[str | Wildcard]) -> str:
    return _joined(_runs(pieces, _NO_COLON), _NO_COLON)


@lru_cache(maxsize=4096)
def _compiled(pattern: Pattern, ignore_case: bool) -> re.Pattern[str]:
    flags = re.DOTALL | (re.IGNORECASE | re.ASCII if ignore_case else re.NOFLAG)
    return re.compile(_joined(_runs(pattern)), flags)


def _runs(pieces: Sequence[str | Wildcard], character: str = ".") -> list[str]:
    """Return what stands between the `*` of a pattern, as regular expressions; `?` is any *character*."""
    runs = [""]
    for piece in pieces:
        if piece is Wildcard.ANY:
            runs.append("")
        else:
            runs[-1] += character if piece is Wildcard.ONE else re.escape(str(piece))
    return runs


def _joined(runs: list[str], character: str = ".") -> str:
    """Join by `*`, any run of *character*, never backtracking across one, so that no policy stalls us."""
    first, *rest = runs
    middle = "".join(f"(?>{character}*?{run})" for run in rest[:-1])
    return f"{first}{middle}{character}*{rest[-1]}" if rest else first
