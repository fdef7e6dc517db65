"""System objects under every fault at once: the real program, engine, wiring and functions."""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from local.demo.readback import Names, count_records
from local.faults.control import RemoteFaults
from local.faults.fault import Fault
from local.faults.proof.every import every
from local.faults.proof.inputs import generate
from local.faults.proof.run import Proof
from local.stack import LocalStack

EVENTS, STRIKES = 300, 4
TIMEOUT_SECONDS = 16
"""What a worker that died left behind holds for so long; with less, the worker would begin no object."""
PATIENCE_SECONDS = 400
# What the quarantine left behind would hold for two minutes: it meets what strikes before it runs.
WORKER = ("calls", "invocations")


pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("faults")]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """The stack with a short timeout, since nothing waits longer than for the deadline of the dead."""
    stack = LocalStack.start(tmp_path_factory.mktemp("local") / "stack")
    try:
        stack.engine.select("local")
        stack.engine.require("config", "set", "--path", "objects.worker.timeoutSeconds", str(TIMEOUT_SECONDS))
        run = stack.deploy()
        assert run.status == 0, run.output
        yield stack
    finally:
        stack.stop()


def test_events_wait_in_a_paused_queue_until_it_is_resumed(
    stack: LocalStack, faults: RemoteFaults, eventually: Callable[..., Any]
) -> None:
    names = Names.of(stack)
    sqs, queue = stack.client("sqs", names.region), names.work_queue
    faults.pause("*-work-*")
    eventually(lambda: "Paused" in {one["state"] for one in stack.status()["runner"]["mappings"]})

    body = b"id\n1\n"
    stack.client("s3", names.region).put_object(
        Bucket=names.intake, Key="waits.csv", Body=body, ContentType="text/csv"
    )
    counts = ["ApproximateNumberOfMessages"]
    eventually(
        lambda: (
            sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=counts)["Attributes"][counts[0]] == "1"
        )
    )
    assert count_records(stack, names) == 0
    assert [one["words"] for one in stack.status()["faults"]] == ["100% of queues, queue *-work-*"]

    assert faults.resume("*-work-*") == 1
    assert eventually(lambda: count_records(stack, names)) == 1


@pytest.mark.finding("SP-2", "SP-13", "SP-17")
def test_no_event_is_lost_or_recorded_twice_while_everything_fails(stack: LocalStack) -> None:
    """Faults rest after some strikes, lest the test wait for deadline after deadline.

    Throttled batches leave nothing behind that must be waited for, and go on until messages are set aside.
    """
    faults = [struck_here(fault) for fault in every(0.2, seed=3)]
    plan = generate(EVENTS, seed=3)

    outcome = Proof(stack, PATIENCE_SECONDS).run(
        plan, faults, pauses=True, on_put=lambda _: None, on_waiting=lambda _: None
    )

    assert outcome.wrong == []
    assert outcome.under_faults.events == EVENTS
    assert outcome.under_faults.set_aside > 0
    assert outcome.afterwards.recorded.total() == EVENTS
    assert [one["words"] for one in outcome.faults if not one["struck"]] == []
    kinds = {one["fault"]["kind"] for one in outcome.faults}
    assert kinds == {"throttle", "delay", "error", "duplicate", "kill"}


def struck_here(fault: Fault) -> Fault:
    """Return *fault* as it strikes in a test of bounded time."""
    if (fault.kind, fault.site) == ("throttle", "batches"):
        return msgspec.structs.replace(fault, share=0.6)
    return msgspec.structs.replace(fault, limit=STRIKES, function="*worker*" if fault.site in WORKER else "*")
