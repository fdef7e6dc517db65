"""Which changes AWS makes only by replacing the resource: a table that was measured on the real provider."""

import functools
import json
from pathlib import Path
from typing import Any

from local.provider.emulation import EMULATIONS

TABLE = Path(__file__).parent / "data" / "replacing.json"


@functools.cache
def _measured() -> dict[str, Any]:
    return dict(json.loads(TABLE.read_text())["paths"])


@functools.cache
def replacing_paths(token: str) -> frozenset[tuple[str | int, ...]]:
    """Return the property paths whose change needs another resource, `*` for any position of a list.

    Every type is tied to its region; one that was neither measured nor emulated, also to its name.
    """
    paths = {"region"} | set(_measured().get(token, () if token in EMULATIONS else ("name",)))
    if token in EMULATIONS:
        paths |= EMULATIONS[token].replaces
    return frozenset(tuple(path.replace("[*]", ".*").split(".")) for path in paths)
