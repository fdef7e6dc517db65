"""The HTTP server: `http://127.0.0.1:PORT/API/STAGE/…` for AWS's `https://API.execute-api…/STAGE/…`."""

import json
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from local.deployed import Deployed
from local.front.access_log import AccessLog
from local.front.answer import Answer
from local.front.bodies import read_body
from local.front.gateway import Gateway
from local.front.integrations import Integrations, Invoke
from local.front.metrics import Metrics
from local.front.request import Request
from local.front.settings import Stages
from local.front.tokens import Pools
from local.permissions.judge import Judge
from local.runner.logs import LogShipper

_POLL_SECONDS = 0.05
_IDLE_SECONDS = 60
"""How long a connection may stand still."""
_NO_BODY = frozenset((204, 304))


class Front:
    """Serves what is *deployed*; *client* makes a client of a service in a region of the emulated cloud."""

    def __init__(
        self,
        deployed: Deployed,
        judge: Judge,
        invoke: Invoke,
        *,
        endpoint: str,
        client: Callable[[str, str], Any],
        folder: Path,
    ) -> None:
        self.stages = Stages(deployed, folder)
        self._integrations = Integrations(invoke, judge)
        self._shipper = LogShipper(lambda region: client("logs", region))
        self._metrics = Metrics(lambda region: client("cloudwatch", region))
        pools = Pools(endpoint, lambda region: client("cognito-idp", region))
        log = AccessLog(deployed, judge, self._shipper)
        self._gateway = Gateway(self.stages, self._integrations, pools, log, self._metrics)
        self._server = _Server(self._gateway)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> None:
        """Serve from threads of its own."""
        self._shipper.start()
        self._metrics.start()
        threading.Thread(
            target=self._server.serve_forever, args=(_POLL_SECONDS,), name="front", daemon=True
        ).start()

    def stop(self) -> None:
        """Serve no more, and write what is left of logs and metrics."""
        self._server.shutdown()
        self._server.server_close()
        self._integrations.stop()
        self._metrics.stop()
        self._shipper.stop()

    def flush(self) -> None:
        """Return when access logs and metrics of the requests so far are written."""
        self._shipper.flush()
        self._metrics.flush()

    def problems(self) -> list[str]:
        """Return what could not be served or written as deployed, each reason once."""
        return [*self._gateway.problems(), *self._shipper.problems()]

    def urls(self) -> list[dict[str, str]]:
        """Return name, stage and URL of each stage."""
        return [
            {"name": one.api_name, "stage": one.name, "url": f"{self.url}/{one.api_id}/{one.name}"}
            for one in self.stages.all()
        ]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, *_: Any) -> None:
        """Say nothing of clients that go away; any other error ends the thread, which is noted."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            raise


class _Handler(BaseHTTPRequestHandler):
    """Reads requests, and writes answers."""

    server: _Server
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "local-front", ""
    disable_nagle_algorithm = True
    timeout = _IDLE_SECONDS

    def __getattr__(self, name: str) -> Any:
        """Serve every method there is: which of them an API has is for its document to say."""
        if name.startswith("do_"):
            return self._serve
        raise AttributeError(name)

    def _serve(self) -> None:
        try:
            body, too_large = read_body(self.headers, self.rfile)
        except ValueError as error:
            self.send_error(400, str(error))
            return
        target, _, query = self.path.partition("?")
        _, api, stage, path = [*target.split("/", 3), "", "", ""][:4]
        request = Request(
            method=self.command,
            path=f"/{path}",
            query=query,
            headers=[(name, unfolded(value)) for name, value in self.headers.items()],
            body=body,
            source_ip=self.client_address[0],
            protocol=self.request_version,
            too_large=too_large,
        )
        self._write(self.server.gateway.handle(api, stage, request))

    def send_error(self, code: int, message: str | None = None, _: str | None = None) -> None:
        """Answer what is no request of HTTP, and end the connection: it is the client's fault."""
        self.close_connection = True
        content = json.dumps({"message": message or "Bad Request"}).encode()
        headers = [("Content-Type", "application/json")]
        self._write(Answer(status=code if code < 500 else 400, headers=headers, body=content))

    def _write(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers:
            self.send_header(name, unfolded(value).encode("latin-1", "replace").decode("latin-1"))
        sends = answer.status not in _NO_BODY
        if sends:
            self.send_header("Content-Length", str(len(answer.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if sends and self.command != "HEAD":
            self.wfile.write(answer.body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Log nothing here: access logs are deployed ones."""


def unfolded(value: str) -> str:
    """Return a header's value on one line."""
    return " ".join(value.splitlines())
