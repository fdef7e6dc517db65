"""After a killed engine run: make state and cloud tell the same story, without the user's hands.

The engine leaves its lock in the state, operations of which it does not know whether they were done, and
perhaps resources in the cloud that its state does not know. Names are taken then, so that creating them
again would fail. Mending drops the lock, reads every resource anew, which forgets what was deleted, and
deletes what was created and not written down; the next run creates that again.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

from local.engine.engine import Engine

type Sweep = Callable[[list[tuple[str, str]]], list[str]]
"""Deletes all in the cloud that is not among these pairs of URN and id; returns what it deleted."""


def mend(engine: Engine, stack: str, sweep: Sweep) -> list[str]:
    """Mend the state of *stack* that was restored; return the URNs that were deleted from the cloud."""
    engine.require("refresh", "--yes", "--skip-preview", "--clear-pending-creates", "--stack", stack)
    return sweep(_known(engine, stack))


def restore(state: Path) -> None:
    """Make the checkpoints in *state* readable again that an engine left half written when it was killed.

    It moves the old one aside before it writes the new one, and writes a file's attributes in place; what
    the old checkpoint does not know is mended then, and attributes are not missed. Its locks go: whoever
    calls this holds the lock that tells that no engine works on the state.
    """
    shutil.rmtree(state / ".pulumi" / "locks", ignore_errors=True)
    for attributes in (state / ".pulumi").rglob("*.attrs"):
        if not _is_json(attributes):
            attributes.unlink()
    for backup in (state / ".pulumi" / "stacks").rglob("*.json.bak"):
        checkpoint = backup.with_suffix("")
        if not checkpoint.exists() or not _is_json(checkpoint):
            shutil.copyfile(backup, checkpoint)


def _is_json(file: Path) -> bool:
    try:
        json.loads(file.read_bytes())
    except ValueError:
        return False
    return True


def _known(engine: Engine, stack: str) -> list[tuple[str, str]]:
    deployment = json.loads(engine.require("stack", "export", "--stack", stack))["deployment"]
    return [(one["urn"], one["id"]) for one in deployment.get("resources", []) if one.get("id")]
