"""An event source mapping at work: polls a queue, invokes the function, settles the batch."""

import threading
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from botocore.exceptions import BotoCoreError, ClientError

from local.faults import Faults
from local.faults.passage import hand_over
from local.permissions.errors import PermissionsError
from local.runner.calls import FunctionCalls
from local.runner.configuration import EventSource, function_name
from local.runner.errors import RunnerError, StoppedError
from local.runner.pool import InvokeResult
from local.runner.reasons import Reasons
from local.runner.slots import Slots
from local.runner.sqs_events import build_event, failed_messages
from local.runner.sqs_queue import Received, SourceQueue
from local.runner.status import MappingState, MappingStatus

_CONCURRENCY = 5
"""The batches that Lambda begins with at once where the mapping sets no maximum."""
_RETRY_SECONDS = 0.5

type Invoke = Callable[[str, bytes], InvokeResult]


class Mapping:
    """Polls the queue of *source* in one thread and runs batches in as many as the mapping may.

    *calls* judges what Lambda does with the function's role, as of now; *wait_free* waits until the function
    has concurrency left, so that no message is received, and counted as received, in vain. What failed comes
    back after *unsettled_until* only, a moment on the monotonic clock: on AWS the visibility timeout is never
    shorter than the function's own, and marks of an invocation that died are void when messages return.
    """

    def __init__(
        self,
        source: EventSource,
        *,
        queue: Callable[[], SourceQueue],
        calls: Callable[[], FunctionCalls],
        invoke: Invoke,
        wait_free: Callable[[], bool],
        unsettled_until: Callable[[], float],
        faults: Faults,
        reasons: Reasons,
    ) -> None:
        self.source = source
        self._queue_name = source.source_arn.rpartition(":")[2]
        self._unsettled_until, self._faults, self._reasons = unsettled_until, faults, reasons
        self._open_queue, self._calls = queue, calls
        self._invoke, self._wait_free = invoke, wait_free
        limit = source.concurrency or _CONCURRENCY
        self._slots = Slots(limit)
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
        """Receive no more; batches that were received are still run."""
        self._stopping.set()
        self._slots.close()

    def join(self) -> None:
        """Wait until everything that was received is settled."""
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

    def _note(self, failure: str) -> None:
        with self._lock:
            self._failures[f"mapping {self.source.id}: {failure}"] = None

    def _run(self) -> None:
        queue: SourceQueue | None = None
        while not self._stopping.is_set():
            try:
                self._faults.wait_unpaused(self._queue_name, self._stopping, self._paused)
                self._refuse_unsupported()
                self._refuse_unpermitted()
                queue = queue or self._open_queue()
                self._poll(queue)
                self._problem = ""
            except (RunnerError, PermissionsError, ClientError, BotoCoreError) as error:
                # What stands in the way can be removed by the next deployment, so it is tried again.
                self._problem = str(error)
                self._stopping.wait(_RETRY_SECONDS)
            except Exception as error:  # noqa: BLE001 - a mapping that polls no more would still say Enabled
                traceback.print_exception(error)
                self._problem = f"{type(error).__name__}: {error}; the supervisor's log has the traceback"
                self._stopping.wait(_RETRY_SECONDS)

    def _refuse_unsupported(self) -> None:
        if ":sqs:" not in self.source.source_arn:
            raise RunnerError(f"event source {self.source.source_arn} is not emulated; queues are")
        if self.source.filtered:
            raise RunnerError("filter criteria are not emulated; remove filterCriteria from the mapping")

    def _refuse_unpermitted(self) -> None:
        calls = self._calls()
        *_, account, name = self.source.source_arn.split(":")
        for operation in ("GetQueueAttributes", "ReceiveMessage"):
            denied = calls.refused("sqs", operation, QueueUrl=f"/{account}/{name}")
            if denied:
                raise RunnerError(denied.message)

    def _poll(self, queue: SourceQueue) -> None:
        if not self._slots.take(wait=True):
            return
        batch: Sequence[Received] = []
        try:
            if self._wait_free():
                batch = queue.gather(self.source.batch_size, self.source.window, self._stopping)
        finally:
            if not batch:
                self._slots.give()
        if batch:
            self._workers.submit(self._process, queue, batch).add_done_callback(self._finished)

    def _finished(self, outcome: Future[None]) -> None:
        self._slots.give()
        if (error := outcome.exception()) and not isinstance(error, StoppedError):
            self._note(f"{type(error).__name__}: {error}")

    def _process(self, queue: SourceQueue, batch: Sequence[Received]) -> None:
        ids = {one.id for one in batch}
        failed = dict.fromkeys(ids, "the function could not be invoked; see the problems in the status")
        try:
            event = build_event((one.message for one in batch), self.source.source_arn)

            def run() -> dict[str, str]:
                result = self._invoke(self.source.function, event)
                failed = failed_messages(result, ids, reports_failures=self.source.reports_failures)
                return dict.fromkeys(failed, result.failure)

            function = function_name(self.source.function)
            strike = self._faults.strike("batches", function=function, queue=self._queue_name)
            failed = hand_over(strike, run, ids, self._stopping.wait)
        finally:
            failed = self._settle(queue, batch, failed)
            with self._lock:
                self._counts.update(batches=1, messages=len(ids), failed=len(failed))

    def _settle(
        self, queue: SourceQueue, batch: Sequence[Received], failed: dict[str, str]
    ) -> dict[str, str]:
        """Delete what is done; without the permission to delete, everything comes back, as on AWS."""
        done = [one for one in batch if one.id not in failed]
        *_, account, name = self.source.source_arn.split(":")
        denied = done and self._calls().refused("sqs", "DeleteMessage", QueueUrl=f"/{account}/{name}")
        if denied:
            self._note(denied.message)
            done, failed = [], {one.id: denied.message for one in batch}
        self._reasons.settle((one.id for one in done), failed)
        queue.delete(done)
        queue.give_back([one for one in batch if one.id in failed], self._unsettled_until())
        return failed
