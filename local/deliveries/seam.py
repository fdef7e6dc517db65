"""The one place in the moto process through which every delivery between services goes."""

import http.client
import json
import logging
import queue
import threading
from collections.abc import Callable
from urllib.parse import urlsplit

from local.deliveries.messages import Delivery, Verdict

_LOG = logging.getLogger(__name__)
_SECONDS = 60


class Seam:
    """Asks the supervisor at *url* about each delivery, over connections that are kept open.

    Without an URL there is no stack round this cloud, and everything is delivered.
    """

    def __init__(self, url: str) -> None:
        self._address = urlsplit(url)
        self._idle: queue.LifoQueue[http.client.HTTPConnection] = queue.LifoQueue()

    def deliver(self, delivery: Delivery, act: Callable[[], object]) -> str:
        """Do *act* as often and as late as the supervisor says; return why it refuses, else nothing."""
        verdict = self.ask(delivery)
        for _ in range(verdict.copies):
            if verdict.delay:
                threading.Timer(verdict.delay, act).start()
            else:
                act()
        return verdict.refused

    def ask(self, delivery: Delivery) -> Verdict:
        """Return the supervisor's word."""
        if not self._address.netloc:
            return Verdict()
        try:
            return Verdict(**json.loads(self._post(json.dumps(delivery.plain()))))
        except Exception:
            # moto drops whatever is raised on the way from a bucket to an event bus.
            _LOG.exception("%s could not be asked for", delivery)
            raise

    def _post(self, body: str) -> bytes:
        try:
            return self._exchange(self._idle.get_nowait(), body)
        except (queue.Empty, ConnectionError, http.client.HTTPException):
            host = self._address.netloc  # none is open, or it was closed meanwhile
            return self._exchange(http.client.HTTPConnection(host, timeout=_SECONDS), body)

    def _exchange(self, connection: http.client.HTTPConnection, body: str) -> bytes:
        connection.request("POST", self._address.path, body)
        with connection.getresponse() as answer:
            content = answer.read()
        if answer.status != http.HTTPStatus.OK:
            raise http.client.HTTPException(f"{answer.status} {content.decode(errors='replace')}")
        self._idle.put(connection)
        return content
