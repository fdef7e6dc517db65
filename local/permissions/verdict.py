"""The proof of exactness for everything that is deployed."""

from collections.abc import Iterator, Sequence

from local.permissions.administrator import administrator
from local.permissions.documents import Policy
from local.permissions.key_policies import Keys
from local.permissions.principals import Caller
from local.permissions.recording import Recorded
from local.permissions.replay import Proof, prove
from local.permissions.snapshot import Snapshot


def prove_exact(snapshot: Snapshot, recorded: Sequence[Recorded]) -> Proof:
    """Prove the policies of every role, resource and key by *recorded*.

    Probes are made by every deployed role and by somebody else of the account.
    """
    roles = snapshot.role_arns()
    others = dict.fromkeys(role.split(":")[4] for role in roles)
    callers = [*map(_session, roles), *map(administrator, others)]
    return prove(_policies(snapshot), recorded, callers)


def _policies(snapshot: Snapshot) -> Iterator[Policy]:
    for role in snapshot.role_arns():
        yield snapshot.trust(role)
        yield from snapshot.identity(role)
    yield from snapshot.all_resource_policies()
    yield from Keys(snapshot).all_policies()


def _session(role: str) -> Caller:
    account, name = role.split(":")[4], role.rpartition("/")[2]
    return Caller(
        principal=role, account=account, session_arn=f"arn:aws:sts::{account}:assumed-role/{name}/probe"
    )
