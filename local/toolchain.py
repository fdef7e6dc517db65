"""Set up what the project needs: uv, Python 3.13, dependencies, the Lambda runtime's packages, an engine.

Run by `make setup` with the system's `python3` (3.11 or newer), so it imports the standard library alone. A
second run compares a fingerprint and does nothing.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".tools"
RECORD = TOOLS / "setup.json"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "serverless-guardrails"
UV_VERSION = "0.13.8"
OLDEST_UV = (0, 9, 0)
ENGINE_VERSION = (3, 259, 0)
GO_VERSION = (1, 25, 11)
ENGINE_MODULE = ROOT / "local" / "engine"
INPUTS = ["uv.lock", "pyproject.toml", "policies/pyproject.toml", ".python-version", "local/engine/go.sum"]


class SetupError(Exception):
    """Something is missing that this script cannot bring; the message names the command that installs it."""


class EngineMissingError(SetupError):
    """Neither Pulumi nor Go is on this machine, or both are too old."""


def say(text: str) -> None:
    """Print a line of progress at once."""
    print(text, flush=True)


@contextmanager
def step(title: str) -> Iterator[None]:
    """Announce a long step, and say how long it took."""
    say(f"· {title} …")
    begun = time.monotonic()
    yield
    say(f"  done in {time.monotonic() - begun:.1f} s")


def run(command: list[str], what: str, cwd: Path = ROOT, **environment: str) -> str:
    """Run *command* and return its output; a failure shows the end of what it printed."""
    done = subprocess.run(
        command, cwd=cwd, env=os.environ | environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-15:])
        raise SetupError(f"{what} failed (exit status {done.returncode}):\n{tail}")
    return done.stdout


def version_of(command: list[str]) -> tuple[int, ...] | None:
    """Return the first a.b.c that *command* prints, or None where it is not installed."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r"(\d+)\.(\d+)\.(\d+)", done.stdout)
    return tuple(map(int, found.groups())) if found else None


def fingerprint() -> str:
    """Return a hash over everything that decides what is set up."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for name in INPUTS:
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def publish(target: Path, fill: Callable[[Path], None]) -> Path:
    """Fill a folder beside *target* and rename it: a broken or second setup never leaves half a folder."""
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        scratch = target.with_name(f"{target.name}.{os.getpid()}")
        try:
            fill(scratch)
            scratch.rename(target)
        except OSError:
            if not target.exists():  # else another setup was first
                raise
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    return target


def ensure_uv() -> str:
    """Return uv from PATH, or from `.tools`, installing it there with pip when it is nowhere."""
    own = TOOLS / "bin" / "uv"
    found = shutil.which("uv")
    if found and (version_of([found, "--version"]) or ()) >= OLDEST_UV:
        return found
    if not own.exists():
        with step(f"installing uv {UV_VERSION} into .tools"):
            run(
                [sys.executable, "-m", "venv", str(TOOLS / "uv")],
                "python3 -m venv (apt-get install python3-venv)",
            )
            run([str(TOOLS / "uv/bin/pip"), "install", "--quiet", f"uv=={UV_VERSION}"], "pip install uv")
            own.parent.mkdir(parents=True, exist_ok=True)
            own.unlink(missing_ok=True)
            own.symlink_to("../uv/bin/uv")
    return str(own)


def ensure_environment(uv: str) -> None:
    """Create `.venv` from `uv.lock` with Python 3.13."""
    wanted = (ROOT / ".python-version").read_text().strip()
    try:
        run([uv, "python", "find", wanted], "looking for Python")
    except SetupError:
        with step(f"installing Python {wanted}"):
            try:
                run([uv, "python", "install", wanted], "uv python install")
            except SetupError as error:
                raise SetupError(
                    f"Python {wanted} is not on this machine and could not be downloaded.\n"
                    f"Install it with: apt-get install python{wanted} (Debian 13 or newer)\n({error})"
                ) from error
    with step(f"installing the locked dependencies into .venv (Python {wanted})"):
        run([uv, "sync", "--frozen", "--python", wanted], "uv sync")


def ensure_runtime(uv: str) -> Path:
    """Return the folder with what the Lambda runtime brings by itself (boto3), at the locked versions."""
    requirements = run(
        [
            uv,
            "export",
            "--frozen",
            "--only-group",
            "runtime",
            "--no-emit-project",
            "--no-header",
            "--no-annotate",
        ],
        "uv export",
    )
    target = CACHE / "runtime" / hashlib.sha256(requirements.encode()).hexdigest()[:16]

    def fill(folder: Path) -> None:
        with step("installing the Lambda runtime's packages for the local runner"):
            folder.mkdir()
            (folder / "requirements.txt").write_text(requirements)
            arguments = ["--target", str(folder), "--requirements", str(folder / "requirements.txt")]
            run(
                [uv, "pip", "install", "--quiet", "--python", str(ROOT / ".venv"), *arguments],
                "uv pip install",
            )

    return publish(target, fill)


def dotted(version: tuple[int, ...]) -> str:
    """Return (3, 259, 0) as 3.259.0."""
    return ".".join(map(str, version))


def ensure_engine() -> str:
    """Return the path of `pulumi`: the installed one if new enough, else one built from its Go module."""
    installed = version_of(["pulumi", "version"])
    if installed and installed >= ENGINE_VERSION:
        return str(shutil.which("pulumi"))
    go = version_of(["go", "version"])
    if not go or go < GO_VERSION:
        state = f"pulumi {dotted(installed)} is too old" if installed else "there is no pulumi on PATH"
        state += f", and go {dotted(go)} is too old" if go else ", and no go to build it with"
        raise EngineMissingError(
            f"The Pulumi engine is missing: {state}.\n"
            f"Needed is Pulumi {dotted(ENGINE_VERSION)} or newer, or Go {dotted(GO_VERSION)} or newer.\n"
            "Install Pulumi with: curl -fsSL https://get.pulumi.com | sh"
        )
    flags = f"-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v{dotted(ENGINE_VERSION)}"
    recipe = (ENGINE_MODULE / "go.sum").read_bytes() + flags.encode()

    def fill(folder: Path) -> None:
        with step(
            f"building the Pulumi engine {dotted(ENGINE_VERSION)} from its Go module (a few minutes, once)"
        ):
            command = ["go", "install", "-tags", "osusergo,grpcnotrace", "-ldflags", flags, "tool"]
            run(command, "building the engine", cwd=ENGINE_MODULE, GOBIN=str(folder), GOFLAGS="-mod=readonly")

    built = publish(CACHE / "engine" / hashlib.sha256(recipe).hexdigest()[:16], fill) / "pulumi"
    return str(link_engine(built))


def link_engine(built: Path) -> Path:
    """Put the built engine and our language host side by side, where the engine looks for it first."""
    folder = TOOLS / "engine"
    folder.mkdir(exist_ok=True)
    engine, host = folder / "pulumi", folder / "pulumi-language-python"
    engine.unlink(missing_ok=True)
    try:
        engine.hardlink_to(built)
    except OSError:  # the cache is on another file system
        shutil.copy2(built, engine)
    host.unlink(missing_ok=True)
    host.symlink_to("../../local/engine/pulumi-language-python")
    return engine


def up_to_date(record: dict[str, str]) -> bool:
    """Tell whether an earlier setup still holds, but for the engine."""
    paths = [ROOT / ".venv" / "bin" / "python", Path(record.get("runtime", "")), Path(record.get("uv", ""))]
    return record.get("fingerprint") == fingerprint() and all(path.exists() for path in paths)


def read_record() -> dict[str, str]:
    """Return what the last setup recorded: fingerprint and paths of uv, engine and runtime."""
    try:
        return dict(json.loads(RECORD.read_text()))
    except (OSError, ValueError):
        return {}


def set_up(*, engine_optional: bool) -> None:
    """Bring everything; with *engine_optional*, a machine with neither Pulumi nor Go is told and goes on."""
    record = read_record()
    if not up_to_date(record):
        TOOLS.mkdir(exist_ok=True)
        uv = ensure_uv()
        ensure_environment(uv)
        record = {"uv": uv, "runtime": str(ensure_runtime(uv)), "fingerprint": fingerprint()}
    if not Path(record.get("engine", "/nowhere")).exists():
        record.pop("engine", None)
        try:
            record["engine"] = ensure_engine()
        except EngineMissingError as error:
            if not engine_optional:
                raise
            say(f"{error}\nTests that need the engine are skipped.")
        else:
            say(f"  engine: {record['engine']}")
    RECORD.write_text(json.dumps(record, indent=1))


def main() -> int:
    """Run the setup; an error is one clear message and exit status 1."""
    parser = argparse.ArgumentParser(prog="make setup", description=str(__doc__).splitlines()[0])
    parser.add_argument(
        "--engine-optional", action="store_true", help="go on where neither Pulumi nor Go exists"
    )
    arguments = parser.parse_args()
    try:
        set_up(engine_optional=arguments.engine_optional)
    except (SetupError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
