"""An API call as a function makes it, and what IAM has to say about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from local.permissions.keys import Values


@dataclass(frozen=True, kw_only=True)
class Call:
    """A botocore call: service and operation as botocore names them, parameters before serialisation."""

    service: str
    operation: str
    parameters: Mapping[str, Any]
    account: str
    region: str

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of a resource of the caller's own account and region."""
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"


@dataclass(frozen=True, kw_only=True)
class ObjectVersion:
    """An S3 object; without *version* its newest."""

    bucket: str
    key: str
    version: str | None = None


@dataclass(frozen=True, kw_only=True)
class KeyUse:
    """What a service does with the KMS key behind *holder* (an ARN) in the caller's name.

    *key* names another key than the holder's own, for calls that choose one.
    """

    holder: str
    via: str
    actions: tuple[str, ...]
    key: str | None = None
    encryption_context: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Check:
    """One permission that a call needs.

    *tags_of* is the object whose tags `s3:ExistingObjectTag` reads; with *only_if_tagged* the permission is
    needed only where that object (the source of a copy) has tags.
    """

    action: str
    resource: str
    context: Mapping[str, Values] = field(default_factory=dict)
    tags_of: ObjectVersion | None = None
    only_if_tagged: bool = False
    key_use: KeyUse | None = None


@dataclass(frozen=True, kw_only=True)
class ServiceCall:
    """A call that an AWS service makes in its own name, on behalf of *source* (an ARN) of the *account*.

    Without an *action* only the key behind the resource is used; *key* names it where the resource is not
    deployed yet.

    *key_actions* are what it does with the key behind the resource, whose encryption context is its
    ARN under *bound_to*; *key_learns_source* tells whether KMS sees the source.
    """

    principal: str
    account: str
    region: str
    source: str
    action: str
    resource: str
    key_actions: tuple[str, ...] = ()
    bound_to: str = ""
    key_learns_source: bool = True
    key: str = ""
