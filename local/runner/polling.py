"""What event source mappings have in common: a thread that reads a source, limits, numbers, problems."""

import threading
import traceback
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypedDict, Unpack

from botocore.exceptions import BotoCoreError, ClientError

from local.faults import Faults
from local.permissions.errors import PermissionsError
from local.runner.calls import FunctionCalls
from local.runner.configuration import EventSource
from local.runner.errors import RunnerError
from local.runner.pool import InvokeResult
from local.runner.status import MappingState, MappingStatus

_RETRY_SECONDS = 0.5

type Invoke = Callable[[str, bytes], InvokeResult]


class Common(TypedDict):
    """What every mapping needs of the runner.

    *calls* judges what Lambda does with the function's role, as of now; *wait_free* waits until the function
    has concurrency left, so that nothing is read in vain.
    """

    calls: Callable[[], FunctionCalls]
    invoke: Invoke
    wait_free: Callable[[], bool]
    faults: Faults


class Polling(ABC):
    """Reads *source*, which faults and people call *name*, in one thread; batches run in *limit* others."""

    def __init__(self, source: EventSource, *, name: str, limit: int, **common: Unpack[Common]) -> None:
        self.source = source
        self._name, self._faults = name, common["faults"]
        self._calls, self._invoke = common["calls"], common["invoke"]
        self._wait_free = common["wait_free"]
        self._workers = ThreadPoolExecutor(limit, thread_name_prefix=f"mapping-{source.id}")
        self._stopping, self._paused = threading.Event(), threading.Event()
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._failures: dict[str, None] = {}
        self._problem = "" if source.enabled else "not enabled"
        self._thread = threading.Thread(target=self._run, name=f"poll-{source.id}", daemon=True)

    def start(self) -> None:
        """Start polling, if the mapping is enabled."""
        if self.source.enabled:
            self._thread.start()

    def stop(self) -> None:
        """Read no more; batches that are under way are still settled."""
        self._stopping.set()

    def join(self) -> None:
        """Wait until everything that was read is settled."""
        if self.source.enabled:
            self._thread.join()
        self._workers.shutdown()

    def status(self) -> MappingStatus:
        """Return state and numbers."""
        state = MappingState.PAUSED if self._paused.is_set() else MappingState.ENABLED
        state = MappingState.PROBLEM if self._problem else state
        with self._lock:
            return MappingStatus(
                id=self.source.id,
                source_arn=self.source.source_arn,
                function=self.source.function,
                state=state if self.source.enabled else MappingState.DISABLED,
                reason=self._problem,
                batches=self._counts["batches"],
                messages=self._counts["messages"],
                failed=self._counts["failed"],
            )

    def failures(self) -> list[str]:
        """Return why batches could not be run or settled, each reason once."""
        with self._lock:
            return list(self._failures)

    @abstractmethod
    def _turn(self) -> None:
        """Read the source once, and see to what it gave."""

    def _note(self, failure: str) -> None:
        with self._lock:
            self._failures[f"mapping {self.source.id}: {failure}"] = None

    def _count(self, *, messages: int, failed: int) -> None:
        with self._lock:
            self._counts.update(batches=1, messages=messages, failed=failed)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._faults.wait_unpaused(self._name, self._stopping, self._paused)
                self._refuse_filtered()
                self._turn()
                self._problem = ""
            except (RunnerError, PermissionsError, ClientError, BotoCoreError) as error:
                # What stands in the way can be removed by the next deployment, so it is tried again.
                self._problem = str(error)
                self._stopping.wait(_RETRY_SECONDS)
            except Exception as error:  # noqa: BLE001 - a mapping that polls no more would still say Enabled
                traceback.print_exception(error)
                self._problem = f"{type(error).__name__}: {error}; the supervisor's log has the traceback"
                self._stopping.wait(_RETRY_SECONDS)

    def _refuse_filtered(self) -> None:
        if self.source.filtered:
            raise RunnerError("filter criteria are not emulated; remove filterCriteria from the mapping")

    def _refuse_unpermitted(self, service: str, needs: dict[str, dict[str, str]]) -> None:
        calls = self._calls()
        for operation, parameters in needs.items():
            if denied := calls.refused(service, operation, **parameters):
                raise RunnerError(denied.message)
