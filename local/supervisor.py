"""The local stack's process: provider, runner, scanner and control server, with moto as its child.

Run as `python -m local.supervisor FOLDER RUNTIME TIME_SCALE [--lifeline]`: it writes FOLDER/stack.json,
prints `ready`, and ends on SIGTERM, when it is interrupted, or with --lifeline at the end of standard input.
"""

import dataclasses
import json
import os
import signal
import sys
import threading
import time
import traceback
from collections import Counter
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from local.cloud import CloudProcess
from local.control import control_handler
from local.deliveries.deliveries import Deliveries
from local.deliveries.service import DeliveryService
from local.deployed import Deployed
from local.errors import LocalStackError
from local.faults import Faults, control
from local.faults.passage import of_delivery
from local.folder import ENDED, take
from local.front.server import Front
from local.inventory import log_groups, queues
from local.orphans import delete_orphans
from local.permissions.judge import Judge
from local.provider.emulation import EMULATIONS, Cloud
from local.provider.refusals.referee import Referee
from local.provider.server import serve
from local.runner import Runner
from local.scanner import Scanner


class Supervisor:
    """Starts every part in order, and stops them in the reverse order."""

    def __init__(self, folder: Path, runtime: Path, time_scale: float) -> None:
        self._folder = folder
        self._time_scale = time_scale
        self._problems: dict[str, None] = {}
        """Each problem once: what goes wrong again and again fills no list."""
        self._lock = (folder / "lock").open("w")
        take(self._lock)
        self.deployed = Deployed()
        self._control = ThreadingHTTPServer(("127.0.0.1", 0), control_handler(self))
        self._control_url = f"http://127.0.0.1:{self._control.server_address[1]}"
        log = os.open(folder / "moto.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.judge = Judge(self.deployed, tags_of=self._tags_of)
        self.faults = Faults()
        self.deliveries = Deliveries(self.judge, lambda one: of_delivery(self.faults, one.source, one.target))
        self._delivery_service = DeliveryService(self.deliveries.decide)
        self._moto = CloudProcess(f"{self._control_url}/invoke", log, self._delivery_service.url)
        os.close(log)
        self.front = self._make_front(folder / "code")
        self._cloud = Cloud(
            endpoint=self._moto.endpoint, code_folder=folder / "code", judge=self.judge, front=self.front.url
        )
        self._referee = Referee(self.deployed)
        self._provider, self._provider_port = serve(self.deployed, self._cloud)
        self.runner = Runner(
            self.deployed,
            self.judge,
            faults=self.faults,
            endpoint=self._moto.endpoint,
            time_scale=time_scale,
            work_dir=folder / "runner",
            runtime_dir=runtime,
        )
        self._scanner = Scanner(self.deployed, self._cloud, self.faults, self._note_problem)

    def _make_front(self, folder: Path) -> Front:
        """Return the front, which is told where runner and cloud are when a request comes."""
        return Front(
            self.deployed,
            self.judge,
            lambda function, event: self.runner.invoke(function, event),
            endpoint=self._moto.endpoint,
            client=lambda service, region: self._cloud.client(service, region),
            folder=folder,
        )

    def _tags_of(self, bucket: str, key: str, version: str | None) -> dict[str, str]:
        """Return an object's tags, none for an object that is not there: policies are judged by them."""
        options = {"VersionId": version} if version else {}
        buckets = [known for known in self.deployed.all() if known.properties.get("bucket") == bucket]
        if not buckets:
            return {}
        s3 = self._cloud.client("s3", buckets[0].properties["region"])
        try:
            found = s3.get_object_tagging(Bucket=bucket, Key=key, **options)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 404, 405):
                return {}
            raise
        return {tag["Key"]: tag["Value"] for tag in found["TagSet"]}

    def start(self) -> None:
        """Start the parts that have threads, then say where everything is."""
        threading.Thread(target=self._control.serve_forever, name="control", daemon=True).start()
        self.runner.start()
        self._scanner.start()
        self.front.start()
        description = {
            "pid": os.getpid(),
            "endpoint": self._moto.endpoint,
            "provider_port": self._provider_port,
            "control": self._control_url,
            "time_scale": self._time_scale,
        }
        scratch = self._folder / "stack.json.part"
        scratch.write_text(json.dumps(description))
        scratch.rename(self._folder / "stack.json")

    def stop(self) -> None:
        """Stop every part; nothing of them is left behind."""
        self.front.stop()
        self._scanner.stop()
        self.runner.stop()
        self._provider.stop(1).wait()
        self._moto.stop()
        self._delivery_service.stop()
        self._control.shutdown()

    def status(self) -> dict[str, Any]:
        """Return what is deployed and what the runner and the judge have seen."""
        types = Counter(resource.type for resource in self.deployed.all())
        functions = self.deployed.of_type("aws:lambda/function:Function")
        judged = {function.properties["role"] for function in functions}  # of other roles no call is seen
        return {
            "emulated": {kind: number for kind, number in sorted(types.items()) if kind in EMULATIONS},
            "recorded": {kind: number for kind, number in sorted(types.items()) if kind not in EMULATIONS},
            "runner": _plain(self.runner.status()),
            "deliveries": _plain(self.deliveries.counts()),
            "plans": [{**_plain(plan), "status": plan.name} for plan in self._scanner.plans()],
            "denials": _plain(self.judge.denials()),
            "errors": _plain(self.judge.errors()),
            "unused": _plain([grant for grant in self.judge.unused() if grant.role in judged]),
            "problems": [*self._problems, *self.front.problems()],
            "apis": self.front.urls(),
            "failing": _plain(self._referee.failing(self._cloud)),
            "queues": _plain(queues(self.deployed)),
            "log_groups": _plain(log_groups(self.deployed)),
            "faults": control.plain(self.faults.standing()),
        }

    def sweep(self, known: list[list[str]]) -> dict[str, Any]:
        """Delete what the engine's state does not know, URN and id by URN and id; see `orphans`."""
        try:
            deleted = delete_orphans(self.deployed, self._cloud, {(urn, one) for urn, one in known})
        except LocalStackError as error:
            return {"error": str(error)}
        return {"deleted": deleted}

    def watch(self, end: "End") -> None:
        """End the stack when moto ends, leaving word why: without the cloud nothing of it is of use."""
        if reason := self._moto.watch():
            (self._folder / ENDED).write_text(f"{reason} (at {time.strftime('%H:%M:%S')})")
            end.come()

    def _note_problem(self, problem: str) -> None:
        self._problems[problem] = None

    def note_end_of_thread(self, end: threading.ExceptHookArgs) -> None:
        """Note that a thread has ended by an error that nobody foresaw; the log has the traceback."""
        name = end.thread.name if end.thread else "unknown"
        self._note_problem(f"thread {name} has ended: {end.exc_type.__name__}: {end.exc_value}")
        traceback.print_exception(end.exc_value)


def _plain(value: Any) -> Any:
    """Return *value* as JSON knows it."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _plain(dataclasses.asdict(value))
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)


class End:
    """What the supervisor waits for: a signal, or a thread that says so.

    The interpreter writes to the pipe whichever thread the system gives a signal to. A main thread that waits
    for an event instead sleeps on when the signal goes to another thread.
    """

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._writer, False)
        signal.set_wakeup_fd(self._writer)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)

    def come(self) -> None:
        """Let the supervisor end."""
        os.write(self._writer, b".")

    def wait(self) -> None:
        """Return when the end has come."""
        os.read(self._reader, 1)


def _end_with_parent(end: End) -> None:
    """Wait for the end of standard input, which the parent holds open for as long as it lives."""
    sys.stdin.buffer.read()
    end.come()


def main() -> None:
    """Serve until a signal comes, or the parent or the cloud is gone."""
    folder, runtime, time_scale = Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3])
    end = End()
    if "--lifeline" in sys.argv[4:]:
        threading.Thread(target=_end_with_parent, args=(end,), daemon=True).start()
    supervisor = Supervisor(folder, runtime, time_scale)
    threading.excepthook = supervisor.note_end_of_thread
    threading.Thread(target=supervisor.watch, args=(end,), name="moto-watcher", daemon=True).start()
    supervisor.start()
    print("ready", flush=True)
    end.wait()
    supervisor.stop()


if __name__ == "__main__":
    main()
