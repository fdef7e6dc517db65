"""Faults of a running stack, by its Python interface and by the command line."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from local.faults import Fault, commands
from local.faults.errors import FaultError
from local.stack import LocalStack


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    stack = LocalStack.start(tmp_path_factory.mktemp("local") / "stack")
    yield stack
    stack.stop()


@pytest.fixture
def stack(running: LocalStack) -> Iterator[LocalStack]:
    yield running
    running.faults.clear()


@pytest.fixture
def fault(stack: LocalStack, monkeypatch: pytest.MonkeyPatch) -> "Command":
    monkeypatch.setattr(commands, "chosen_folder", lambda: stack.folder)
    return Command()


class Command:
    """`python -m local fault …`; an error is raised as the command line's main function sees it."""

    def __call__(self, *arguments: str) -> str:
        done = CliRunner().invoke(commands.app, arguments, catch_exceptions=False, env={"COLUMNS": "200"})
        assert done.exit_code == 0, done.output
        return done.output


def test_faults_are_added_listed_and_cleared(stack: LocalStack) -> None:
    first = stack.faults.add(Fault(kind="throttle", service="dynamodb", share=0.2, seed=7))
    second = stack.faults.add(Fault(kind="kill"))

    assert [one["id"] for one in stack.faults.standing()] == [first, second]
    assert stack.status()["faults"] == stack.faults.standing()
    assert [one["id"] for one in stack.faults.clear(first)] == [first]
    assert [one["id"] for one in stack.faults.standing()] == [second]


def test_what_is_no_fault_of_the_stack_is_refused_by_it(stack: LocalStack) -> None:
    with pytest.raises(FaultError, match="there is no fault 'gone/1'; active: none"):
        stack.faults.clear("gone/1")


def test_the_command_adds_lists_and_clears(fault: Command, stack: LocalStack) -> None:
    added = fault("add", "error", "--when", "after", "--service", "s3", "--share", "20%", "--seed", "7")

    words = "20% of calls, service s3, after the effect, seed 7"
    assert words in added
    assert [one["words"] for one in stack.faults.standing()] == [words]
    assert words in fault("list")
    assert words in fault("clear")
    assert "no fault is active" in fault("list")


@pytest.mark.parametrize(
    ("text", "share"), [("20%", 0.2), ("20 %", 0.2), ("0.2", 0.2), ("100%", 1), ("0", 0)]
)
def test_a_share_is_a_percentage_or_a_fraction(
    fault: Command, stack: LocalStack, text: str, share: float
) -> None:
    fault("add", "throttle", "--share", text)

    assert [one["fault"]["share"] for one in stack.faults.standing()] == [share]


def test_queues_are_paused_and_resumed(fault: Command, stack: LocalStack) -> None:
    assert "resume" in fault("pause", "*work*")
    assert [one["fault"]["queue"] for one in stack.faults.standing()] == ["*work*"]

    fault("resume", "*work*")

    assert stack.faults.standing() == []
    with pytest.raises(FaultError, match="'other' is not paused"):
        fault("resume", "other")


def test_a_proof_needs_kinds_that_exist(fault: Command, tmp_path: Path) -> None:
    with pytest.raises(FaultError, match="kind 'explode' is none of throttle"):
        fault("prove", "--kind", "explode")
