"""The folder of a local stack: how users name it, whether its process lives, why it has ended."""

import fcntl
import json
import shutil
import time
from contextlib import suppress
from contextvars import ContextVar
from pathlib import Path
from typing import IO

from local.errors import LocalStackError
from local.toolchain import ROOT

STACKS = ROOT / ".local"
NAME = "stack"
FOLDER = STACKS / NAME
ENDED = "ended.txt"
"""The file in which a stack that ends by itself says why."""
LOCK_SECONDS = 2
END_SECONDS = 30
CHOSEN: ContextVar[str] = ContextVar("CHOSEN", default=NAME)
"""The name of the stack that the command line is about."""


def chosen_folder() -> Path:
    """Return the folder of the stack that the command line is about."""
    return STACKS / CHOSEN.get()


def command(folder: Path, *words: str) -> str:
    """Return the command line that means the stack in *folder*."""
    named = folder.parent == STACKS and folder.name != NAME
    return " ".join(["python -m local", *(["--name", folder.name] if named else []), *words])


def end_of(folder: Path) -> str:
    """Say why the stack that was in *folder* has ended; nothing while it runs, or if there was none."""
    with suppress(FileNotFoundError):
        return (folder / ENDED).read_text()
    with suppress(FileNotFoundError):
        known = json.loads((folder / "stack.json").read_text())
        if not is_running(folder):
            return (
                f"the process of the local stack in {folder} (pid {known['pid']}) is gone, and with it what "
                "was deployed"
            )
    return ""


def start_anew(folder: Path) -> str:
    """Say what to do about a stack that is no more."""
    return f"clean up with: {command(folder, 'down')}, then start anew: {command(folder, 'up')}"


def remove_leftover(folder: Path = FOLDER) -> bool:
    """Remove the folder of a stack whose process is gone; tell whether there was one."""
    if not folder.exists():
        return False
    deadline = time.monotonic() + END_SECONDS
    while is_running(folder):  # it has said why it ends, and is still ending
        if time.monotonic() > deadline:
            raise LocalStackError(f"the process of the stack in {folder} does not end; end it")
        time.sleep(0.05)
    shutil.rmtree(folder)
    return True


def is_running(folder: Path) -> bool:
    """Tell whether a supervisor holds *folder*: it keeps a lock on it for as long as it lives."""
    try:
        with (folder / "lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def take(lock: IO[str]) -> None:
    """Lock the stack's folder; who only looks whether it is locked holds it for a moment."""
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise LocalStackError(f"another local stack holds {lock.name}") from None
            time.sleep(0.01)
        else:
            return
