"""The control server of the stack's process: what commands, moto and the engine's mending ask of it."""

import base64
import dataclasses
import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

from local import operating
from local.errors import LocalStackError
from local.faults import control

if TYPE_CHECKING:
    from local.supervisor import Supervisor


def control_handler(supervisor: "Supervisor") -> type[BaseHTTPRequestHandler]:
    """Return the handler of requests to the control server of *supervisor*."""

    class Control(BaseHTTPRequestHandler):
        """GET /status, /reasons, /recorded, /proof; POST /sweep, /operator, /invoke/FUNCTION; /faults."""

        def do_GET(self) -> None:
            if self._serves_faults():
                return
            answers: dict[str, Callable[[], Any]] = {
                "/status": supervisor.status,
                "/reasons": supervisor.runner.reasons,
                "/recorded": lambda: [one.plain() for one in supervisor.judge.recorded()],
                "/proof": lambda: dataclasses.asdict(supervisor.judge.proof()),
            }
            if self.path not in answers:
                self.send_error(404)
                return
            self._answer(json.dumps(answers[self.path]()).encode(), {})

        def do_DELETE(self) -> None:
            if not self._serves_faults():
                self.send_error(404)

        def do_POST(self) -> None:
            if self._serves_faults():
                return
            function = self.path.removeprefix("/invoke/")
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            if self.path == "/sweep":
                self._answer(json.dumps(supervisor.sweep(json.loads(body))).encode(), {})
                return
            if self.path == operating.PATH:
                self._answer(json.dumps(operating.judge_operator(supervisor.judge, body)).encode(), {})
                return
            try:
                result = supervisor.runner.invoke(function, body)
            except LocalStackError as error:
                reason = {"errorType": type(error).__name__, "errorMessage": str(error)}
                self._answer(json.dumps(reason).encode(), {"x-function-error": "Unhandled"})
                return
            tail = base64.b64encode(result.log_tail.encode()).decode()
            self._answer(result.payload, {"x-function-error": result.function_error, "x-log-tail": tail})

        def _serves_faults(self) -> bool:
            if not self.path.startswith(control.PATH):
                return False
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            status, found = control.answer(supervisor.faults, self.command, self.path, body)
            self._answer(found, {}, status)
            return True

        def _answer(self, body: bytes, headers: dict[str, str | None], status: int = 200) -> None:
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            for name, value in headers.items():
                if value is not None:
                    self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
            """Log no requests."""

    return Control
