"""Queues that feed functions."""

import json
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from local.faults import Faults
from local.permissions.judge import Judge
from local.runner import Runner
from local.runner.sqs_queue import SourceQueue
from local.runner.status import MappingState, MappingStatus
from tests.local.runner.stage import ACCOUNT, QUEUE_AND_LOGS, REGION, Stage, allow

type Eventually = Callable[[Callable[[], bool]], None]

RECORDS = """
    import json, os
    def handler(event, context):
        names = [record["body"] for record in event["Records"]]
        counts = [int(record["attributes"]["ApproximateReceiveCount"]) for record in event["Records"]]
        with open(os.environ["SEEN"], "a") as seen:
            seen.write(json.dumps([names, counts]) + "\\n")
        {answer}
"""
FAILS_ODD = """
        odd = [record["messageId"] for record in event["Records"] if "odd" in record["body"]]
        return {"batchItemFailures": [{"itemIdentifier": name} for name in odd]}
"""


class Recorder:
    """A function that writes down each batch it gets, one after the other."""

    def __init__(self, stage: Stage, answer: str = "return None", **properties: Any) -> None:
        self.path = stage.folder / "seen"
        variables = {"variables": {"SEEN": str(self.path)}}
        stage.function(
            RECORDS.format(answer=answer),
            environment=variables,
            reservedConcurrentExecutions=1,
            **properties,
        )

    def batches(self) -> list[tuple[list[str], list[int]]]:
        if not self.path.exists():
            return []
        return [(names, counts) for names, counts in map(json.loads, self.path.read_text().splitlines())]

    def bodies(self) -> list[str]:
        return [body for names, _ in self.batches() for body in names]


def status(runner: Runner) -> MappingStatus:
    (mapping,) = runner.status().mappings
    return mapping


def left_in(stage: Stage, url: str) -> int:
    """Return how many messages a queue holds, visible or not."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    answer = stage.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)
    return sum(int(number) for number in answer["Attributes"].values())


def drained(runner: Runner, messages: int) -> Callable[[], bool]:
    return lambda: bool(runner.status().mappings) and status(runner).messages >= messages


def test_messages_come_in_batches_of_the_deployed_size_and_are_deleted(
    stage: Stage, runner: Runner, eventually: Eventually, name: str
) -> None:
    url = stage.queue(name)
    stage.send(url, "abcdefg")
    stage.role(*QUEUE_AND_LOGS)
    recorder = Recorder(stage)
    stage.mapping(name, batchSize=3)

    eventually(drained(runner, 7))

    assert [len(names) for names, _ in recorder.batches()] == [3, 3, 1]
    assert sorted(recorder.bodies()) == list("abcdefg")
    assert left_in(stage, url) == 0
    seen = status(runner)
    assert (seen.state, seen.batches, seen.messages, seen.failed) == (MappingState.ENABLED, 3, 7, 0)


def test_a_batch_may_be_larger_than_what_sqs_gives_at_once(
    stage: Stage, runner: Runner, eventually: Eventually, name: str
) -> None:
    url = stage.queue(name)
    stage.send(url, map(str, range(25)))
    stage.role(*QUEUE_AND_LOGS)
    recorder = Recorder(stage)
    stage.mapping(name, batchSize=25, maximumBatchingWindowInSeconds=300_000_000)

    eventually(drained(runner, 25))

    assert [len(names) for names, _ in recorder.batches()] == [25]
    assert left_in(stage, url) == 0


def test_only_reported_failures_come_back_until_they_go_to_the_dead_letter_queue(
    stage: Stage, runner: Runner, eventually: Eventually, name: str
) -> None:
    url = stage.queue(name, dlq=f"{name}-dlq", receives=2)
    dlq = stage.client("sqs").get_queue_url(QueueName=f"{name}-dlq")["QueueUrl"]
    stage.send(url, ["even", "odd", "even too"])
    stage.role(*QUEUE_AND_LOGS)
    recorder = Recorder(stage, FAILS_ODD)
    stage.mapping(name)

    eventually(lambda: left_in(stage, dlq) == 1)

    assert recorder.batches() == [
        (["even", "odd", "even too"], [1, 1, 1]),
        (["odd"], [2]),
    ]
    assert left_in(stage, url) == 0
    received = stage.client("sqs").receive_message(QueueUrl=dlq)["Messages"]
    assert [message["Body"] for message in received] == ["odd"]


@pytest.mark.parametrize(
    "answer",
    [
        "raise ValueError('no')",
        'return {"batchItemFailures": [{"itemIdentifier": "unknown"}]}',
    ],
)
def test_a_failed_function_or_a_wrong_answer_brings_the_whole_batch_back(
    stage: Stage, runner: Runner, eventually: Eventually, name: str, answer: str
) -> None:
    url = stage.queue(name, dlq=f"{name}-dlq", receives=1)
    dlq = stage.client("sqs").get_queue_url(QueueName=f"{name}-dlq")["QueueUrl"]
    stage.send(url, ["a", "b"])
    stage.role(*QUEUE_AND_LOGS)
    recorder = Recorder(stage, answer)
    stage.mapping(name)

    eventually(lambda: left_in(stage, dlq) == 2)

    assert recorder.batches() == [(["a", "b"], [1, 1])]
    assert status(runner).failed == 2


def test_a_message_whose_function_was_killed_comes_back_and_is_worked_on(
    stage: Stage, runner: Runner, eventually: Eventually, name: str
) -> None:
    url = stage.queue(name)
    stage.send(url, ["a"])
    stage.role(*QUEUE_AND_LOGS)
    recorder = Recorder(stage, "import signal; signal.pause() if counts == [1] else None", timeout=2)
    stage.mapping(name)
    eventually(lambda: len(recorder.batches()) == 1)
    (worker,) = runner.pids()

    os.kill(worker, signal.SIGKILL)

    eventually(drained(runner, 2))
    assert recorder.batches() == [(["a"], [1]), (["a"], [2])]
    assert left_in(stage, url) == 0
    (function,) = runner.status().functions
    assert (function.invocations, function.errors, status(runner).failed) == (2, 1, 1)
    assert worker not in runner.pids()


def test_a_poller_that_meets_an_error_that_nobody_foresaw_says_so_and_goes_on(
    stage: Stage, runner: Runner, eventually: Eventually, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = stage.queue(name)
    stage.role(*QUEUE_AND_LOGS)
    Recorder(stage)
    gather = SourceQueue.gather

    def die(*_: object) -> None:
        raise RuntimeError("killed")

    monkeypatch.setattr(SourceQueue, "gather", die)
    stage.mapping(name)
    eventually(lambda: bool(runner.status().mappings) and "RuntimeError: killed" in status(runner).reason)
    assert status(runner).state == MappingState.PROBLEM

    monkeypatch.setattr(SourceQueue, "gather", gather)
    stage.send(url, ["a"])

    eventually(drained(runner, 1))
    eventually(lambda: status(runner).state == MappingState.ENABLED)


def test_without_partial_responses_an_answer_means_success(
    stage: Stage, runner: Runner, eventually: Eventually, name: str
) -> None:
    url = stage.queue(name)
    stage.send(url, ["odd"])
    stage.role(*QUEUE_AND_LOGS)
    Recorder(stage, FAILS_ODD)
    stage.mapping(name, functionResponseTypes=[])

    eventually(drained(runner, 1))

    assert left_in(stage, url) == 0


def test_while_a_function_runs_its_messages_are_invisible_and_stay_so_for_their_time(
    stage: Stage, judge: Judge, runtime_dir: Path, eventually: Eventually, name: str
) -> None:
    url = stage.queue(name)
    stage.send(url, ["odd"])
    stage.role(*QUEUE_AND_LOGS)
    recorder = Recorder(stage, FAILS_ODD)
    stage.mapping(name)
    real_time = Runner(
        stage.deployed,
        judge,
        faults=Faults(),
        endpoint=stage.endpoint,
        time_scale=2,
        work_dir=stage.folder / "runner",
        runtime_dir=runtime_dir,
    )
    real_time.start()
    try:
        eventually(drained(real_time, 1))
    finally:
        real_time.stop()

    # 120 seconds of visibility, halved by the time scale: the message is there, and not to be had.
    sqs = stage.client("sqs")
    assert left_in(stage, url) == 1
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    assert recorder.batches() == [(["odd"], [1])]


GATE = """
    import os, pathlib
    def handler(event, context):
        folder = pathlib.Path(os.environ["FOLDER"])
        mark = folder / f"running-{os.getpid()}"
        mark.touch()
        together = len(list(folder.glob("running-*")))
        (folder / ("in-" + event["Records"][0]["body"])).write_text(str(together))
        with open(folder / "gate") as gate:  # a named pipe: opens when the test opens its end
            gate.read()
        mark.unlink()
"""


@pytest.mark.parametrize(
    ("reserved", "maximum", "at_once"), [(-1, 2, 2), (1, 5, 1)], ids=["mapping", "function"]
)
def test_no_more_batches_run_at_once_than_mapping_and_function_allow(
    stage: Stage,
    runner: Runner,
    eventually: Eventually,
    name: str,
    tmp_path: Path,
    reserved: int,
    maximum: int,
    at_once: int,
) -> None:
    folder = tmp_path / "gate"
    folder.mkdir()
    os.mkfifo(folder / "gate")
    url = stage.queue(name)
    stage.send(url, "abcd")
    stage.role(*QUEUE_AND_LOGS)
    stage.function(
        GATE,
        environment={"variables": {"FOLDER": str(folder)}},
        reservedConcurrentExecutions=reserved,
    )
    stage.mapping(name, batchSize=1, scalingConfig={"maximumConcurrency": maximum})

    eventually(lambda: len(list(folder.glob("in-*"))) == at_once)
    assert runner.status().functions[0].in_flight == at_once

    def all_through() -> bool:
        with suppress(OSError):  # nobody waits at the gate just now
            os.close(os.open(folder / "gate", os.O_WRONLY | os.O_NONBLOCK))
        return status(runner).messages == 4

    eventually(all_through)
    assert left_in(stage, url) == 0
    assert max(int(path.read_text()) for path in folder.glob("in-*")) == at_once
    assert len(runner.pids()) <= at_once


@pytest.mark.parametrize("missing", ["sqs:ReceiveMessage", "sqs:GetQueueAttributes"])
def test_a_mapping_whose_role_may_not_receive_does_not_poll_and_says_so(
    stage: Stage, runner: Runner, eventually: Eventually, name: str, missing: str
) -> None:
    url = stage.queue(name)
    stage.send(url, ["a"])
    rights = [action for action in QUEUE_AND_LOGS[0]["Action"] if action != missing]
    stage.role(allow(*rights), QUEUE_AND_LOGS[1])
    recorder = Recorder(stage)
    stage.mapping(name)

    eventually(lambda: bool(runner.status().mappings) and status(runner).state is MappingState.PROBLEM)
    assert f"not authorized to perform: {missing}" in status(runner).reason
    assert recorder.batches() == []

    stage.role(*QUEUE_AND_LOGS)
    eventually(drained(runner, 1))
    eventually(lambda: status(runner).state is MappingState.ENABLED)
    assert recorder.bodies() == ["a"]


def test_what_a_role_may_not_delete_comes_back(
    stage: Stage, runner: Runner, eventually: Eventually, name: str, judge: Judge
) -> None:
    url = stage.queue(name, dlq=f"{name}-dlq", receives=2)
    dlq = stage.client("sqs").get_queue_url(QueueName=f"{name}-dlq")["QueueUrl"]
    stage.send(url, ["a"])
    stage.role(allow("sqs:ReceiveMessage", "sqs:GetQueueAttributes"), QUEUE_AND_LOGS[1])
    recorder = Recorder(stage)
    stage.mapping(name)

    eventually(lambda: left_in(stage, dlq) == 1)

    assert recorder.batches() == [(["a"], [1]), (["a"], [2])]
    assert [one.action for one in judge.denials()] == ["sqs:DeleteMessage"]
    assert "sqs:DeleteMessage" in runner.status().problems[0]


def test_the_key_of_the_queue_must_admit_the_role(
    stage: Stage, runner: Runner, eventually: Eventually, name: str
) -> None:
    stage.queue(name)
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"
    key = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/k"
    stage.put("aws:sqs/queue:Queue", name, {"name": name, "arn": arn, "kmsMasterKeyId": key})
    stage.put("aws:kms/key:Key", "k", {"keyId": "k", "arn": key})
    stage.role(*QUEUE_AND_LOGS)
    Recorder(stage)
    stage.mapping(name)

    eventually(lambda: bool(runner.status().mappings) and "kms:Decrypt" in status(runner).reason)


def test_what_cannot_be_done_as_deployed_is_a_problem_and_not_left_out(
    stage: Stage, runner: Runner, eventually: Eventually, name: str
) -> None:
    stage.role(*QUEUE_AND_LOGS)
    Recorder(stage)
    stage.mapping(f"{name}-1", filterCriteria={"filters": [{"pattern": "{}"}]})
    stage.mapping(f"{name}-2", eventSourceArn=f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/s")
    stage.mapping(f"{name}-3", "nothing:live")
    stage.mapping(f"{name}-4")

    def reasons() -> list[str]:
        return [mapping.reason for mapping in runner.status().mappings if mapping.reason]

    eventually(lambda: len(reasons()) == 4)
    for reason, part in zip(
        reasons(), ("filter", "not emulated", "not deployed", "NonExistentQueue"), strict=True
    ):
        assert part in reason
    assert {mapping.state for mapping in runner.status().mappings} == {MappingState.PROBLEM}


def test_a_disabled_or_removed_mapping_receives_nothing(
    stage: Stage, runner: Runner, eventually: Eventually, name: str
) -> None:
    url = stage.queue(name)
    stage.role(*QUEUE_AND_LOGS)
    recorder = Recorder(stage)
    stage.mapping(name, enabled=False)
    eventually(lambda: bool(runner.status().mappings))
    assert status(runner).state is MappingState.DISABLED

    stage.mapping(name)
    stage.send(url, ["a"])
    eventually(drained(runner, 1))

    (mapping,) = stage.deployed.of_type("aws:lambda/eventSourceMapping:EventSourceMapping")
    stage.deployed.remove(mapping.urn, mapping.id)
    eventually(lambda: runner.status().mappings == [])
    assert recorder.bodies() == ["a"]


def test_polling_goes_through_the_alias(
    stage: Stage, runner: Runner, eventually: Eventually, name: str
) -> None:
    url = stage.queue(name)
    stage.role(*QUEUE_AND_LOGS)
    recorder = Recorder(stage)
    stage.mapping(name, f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:echo:live")
    stage.send(url, ["before"])
    eventually(drained(runner, 1))

    Recorder(stage, "open(os.environ['SEEN'], 'a').write('[[\"by two\"], [0]]\\n')", version=2)
    stage.send(url, ["after"])
    eventually(drained(runner, 2))

    assert recorder.bodies() == ["before", "after", "by two"]
