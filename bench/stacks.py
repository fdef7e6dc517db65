"""Stacks of any length, made of the real program's own requests."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from google.protobuf import json_format, struct_pb2
from pulumi.runtime.proto import analyzer_pb2

from guardrails.framework.examples import UNKNOWN
from tests.mocks import Registered, deployed

STACK = "prod"


@dataclass(frozen=True, kw_only=True)
class Requests:
    """What the engine asks of a pack in one preview."""

    resources: list[analyzer_pb2.AnalyzeRequest]
    stack: analyzer_pb2.AnalyzeStackRequest


def requests(length: int) -> Requests:
    """Return the questions about a stack of *length* resources: copies of the program's, each named anew."""
    resources, whole = [], analyzer_pb2.AnalyzeStackRequest()
    for copy in _copies(length):
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


def _copies(length: int) -> Iterator[dict[str, Any]]:
    program = deployed(STACK, preview=True).resources
    for number in range(length):
        yield _copy(program[number % len(program)], number // len(program))


def _copy(resource: Registered, generation: int) -> dict[str, Any]:
    """Return a resource whose system is called otherwise; its code is the same."""
    wire = json_format.MessageToDict(resource.wire)
    code: dict[str, Any] = {key: wire.pop(key) for key in ("code", "handler") if key in wire}
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
