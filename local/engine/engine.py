"""Run the real Pulumi engine on a copy of the project folder, so that no tracked file changes.

`stack init` writes a salt into the stack file and `stack rm` deletes that file; links to the program make
the copy cheap, and everything that the engine writes lies below one folder.
"""

import os
import secrets
import shutil
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from local.errors import LocalStackError
from local.toolchain import ROOT, read_record

END_SECONDS = 10
LINKED = [
    "__main__.py",
    "infra",
    "functions",
    "policies",
    "guardrails.yaml",
    "pyproject.toml",
    "uv.lock",
    ".venv",
    ".tools",
]


def installed_engine() -> Path:
    """Return the engine that `make setup` found or built."""
    engine = read_record().get("engine")
    if not engine or not Path(engine).exists():
        raise LocalStackError("the Pulumi engine is not set up; run: make setup")
    return Path(engine)


@dataclass(frozen=True, kw_only=True)
class Run:
    """How an engine run ended."""

    status: int
    output: str


@dataclass(frozen=True, kw_only=True)
class Engine:
    """The engine with its state and project below *folder*; *provider_port* serves the `aws` provider."""

    folder: Path
    provider_port: int

    @property
    def project(self) -> Path:
        """The folder that holds Pulumi.yaml, with links to the program."""
        return self.folder / "project"

    def prepare(self, program: Path = ROOT) -> None:
        """Copy the project files and link the program; what *program* does not have is the project's own."""
        for name in ("project", "state", "home"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        for name in {file.name for folder in (ROOT, program) for file in folder.glob("Pulumi*.yaml")}:
            source = program / name if (program / name).exists() else ROOT / name
            shutil.copyfile(source, self.project / name)
        for name in LINKED:
            source = program / name if (program / name).exists() else ROOT / name
            link = self.project / name
            link.unlink(missing_ok=True)
            link.symlink_to(source)
        passphrase = self.folder / "passphrase"
        if not passphrase.exists():
            passphrase.touch(mode=0o600)
            passphrase.write_text(secrets.token_hex(16))

    def environment(self) -> dict[str, str]:
        """Return the environment in which `pulumi` is this engine, with its own state."""
        engine = installed_engine()
        own = {
            "PATH": os.pathsep.join([str(engine.parent), os.environ["PATH"]]),
            "PULUMI_HOME": str(self.folder / "home"),
            "PULUMI_BACKEND_URL": f"file://{self.folder / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE_FILE": str(self.folder / "passphrase"),
            "PULUMI_DEBUG_PROVIDERS": f"aws:{self.provider_port}",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("PULUMI_", "AWS_"))}
        return kept | own

    def run(
        self, *arguments: str, show: bool = False, timeout: float = 600, inherits: tuple[int, ...] = ()
    ) -> Run:
        """Run one command, at most *timeout* seconds; with *show*, its output goes to the terminal.

        The engine keeps the file descriptors that it *inherits* open for as long as it lives.
        """
        command = [str(installed_engine()), *arguments, "--non-interactive"]
        process = subprocess.Popen(
            command,
            cwd=self.project,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=None if show else subprocess.PIPE,
            stderr=None if show else subprocess.STDOUT,
            text=True,
            process_group=0,
            pass_fds=inherits,
        )
        try:
            output, _ = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            _end(process)
            raise LocalStackError(f"pulumi {' '.join(arguments)} was ended after {timeout:g} s") from None
        except BaseException:
            _end(process)
            raise
        return Run(status=process.returncode, output=output or "")

    def require(self, *arguments: str) -> str:
        """Run one command that must succeed, and return its output."""
        done = self.run(*arguments)
        if done.status:
            raise LocalStackError(
                f"pulumi {' '.join(arguments)} failed (exit status {done.status}):\n{done.output}"
            )
        return done.output

    def select(self, stack: str) -> None:
        """Make *stack* the current one, creating it in this engine's own state if need be."""
        selected = self.run("stack", "select", stack)
        if selected.status and f"no stack named '{stack}'" not in selected.output:
            raise LocalStackError(f"pulumi stack select {stack} failed:\n{selected.output}")
        if selected.status:
            self.require("stack", "init", stack)

    def preview(self) -> Run:
        """Preview the current stack with the policy pack in front."""
        return self.run("preview", "--policy-pack", "policies")


def _end(process: subprocess.Popen[str]) -> None:
    """Interrupt the engine with its plugins, so that it can save its state; kill what does not end."""
    for number in (signal.SIGINT, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        try:
            process.communicate(timeout=END_SECONDS)
        except subprocess.TimeoutExpired:
            continue
        return
