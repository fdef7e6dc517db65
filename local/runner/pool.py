"""The execution environments of one function: started when needed, kept warm, limited by concurrency."""

import json
import threading
import time
import uuid
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from local.runner.configuration import Function
from local.runner.errors import StoppedError, ThrottledError
from local.runner.logs import LogFile
from local.runner.platform_log import end_lines, start_line
from local.runner.process import Answer
from local.runner.slots import Slots
from local.runner.status import FunctionStatus
from local.runner.warm import Host, Warm


@dataclass(frozen=True, kw_only=True)
class InvokeResult:
    """What an invocation answers: *function_error* is None, or `Unhandled` with the error in *payload*."""

    payload: bytes
    function_error: str | None
    log_tail: str
    request_id: str

    @property
    def failure(self) -> str:
        """Why messages came back that the function was given, in words."""
        if not self.function_error:
            return f"the function reported it as failed (request {self.request_id}; its log says why)"
        error = json.loads(self.payload)
        return f"{error.get('errorType')}: {error.get('errorMessage')} (request {self.request_id})"


class Pool:
    """Runs invocations of one function, whatever the version, within its reserved concurrency."""

    def __init__(self, name: str, host: Host, folder: Path) -> None:
        self.name = name
        self.slots = Slots(None)
        self._counts: Counter[str] = Counter()
        self._host = host
        self._file = LogFile(folder / f"{name}.log")
        self._lock = threading.Lock()
        self._idle: list[Warm] = []
        self._busy: set[Warm] = set()
        self._current: set[Function] = set()
        self._closed = False
        self._unsettled_until = 0.0

    def configure(self, reserved: int | None, current: set[Function]) -> None:
        """Take over a new configuration: environments of versions that nothing invokes any more are ended."""
        self.slots.resize(reserved)
        with self._lock:
            self._current = current
            stale = [warm for warm in self._idle if warm.function not in current]
            self._idle = [warm for warm in self._idle if warm.function in current]
        for warm in stale:
            warm.process.close()

    def invoke(self, function: Function, arn: str, event: bytes, *, wait: bool) -> InvokeResult:
        """Run *function* on *event*, a JSON document, in a warm environment or a new one.

        Raises
        ------
        ThrottledError
            The reserved concurrency is in use, and the caller does not *wait*.
        RefusedError
            The role does not trust Lambda, or may not decrypt the environment.
        PermissionsError
            A policy that has a say is not understood.
        StoppedError
            The runner has stopped.
        """
        if not self.slots.take(wait=wait):
            self._refuse_if_closed()
            self._count("throttled")
            raise ThrottledError(f"function {function.name!r}: reserved concurrency is in use")
        try:
            warm = self._take(function)
            try:
                return self._run(warm, arn, event)
            finally:
                self._put_back(warm)
        finally:
            self.slots.give()

    def status(self) -> FunctionStatus:
        """Return what is running and what has run."""
        with self._lock:
            return FunctionStatus(
                name=self.name,
                in_flight=self.slots.taken,
                warm=len(self._idle) + len(self._busy),
                invocations=self._counts["invocations"],
                errors=self._counts["errors"],
                timeouts=self._counts["timeout"],
                throttled=self._counts["throttled"],
            )

    @property
    def unsettled_until(self) -> float:
        """Until when marks of invocations may stand; see `CallFaults.unsettled_until`."""
        with self._lock:
            running = (warm.calls.faults.unsettled_until for warm in self._busy)
            return max(self._unsettled_until, *running, 0.0)

    def pids(self) -> list[int]:
        """Return the process ids of the environments."""
        with self._lock:
            return [warm.process.pid for warm in (*self._idle, *self._busy)]

    def close(self) -> None:
        """End every environment; invocations that are under way fail."""
        self.slots.close()
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
            for warm in self._busy:
                warm.process.end()
        for warm in idle:
            warm.process.close()
        self._file.close()

    def _take(self, function: Function) -> Warm:
        with self._lock:
            self._refuse_if_closed()
            for warm in reversed(self._idle):
                if warm.function == function:
                    self._idle.remove(warm)
                    self._busy.add(warm)
                    return warm
        started = Warm(function, self._host, self._file)
        with self._lock:
            self._busy.add(started)
            if self._closed:
                started.process.end()
        return started

    def _put_back(self, warm: Warm) -> None:
        with self._lock:
            self._busy.discard(warm)
            self._unsettled_until = max(self._unsettled_until, warm.calls.faults.unsettled_until)
            keep = warm.process.alive and not self._closed and warm.function in self._current
            if keep:
                self._idle.append(warm)
        if not keep:
            warm.process.close()

    def _count(self, *names: str) -> None:
        with self._lock:
            self._counts.update(names)

    def _refuse_if_closed(self) -> None:
        if self._closed:
            raise StoppedError("the runner has stopped")

    def _run(self, warm: Warm, arn: str, event: bytes) -> InvokeResult:
        function, request_id = warm.function, str(uuid.uuid4())
        warm.announce()
        answer = warm.process.initialise(function.timeout)
        warm.log.write([start_line(function, request_id)])
        began = time.monotonic()
        if answer.kind == "answered":
            head = {"request_id": request_id, "arn": arn}
            killed_after = warm.calls.faults.begin(function.timeout)
            answer = warm.process.invoke(event, head, function.timeout, killed_after)
            answered = answer.kind in ("answered", "failed")
            if warm.calls.faults.end(died=answer.kind == "exited", answered=answered):
                answer = warm.process.kill()
        status = {"answered": "success", "timed_out": "timeout"}.get(answer.kind, "error")
        failure = _failure(answer, function, request_id)
        if failure and answer.kind != "failed":
            warm.log.write([json.loads(failure)["errorMessage"]])
        warm.log.write(end_lines(function, request_id, time.monotonic() - began, status))
        self._count("invocations", *([] if failure is None else ["errors"]), status)
        return InvokeResult(
            payload=answer.body if failure is None else failure,
            function_error="Unhandled" if failure else None,
            log_tail=warm.log.take_tail(),
            request_id=request_id,
        )


def _failure(answer: Answer, function: Function, request_id: str) -> bytes | None:
    """Return the error document that Lambda answers with, None if the handler returned."""
    if answer.kind == "answered":
        return None
    if answer.kind in ("failed", "init_failed"):
        return answer.body
    if answer.kind == "timed_out":
        kind, text = "Sandbox.Timedout", f"Task timed out after {function.timeout:.2f} seconds"
    else:
        status = int(answer.body)
        cause = f"exit status {status}" if status >= 0 else f"signal {-status}"
        kind, text = "Runtime.ExitError", f"Runtime exited with error: {cause}"
    message = f"RequestId: {request_id} Error: {text}"
    return json.dumps({"errorType": kind, "errorMessage": message}).encode()
