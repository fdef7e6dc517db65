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
    """Mend the state of *stack*; return the URNs of the resources that were deleted from the cloud."""
    engine.require("cancel", "--yes", "--stack", stack)
    engine.require("refresh", "--yes", "--skip-preview", "--clear-pending-creates", "--stack", stack)
    return sweep(_known(engine, stack))


def restore(state: Path) -> None:
    """Put back the checkpoints in *state* that an engine had moved aside when it was killed.

    It renames the old one before it writes the new one; what the old one does not know is mended then.
    """
    for backup in (state / ".pulumi" / "stacks").rglob("*.json.bak"):
        checkpoint = backup.with_suffix("")
        if not checkpoint.exists():
            shutil.copyfile(backup, checkpoint)


def _known(engine: Engine, stack: str) -> list[tuple[str, str]]:
    deployment = json.loads(engine.require("stack", "export", "--stack", stack))["deployment"]
    return [(one["urn"], one["id"]) for one in deployment.get("resources", []) if one.get("id")]
