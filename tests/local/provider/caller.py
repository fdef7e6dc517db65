"""What the engine does, for one resource at a time: it calls the provider and remembers the state."""

import json
from dataclasses import dataclass, field
from typing import Any

from google.protobuf import json_format, struct_pb2
from pulumi.runtime.proto import plugin_pb2
from pulumi.runtime.proto import provider_pb2 as messages

from local.deployed import Deployed
from local.provider.emulation import Cloud
from local.provider.secrets import wrapped
from local.provider.server import Provider
from local.provider.values import SECRET, SIGNATURE_KEY, decode, encode, plain

REGION = "eu-central-1"


class AbortedError(Exception):
    """The provider ended a call with an error."""


class Connection:
    """The context of a call."""

    def peer(self) -> str:
        return "the engine"

    def abort(self, code: Any, message: str) -> None:
        raise AbortedError(message)


@dataclass
class Managed:
    """A resource as the engine remembers it."""

    urn: str
    id: str
    inputs: dict[str, Any]
    state: dict[str, Any]
    sent: struct_pb2.Struct = field(default_factory=struct_pb2.Struct)
    """The state as the provider sent it, with its secrets wrapped."""

    @property
    def in_the_clear(self) -> dict[str, Any]:
        """The state as everybody may read it: without what is wrapped as secret."""
        shown = _clear(json_format.MessageToDict(self.sent))
        assert isinstance(shown, dict)
        return shown


class Caller:
    """The provider, called in this process without gRPC between."""

    def __init__(self, deployed: Deployed, cloud: Cloud | None) -> None:
        self.deployed = deployed
        self.cloud = cloud
        self._provider = Provider(deployed, cloud)
        self._connection = Connection()
        self.configure()

    def attach(self, address: str) -> None:
        """Name the engine that shows what the provider says."""
        self._provider.Attach(plugin_pb2.PluginAttach(address=address), self._connection)

    def configure(self, **default_tags: Any) -> None:
        """Configure the provider anew; complex values arrive as JSON text."""
        tags: Any = json.dumps({"tags": plain(default_tags)})
        if plain(default_tags) != default_tags:
            tags = wrapped(tags)  # the SDK makes one text of it, which is secret as a whole
        arguments = encode({"region": REGION, "defaultTags": tags})
        self._provider.Configure(messages.ConfigureRequest(args=arguments), self._connection)

    def refusals(self, **configuration: Any) -> dict[str, str]:
        """Return what is refused of a provider's configuration, by property."""
        news = encode({"region": REGION} | configuration)
        answer = self._provider.CheckConfig(messages.CheckRequest(news=news), self._connection)
        return {failure.property: failure.reason for failure in answer.failures}

    def failures(self, token: str, inputs: dict[str, Any]) -> dict[str, str]:
        """Return what is refused of a resource's inputs, by property."""
        request = messages.CheckRequest(urn=_urn(token), news=encode(inputs), randomSeed=b"seed")
        answer = self._provider.Check(request, self._connection)
        return {failure.property: failure.reason for failure in answer.failures}

    def create(self, token: str, **inputs: Any) -> Managed:
        return self.create_named("it", token, **inputs)

    def create_named(self, named: str, token: str, /, **inputs: Any) -> Managed:
        """Create a resource with a logical name, which tells two of a type apart."""
        urn = _urn(token, named)
        request = messages.CreateRequest(urn=urn, properties=encode(inputs))
        answer = self._provider.Create(request, self._connection)
        return Managed(urn, answer.id, inputs, decode(answer.properties), answer.properties)

    def preview(self, token: str, **inputs: Any) -> Managed:
        """Return what a preview of the creation answers."""
        request = messages.CreateRequest(urn=_urn(token), properties=encode(inputs), preview=True)
        answer = self._provider.Create(request, self._connection)
        return Managed(_urn(token), answer.id, inputs, decode(answer.properties), answer.properties)

    def update(self, resource: Managed, **inputs: Any) -> Managed:
        """Bring the resource to *inputs*, and to nothing else."""
        request = messages.UpdateRequest(
            id=resource.id,
            urn=resource.urn,
            olds=resource.sent,
            old_inputs=encode(resource.inputs),
            news=encode(inputs),
        )
        answer = self._provider.Update(request, self._connection)
        return Managed(resource.urn, resource.id, inputs, decode(answer.properties), answer.properties)

    def check(self, token: str, **inputs: Any) -> dict[str, Any]:
        """Return the inputs as the provider completes them, with their secrets wrapped."""
        request = messages.CheckRequest(urn=_urn(token), news=encode(inputs), randomSeed=b"seed")
        return dict(json_format.MessageToDict(self._provider.Check(request, self._connection).inputs))

    def diff(self, resource: Managed, *ignored: str, **inputs: Any) -> messages.DiffResponse:
        """Return what bringing the resource to *inputs* would change."""
        request = messages.DiffRequest(
            id=resource.id,
            urn=resource.urn,
            olds=resource.sent,
            old_inputs=encode(resource.inputs),
            news=encode(inputs),
            ignoreChanges=ignored,
        )
        return self._provider.Diff(request, self._connection)

    def changes(self, resource: Managed, *ignored: str, **inputs: Any) -> set[str]:
        """Return the names of the properties that would change."""
        return set(self.diff(resource, *ignored, **inputs).diffs)

    def refresh(self, resource: Managed) -> Managed | None:
        """Return the resource as it is found, None if it is gone."""
        request = messages.ReadRequest(
            id=resource.id, urn=resource.urn, properties=resource.sent, inputs=encode(resource.inputs)
        )
        answer = self._provider.Read(request, self._connection)
        if not answer.id:
            return None
        return Managed(
            resource.urn, answer.id, decode(answer.inputs), decode(answer.properties), answer.properties
        )

    def look_up(self, token: str, resource_id: str) -> Managed:
        """Return what an import, or `.get()`, finds."""
        request = messages.ReadRequest(id=resource_id, urn=_urn(token))
        answer = self._provider.Read(request, self._connection)
        return Managed(
            _urn(token), answer.id, decode(answer.inputs), decode(answer.properties), answer.properties
        )

    def invoke(self, token: str, **arguments: Any) -> dict[str, Any]:
        """Return what a function answers."""
        request = messages.InvokeRequest(tok=token, args=encode(arguments))
        return decode(getattr(self._provider.Invoke(request, self._connection), "return"))

    def delete(self, resource: Managed) -> None:
        request = messages.DeleteRequest(id=resource.id, urn=resource.urn, properties=resource.sent)
        self._provider.Delete(request, self._connection)

    def aws(self, service: str) -> Any:
        """Return a client to look at what is in moto."""
        assert self.cloud
        return self.cloud.client(service, REGION)


def _clear(value: Any) -> Any:
    if isinstance(value, list):
        return [_clear(item) for item in value]
    if isinstance(value, dict):
        secret = value.get(SIGNATURE_KEY) == SECRET
        return "[secret]" if secret else {key: _clear(item) for key, item in value.items()}
    return value


def _urn(token: str, named: str = "it") -> str:
    return f"urn:pulumi:local::sandbox::{token}::{named}"
