"""What is deployed on the local stack: one store shared by provider, runner, scanner and permission judge."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Resource:
    """A deployed resource as the provider left it.

    `properties` are the Pulumi inputs and outputs in camelCase with plain Python values; an archive or asset
    input is replaced by the path of the stored file (a zip for an archive).
    """

    urn: str
    type: str
    id: str
    properties: Mapping[str, Any]


class Deployed:
    """A thread-safe map from URN to deployed resource; it lives and dies with the local stack's process."""

    def __init__(self) -> None:
        self._resources: dict[str, Resource] = {}
        self._lock = threading.Lock()
        self._revision = 0

    def put(self, resource: Resource) -> None:
        """Add *resource*, or replace what its URN stood for."""
        with self._lock:
            self._resources[resource.urn] = resource
            self._revision += 1

    def remove(self, urn: str, resource_id: str) -> None:
        """Forget *urn*, unless a replacement with another id already took its place."""
        with self._lock:
            if (known := self._resources.get(urn)) and known.id == resource_id:
                del self._resources[urn]
                self._revision += 1

    @property
    def revision(self) -> int:
        """A number that grows with every change, so that readers can cache what they derive."""
        with self._lock:
            return self._revision

    def of_type(self, token: str) -> list[Resource]:
        """Return the resources of one Pulumi type, such as `aws:sqs/queue:Queue`, in order of creation."""
        with self._lock:
            return [resource for resource in self._resources.values() if resource.type == token]

    def all(self) -> list[Resource]:
        """Return every resource, in order of creation."""
        with self._lock:
            return list(self._resources.values())
