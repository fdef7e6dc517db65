"""What the engine does, for one resource at a time: it calls the provider and remembers the state."""

import json
from dataclasses import dataclass
from typing import Any

from pulumi.runtime.proto import provider_pb2 as messages

from local.deployed import Deployed
from local.provider.emulation import Cloud
from local.provider.server import Provider
from local.provider.values import decode, encode

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


class Caller:
    """The provider, called in this process without gRPC between."""

    def __init__(self, deployed: Deployed, cloud: Cloud | None) -> None:
        self.deployed = deployed
        self.cloud = cloud
        self._provider = Provider(deployed, cloud)
        self._connection = Connection()
        self.configure()

    def configure(self, **default_tags: str) -> None:
        """Configure the provider anew; complex values arrive as JSON text."""
        arguments = encode({"region": REGION, "defaultTags": json.dumps({"tags": default_tags})})
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
        request = messages.CreateRequest(urn=_urn(token), properties=encode(inputs))
        answer = self._provider.Create(request, self._connection)
        return Managed(_urn(token), answer.id, inputs, decode(answer.properties))

    def update(self, resource: Managed, **inputs: Any) -> Managed:
        """Bring the resource to *inputs*, and to nothing else."""
        request = messages.UpdateRequest(
            id=resource.id,
            urn=resource.urn,
            olds=encode(resource.state),
            old_inputs=encode(resource.inputs),
            news=encode(inputs),
        )
        answer = self._provider.Update(request, self._connection)
        return Managed(resource.urn, resource.id, inputs, decode(answer.properties))

    def aws(self, service: str) -> Any:
        """Return a client to look at what is in moto."""
        assert self.cloud
        return self.cloud.client(service, REGION)


def _urn(token: str) -> str:
    return f"urn:pulumi:local::sandbox::{token}::it"
