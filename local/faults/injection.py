"""Inside a function's process: disturbs AWS requests where they are sent, below botocore's retries.

Like the bootstrap that loads it by path, it stands on the standard library and the runtime's botocore alone.
Each attempt is put to the runner, which says what happens to it.
"""

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from xml.sax.saxutils import escape

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.endpoint import Endpoint
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError

type Ask = Callable[[dict[str, Any]], dict[str, Any]]

_REQUEST_ID = "local-fault"


def install(ask: Ask) -> None:
    """Put every attempt of every client to *ask* from now on."""
    endpoint: Any = Endpoint
    get_response, send, current = endpoint._do_get_response, endpoint._send, threading.local()

    def do_get_response(self: Any, request: Any, operation_model: Any, context: Any) -> Any:
        current.operation, current.context = operation_model, context
        return get_response(self, request, operation_model, context)

    def disturbed_send(self: Any, request: Any) -> Any:
        operation = current.operation
        names = {"service": operation.service_model.service_name, "operation": operation.name}
        attempt = _Attempt(lambda: send(self, request), request, operation)
        return attempt.suffer(ask({"attempt": names}), current.context["client_config"].read_timeout)

    endpoint._do_get_response, endpoint._send = do_get_response, disturbed_send


class _Attempt:
    """One request on its way."""

    def __init__(self, send: Callable[[], Any], request: Any, operation: Any) -> None:
        self._send, self._request, self._operation = send, request, operation

    def suffer(self, fault: dict[str, Any], read_timeout: float) -> Any:
        """Do what *fault* says; return the answer, or raise what botocore's session does."""
        kind, after = fault.get("kind"), fault.get("when") == "after"
        if kind == "kill" and not after:
            _die()
        if kind == "throttle" or (kind == "error" and not after):
            return _answer(fault["answer"], self._operation, self._request)
        if kind == "delay":
            time.sleep(min(fault["seconds"], read_timeout))
        response = self._send()
        if kind == "kill":
            _die()
        if kind == "error":
            self._drop(response)
            raise ConnectionClosedError(endpoint_url=self._request.url)
        if kind == "delay" and fault["seconds"] >= read_timeout:
            self._drop(response)
            raise ReadTimeoutError(endpoint_url=self._request.url)
        if kind == "duplicate":
            self._drop(response)
            self._request.reset_stream()
            return self._send()
        return response

    def _drop(self, response: Any) -> None:
        response.raw.close()


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _answer(error: dict[str, Any], operation: Any, request: Any) -> AWSResponse:
    """Return *error* in the wire format of the operation's service."""
    service = operation.service_model
    headers: dict[str, str] = {}
    if request.method == "HEAD":
        body = b""
    elif service.resolved_protocol == "json":
        headers, body = _json(error, service.metadata.get("targetPrefix", ""))
    elif service.resolved_protocol == "rest-json":
        headers = {"x-amzn-errortype": error["code"], "content-type": "application/json"}
        body = json.dumps({"message": error["message"]}).encode()
    else:
        headers, body = {"content-type": "text/xml"}, _xml(error, service.resolved_protocol)
    headers |= {"x-amzn-requestid": _REQUEST_ID, "content-length": str(len(body))}
    return AWSResponse(request.url, error["status"], HTTPHeaders.from_dict(headers), _Body(body))


def _json(error: dict[str, Any], target: str) -> tuple[dict[str, str], bytes]:
    headers = {"content-type": "application/x-amz-json-1.0"}
    if target == "AmazonSQS":  # compatible with the query protocol, whose codes stand in a header
        headers["x-amzn-query-error"] = f"{error['code']};{'Sender' if error['status'] < 500 else 'Receiver'}"
    content = {"__type": f"{target}#{error['code']}", "message": error["message"]}
    return headers, json.dumps(content).encode()


def _xml(error: dict[str, Any], protocol: str) -> bytes:
    inner = f"<Code>{escape(error['code'])}</Code><Message>{escape(error['message'])}</Message>"
    if protocol == "rest-xml":
        return f"<Error>{inner}<RequestId>{_REQUEST_ID}</RequestId></Error>".encode()
    side = "Sender" if error["status"] < 500 else "Receiver"
    return (
        f"<ErrorResponse><Error><Type>{side}</Type>{inner}</Error>"
        f"<RequestId>{_REQUEST_ID}</RequestId></ErrorResponse>"
    ).encode()


class _Body:
    """The raw body of an answer, as urllib3 hands it out."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self) -> Iterator[bytes]:
        yield self._content
