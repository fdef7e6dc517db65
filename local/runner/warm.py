"""A started execution environment with its log and the calls of its role."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from local.faults import Faults
from local.faults.calls import CallFaults
from local.permissions.judge import Judge
from local.runner.calls import FunctionCalls
from local.runner.configuration import Function
from local.runner.errors import RefusedError
from local.runner.logs import LogFile, LogPlace, LogShipper, LogStream
from local.runner.process import ExecutionEnvironment


@dataclass(frozen=True, kw_only=True)
class Host:
    """What every execution environment needs to know about the stack it runs in."""

    judge: Judge
    faults: Faults
    endpoint: str
    runtime_dir: Path
    shipper: LogShipper


class Warm:
    """A started environment with its log and the calls of its role."""

    def __init__(self, function: Function, host: Host, file: LogFile) -> None:
        self.function = function
        self.calls = FunctionCalls(function, host.judge, CallFaults(host.faults, function.name))
        denied = host.judge.start(self.calls.lambda_session, function.arn)
        if denied:
            raise RefusedError(f"function {function.name!r} cannot be started: {denied.reason}")
        stream = f"{datetime.now(UTC):%Y/%m/%d}/[{function.version}]{uuid.uuid4().hex}"
        place = LogPlace(region=function.region, group=function.log_group, stream=stream)
        self.log = LogStream(place, host.shipper, file)
        self._may_log = self._allowed_to_log("CreateLogStream")
        self.process = ExecutionEnvironment(
            function,
            stream=stream,
            endpoint=host.endpoint,
            runtime_dir=host.runtime_dir,
            ask=self.calls.ask,
            log=self.log.write,
        )

    def announce(self) -> None:
        """Make the calls that Lambda makes with the role for an invocation: its log, its trace.

        Lambda runs a function that may not log or trace; what it writes is lost, and the judge notes it.
        """
        self.log.shipped = self._may_log and self._allowed_to_log("PutLogEvents")
        if self.function.traced:
            self.calls.refused("xray", "PutTraceSegments")
            self.calls.refused("xray", "PutTelemetryRecords")

    def _allowed_to_log(self, operation: str) -> bool:
        names = {"logGroupName": self.log.place.group, "logStreamName": self.log.place.stream}
        return self.calls.refused("logs", operation, **names) is None
