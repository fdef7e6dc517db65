"""The local stack as its users see it: start, deploy, look, destroy, stop."""

import fcntl
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

from local.deployed import Deployed
from local.engine.engine import Engine, Run
from local.errors import LocalStackError
from local.faults.control import RemoteFaults
from local.provider.emulation import Cloud
from local.provider.server import serve
from local.toolchain import ROOT, read_record

FOLDER = ROOT / ".local" / "stack"
TIME_SCALE = 360.0
"""Waits of the cloud (visibility after a failure) are divided by this: 6 minutes pass in a second."""
STACK = "local"
START_SECONDS = 60
STOP_SECONDS = 20


@dataclass(frozen=True, kw_only=True)
class LocalStack:
    """A running local stack; its files lie below *folder*."""

    folder: Path
    pid: int
    endpoint: str
    control: str
    time_scale: float
    engine: Engine
    lifeline: IO[bytes] | None = None
    """Held open for a stack that must not outlive this process."""

    @classmethod
    def start(
        cls,
        folder: Path = FOLDER,
        time_scale: float = TIME_SCALE,
        program: Path = ROOT,
        *,
        detached: bool = False,
    ) -> "LocalStack":
        """Start the processes of a stack in *folder*, which must not hold one already.

        They end with this process, however it ends, unless they are *detached*.
        """
        if is_running(folder) or (folder / "stack.json").exists():
            raise LocalStackError(
                f"there is a local stack in {folder} already; stop it with: python -m local down"
            )
        runtime = read_record().get("runtime")
        if not runtime:
            raise LocalStackError("the project is not set up; run: make setup")
        folder.mkdir(parents=True, exist_ok=True)
        log_path = folder / "supervisor.log"
        with log_path.open("w") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "local.supervisor", str(folder), runtime, str(time_scale)]
                + ([] if detached else ["--lifeline"]),
                cwd=ROOT,
                stdin=subprocess.DEVNULL if detached else subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,  # Ctrl-C in the terminal is not for it
            )
        try:
            _wait_until_ready(process, log_path)
            return replace(cls.attach(folder, program), lifeline=process.stdin)
        except BaseException:
            process.kill()
            process.wait()
            raise

    @classmethod
    def attach(cls, folder: Path = FOLDER, program: Path = ROOT) -> "LocalStack":
        """Return the stack that runs in *folder*."""
        try:
            known = json.loads((folder / "stack.json").read_text())
        except FileNotFoundError:
            if is_running(folder):
                raise LocalStackError(f"the local stack in {folder} is still starting; try again") from None
            raise LocalStackError("no local stack is running; start one with: make local") from None
        if not is_running(folder):
            raise LocalStackError(
                f"the process of the local stack in {folder} (pid {known['pid']}) is gone, and with "
                "it what was deployed; clean up with: python -m local down"
            )
        engine = Engine(folder=folder, provider_port=known["provider_port"])
        engine.prepare(program)
        return cls(
            folder=folder,
            pid=known["pid"],
            endpoint=known["endpoint"],
            control=known["control"],
            time_scale=known["time_scale"],
            engine=engine,
        )

    def deploy(self, *, show: bool = False) -> Run:
        """Bring the cloud to what the program says, with the policy pack in front; `up` previews first."""
        self.engine.select(STACK)
        return self.engine.run("up", "--yes", "--policy-pack", "policies", show=show)

    def destroy(self) -> Run:
        """Delete all that is deployed."""
        self.engine.select(STACK)
        return self.engine.run("destroy", "--yes", "--skip-preview")

    def outputs(self) -> dict[str, Any]:
        """Return the outputs of the deployed stack."""
        found = json.loads(self.engine.require("stack", "output", "--json", "--stack", STACK))
        return dict(found)

    def status(self) -> dict[str, Any]:
        """Return what is deployed, and what the runner and the permission judge have seen."""
        return dict(self._asked("status"))

    def recorded(self) -> list[dict[str, Any]]:
        """Return every request that was judged: caller, action, resource, context, policies, how often."""
        return list(self._asked("recorded"))

    def proof(self) -> dict[str, Any]:
        """Return what the calls so far prove of the deployed policies; `survivors` are unused or untested."""
        return dict(self._asked("proof"))

    def reasons(self) -> dict[str, str]:
        """Return, by message id, why messages failed that are in their queue again or among dead letters."""
        return dict(self._asked("reasons"))

    def _asked(self, what: str) -> Any:
        with urllib.request.urlopen(f"{self.control}/{what}", timeout=60) as answer:  # noqa: S310 - loopback
            return json.load(answer)

    @property
    def faults(self) -> RemoteFaults:
        """The faults that disturb the stack; none unless somebody adds one."""
        return RemoteFaults(control=self.control)

    def client(self, service: str, region: str) -> Any:
        """Return a boto3 client of the emulated cloud."""
        return Cloud(endpoint=self.endpoint, code_folder=self.folder / "code").client(service, region)

    def stop(self) -> None:
        """End the processes and remove the folder; what was deployed is gone."""
        if is_running(self.folder):
            os.kill(self.pid, signal.SIGTERM)
            _wait_for_end(self.pid)
        if self.lifeline:
            self.lifeline.close()
        shutil.rmtree(self.folder)


def remove_leftover(folder: Path = FOLDER) -> bool:
    """Remove the folder of a stack whose process is gone; tell whether there was one."""
    if not folder.exists():
        return False
    shutil.rmtree(folder)
    return True


@contextmanager
def preview_engine(folder: Path, program: Path = ROOT) -> Iterator[Engine]:
    """Provide an engine for previews of any stack: with the local provider, and no cloud behind it."""
    server, port = serve(Deployed(), None)
    engine = Engine(folder=folder, provider_port=port)
    engine.prepare(program)
    try:
        yield engine
    finally:
        server.stop(0).wait()


def _wait_until_ready(process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait for the supervisor's word; LocalStackError with the end of its log when it does not come."""
    assert process.stdout  # noqa: S101 - asked for where it was started
    with process.stdout as stdout:
        said = select.select([stdout], [], [], START_SECONDS)[0] and stdout.readline().strip()
    if said != b"ready":
        tail = "\n".join(log.read_text().splitlines()[-10:])
        raise LocalStackError(f"the local stack did not start:\n{tail}")


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


def _wait_for_end(pid: int) -> None:
    """Wait until the process is gone; kill it when it does not end by itself."""
    deadline = time.monotonic() + STOP_SECONDS
    while not _is_gone(pid):
        if time.monotonic() > deadline:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)


def _is_gone(pid: int) -> bool:
    """Tell whether a process has ended, collecting it if it was a child of this one."""
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False
