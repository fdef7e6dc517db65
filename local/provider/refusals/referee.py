"""Judges each create and update among what is deployed, one after another."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from types import TracebackType

from local.deployed import Deployed, Resource
from local.provider.emulation import Call, Cloud
from local.provider.refusals.registry import failing_in_use, refuse
from local.provider.refusals.situation import Situation


@dataclass(frozen=True)
class Place:
    """A resource that is being made; *warnings* say what AWS accepts of it and what will fail."""

    warnings: list[str]
    leave: Callable[[], None]

    def __enter__(self) -> "Place":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.leave()


@dataclass(frozen=True, kw_only=True)
class Failing:
    """A deployed resource that AWS accepts, and what will fail when it is used."""

    urn: str
    message: str


class Referee:
    """Knows what is deployed and what is on its way: two functions made at once share one account's limit."""

    def __init__(self, deployed: Deployed) -> None:
        self._deployed = deployed
        self._under_way: dict[str, Resource] = {}
        self._lock = threading.Lock()

    def admit(self, urn: str, token: str, call: Call) -> "Place":
        """Raise AWS's error if AWS would refuse the resource; else hold its place while it is made."""
        with self._lock:
            situation = self._situation(urn, token, call)
            warnings = [*refuse(situation), *failing_in_use(situation)]
            self._under_way[urn] = Resource(urn=urn, type=token, id=call.id, properties=call.inputs)
        return Place(warnings, partial(self._leave, urn))

    def failing(self, cloud: Cloud) -> list[Failing]:
        """Return what AWS accepted of all that is deployed and what will fail, as it stands now."""
        found = []
        for one in self._deployed.all():
            properties = dict(one.properties)
            region = properties.get("region") or ""
            call = Call(cloud=cloud, region=region, inputs=properties, tags={}, id=one.id, before=properties)
            with self._lock:
                situation = self._situation(one.urn, one.type, call)
            found += [Failing(urn=one.urn, message=message) for message in failing_in_use(situation)]
        return found

    def _leave(self, urn: str) -> None:
        with self._lock:
            del self._under_way[urn]

    def _situation(self, urn: str, token: str, call: Call) -> Situation:
        known = {resource.urn: resource for resource in self._deployed.all()} | self._under_way
        known.pop(urn, None)
        return Situation(
            urn=urn,
            token=token,
            inputs=call.inputs,
            region=call.region,
            others=list(known.values()),
            cloud=call.cloud,
            before=call.before,
            tags=call.tags,
        )
