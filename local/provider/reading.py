"""What reading back makes of a state: spelled as before where it means the same, else as moto tells it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from botocore.exceptions import ParamValidationError

from local.deployed import Deployed, Resource
from local.provider.configuration import Configuration
from local.provider.emulation import EMULATIONS, Call, Emulation
from local.provider.schema import ResourceType
from local.provider.values import Properties, is_archive

EMPTY: tuple[Any, ...] = (None, "", [], {}, False)
"""What AWS answers, or leaves out, where nothing is set."""


@dataclass(frozen=True)
class Reading:
    """What moto tells of one resource; *unset* is what AWS sets where a program says nothing."""

    kind: ResourceType
    configuration: Configuration
    unset: Mapping[str, Any]
    found: Properties

    def state(self, known: Properties) -> Properties:
        """Return the outputs; of a resource that is only looked up, everything that is told."""
        found = self._told(known)
        if known.keys() <= {"region"}:
            known = {"region": self.configuration.region} | known if "region" in self.kind.outputs else {}
            return known | {key: _without_none(value) for key, value in found.items() if value is not None}
        return reconciled(known, found, self.unset)

    def inputs(self, known: Properties, state: Properties) -> Properties:
        """Return the inputs that would make what is there; what the program leaves to AWS stays left out."""
        found = {
            key: value
            for key, value in self._told(known).items()
            if key in self.kind.inputs and (key in known or key not in state or not same(state[key], value))
        }
        return reconciled(known, found, self.unset)

    def _told(self, known: Properties) -> Properties:
        """Return what moto tells, with the resource's own tags beside all of them."""
        told = {key: value for key, value in self.found.items() if key in self.kind.outputs}
        if "tagsAll" not in told:
            return told
        default = self.configuration.default_tags
        return told | {"tags": own_tags(told["tagsAll"] or {}, known.get("tags") or {}, default)}


def look(emulation: Emulation, call: Call) -> Properties | None:
    """Read what is looked up; an id that no resource of the type can have stands for nothing."""
    try:
        return emulation.read(call)
    except (ParamValidationError, ValueError):
        return None


def recorded(deployed: Deployed, token: str, resource_id: str) -> Properties | None:
    """Return what was deployed under an id, for types that are kept in state alone."""
    known = _known(deployed, token, resource_id)
    return dict(known.properties) if known else None


def _known(deployed: Deployed, token: str, resource_id: str) -> Resource | None:
    return next((one for one in deployed.everything() if (one.type, one.id) == (token, resource_id)), None)


def not_there(deployed: Deployed, token: str, resource_id: str) -> str:
    """Say that there is nothing to import or to get, and what an id of this type looks like."""
    message = f"there is no {token} with id {resource_id!r} on the local stack"
    if token in EMULATIONS:
        message += f"; the id of such a resource is {EMULATIONS[token].identified_by}"
    else:
        message += ", which keeps this type in state alone: only what it deployed itself can be looked up"
    examples = [each.id for each in deployed.of_type(token)][:3]
    return f"{message}, as in {', '.join(map(repr, examples))}" if examples else message


def remember(deployed: Deployed, read: Resource) -> None:
    """Let runner and judge go by what was read; archives stay the copies that they are."""
    known = _known(deployed, read.type, read.id)
    if known is None:
        deployed.put(read)
        return
    kept = {
        key: value
        for key, value in known.properties.items()
        if key == "code" or is_archive(read.properties.get(key))
    }
    if (properties := {**read.properties, **kept}) != known.properties:
        deployed.put(replace(known, properties=properties))


def reconciled(known: Properties, found: Properties, unset: Mapping[str, Any]) -> Properties:
    """Return *known* brought to *found*; what moto cannot tell stays, and *unset* is what AWS sets by itself.

    A property that *found* has as None is not there any more.
    """
    result = dict(known)
    for key, value in found.items():
        if key in known and same(known[key], value):
            continue
        if (stripped := _without_none(value)) in (None, {}, []):
            result.pop(key, None)
        elif key in known or not (_is_empty(value) or same(unset.get(key), value)):
            result[key] = stripped
    return result


def same(ours: Any, found: Any) -> bool:
    """Tell whether two values mean the same to AWS: order, spelling of JSON and of what is unset are free."""
    if _is_empty(ours) and _is_empty(found):
        return True
    if isinstance(ours, Mapping) and isinstance(found, Mapping):
        return all(same(ours.get(key), found.get(key)) for key in ours.keys() | found.keys())
    if isinstance(ours, list) and isinstance(found, list):
        return len(ours) == len(found) and _all_there(ours, found)
    if isinstance(ours, str) and isinstance(found, str):
        return ours == found or _documents_agree(ours, found)
    return bool(ours == found)


def own_tags(found: Mapping[str, str], given: Mapping[str, str], default: Mapping[str, str]) -> Properties:
    """Return the tags that a resource has for itself: not those that only the provider's default gives."""
    return {key: value for key, value in found.items() if key in given or default.get(key) != value}


def _all_there(ours: list[Any], found: list[Any]) -> bool:
    left = list(found)
    for item in ours:
        position = next((index for index, other in enumerate(left) if same(item, other)), None)
        if position is None:
            return False
        del left[position]
    return True


def _documents_agree(ours: str, found: str) -> bool:
    try:
        first, second = json.loads(ours), json.loads(found)
    except ValueError:
        return False
    return isinstance(first, dict | list) and bool(first == second)


def _is_empty(value: Any) -> bool:
    if isinstance(value, dict) and not is_archive(value):
        return all(_is_empty(item) for item in value.values())
    return any(value is empty or (value == empty and type(value) is type(empty)) for empty in EMPTY)


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_none(item) for item in value]
    return value
