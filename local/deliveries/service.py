"""Where the moto process asks about deliveries: a server on loopback, in the supervisor's process."""

import json
import threading
from collections.abc import Callable
from dataclasses import asdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from local.deliveries.messages import Delivery, Verdict

type Decide = Callable[[Delivery], Verdict]


class DeliveryService:
    """Answers what *decide* says at *url*, from its making until it is stopped."""

    def __init__(self, decide: Decide) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(decide))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/deliver"
        threading.Thread(target=self._server.serve_forever, name="deliveries", daemon=True).start()

    def stop(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()


def _handler(decide: Decide) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """POST: a delivery as JSON, answered with its verdict."""

        protocol_version = "HTTP/1.1"  # the moto process keeps its connections
        disable_nagle_algorithm = True  # or each answer waits for an acknowledgement of its headers

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
            body = json.dumps(asdict(decide(Delivery.read(asked)))).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
            """Log no requests."""

    return Handler
