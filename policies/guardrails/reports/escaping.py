"""Foreign text (names, reasons, sentences) made harmless for where it is shown.

Names come from programs, states and reports that anyone may have written: a terminal must not obey their
control characters, a comment must not mention people, link or hide text because of them.
"""

import re
from typing import Final

_BREAK: Final = "\u200b"
"""A zero-width space: it keeps what stands before it from joining what comes after it."""

_MARKUP: Final = re.compile(r"[\\`*_{}\[\]<>|~&!$^]")
_JOINED: Final = re.compile(r"(@|#(?=\w)|:(?=//)|(?i:\bwww(?=\.)))")


def printable(text: str) -> str:
    r"""Return *text* as one line: what is not printable (controls, line ends, bidi marks) as `\x1b`."""
    return "".join(each if each.isprintable() else _escaped(each) for each in text)


def printable_lines(text: str) -> str:
    """Return *text* as the lines that it has, each of them printable: code of several lines stays that."""
    return "\n".join(printable(line) for line in text.splitlines())


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def prose(text: str) -> str:
    """Return *text* for running Markdown: no markup, no HTML, no mention, no reference, no link."""
    parted = _JOINED.sub(rf"\1{_BREAK}", printable(text))
    return _MARKUP.sub(lambda found: f"&#{ord(found[0])};", parted)


def span(text: str) -> str:
    """Return *text* as a Markdown code span, whatever backticks it holds."""
    line = printable(text)
    fence = "`" * (_longest_run(line) + 1)
    pad = " " if line.startswith("`") or line.endswith("`") or not line.strip() else ""
    return f"{fence}{pad}{line}{pad}{fence}"


def block(text: str, language: str) -> str:
    """Return *text* as a fenced Markdown block, whatever fences it holds."""
    lines = printable_lines(text)
    fence = "`" * max(3, _longest_run(lines) + 1)
    return f"{fence}{language}\n{lines}\n{fence}"


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)


def shortened(text: str, limit: int) -> str:
    """Return *text* with at most *limit* UTF-16 code units, as GitHub counts; what is cut ends in `…`."""
    if len(text.encode("utf-16-le")) // 2 <= limit:
        return text
    return text.encode("utf-16-le")[: 2 * (limit - 1)].decode("utf-16-le", errors="ignore") + "…"
