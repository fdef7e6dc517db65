"""The local stack as its users see it: start, deploy, look, destroy, stop."""

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

from local.deployed import Deployed
from local.engine.engine import Engine, Run
from local.engine.run_lock import HeldLock, held
from local.errors import LocalStackError
from local.faults.control import RemoteFaults
from local.folder import FOLDER, command, end_of, is_running, start_anew
from local.mending import mend, restore
from local.operating import operator_client
from local.provider.emulation import Cloud
from local.provider.server import serve
from local.toolchain import ROOT, read_record

TIME_SCALE = 360.0
"""Waits of the cloud (visibility after a failure) are divided by this: 6 minutes pass in a second."""
STACK = "local"
START_SECONDS = 60
STOP_SECONDS = 20

type Say = Callable[[str], None]


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
                f"there is a local stack in {folder} already; stop it with: {command(folder, 'down')}"
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
            stack = replace(cls.attach(folder), lifeline=process.stdin)
            stack.engine.prepare(program)
        except BaseException:
            process.kill()
            process.wait()
            raise
        return stack

    @classmethod
    def attach(cls, folder: Path = FOLDER) -> "LocalStack":
        """Return the stack that runs in *folder*."""
        try:
            known = json.loads((folder / "stack.json").read_text())
        except FileNotFoundError:
            if is_running(folder):
                raise LocalStackError(f"the local stack in {folder} is still starting; try again") from None
            raise LocalStackError(
                f"no local stack is running; start one with: {command(folder, 'up')}"
            ) from None
        if reason := end_of(folder):
            raise LocalStackError(f"{reason}; {start_anew(folder)}")
        return cls(
            folder=folder,
            pid=known["pid"],
            endpoint=known["endpoint"],
            control=known["control"],
            time_scale=known["time_scale"],
            engine=Engine(folder=folder, provider_port=known["provider_port"]),
        )

    def deploy(self, program: Path | None = None, *, show: bool = False, say: Say = print) -> Run:
        """Bring the cloud to what the program says, with the policy pack in front; `up` previews first.

        The project folder is brought up to date with *program*, if one is given. What a killed run left is
        mended first; *say* is told of that.
        """
        with self._engine_lock("up", say) as lock:
            if program:
                self.engine.prepare(program)
            self._select(lock)
            self._mend(lock, say)
            arguments = ("up", "--yes", "--policy-pack", "policies")
            return self._run(lock, arguments, show=show)

    def destroy(self, *, say: Say = print) -> Run:
        """Delete all that is deployed, and what a killed run left."""
        with self._engine_lock("destroy", say) as lock:
            self._select(lock)
            self._mend(lock, say)
            return self._run(lock, ("destroy", "--yes", "--skip-preview"))

    def _engine_lock(self, what: str, say: Say) -> AbstractContextManager[HeldLock]:
        return held(self.folder / "engine.lock", what, say)

    def _run(self, lock: HeldLock, arguments: tuple[str, ...], *, show: bool = False) -> Run:
        run = self.engine.run(*arguments, show=show, inherits=(lock.descriptor,))
        lock.ended = run.status >= 0  # a negative one is the signal that killed it
        return run

    def _select(self, lock: HeldLock) -> None:
        if lock.interrupted:
            restore(self.folder / "state")
        self.engine.select(STACK)

    def _mend(self, lock: HeldLock, say: Say) -> None:
        if lock.interrupted:
            say(f"the last run, {lock.interrupted}, was interrupted; mending what it left")
            for urn in mend(self.engine, STACK, self._sweep):
                say(f"  deleted, since it was created and not written down: {urn.rpartition('$')[2]}")

    def _sweep(self, known: list[tuple[str, str]]) -> list[str]:
        answer = self._asked("sweep", json.dumps(known).encode())
        if "error" in answer:
            raise LocalStackError(f"{answer['error']}; {start_anew(self.folder)}")
        return list(answer["deleted"])

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

    def _asked(self, what: str, body: bytes | None = None) -> Any:
        """Ask the control server; a dead stack is an error that says what to do."""
        try:
            with urllib.request.urlopen(f"{self.control}/{what}", body, timeout=120) as answer:  # noqa: S310
                return json.load(answer)
        except OSError as error:
            reason = end_of(self.folder) or f"the local stack in {self.folder} does not answer ({error})"
            raise LocalStackError(f"{reason}; {start_anew(self.folder)}") from error

    @property
    def faults(self) -> RemoteFaults:
        """The faults that disturb the stack; none unless somebody adds one."""
        return RemoteFaults(control=self.control)

    def client(self, service: str, region: str) -> Any:
        """Return a boto3 client of the emulated cloud."""
        return Cloud(endpoint=self.endpoint, code_folder=self.folder / "code").client(service, region)

    def operator(self, service: str, region: str) -> Any:
        """Return a boto3 client whose calls are judged as those of an administrator of the account."""
        return operator_client(service, region, endpoint=self.endpoint, control=self.control)

    def stop(self) -> None:
        """End the processes and remove the folder; what was deployed is gone."""
        if is_running(self.folder):
            os.kill(self.pid, signal.SIGTERM)
            _wait_for_end(self.pid)
        if self.lifeline:
            self.lifeline.close()
        shutil.rmtree(self.folder)


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
