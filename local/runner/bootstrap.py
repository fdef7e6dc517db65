"""The first code in a function's process: loads the handler, then serves invocations until killed.

It runs isolated, by path, and stands on the standard library and the runtime's botocore alone. Two sockets
lead to the runner: one carries invocations, the other asks before each AWS call whether the role may make it.
"""

import decimal
import importlib
import importlib.util
import json
import logging
import os
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any


class UnjudgedCallError(Exception):
    """The local stack could not judge a call: a policy or an operation is not understood."""


class LambdaContext:
    """What Lambda passes to a handler beside the event."""

    def __init__(self, invocation: dict[str, Any]) -> None:
        self.aws_request_id = invocation["request_id"]
        self.invoked_function_arn = invocation["arn"]
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.identity = self.client_context = None
        self._deadline_ms = invocation["deadline_ms"]

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until the function is stopped."""
        return max(0, int(self._deadline_ms - time.time() * 1000))


class _Encoder(json.JSONEncoder):
    def default(self, o: Any) -> Any:
        return float(o) if isinstance(o, decimal.Decimal) else super().default(o)


class _RequestId(logging.Filter):
    current = ""

    def filter(self, record: logging.LogRecord) -> bool:
        record.aws_request_id = self.current
        return True


def main() -> None:
    """Initialise, then invoke the handler for each message of the runner."""
    settings = json.loads(sys.argv[1])
    sys.argv[:] = ["bootstrap"]
    os.environ.pop("LC_CTYPE", None)  # set by Python itself where the laptop lacks the locale of Lambda
    sys.path[:0] = settings["path"]
    for name in ("invocations", "calls", "lifeline"):
        os.set_inheritable(settings[name], False)
    threading.Thread(target=_end_with, args=(settings["lifeline"],), daemon=True).start()
    invocations = socket.socket(fileno=settings["invocations"])
    _judge_calls(_asking(socket.socket(fileno=settings["calls"])), settings["injection"])
    _log_like_lambda()
    try:
        handler = _load(os.environ["_HANDLER"])
    except BaseException as error:  # noqa: BLE001 - whatever stops the import is the function's failure
        _send(invocations, "init_failed", _init_failure(error))
        return
    _send(invocations, "ready", b"")
    with invocations.makefile("rb") as stream:
        while line := stream.readline():
            invocation = json.loads(line)
            _RequestId.current = invocation["request_id"]
            _send(invocations, *_invoke(handler, invocation, stream.read(invocation["length"])))


def _end_with(lifeline: int) -> None:
    """End the process group when the other end of *lifeline* closes, even in the middle of a handler."""
    os.read(lifeline, 1)
    os.killpg(os.getpgrp(), signal.SIGKILL)


def _send(channel: socket.socket, kind: str, body: bytes) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    channel.sendall(json.dumps({"kind": kind, "length": len(body)}).encode() + b"\n" + body)


def _load(reference: str) -> Any:
    module, _, name = reference.rpartition(".")
    return getattr(importlib.import_module(module.replace("/", ".")), name)


def _init_failure(error: BaseException) -> bytes:
    handler = os.environ["_HANDLER"]
    traceback.print_exception(error)
    if isinstance(error, ImportError):
        text = f"Unable to import module '{handler.rpartition('.')[0]}': {error}"
        return _error("Runtime.ImportModuleError", text, [])
    if isinstance(error, AttributeError) and handler.rpartition(".")[2] in str(error):
        return _error("Runtime.HandlerNotFound", f"Handler '{handler}' missing: {error}", [])
    return _error(type(error).__name__, str(error), traceback.format_tb(error.__traceback__))


def _invoke(handler: Any, invocation: dict[str, Any], event: bytes) -> tuple[str, bytes]:
    try:
        answer = handler(json.loads(event), LambdaContext(invocation))
    except Exception as error:  # noqa: BLE001 - Lambda turns any exception into an answer
        trace = traceback.format_tb(error.__traceback__)[1:]
        print(
            f"[ERROR] {type(error).__name__}: {error}\nTraceback (most recent call last):\n{''.join(trace)}"
        )
        return "failed", _error(type(error).__name__, str(error), trace)
    try:
        return "answered", json.dumps(answer, cls=_Encoder, ensure_ascii=False).encode()
    except (TypeError, ValueError) as error:
        return "failed", _error("Runtime.MarshalError", f"Unable to marshal response: {error}", [])


def _error(kind: str, message: str, trace: list[str]) -> bytes:
    failure = {
        "errorMessage": message,
        "errorType": kind,
        "requestId": _RequestId.current,
        "stackTrace": trace,
    }
    return json.dumps(failure).encode()


def _log_like_lambda() -> None:
    handler = logging.StreamHandler(sys.stdout)
    pattern = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s"
    formatter = logging.Formatter(pattern, "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    handler.addFilter(_RequestId())
    logging.getLogger().addHandler(handler)


def _asking(channel: socket.socket) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Return a function that puts a question to the runner; threads take turns."""
    stream, lock = channel.makefile("rb"), threading.Lock()

    def ask(question: dict[str, Any]) -> dict[str, Any]:
        with lock:
            channel.sendall(json.dumps(question, default=lambda _: None).encode() + b"\n")
            return dict(json.loads(stream.readline() or b'{"unjudged": "the runner is gone"}'))

    return ask


def _judge_calls(ask: Callable[[dict[str, Any]], dict[str, Any]], injection: str) -> None:
    """Ask the runner before every call of every botocore client; presigning makes no call.

    Where faults concern a call, the module at *injection* is loaded, which asks before each attempt, too.
    """
    from botocore import client as botocore_client

    base: Any = botocore_client.BaseClient
    original, loading, loaded = base._emit_api_params, threading.Lock(), threading.Event()

    def load() -> None:
        with loading:
            if not loaded.is_set():
                spec: Any = importlib.util.spec_from_file_location("_local_faults", injection)
                module = importlib.util.module_from_spec(spec)
                spec.loader.exec_module(module)
                module.install(ask)
                loaded.set()

    def emit(self: Any, api_params: Any, operation_model: Any, context: Any) -> Any:
        parameters = original(self, api_params, operation_model, context)
        if not context.get("is_presign_request"):
            call = {
                "service": operation_model.service_model.service_name,
                "operation": operation_model.name,
                "region": self.meta.region_name,
                "parameters": {name: value for name, value in parameters.items() if name != "Body"},
            }
            verdict = ask(call)
            _raise(self, operation_model.name, verdict)
            if "faults" in verdict:
                load()
        return parameters

    base._emit_api_params = emit


def _raise(client: Any, operation: str, verdict: dict[str, Any]) -> None:
    if "unjudged" in verdict:
        raise UnjudgedCallError(verdict["unjudged"])
    if "denied" in verdict:
        denied = verdict["denied"]
        answer = {
            "Error": {"Code": denied["code"], "Message": denied["message"]},
            "ResponseMetadata": {"HTTPStatusCode": denied["status"], "RetryAttempts": 0},
        }
        raise client.exceptions.from_code(denied["code"])(answer, operation)


if __name__ == "__main__":
    main()
