"""Mutants as programs of their own: each request is broken on its way to the engine."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from google.protobuf import json_format
from pulumi.runtime import rpc, settings

from local.toolchain import ROOT
from tests.mutation.places import REMOVED, Steps, closed, opened, replaced

if TYPE_CHECKING:  # the program that is broken needs no test to run
    from tests.mutation.mutants import Mutant

ENTRY_POINT: Final = '''"""The real program, with its requests broken."""

import runpy
import sys

sys.path.insert(0, {root!r})

from tests.mutation.broken_program import break_requests

break_requests({faults!r})
runpy.run_path({program!r}, run_name="__main__")
'''


def write_broken(folder: Path, mutants: "Iterable[Mutant]") -> Path:
    """Write the real program with all of *mutants*, each of another resource, to be judged by all rules.

    Return its folder.
    """
    folder.mkdir(parents=True)
    faults = {mutant.urn.split("::", 2)[2]: _fault(mutant) for mutant in mutants}
    main = ENTRY_POINT.format(root=str(ROOT), faults=json.dumps(faults), program=str(ROOT / "__main__.py"))
    (folder / "__main__.py").write_text(main)
    (folder / "guardrails.yaml").write_text("profile: strict\n")
    return folder


def _fault(mutant: "Mutant") -> list[Any]:
    """Return path and new value, no value if it is removed, nothing at all if the resource is dropped."""
    if not mutant.path:
        return []
    return [list(mutant.path), *([] if mutant.value is REMOVED else [mutant.value])]


def break_requests(faults: str) -> None:
    """Break what *faults* names: JSON with the fault of each resource, by qualified type and name."""
    pending: dict[str, list[Any]] = json.loads(faults)
    monitor: Any = settings.get_monitor()
    register = monitor.RegisterResource

    def broken(request: Any) -> Any:
        parents = request.parent.split("::")[2] if request.parent else "pulumi:pulumi:Stack"
        qualified = request.type if parents == "pulumi:pulumi:Stack" else f"{parents}${request.type}"
        fault = pending.get(f"{qualified}::{request.name}")
        if fault == []:
            _drop(request)
        elif fault:
            _break(request, tuple(fault[0]), fault[1] if len(fault) > 1 else REMOVED)
        return register(request)

    monitor.RegisterResource = broken


def _drop(request: Any) -> None:
    """Leave nothing but a component in the resource's place, for what is made after it."""
    kind = request.type.split(":")[-1]
    request.type, request.custom, request.provider = f"guardrails:dropped:{kind}", False, ""
    request.object.Clear()


def _break(request: Any, path: Steps, value: Any) -> None:
    inputs = opened(_bare(json_format.MessageToDict(request.object)))
    request.object.Clear()
    json_format.ParseDict(closed(replaced(inputs, path, value)), request.object)


def _bare(value: Any) -> Any:
    """Return *value* without the wrapping of outputs, which tells what the request says elsewhere."""
    if isinstance(value, list):
        return [_bare(member) for member in value]
    if not isinstance(value, Mapping):
        return value
    if value.get(rpc._special_sig_key) == rpc._special_output_value_sig:
        return _bare(value["value"]) if "value" in value else rpc.UNKNOWN
    return {key: _bare(member) for key, member in value.items()}
