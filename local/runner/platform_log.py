"""The lines that Lambda itself writes around an invocation."""

import json
from datetime import UTC, datetime
from math import ceil

from local.runner.configuration import Function


def start_line(function: Function, request_id: str) -> str:
    """Return what is logged before the handler runs."""
    if function.json_log:
        return _record("platform.start", {"requestId": request_id, "version": function.version})
    return f"START RequestId: {request_id} Version: {function.version}"


def end_lines(function: Function, request_id: str, seconds: float, status: str) -> list[str]:
    """Return what is logged after it; *status* is success, error or timeout."""
    spent = round(seconds * 1000, 2)
    if function.json_log:
        metrics = {
            "durationMs": spent,
            "billedDurationMs": ceil(spent),
            "memorySizeMB": function.memory,
        }
        return [_record("platform.report", {"requestId": request_id, "status": status, "metrics": metrics})]
    return [
        f"END RequestId: {request_id}",
        f"REPORT RequestId: {request_id}\tDuration: {spent} ms\tBilled Duration: {ceil(spent)} ms\t"
        f"Memory Size: {function.memory} MB" + ("" if status == "success" else f"\tStatus: {status}"),
    ]


def _record(kind: str, record: dict[str, object]) -> str:
    moment = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return json.dumps({"time": moment, "type": kind, "record": record})
