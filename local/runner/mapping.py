"""An event source mapping at work: polls a queue, invokes the function, settles the batch."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Unpack

from local.faults.passage import hand_over
from local.runner.configuration import EventSource, function_name
from local.runner.errors import RunnerError, StoppedError
from local.runner.polling import Common, Polling
from local.runner.reasons import Reasons
from local.runner.slots import Slots
from local.runner.sqs_events import build_event, failed_messages
from local.runner.sqs_queue import Received, SourceQueue

_CONCURRENCY = 5
"""The batches that Lambda begins with at once where the mapping sets no maximum."""


class Mapping(Polling):
    """Polls the queue of *source* in one thread and runs batches in as many as the mapping may.

    What is received counts as received: hence `wait_free`. What failed comes back after *unsettled_until*
    only, a moment on the monotonic clock: on AWS the visibility timeout is never shorter than the function's
    own, and marks of an invocation that died are void when messages return. *common* is for `Polling`.
    """

    def __init__(
        self,
        source: EventSource,
        *,
        queue: Callable[[], SourceQueue],
        unsettled_until: Callable[[], float],
        reasons: Reasons,
        **common: Unpack[Common],
    ) -> None:
        limit = source.concurrency or _CONCURRENCY
        super().__init__(source, name=source.source_arn.rpartition(":")[2], limit=limit, **common)
        self._unsettled_until, self._reasons = unsettled_until, reasons
        self._open_queue = queue
        self._queue: SourceQueue | None = None
        self._slots = Slots(limit)

    def stop(self) -> None:
        """Receive no more; batches that were received are still run."""
        super().stop()
        self._slots.close()

    def _turn(self) -> None:
        if ":sqs:" not in self.source.source_arn:
            raise RunnerError(
                f"event source {self.source.source_arn} is not emulated; queues and streams are"
            )
        *_, account, name = self.source.source_arn.split(":")
        url = {"QueueUrl": f"/{account}/{name}"}
        self._refuse_unpermitted("sqs", {"GetQueueAttributes": url, "ReceiveMessage": url})
        self._queue = self._queue or self._open_queue()
        self._poll(self._queue)

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
            strike = self._faults.strike("batches", function=function, queue=self._name)
            failed = hand_over(strike, run, ids, self._stopping.wait)
        finally:
            failed = self._settle(queue, batch, failed)
            self._count(messages=len(ids), failed=len(failed))

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
