"""Deploys the resources of bases.yaml, as they are or broken, as the engine would: checked, then created."""

import copy
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import yaml

from local.provider.values import ARCHIVE, ASSET, SIGNATURE_KEY, UNKNOWN
from tests.local.provider.caller import Caller, Managed

FOLDER = Path(__file__).parent
_REFERENCE = re.compile(r"\$\{(\w+)\.(\w+)\}")


_MADE: WeakKeyDictionary[Caller, dict[str, Managed]] = WeakKeyDictionary()


class RefusedError(Exception):
    """A check refused inputs."""


@cache
def read(name: str) -> Any:
    """Return one of the files of this folder."""
    return yaml.load((FOLDER / f"{name}.yaml").read_text(), Loader=yaml.CSafeLoader)


def needs(name: str) -> list[str]:
    """Return the bases that one needs, in the order in which they are made, and itself."""
    base = read("bases")[name]
    direct = [found[0] for found in _REFERENCE.findall(str(base["inputs"]))] + base.get("needs", [])
    return list(dict.fromkeys([*(inner for one in direct for inner in needs(one)), name]))


def broken(name: str, changes: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return a base's inputs with *changes*; what is null is left out."""
    inputs = copy.deepcopy(read("bases")[name]["inputs"]) | changes.get(name, {})
    return {key: value for key, value in inputs.items() if value is not None}


def unresolved(value: Any) -> Any:
    """Return inputs as they are in a preview: what refers to others is not known."""
    return _filled(value, lambda _name, _output: UNKNOWN)


def _filled(value: Any, answer: Any) -> Any:
    if isinstance(value, dict):
        if value.keys() == {"file"}:
            asset = {SIGNATURE_KEY: ASSET, "text": value["file"]}
            return {SIGNATURE_KEY: ARCHIVE, "assets": {"app.py": asset}}
        return {key: _filled(item, answer) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, answer) for item in value]
    if not isinstance(value, str):
        return value
    answers = [answer(name, output) for name, output in _REFERENCE.findall(value)]
    if UNKNOWN in answers or _REFERENCE.fullmatch(value):
        return answers[0]
    return _REFERENCE.sub(lambda _: str(answers.pop(0)), value)


def deploy(
    caller: Caller,
    *names: str,
    changes: Mapping[str, Mapping[str, Any]] | None = None,
    named: str | None = None,
) -> Managed:
    """Deploy bases with what they need, in order; return the last, whose logical name may be *named*.

    What is deployed already is taken as it is.

    Raises
    ------
    RefusedError, AbortedError
        A check refused inputs, or the provider refused to create the resource.
    """
    made = _MADE.setdefault(caller, {})
    ordered = dict.fromkeys(one for name in names for one in needs(name))
    for name in ordered:
        if name in made and (name != names[-1] or not named):
            continue
        token = read("bases")[name]["type"]
        inputs = _filled(broken(name, changes or {}), lambda other, output: _output(made[other], output))
        if failures := caller.failures(token, inputs):
            raise RefusedError("; ".join(f"{path}: {reason}" for path, reason in failures.items()))
        logical = named if named and name == names[-1] else name
        made[name] = caller.create_named(logical, token, **inputs)
    return made[names[-1]]


def _output(resource: Managed, output: str) -> Any:
    return resource.id if output == "id" else resource.state.get(output, f"{resource.id}-{output}")


def sweep() -> Iterator[tuple[str, str, list[str | int], Any]]:
    """Yield base, written path, path and value of everything in sweep.yaml."""
    for name, inputs in read("sweep").items():
        for path, entry in inputs.items():
            parts = [int(one) if one.isdigit() else one for one in re.findall(r"[^.\[\]]+", path)]
            for value in entry["refused"]:
                yield name, path, parts, "x" * 3000 if value == "x*3000" else value


def with_value(inputs: Any, path: list[str | int], value: Any) -> Any:
    """Return *inputs* with *value* at *path*."""
    changed = copy.deepcopy(inputs)
    place = changed
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    return changed
