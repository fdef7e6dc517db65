"""An execution environment: one process that runs one invocation at a time and is kept warm between them."""

import os
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.runner.channel import Channel, ClosedError, Lines, Message
from local.runner.configuration import Function
from local.runner.environment import bootstrap_settings, process_environment

_BOOTSTRAP = Path(__file__).with_name("bootstrap.py")
_INIT_SECONDS = 10
"""What Lambda grants the initialisation; a function with a longer timeout gets that."""

type AskJudge = Callable[[dict[str, Any]], dict[str, Any]]
type WriteLines = Callable[[list[str]], None]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back: *kind* is answered, failed (the handler raised), init_failed, timed_out or exited."""

    kind: str
    body: bytes = b""


class ExecutionEnvironment:
    """The process of *function*; every method but `end` belongs to the thread that is using it."""

    def __init__(
        self,
        function: Function,
        *,
        stream: str,
        endpoint: str,
        runtime_dir: Path,
        ask: AskJudge,
        log: WriteLines,
    ) -> None:
        self._ask, self._log = ask, log
        self._ending = threading.Lock()
        self._ended = self._ready = False
        variables = process_environment(function, stream, endpoint)
        self._process, invocations, calls, self._lifeline = _spawn(function, variables, runtime_dir)
        assert self._process.stdout  # noqa: S101 - asked for when it was started
        self._output = Lines(self._process.stdout.fileno())
        self._invocations, self._calls = Channel(invocations), Channel(calls)
        self._selector = selectors.DefaultSelector()
        self._selector.register(invocations, selectors.EVENT_READ, self._invocations.receive)
        self._selector.register(calls, selectors.EVENT_READ, self._answer_call)
        self._selector.register(self._output.descriptor, selectors.EVENT_READ, self._write_output)

    @property
    def pid(self) -> int:
        """The process id, which is also the id of its process group."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the process can take another invocation."""
        return not self._ended

    def initialise(self, timeout: float) -> Answer:
        """Wait, the first time, until the handler is loaded; any other answer means it never will."""
        if self._ready:
            return Answer(kind="answered")
        answer = self._converse(max(timeout, _INIT_SECONDS))
        self._ready = answer.kind == "answered"
        if not self._ready:
            self.end()
        return answer

    def invoke(
        self, event: bytes, head: dict[str, Any], timeout: float, killed_after: float | None = None
    ) -> Answer:
        """Run the handler on *event* for at most *timeout* seconds, or kill it after *killed_after*."""
        deadline_ms = (time.time() + timeout) * 1000
        try:
            self._invocations.send({**head, "deadline_ms": deadline_ms, "length": len(event)}, event)
        except ClosedError:
            return self._exited()
        return self._converse(timeout, killed_after)

    def kill(self) -> Answer:
        """End the process after its answer, which nobody hears then."""
        return self._exited()

    def end(self) -> None:
        """Kill the process with all that it started; a thread that waits for it gets `exited`."""
        with self._ending:
            if self._ended:
                return
            self._ended = True
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            os.close(self._lifeline)

    def close(self) -> None:
        """End the process and release what belongs to it; nothing may be waiting for it."""
        self.end()
        self._selector.close()
        self._invocations.socket.close()
        self._calls.socket.close()
        assert self._process.stdout  # noqa: S101 - asked for when it was started
        self._process.stdout.close()

    def _converse(self, timeout: float, killed_after: float | None = None) -> Answer:
        """Serve the process until it has an answer or its time is up."""
        deadline = time.monotonic() + min(timeout, timeout if killed_after is None else killed_after)
        try:
            while (message := self._invocations.next()) is None:
                left = deadline - time.monotonic()
                if left <= 0 and killed_after is not None:
                    return self._exited()
                if left <= 0:
                    self.end()
                    self._log(self._output.read(everything=True))
                    return Answer(kind="timed_out")
                for key, _ in self._selector.select(left):
                    key.data()
        except ClosedError:
            return self._exited()
        self._log(self._output.read(everything=True))
        return _answer(message)

    def _exited(self) -> Answer:
        self.end()
        self._log(self._output.read(everything=True))
        return Answer(kind="exited", body=str(self._process.returncode).encode())

    def _answer_call(self) -> None:
        try:
            self._calls.receive()
        except ClosedError:
            self._selector.unregister(self._calls.socket)  # the process may have left an answer all the same
        while (call := self._calls.next()) is not None:
            try:
                verdict = self._ask(call.head)
            except BaseException:
                self.end()  # without a verdict the process would wait for ever, and spoil the next invocation
                raise
            self._calls.send(verdict)

    def _write_output(self) -> None:
        lines = self._output.read()
        if self._output.ended:
            self._selector.unregister(self._output.descriptor)
        self._log(lines)


def _spawn(
    function: Function, variables: dict[str, str], runtime_dir: Path
) -> tuple[subprocess.Popen[bytes], socket.socket, socket.socket, int]:
    """Start the process; return it with our ends of its two sockets and of its lifeline."""
    invocations, their_invocations = socket.socketpair()
    calls, their_calls = socket.socketpair()
    their_lifeline, lifeline = os.pipe()
    theirs = (their_invocations.fileno(), their_calls.fileno(), their_lifeline)
    descriptors = dict(zip(("invocations", "calls", "lifeline"), theirs, strict=True))
    settings = bootstrap_settings(function, str(runtime_dir), descriptors)
    process = subprocess.Popen(
        # Isolated and without site: the function sees the standard library, and nothing of the project.
        [sys.executable, "-I", "-S", "-u", _BOOTSTRAP, settings],
        cwd=function.code,
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        pass_fds=theirs,
        start_new_session=True,
    )
    their_invocations.close()
    their_calls.close()
    os.close(their_lifeline)
    return process, invocations, calls, lifeline


def _answer(message: Message) -> Answer:
    kind = message.head["kind"]
    return Answer(kind="answered" if kind == "ready" else kind, body=message.body)
