"""Puts events into a running stack under faults, and accounts for them before and after a redrive."""

import json
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local.demo.drive import put_all
from local.demo.inputs import Plan, Upload
from local.demo.readback import Names, read
from local.errors import LocalStackError
from local.faults.fault import Fault
from local.faults.proof.account import Account, Version, account, after_all
from local.faults.proof.dead_letters import DeadLetter, DeadLetterQueue
from local.provider.resources.guardduty import MANAGED
from local.stack import LocalStack

QUIET_SECONDS = 3
"""Queues that are empty for so long stay empty: no delivery is later than that."""
PAUSE_EVERY, TICK_SECONDS = 5, 1

type Progress = Callable[[int], None]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of the events under the faults, and after they were cleared and dead letters redriven."""

    seconds: float
    faults: Sequence[dict[str, Any]]
    letters: Sequence[DeadLetter]
    under_faults: Account
    redriven: int
    afterwards: Account
    wrong_afterwards: Sequence[str]

    @property
    def wrong(self) -> list[str]:
        """Everything that is not as it must be."""
        unrecorded = self.afterwards.set_aside
        return [
            *self.under_faults.wrong,
            *(f"after the redrive: {one}" for one in (*self.afterwards.wrong, *self.wrong_afterwards)),
            *([f"after the redrive: {unrecorded} are still set aside"] if unrecorded else []),
        ]


class Proof:
    """One proof on *stack*, whose waits may take *patience* seconds each."""

    def __init__(self, stack: LocalStack, patience: float) -> None:
        self._stack, self._patience = stack, patience
        self._names = Names.of(stack)
        self._sqs = stack.client("sqs", self._names.region)
        outputs = stack.outputs()["objects"]
        parts = [outputs["worker"], outputs["quarantine"]]
        self._logs = [part["logGroup"] for part in parts]
        pairs = [(part["dlqUrl"], part["queueUrl"]) for part in parts]
        self._dead = [DeadLetterQueue(sqs=self._sqs, url=dead, source=source) for dead, source in pairs]
        self._on_waiting: Progress = lambda _: None
        self._before: Collection[Version] = ()
        self._undelivered = outputs["undelivered"]["queueUrl"]

    def run(
        self, plan: Plan, faults: Sequence[Fault], *, pauses: bool, on_put: Progress, on_waiting: Progress
    ) -> Outcome:
        """Put *plan* under *faults*, with the work queue paused every now and then if *pauses*."""
        begun, self._on_waiting = time.monotonic(), on_waiting
        self._before = self._records().keys()
        for fault in faults:
            self._stack.faults.add(fault)
        versions = put_all(self._stack, self._names, plan, on_put)
        order = [(upload.key, version) for upload, version in zip(plan.uploads, versions, strict=True)]
        put = dict(zip(order, plan.uploads, strict=True))
        self._drain(pauses=pauses)
        standing = self._stack.faults.clear()
        letters = self._letters()
        under_faults = self._account(put, letters)
        redriven = sum(queue.redrive() for queue in self._dead)
        self._drain(pauses=False)
        return Outcome(
            seconds=time.monotonic() - begun,
            faults=standing,
            letters=letters,
            under_faults=under_faults,
            redriven=redriven,
            afterwards=self._account(put, self._letters()),
            wrong_afterwards=[
                *after_all(put, order, read(self._stack, self._names)),
                *self._stack.status()["problems"],
            ],
        )

    def _account(self, put: Mapping[Version, Upload], letters: Sequence[DeadLetter]) -> Account:
        return account(put, self._records(), letters, self._announced())

    def _letters(self) -> list[DeadLetter]:
        reasons = self._stack.reasons()
        return [letter for queue in self._dead for letter in queue.read(reasons)]

    def _records(self) -> dict[Version, dict[str, Any]]:
        dynamodb = self._stack.client("dynamodb", self._names.region)
        pages = dynamodb.get_paginator("scan").paginate(TableName=self._names.records, ConsistentRead=True)
        items = (
            {name: next(iter(value.values())) for name, value in item.items()}
            for page in pages
            for item in page["Items"]
        )
        found = {(item["objectId"].partition("#")[2], item["versionId"]): item for item in items}
        return {
            (key, version): item
            for (key, version), item in found.items()
            if version != "#latest" and (key, version) not in self._before
        }

    def _announced(self) -> Counter[Version]:
        """Count the log lines of new records by version."""
        logs = self._stack.client("logs", self._names.region)
        found: Counter[Version] = Counter()
        for group in self._logs:
            for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group):
                for event in page["events"]:
                    if '"Recorded"' in event["message"]:
                        line = json.loads(event["message"])
                        found[line["object_key"], line["version_id"]] += 1
        return found

    def _drain(self, *, pauses: bool) -> None:
        """Wait until no event is on its way, letting the work queue stand still for a while if *pauses*."""
        queue = self._names.work_queue.rpartition("/")[2]
        deadline, quiet, tick, paused = time.monotonic() + self._patience, 0, 0, False
        while quiet < QUIET_SECONDS:
            if time.monotonic() > deadline:
                raise LocalStackError(
                    f"after {self._patience:g} s events are still on their way: {self._waiting()}"
                )
            if pauses and (tick % PAUSE_EVERY == 0) != paused:
                paused = not paused
                (self._stack.faults.pause if paused else self._stack.faults.resume)(queue)
            time.sleep(TICK_SECONDS)
            tick += 1
            waiting = sum(self._waiting().values())
            self._on_waiting(waiting)
            quiet = 0 if waiting else quiet + 1
        if paused:
            self._stack.faults.resume(queue)

    def _waiting(self) -> dict[str, int]:
        scans = self._sqs.list_queues(QueueNamePrefix=MANAGED).get("QueueUrls", [])
        urls = (*scans, self._names.work_queue, self._names.infected_queue, self._undelivered)
        return {url.rpartition("/")[2]: self._count(url) for url in urls}

    def _count(self, url: str) -> int:
        found = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        return sum(int(found[f"ApproximateNumberOfMessages{kind}"]) for kind in ("", "NotVisible", "Delayed"))
