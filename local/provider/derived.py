"""What follows from a resource's inputs without any cloud: names, differences, what an update keeps."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from pulumi.runtime.proto import provider_pb2 as messages

from local.provider.emulation import EMULATIONS, Call
from local.provider.schema import ResourceType
from local.provider.values import Properties, comparable

AUTONAMED = {"aws:s3/bucket:Bucket": "bucket", "aws:s3/bucketV2:BucketV2": "bucket"}
"""Types whose physical name is not called `name`."""


def made_up_name(
    kind: ResourceType, inputs: Properties, olds: Properties, urn: str, seed: bytes
) -> Properties:
    """Return the physical name where the program gives none: the one from before, or a new one."""
    name = AUTONAMED.get(kind.token, "name")
    if name not in kind.computed & kind.inputs or inputs.get(name):
        return {}
    suffix = hashlib.sha256(seed).hexdigest()[:7]
    logical = urn.rsplit("::", 1)[1]
    return {name: olds.get(name) or f"{logical}-{suffix}".lower()}


def made_up_outputs(kind: ResourceType, urn: str, call: Call) -> tuple[str, Properties]:
    """Return an id and an ARN for a type that is kept in state alone."""
    service, resource = kind.token.split(":")[1].split("/")
    name = call.inputs.get("name") or urn.rsplit("::", 1)[1]
    return str(name), {"arn": call.arn(service, f"{resource}/{name}")} if "arn" in kind.computed else {}


def changed_inputs(old: Properties, new: Properties, ignored: Iterable[str]) -> list[str]:
    """Return the names of the inputs that differ, but for the property paths to be ignored."""
    before, after = ({key: comparable(value) for key, value in each.items()} for each in (old, new))
    skipped = {path.split(".")[0].split("[")[0] for path in ignored}
    return sorted(
        key for key in (before.keys() | after.keys()) - skipped if before.get(key) != after.get(key)
    )


def difference(
    kind: ResourceType, old: Properties, new: Properties, changed: list[str]
) -> messages.DiffResponse:
    """Say whether AWS would need another resource for what changed, and whether the two share a name."""
    replacing = (EMULATIONS[kind.token].replaces if kind.token in EMULATIONS else {"name"}) | {"region"}
    replaces = [key for key in changed if key in replacing]
    name = AUTONAMED.get(kind.token, "name")
    return messages.DiffResponse(
        changes=messages.DiffResponse.DIFF_SOME if changed else messages.DiffResponse.DIFF_NONE,
        diffs=changed,
        replaces=replaces,
        deleteBeforeReplace=bool(replaces) and name in new and old.get(name) == new.get(name),
    )


def carried(kind: ResourceType, before: Properties, old_inputs: Mapping[str, Any]) -> Properties:
    """Return what an update leaves in state: what the provider computed, not what the program once set."""
    return {
        key: value
        for key, value in before.items()
        if key not in old_inputs and (key in kind.computed or key not in kind.inputs)
    }
