"""What a resource is deployed into: its inputs, and everything that is there already."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from local.deployed import Resource
from local.permissions.snapshot import Snapshot
from local.provider.emulation import ACCOUNT, Cloud
from local.provider.values import Properties


@dataclass(frozen=True, kw_only=True)
class Situation:
    """One create or update, as AWS sees it."""

    urn: str
    token: str
    inputs: Properties
    region: str
    others: Sequence[Resource]
    """What is deployed, or being deployed at the same moment, without this resource."""
    cloud: Cloud
    before: Properties = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    account: str = ACCOUNT

    @property
    def creates(self) -> bool:
        """Whether the resource is new."""
        return not self.before

    def get(self, name: str, default: Any = None) -> Any:
        """Return an input."""
        value = self.inputs.get(name)
        return default if value is None else value

    def of_type(self, *tokens: str) -> list[Properties]:
        """Return the properties, and the id, of what is deployed of some types."""
        return [{"id": one.id, **one.properties} for one in self.others if one.type in tokens]

    def find(self, token: str, **properties: Any) -> Properties | None:
        """Return the deployed resource of a type that has all *properties*."""
        for one in self.of_type(token):
            if all(one.get(name) == value for name, value in properties.items()):
                return one
        return None

    def client(self, service: str, region: str = "") -> Any:
        """Return a client of the emulated cloud, for what was made there by hand."""
        return self.cloud.client(service, region or self.region)

    @functools.cached_property
    def snapshot(self) -> Snapshot:
        """The policies of what is deployed."""
        return Snapshot(self.others)
