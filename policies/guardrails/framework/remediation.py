"""Mending a resource on its way to the provider, at level `remediate`."""

from collections.abc import Mapping
from typing import Any

from guardrails.framework.sdk import SPECIAL_SECRET_SIG, SPECIAL_SIG_KEY


def merged(wire: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return a resource's inputs, as the engine sends them, with *changes* laid over.

    Objects are merged; what is a secret stays one, and so does the rest of a secret that is changed in part.
    """
    result = dict(wire)
    for key, change in changes.items():
        result[key] = _laid_over(result.get(key), change)
    return result


def _laid_over(there: Any, change: Any) -> Any:
    if isinstance(there, Mapping) and there.get(SPECIAL_SIG_KEY) == SPECIAL_SECRET_SIG:
        return {**there, "value": _laid_over(there.get("value"), change)}
    if isinstance(there, Mapping) and isinstance(change, Mapping):
        return merged(there, change)
    return change
