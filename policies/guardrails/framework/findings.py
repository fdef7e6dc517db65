"""The documented findings that rules keep from coming back."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from guardrails.framework.data import own_data
from guardrails.framework.errors import RuleDefinitionError


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One entry of `findings.yaml`; that file says what the fields mean."""

    id: str
    system: str
    weight: str
    check: str
    title: str
    need: str


@cache
def all_findings() -> Mapping[str, Finding]:
    """Return the findings by id."""
    entries: dict[str, list[dict[str, str]]] = own_data("findings.yaml")
    return {
        entry["id"]: Finding(system=system, **entry)
        for system, members in entries.items()
        for entry in members
    }


def finding(id_: str) -> Finding:
    """Return one finding.

    Raises
    ------
    RuleDefinitionError
        There is none with that id.
    """
    try:
        return all_findings()[id_]
    except KeyError:
        raise RuleDefinitionError(f"findings.yaml has no finding {id_!r}") from None
