"""The emulated cloud: one moto server on loopback, in a process that ends with the one that started it.

Run as `python -m local.cloud INVOKE_URL DELIVER_URL`: it prints its port and serves until standard input is
closed, so a supervisor that is killed leaves no server behind.
"""

import base64
import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from typing import Any

from local.errors import LocalStackError


def _run_in_the_runner(invoke_url: str) -> None:
    """Make moto's Lambda invocations run the deployed archive in the local runner instead of a container."""
    from moto.awslambda.models import LambdaFunction

    def invoke(self: Any, event: str | dict[str, Any] | None = None) -> tuple[str, bool, str]:
        body = (event if isinstance(event, str) else json.dumps(event or {})).encode()
        request = urllib.request.Request(f"{invoke_url}/{self.function_name}", data=body, method="POST")  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=960) as answer:  # noqa: S310 - our own loopback address
                failed = answer.headers.get("x-function-error") is not None
                tail = base64.b64decode(answer.headers.get("x-log-tail", "")).decode()
                return answer.read().decode(), failed, tail
        except urllib.error.URLError as error:
            return json.dumps({"errorType": "RunnerError", "errorMessage": str(error)}), True, ""

    LambdaFunction._invoke_lambda = invoke  # type: ignore[method-assign]


def main() -> None:
    """Serve moto until standard input is closed."""
    from moto.server import ThreadedMotoServer

    from local.deliveries import access_logs, alarms, log_groups, notifications, rules
    from local.deliveries.seam import Seam
    from local.moto_corrections import correct

    correct()
    _run_in_the_runner(sys.argv[1])
    seam = Seam(sys.argv[2])
    for part in (rules, notifications, alarms, log_groups, access_logs):
        part.attach(seam)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    print(server.get_host_and_port()[1], flush=True)
    sys.stdin.buffer.read()
    os._exit(0)  # nothing of it outlives the stack, so that nothing needs to be wound up


class CloudProcess:
    """A moto server in a child process; deliveries are asked for at *deliver_url*, if given."""

    def __init__(self, invoke_url: str, log: int, deliver_url: str = "") -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "local.cloud", invoke_url, deliver_url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
        )
        assert self._process.stdout  # noqa: S101 - asked for above
        line = self._process.stdout.readline()
        if not line.strip().isdigit():
            raise LocalStackError(f"moto did not start (exit status {self._process.wait()}); see its log")
        self.endpoint = f"http://127.0.0.1:{int(line)}"
        self._stopping = False

    def watch(self) -> str:
        """Wait for the end of the server; return what ended it, nothing if `stop` did."""
        status = self._process.wait()
        if self._stopping:
            return ""
        how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
        return f"moto (pid {self._process.pid}), the emulated cloud, {how}, and what was deployed is gone"

    def stop(self) -> None:
        """End the server."""
        self._stopping = True
        assert self._process.stdin  # noqa: S101 - asked for above
        self._process.stdin.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


if __name__ == "__main__":
    main()
