"""What is deployed on the local stack: one store shared by provider, runner, scanner and permission judge."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
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
    """A thread-safe store of what is deployed; it lives and dies with the local stack's process.

    A URN stands for more than one resource while a replacement is under way: readers see the newest.
    """

    def __init__(self) -> None:
        self._resources: dict[tuple[str, str], Resource] = {}
        self._lock = threading.Lock()
        self._revision = 0
        self._changes = 0
        self._settled = threading.Condition()

    def put(self, resource: Resource) -> None:
        """Add *resource*, or replace what its URN and id stood for."""
        with self._lock:
            self._resources[resource.urn, resource.id] = resource
            self._revision += 1

    def remove(self, urn: str, resource_id: str) -> None:
        """Forget one resource; a replacement with another id stays."""
        with self._lock:
            if self._resources.pop((urn, resource_id), None):
                self._revision += 1

    @property
    def revision(self) -> int:
        """A number that grows with every change, so that readers can cache what they derive."""
        with self._lock:
            return self._revision

    def of_type(self, token: str) -> list[Resource]:
        """Return the resources of one Pulumi type, such as `aws:sqs/queue:Queue`, in order of creation."""
        return [resource for resource in self.all() if resource.type == token]

    def all(self) -> list[Resource]:
        """Return the resource that each URN stands for, in order of creation."""
        with self._lock:
            return list({resource.urn: resource for resource in self._resources.values()}.values())

    def everything(self) -> list[Resource]:
        """Return every resource in order of creation, those too that a replacement has not deleted yet."""
        with self._lock:
            return list(self._resources.values())

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Say that a change is under way, from before it touches the cloud until it is noted here."""
        with self._settled:
            self._changes += 1
        try:
            yield
        finally:
            with self._settled:
                self._changes -= 1
                self._settled.notify_all()

    def settle(self, seconds: float) -> bool:
        """Wait at most so long until no change is under way; tell whether that came."""
        with self._settled:
            return self._settled.wait_for(lambda: not self._changes, seconds)
