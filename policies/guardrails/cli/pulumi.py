"""Asking an installed Pulumi for a stack's state."""

import shutil
import subprocess
from pathlib import Path

from guardrails.cli.errors import InputError


def export_stack(stack: str, folder: Path, *, decrypt: bool = False) -> str:
    """Return what `pulumi stack export` writes for *stack* of the program in *folder*.

    Raises
    ------
    InputError
        Pulumi is not installed, or it fails; the message has its own words.
    """
    pulumi = shutil.which("pulumi")
    if pulumi is None:
        raise InputError(
            "pulumi is not on the PATH; install it (https://www.pulumi.com/docs/install/), "
            "or give an exported state: guardrails check --state state.json"
        )
    command = [pulumi, "stack", "export", f"--stack={stack}", "--non-interactive"]
    command += ["--show-secrets"] if decrypt else []
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    except OSError as failed:
        raise InputError(f"pulumi cannot be run in {folder}: {failed.strerror}") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip() or "without a word"
        raise InputError(f"pulumi stack export --stack {stack} failed in {folder}: {said}")
    return done.stdout.decode(errors="replace")
