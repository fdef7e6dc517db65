"""Runs the deployed functions: on request, and from the queues and streams that are mapped to them."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import boto3
from botocore.config import Config

from local.deployed import Deployed
from local.faults import Faults
from local.faults.calls import CallFaults
from local.permissions.judge import Judge
from local.runner.archives import Archives
from local.runner.calls import FunctionCalls
from local.runner.configuration import Configuration, EventSource
from local.runner.destinations import Destinations
from local.runner.errors import RunnerError, UnknownFunctionError
from local.runner.logs import LogShipper
from local.runner.mapping import Mapping
from local.runner.polling import Common, Polling
from local.runner.pool import InvokeResult, Pool
from local.runner.reasons import Reasons
from local.runner.sqs_queue import SourceQueue
from local.runner.status import RunnerStatus
from local.runner.stream_mapping import StreamMapping
from local.runner.stream_source import Place
from local.runner.warm import Host

_WATCH_SECONDS = 0.2


class Runner:
    """Runs what *deployed* holds, as of each invocation, against the emulated cloud at *endpoint*.

    Waits of the cloud are divided by *time_scale*; the functions' own timeouts are not. *faults* may disturb
    what happens. *runtime_dir* holds
    what the Lambda runtime brings by itself: boto3 and what it needs. Logs and unpacked code go below
    *work_dir*. Memory limits are not enforced.
    """

    def __init__(
        self,
        deployed: Deployed,
        judge: Judge,
        *,
        faults: Faults,
        endpoint: str,
        time_scale: float,
        work_dir: Path,
        runtime_dir: Path,
    ) -> None:
        if not (runtime_dir / "boto3").is_dir():
            raise RunnerError(
                f"{runtime_dir} does not hold boto3, which the Lambda runtime brings; run: make setup"
            )
        self._deployed, self._judge, self._faults = deployed, judge, faults
        self._endpoint, self._time_scale, self._work_dir = endpoint, time_scale, work_dir
        self._archives = Archives(work_dir / "code")
        self._shipper = LogShipper(lambda region: self._client("logs", region))
        self._host = Host(
            judge=judge, faults=faults, endpoint=endpoint, runtime_dir=runtime_dir, shipper=self._shipper
        )
        self._reasons = Reasons()
        self._lock = threading.RLock()
        self._configuration = Configuration()
        self._pools: dict[str, Pool] = {}
        self._mappings: list[Polling] = []
        self._retired: list[Polling] = []
        self._places: dict[tuple[str, str], Place] = {}
        self._problem = ""
        self._stopping = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="deployment-watcher", daemon=True)

    def start(self) -> None:
        """Start watching what is deployed, and polling what is mapped."""
        self._shipper.start()
        self._watcher.start()

    def stop(self) -> None:
        """End every process and every thread; batches under way are left to their queues."""
        self._stopping.set()
        self._watcher.join()
        with self._lock:
            mappings, pools = [*self._mappings, *self._retired], list(self._pools.values())
        for mapping in mappings:
            mapping.stop()
        for pool in pools:
            pool.close()
        for mapping in mappings:
            mapping.join()
        self._shipper.stop()

    def invoke(self, function: str, payload: bytes) -> InvokeResult:
        """Invoke a function by name or ARN, with version, alias or none, and wait for its answer.

        Raises
        ------
        UnknownFunctionError
            It is not deployed.
        ThrottledError, RefusedError, StoppedError, PermissionsError
            It cannot be run; see `Pool.invoke`.
        """
        return self._invoke(function, payload, wait=False)

    def status(self) -> RunnerStatus:
        """Return what runs, what has run, and what could not be done."""
        with self._lock:
            pools, mappings = list(self._pools.values()), list(self._mappings)
        return RunnerStatus(
            functions=sorted((pool.status() for pool in pools), key=lambda one: one.name),
            mappings=sorted((mapping.status() for mapping in mappings), key=lambda one: one.id),
            problems=[
                *([self._problem] if self._problem else []),
                *(failure for mapping in mappings for failure in mapping.failures()),
                *self._shipper.problems(),
            ],
        )

    def reasons(self) -> dict[str, str]:
        """Return, by message id, why messages failed that are in their queue again or among dead letters."""
        return self._reasons.all()

    def pids(self) -> list[int]:
        """Return the ids of the functions' processes."""
        with self._lock:
            return [pid for pool in self._pools.values() for pid in pool.pids()]

    def flush_logs(self) -> None:
        """Return when what functions have logged so far is in their log groups."""
        self._shipper.flush()

    def _invoke(self, function: str, payload: bytes, *, wait: bool) -> InvokeResult:
        version, arn = self._refreshed().resolve(function)
        return self._pool(version.name).invoke(version, arn, payload, wait=wait)

    def _pool(self, name: str) -> Pool:
        with self._lock:
            if name not in self._pools:
                raise UnknownFunctionError(f"function {name!r} is not deployed any more")
            return self._pools[name]

    def _watch(self) -> None:
        while not self._stopping.wait(_WATCH_SECONDS):
            try:
                self._refreshed()
                self._problem = ""
            except RunnerError as error:
                self._problem = str(error)

    def _refreshed(self) -> Configuration:
        """Return the configuration as of now, with pools and mappings that fit it."""
        if self._configuration.revision == self._deployed.revision:
            return self._configuration
        with self._lock:
            try:
                found = Configuration.read(self._deployed, self._archives, self._configuration)
            except (KeyError, OSError, BadZipFile) as error:
                raise RunnerError(
                    f"what is deployed cannot be run: {type(error).__name__}: {error}"
                ) from error
            self._fit_pools(found)
            self._fit_mappings(found)
            self._configuration = found
            return found

    def _fit_pools(self, found: Configuration) -> None:
        newest = {
            name: function for (name, version), function in found.versions.items() if version == "$LATEST"
        }
        current = found.in_use()
        for name, function in newest.items():
            if name not in self._pools:
                self._pools[name] = Pool(name, self._host, self._work_dir / "logs")
            self._pools[name].configure(function.reserved, current)
        for name in self._pools.keys() - newest.keys():
            self._pools.pop(name).close()

    def _fit_mappings(self, found: Configuration) -> None:
        if self._stopping.is_set():
            return
        for mapping in [one for one in self._mappings if one.source not in found.sources]:
            mapping.stop()
            self._mappings.remove(mapping)
            self._retired.append(mapping)
        running = {mapping.source for mapping in self._mappings}
        for source in found.sources:
            if source not in running:
                self._mappings.append(self._mapping(source))
                self._mappings[-1].start()

    def _mapping(self, source: EventSource) -> Polling:
        region = source.source_arn.split(":")[3]

        def calls() -> FunctionCalls:
            function = self._refreshed().resolve(source.function)[0]
            return FunctionCalls(function, self._judge, CallFaults(self._faults, function.name))

        def pool() -> Pool:
            return self._pool(self._refreshed().resolve(source.function)[0].name)

        common = Common(
            calls=calls,
            invoke=lambda function, event: self._invoke(function, event, wait=True),
            wait_free=lambda: pool().slots.wait_free(),
            faults=self._faults,
        )
        if ":dynamodb:" in source.source_arn:
            return StreamMapping(
                source,
                streams=self._client("dynamodbstreams", region),
                time_scale=self._time_scale,
                place=self._places.setdefault((source.id, source.source_arn), Place()),
                destinations=Destinations(lambda service: self._client(service, region)),
                **common,
            )
        return Mapping(
            source,
            queue=lambda: SourceQueue(self._client("sqs", region), source.source_arn, self._time_scale),
            unsettled_until=lambda: pool().unsettled_until,
            reasons=self._reasons,
            **common,
        )

    def _client(self, service: Any, region: str) -> Any:
        make: Callable[..., Any] = boto3.client
        return make(
            service,
            region_name=region,
            endpoint_url=self._endpoint,
            aws_access_key_id="local",
            aws_secret_access_key="local",  # noqa: S106 - the emulated cloud takes any
            config=Config(retries={"max_attempts": 2}, max_pool_connections=50),
        )
