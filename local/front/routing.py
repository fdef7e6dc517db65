"""Which operation a path means: literal segments win over parameters, parameters over the rest of a path."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from local.front.document import Operation


@dataclass(frozen=True)
class Match:
    """An operation, and the values of its path parameters."""

    operation: Operation
    parameters: Mapping[str, str]


def route(operations: Sequence[Operation], method: str, path: str) -> Match | None:
    """Return what *path*, percent-encoded and without the stage, means for *method*; None if nothing.

    A slash at the end makes no difference.
    """
    segments = _segments(path)
    found: dict[str, Mapping[str, str]] = {}
    for operation in operations:
        parameters = _parameters(_segments(operation.resource), segments)
        if parameters is not None:
            found[operation.resource] = parameters
    if not found:
        return None
    resource = min(found, key=_generality)
    for wanted in (method, "ANY"):
        for operation in operations:
            if (operation.resource, operation.method) == (resource, wanted):
                return Match(operation, found[resource])
    return None


def _segments(path: str) -> list[str]:
    trimmed = path.removeprefix("/").removesuffix("/")
    return trimmed.split("/") if trimmed else []


def _parameters(template: list[str], segments: list[str]) -> Mapping[str, str] | None:
    """Return the values that make *template* the path, None if none do."""
    values: dict[str, str] = {}
    for index, part in enumerate(template):
        if part.endswith("+}"):
            rest = "/".join(segments[index:])
            return values | {part[1:-2]: unquote(rest)} if rest else None
        if index >= len(segments):
            return None
        if part.startswith("{"):
            if not segments[index]:
                return None
            values[part[1:-1]] = unquote(segments[index])
        elif part != unquote(segments[index]):
            return None
    return values if len(template) == len(segments) else None


def _generality(resource: str) -> list[int]:
    """Order resources that match the same path: the most literal first."""
    return [2 if part.endswith("+}") else 1 if part.startswith("{") else 0 for part in _segments(resource)]
