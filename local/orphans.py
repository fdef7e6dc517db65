"""Resources that were created for an engine run that was killed before it could write them down."""

from collections.abc import Collection

from botocore.exceptions import BotoCoreError, ClientError

from local.deployed import Deployed, Resource
from local.errors import LocalStackError
from local.provider.emulation import EMULATIONS, Call, Cloud

SETTLE_SECONDS = 60
GLOBAL_REGION = "us-east-1"
"""Any region does for a type whose resources are in none."""


def delete_orphans(deployed: Deployed, cloud: Cloud, known: Collection[tuple[str, str]]) -> list[str]:
    """Delete whatever the engine's state does not know, the newest first; return the URNs.

    *known* are URN and id of each resource in state. Changes that the killed run had begun are waited for.

    Raises
    ------
    LocalStackError
        Such a change does not end, or the cloud refuses a deletion.
    """
    if not deployed.settle(SETTLE_SECONDS):
        raise LocalStackError(f"a change of the interrupted run has not ended in {SETTLE_SECONDS} s")
    orphans = [one for one in reversed(deployed.everything()) if (one.urn, one.id) not in known]
    for orphan in orphans:
        _delete(orphan, cloud)
        deployed.remove(orphan.urn, orphan.id)
    return [orphan.urn for orphan in orphans]


def _delete(orphan: Resource, cloud: Cloud) -> None:
    if orphan.type not in EMULATIONS:
        return
    properties = dict(orphan.properties)
    region = properties.get("region") or GLOBAL_REGION
    call = Call(cloud=cloud, region=region, inputs=properties, tags={}, id=orphan.id, before=properties)
    try:
        EMULATIONS[orphan.type].delete(call)
    except (ClientError, BotoCoreError) as error:
        raise LocalStackError(
            f"{orphan.urn} was created by the interrupted run and stays: {error}"
        ) from error
