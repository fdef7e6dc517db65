"""Batches that do not reach their function, or whose answer does not come back; queues that stand still."""

import json
from collections.abc import Callable

from local.faults import Fault, Faults
from local.runner import Runner
from tests.local.runner.stage import QUEUE_AND_LOGS, Stage, allow
from tests.local.runner.test_mapping import Eventually, Recorder, left_in


def deploy(stage: Stage, queue: str, *, timeout: int = 20, dlq: str | None = None) -> tuple[str, Recorder]:
    url = stage.queue(queue, dlq=dlq)
    stage.role(*QUEUE_AND_LOGS, allow("sqs:SendMessage"))
    recorder = Recorder(stage, timeout=timeout)
    stage.mapping(queue)
    return url, recorder


def empty(stage: Stage, url: str) -> Callable[[], bool]:
    return lambda: left_in(stage, url) == 0


def test_a_batch_that_is_throttled_comes_back(
    stage: Stage, runner: Runner, faults: Faults, eventually: Eventually, name: str
) -> None:
    faults.add(Fault(kind="throttle", on="batches", limit=1))
    url, recorder = deploy(stage, name)

    stage.send(url, ["a"])
    eventually(lambda: recorder.bodies() == ["a"])

    assert recorder.batches() == [(["a"], [2])]
    eventually(empty(stage, url))


def test_a_batch_whose_invocation_fails_before_it_begins_comes_back(
    stage: Stage, runner: Runner, faults: Faults, eventually: Eventually, name: str
) -> None:
    faults.add(Fault(kind="error", on="batches", limit=1))
    url, recorder = deploy(stage, name)

    stage.send(url, ["a"])
    eventually(lambda: recorder.batches() == [(["a"], [2])])


def test_a_batch_whose_answer_is_lost_is_run_again(
    stage: Stage, runner: Runner, faults: Faults, eventually: Eventually, name: str
) -> None:
    faults.add(Fault(kind="error", when="after", on="batches", limit=1))
    url, recorder = deploy(stage, name)

    stage.send(url, ["a"])
    eventually(lambda: recorder.batches() == [(["a"], [1]), (["a"], [2])])
    eventually(empty(stage, url))


def test_a_batch_that_is_handed_over_twice_is_deleted_once(
    stage: Stage, runner: Runner, faults: Faults, eventually: Eventually, name: str
) -> None:
    faults.add(Fault(kind="duplicate", on="batches", queue=name, function="echo"))
    url, recorder = deploy(stage, name)

    stage.send(url, ["a"])
    eventually(lambda: recorder.batches() == [(["a"], [1]), (["a"], [1])])
    eventually(empty(stage, url))


def test_a_batch_that_fails_every_time_ends_in_the_dead_letter_queue(
    stage: Stage, runner: Runner, faults: Faults, eventually: Eventually, name: str
) -> None:
    faults.add(Fault(kind="error", on="batches"))
    url, recorder = deploy(stage, name, dlq=f"{name}-dlq")

    stage.send(url, ["a"])
    eventually(lambda: left_in(stage, f"{url}-dlq") == 1)

    assert recorder.batches() == []
    assert left_in(stage, url) == 0
    assert list(runner.reasons().values()) == ["the invocation failed before it began (a fault)"]


def test_a_dead_letter_has_the_reason_of_its_last_failure_and_what_succeeds_has_none(
    stage: Stage, runner: Runner, eventually: Eventually, name: str
) -> None:
    url = stage.queue(name, dlq=f"{name}-dlq")
    stage.role(*QUEUE_AND_LOGS)
    stage.function(FAILS_DIFFERENTLY)
    stage.mapping(name, batchSize=1)

    stage.send(url, ["raise", "report", "heal"])
    eventually(lambda: left_in(stage, url) == 0 and left_in(stage, f"{url}-dlq") == 2)

    raised, reported = sorted(runner.reasons().values())
    assert raised.startswith("ValueError: not this one (request ")
    assert reported.startswith("the function reported it as failed (request ")


def test_a_paused_queue_is_not_polled_until_it_is_resumed(
    stage: Stage, runner: Runner, faults: Faults, eventually: Eventually, name: str
) -> None:
    other, polled = f"{name}-other", stage.queue(f"{name}-other")
    pause = faults.add(Fault(kind="pause", queue=name))
    url, recorder = deploy(stage, name)
    stage.mapping(other)

    stage.send(url, ["waits"])
    stage.send(polled, ["goes on"])
    eventually(lambda: recorder.bodies() == ["goes on"])
    assert left_in(stage, url) == 1

    faults.clear(pause)
    eventually(lambda: recorder.bodies() == ["goes on", "waits"])


FAILS_DIFFERENTLY = """
    def handler(event, context):
        (record,) = event["Records"]
        if record["body"] == "raise":
            raise ValueError("not this one")
        if record["body"] == "report" or record["attributes"]["ApproximateReceiveCount"] == "1":
            return {"batchItemFailures": [{"itemIdentifier": record["messageId"]}]}
"""

DIES_ONCE = """
    import json, os, time
    def handler(event, context):
        with open(os.environ["SEEN"], "a") as seen:
            left = context.get_remaining_time_in_millis() / 1000
            seen.write(json.dumps([time.time(), time.time() + left]) + "\\n")
        if int(event["Records"][0]["attributes"]["ApproximateReceiveCount"]) == 1:
            os._exit(1)
"""


def test_what_a_dead_invocation_left_behind_is_void_when_its_messages_come_back(
    stage: Stage, runner: Runner, eventually: Eventually, name: str
) -> None:
    """On AWS a queue's visibility timeout outlasts the function's; no time scale must turn that round."""
    url = stage.queue(name)
    stage.role(*QUEUE_AND_LOGS)
    seen = stage.folder / "seen"
    stage.function(DIES_ONCE, environment={"variables": {"SEEN": str(seen)}}, timeout=2)
    stage.mapping(name)

    stage.send(url, ["a"])
    eventually(empty(stage, url))

    (_, deadline), (again, _) = [json.loads(line) for line in seen.read_text().splitlines()]
    assert again > deadline
