"""The `$context` variables of a request, and the texts that are made of them.

AWS: "Variables for access logging for API Gateway", "Gateway responses for REST APIs in API Gateway". Neither
access logs nor gateway responses run Velocity: variables are put in place, and nothing else. Texts are
escaped so that they can stand in quotes in JSON, whatever a client sent; AWS does not say what it does.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

_VARIABLE = re.compile(
    r"\$(?:\{(?P<braced>[A-Za-z][\w.:]*)\}|(?P<plain>context(?:\.[A-Za-z][\w:]*)+|stageVariables\.\w+))"
)

_QUOTED = "context.error.messageString"
"""This one comes with its quotes."""


def look_up(name: str, known: Mapping[str, Any]) -> Any:
    """Return the variable with a dotted name, whose parts may hold dots themselves; None if there is none."""
    if name in known:
        return known[name]
    head, _, rest = name.partition(".")
    inner = known.get(head)
    return look_up(rest, inner) if rest and isinstance(inner, Mapping) else None


def filled(template: str, known: Mapping[str, Any], absent: str = "-") -> str:
    """Return a template with its variables in place; what has no value is *absent*."""

    def value(found: re.Match[str]) -> str:
        variable = look_up(found["braced"] or found["plain"], known)
        if variable is None or isinstance(variable, Mapping):
            return absent
        text = spelled(variable)
        return text if found["plain"] == _QUOTED else json.dumps(text, ensure_ascii=False)[1:-1]

    return _VARIABLE.sub(value, template)


def spelled(value: Any) -> str:
    """Return a value as it stands in a text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value)
