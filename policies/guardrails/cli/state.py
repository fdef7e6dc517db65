"""A stack's state, as `pulumi stack export` writes it, as nodes that rules judge.

Rules see of a state what they see of it under `pulumi policy analyze`, with two exceptions: a secret that the
state keeps encrypted is unknown to them (not the text `[secret]`), and outputs stand for the inputs of a
resource that Pulumi only reads.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import msgspec
from google.protobuf import struct_pb2

from guardrails.cli.errors import InputError
from guardrails.framework import sdk
from guardrails.framework.node import Node, label
from guardrails.framework.props import Props
from guardrails.framework.report import Report
from guardrails.framework.secrets import Secrets

_VERSIONS: Final = (3, 4)
_SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
_SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105  Pulumi's mark of a secret, not one
_REFERENCE: Final = "5cf8f73096256a8f31e491e813e4eb8e"
_ASSETS: Final = ("c44067f5952c0a294b673a41bacd8c17", "0def7320c3a5731c473e5ecbe6d01bc7")
"""A secret of fewer characters says nothing in a sentence, and would be found in half of them."""


class _Resource(msgspec.Struct, rename="camel"):
    urn: str
    type: str
    delete: bool | None = None
    external: bool | None = None
    parent: str | None = None
    provider: str | None = None
    inputs: dict[str, Any] | None = None
    outputs: dict[str, Any] | None = None
    dependencies: list[str] | None = None
    property_dependencies: dict[str, list[str] | None] | None = None
    source_position: str | None = None


class _Deployment(msgspec.Struct):
    resources: list[_Resource] | None = None


@dataclass(frozen=True, kw_only=True)
class State:
    """The resources of one stack, and what a report of them needs."""

    project: str
    stack: str
    nodes: Sequence[Node]
    sources: Mapping[str, str] = field(default_factory=dict)
    """Where the program registered a resource, by URN."""
    secrets: Secrets = field(default_factory=Secrets)
    """What the state gives as secrets in the clear."""

    def completed(self, report: Report) -> Report:
        """Return *report* with the places of its results, and without any secret of this state."""
        results = [
            msgspec.structs.replace(
                result, source=self.sources.get(result.urn, ""), problem=self._said(result.problem)
            )
            for result in report.results
        ]
        return msgspec.structs.replace(report, results=tuple(results))

    def _said(self, sentence: str) -> str:
        """Return a rule's sentence without secrets; in a state, nothing is unknown but what it hides."""
        return self.secrets.redacted(sentence.replace("is not known yet", "is not in the clear in the state"))


def read_state(text: str) -> State:
    """Read an exported deployment or a checkpoint file.

    Raises
    ------
    InputError
        It is neither, or it holds resources of several stacks.
    """
    try:
        content = json.loads(text, parse_int=_number, parse_float=_number, parse_constant=_number)
        deployment = msgspec.convert(_deployment(content), _Deployment)
        return _state([each for each in deployment.resources or [] if not each.delete])
    except msgspec.ValidationError as invalid:  # it names places and types, never values
        raise InputError(f"the state is damaged: {invalid}") from None
    except RecursionError:
        raise InputError("the state is nested too deeply to be one of Pulumi's") from None
    except ValueError:
        raise InputError("the state is not JSON; write it with: pulumi stack export > state.json") from None


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _deployment(content: Any) -> Any:
    """Find the deployment in what Pulumi wraps round it."""
    form = content if isinstance(content, dict) else {}
    if "deployment" not in form and "checkpoint" not in form:
        raise InputError(
            "the JSON is no state of a stack: it has neither 'deployment' nor 'checkpoint'; "
            "write one with: pulumi stack export > state.json"
        )
    if form.get("version") not in _VERSIONS:
        known = " and ".join(map(str, _VERSIONS))
        raise InputError(
            f"the state has version {form.get('version')!r}, this guardrails reads {known}; "
            "write it anew with a current Pulumi: pulumi stack export > state.json"
        )
    if "deployment" in form:
        return form["deployment"] or {}
    checkpoint = form["checkpoint"]
    return (checkpoint.get("latest") if isinstance(checkpoint, dict) else checkpoint) or {}


def _state(resources: Sequence[_Resource]) -> State:
    stacks = {_urn_parts(each.urn)[:2] for each in resources}
    if len(stacks) > 1:
        named = ", ".join(sorted(f"{project}/{stack}" for stack, project in stacks))
        raise InputError(f"the state holds resources of several stacks ({named}); check one at a time")
    stack, project = next(iter(stacks), ("", ""))
    secrets = Secrets()
    inputs = {each.urn: _plain(each.inputs or {}, secrets) for each in resources}
    return State(
        project=project,
        stack=stack,
        nodes=[_node(each, inputs, secrets) for each in resources],
        sources={each.urn: source for each in resources if (source := _source(each.source_position or ""))},
        secrets=secrets,
    )


def _urn_parts(urn: str) -> tuple[str, str, str]:
    """Return stack, project and name."""
    parts = urn.removeprefix("urn:pulumi:").split("::", 3)
    if not urn.startswith("urn:pulumi:") or len(parts) != 4:
        raise InputError(f"the state has a resource with an invalid URN, {urn[:200]!r}")
    return parts[0], parts[1], parts[3]


def _node(resource: _Resource, inputs: Mapping[str, dict[str, Any]], secrets: Secrets) -> Node:
    name = _urn_parts(resource.urn)[2]
    owner = label(name, resource.type)
    outputs = _plain(resource.outputs or {}, secrets)
    provider = (resource.provider or "").rpartition("::")[0]
    return Node(
        urn=resource.urn,
        type=resource.type,
        name=name,
        inputs=Props.of(outputs if resource.external else inputs[resource.urn], owner),
        outputs=Props.of(outputs, owner),
        provider=Props.of(inputs.get(provider, {}), f"the provider of {owner}"),
        parent=resource.parent or "",
        sources={prop: tuple(urns or ()) for prop, urns in (resource.property_dependencies or {}).items()},
        dependencies=tuple(resource.dependencies or ()),
    )


def _plain(properties: Mapping[str, Any], secrets: Secrets) -> dict[str, Any]:
    """Return properties as the pack gets them from the engine: by way of the same message."""
    message = struct_pb2.Struct()
    message.update({_text(key): _opened(value, secrets) for key, value in properties.items()})
    return sdk.plain_properties(sdk.wire_properties(message))


def _opened(value: Any, secrets: Secrets) -> Any:
    """Return a value without Pulumi's wrappers; what they hide is unknown."""
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, list):
        return [_opened(member, secrets) for member in value]
    if not isinstance(value, dict):
        return value
    if _SIGNATURE not in value:
        return {_text(key): _opened(member, secrets) for key, member in value.items()}
    mark = value[_SIGNATURE]
    if mark == _SECRET:
        return _secret(value.get("plaintext"), secrets)
    if mark == _REFERENCE:
        return _text(str(value.get("id") or value.get("urn") or ""))
    if mark in _ASSETS:
        return {_text(key): _opened(member, secrets) for key, member in value.items()}
    return sdk.UNKNOWN_STRING_VALUE


def _secret(plaintext: object, secrets: Secrets) -> Any:
    """Return a secret's value and remember it; without its JSON in the clear it is unknown."""
    try:
        shown = json.loads(str(plaintext), parse_int=_number, parse_float=_number)
    except ValueError:  # also "None": nothing is there in the clear
        return sdk.UNKNOWN_STRING_VALUE
    opened = _opened(shown, secrets)
    secrets.add(opened)
    return opened


def _text(text: str) -> str:
    """Return *text* with lone surrogates replaced, as Pulumi reads them."""
    return text.encode("utf-8", "replace").decode()


def _source(position: str) -> str:
    """Return `project:///infra/queues.py#12,5` as `infra/queues.py:12`; empty if it is of another form."""
    try:
        parts = urlsplit(position)
    except ValueError:
        return ""
    path, line = unquote(parts.path).lstrip("/"), parts.fragment.split(",")[0]
    inside = parts.scheme == "project" and path and ".." not in path.split("/")
    return f"{path}:{line}" if inside and line.isdigit() else ""
