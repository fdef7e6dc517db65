"""What the emulations of API Gateway's resources share: operations of its updates, ids in two parts."""

from typing import Any

from local.provider.emulation import Call


def replacing(path: str, value: Any) -> dict[str, str]:
    """Return the operation of an update that puts *value* in place."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return {"op": "replace", "path": path, "value": text}


def parts(call: Call, owner: str) -> tuple[str, str]:
    """Return the owner and the name of a part, of one that is looked up by the two in its id."""
    if call.before.get(owner):
        return call.before[owner], call.id
    first, second = call.id.split("/", 1)
    return first, second
