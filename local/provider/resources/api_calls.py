"""What the emulations of API Gateway's resources share: operations of its updates, ARNs, ids in two parts."""

from collections.abc import Mapping
from typing import Any

from local.provider.emulation import Call


def replacing(path: str, value: Any) -> dict[str, str]:
    """Return the operation of an update that puts *value* in place."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return {"op": "replace", "path": path, "value": text}


def changes(
    call: Call, defaults: Mapping[str, Any], paths: Mapping[str, str] | None = None
) -> list[dict[str, str]]:
    """Return the operations that put in place what changed, of inputs with their *defaults*.

    The path of an input is its name, unless *paths* say otherwise.
    """
    values = {name: call.inputs.get(name, default) for name, default in defaults.items()}
    return [
        replacing(f"/{(paths or {}).get(name, name)}", value)
        for name, value in values.items()
        if call.before.get(name, defaults[name]) != value
    ]


def gateway_arn(call: Call, path: str) -> str:
    """Return the ARN of what API Gateway has at a path such as `restapis/ID`; such ARNs hold no account."""
    return f"arn:aws:apigateway:{call.region}::/{path}"


def parts(call: Call, owner: str) -> tuple[str, str]:
    """Return the owner and the name of a part, of one that is looked up by the two in its id."""
    if call.before.get(owner):
        return call.before[owner], call.id
    first, second = call.id.split("/", 1)
    return first, second
