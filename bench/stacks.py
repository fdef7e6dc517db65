"""Stacks of many lengths, made of the real program's own requests."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from google.protobuf import json_format, struct_pb2
from pulumi.runtime.proto import analyzer_pb2

from guardrails.framework.examples import UNKNOWN
from tests.mocks import Registered, deployed

STACK = "prod"
_FUNCTION = "aws:lambda/function:Function"


@dataclass(frozen=True, kw_only=True)
class Requests:
    """What the engine asks of a pack in one preview."""

    resources: list[analyzer_pb2.AnalyzeRequest]
    stack: analyzer_pb2.AnalyzeStackRequest


def requests(copies: int, folder: Path) -> Requests:
    """Return the questions about a stack of whole copies of the program's resources, each named anew.

    A part of a copy would hold the kinds in other shares, at another cost by resource. Each copy's functions
    have code of their own, in archives in *folder*: what a pack keeps of one is of no use for the next.
    """
    resources, whole = [], analyzer_pb2.AnalyzeStackRequest()
    for copy in _copied(copies, folder):
        resources.append(
            analyzer_pb2.AnalyzeRequest(
                type=copy["type"], urn=copy["urn"], name=copy["name"], properties=copy["properties"]
            )
        )
        message = whole.resources.add(
            type=copy["type"], urn=copy["urn"], name=copy["name"], parent=copy["parent"]
        )
        message.properties.CopyFrom(copy["properties"])
        if copy["custom"]:
            message.properties.update({"id": UNKNOWN, "arn": UNKNOWN})
        message.dependencies.extend(copy["dependencies"])
        for key, urns in copy["sources"].items():
            message.propertyDependencies[key].urns.extend(urns)
    return Requests(resources=resources, stack=whole)


def _copied(copies: int, folder: Path) -> Iterator[dict[str, Any]]:
    program = deployed(STACK, preview=True).resources
    for generation in range(copies):
        for resource in program:
            yield _copy(resource, generation, folder)


def _copy(resource: Registered, generation: int, folder: Path) -> dict[str, Any]:
    """Return a resource whose system is called otherwise, a function with code of its own."""
    wire = json_format.MessageToDict(resource.wire)
    code: dict[str, Any] = {key: wire.pop(key) for key in ("code", "handler") if key in wire}
    if resource.type == _FUNCTION:
        code["code"] = {**code["code"], "path": str(_rewritten(code["code"]["path"], generation, folder))}
    described = {
        "type": resource.type,
        "urn": resource.urn,
        "name": resource.name,
        "parent": resource.parent,
        "custom": resource.custom,
        "dependencies": sorted(resource.dependencies),
        "sources": {key: sorted(urns) for key, urns in resource.property_dependencies.items()},
        "properties": wire,
    }
    text = json.dumps(described).replace("objects", f"objects{generation}")
    copy: dict[str, Any] = json.loads(text.replace("foundation", f"foundation{generation}"))
    copy["type"] = resource.type
    properties = struct_pb2.Struct()
    properties.update({**copy["properties"], **code})
    return {**copy, "properties": properties}


def _rewritten(archive: str, generation: int, folder: Path) -> Path:
    """Return a copy of a zip archive whose every Python file ends with a line of its own."""
    target = folder / f"{Path(archive).stem}-{generation}.zip"
    if not target.exists():
        with ZipFile(archive) as read, ZipFile(target, "w", ZIP_DEFLATED) as written:
            for entry in read.infolist():
                line = f"\n# Copy {generation}\n".encode() if entry.filename.endswith(".py") else b""
                written.writestr(entry, read.read(entry) + line)
    return target
