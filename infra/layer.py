"""Installing the functions' dependencies for another platform, by uv and from uv.lock."""

import os
import platform
import shutil
import subprocess
from pathlib import Path
from typing import Final

from infra.errors import PackagingError

GROUP: Final = "functions"
# boto3 and what it needs come with the runtime.
BROUGHT_BY_RUNTIME: Final = (
    "boto3",
    "botocore",
    "jmespath",
    "python-dateutil",
    "s3transfer",
    "six",
    "urllib3",
)
# Files of an installer that say how and where something was installed, not what.
INSTALLER_FILES: Final = frozenset({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"})
MACHINES: Final = {"arm64": "aarch64", "x86_64": "x86_64"}


def lambda_platform(architecture: str) -> str:
    """Return the uv platform of Lambda's Amazon Linux 2023 on *architecture*."""
    return f"{MACHINES[architecture]}-manylinux_2_28"


def host_platform(architecture: str) -> str:
    """Return the uv platform of this machine, where the local stack runs the functions."""
    return (
        f"{MACHINES[architecture]}-apple-darwin"
        if platform.system() == "Darwin"
        else lambda_platform(architecture)
    )


def find_uv(root: Path) -> str:
    """Return uv's path: $UV, the project's own in .tools, or the one on PATH.

    Raises
    ------
    PackagingError
        There is none.
    """
    own = root / ".tools" / "bin" / "uv"
    found = os.environ.get("UV") or (str(own) if own.exists() else None) or shutil.which("uv")
    if found is None:
        raise PackagingError(
            f"uv builds the dependency layer and is neither $UV, nor {own}, nor on PATH: `make setup`"
        )
    return found


def locked_requirements(root: Path) -> str:
    """Return the locked versions of the group `functions` with hashes, without what the runtime brings."""
    options = ["--frozen", "--only-group", GROUP, "--no-emit-project", "--no-header", "--no-annotate"]
    left_out = [option for package in BROUGHT_BY_RUNTIME for option in ("--no-emit-package", package)]
    return _uv(root, "export", "--project", str(root), *options, *left_out)


def install(requirements: str, target: str, python: str, *, root: Path, folder: Path) -> Path:
    """Install hashed *requirements* for platform *target* and Python *python* in *folder*; return where.

    Raises
    ------
    PackagingError
        uv is missing, or a requirement has no wheel for the platform.
    """
    listed = folder / "requirements.txt"
    listed.write_text(requirements)
    packages = folder / "packages"
    _uv(
        root,
        *("pip", "install", "--requirements", str(listed), "--require-hashes", "--no-deps"),
        *("--target", str(packages), "--python-platform", target, "--python-version", python),
        *("--only-binary", ":all:", "--link-mode", "copy"),
    )
    if (scripts := packages / "bin").exists():
        shutil.rmtree(scripts)  # they start with this machine's Python path
    for path in packages.glob("*.dist-info/*"):
        if path.name in INSTALLER_FILES:
            path.unlink()
    return packages


def _uv(root: Path, *arguments: str) -> str:
    command = [find_uv(root), *arguments]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PackagingError(f"`{' '.join(command)}` failed with {done.returncode}:\n{done.stderr.strip()}")
    return done.stdout
