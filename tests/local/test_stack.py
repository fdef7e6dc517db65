"""The processes of the local stack: start, stop, and what is left when something is killed."""

import json
import os
import select
import signal
import socket
from pathlib import Path

import pytest

from local.errors import LocalStackError
from local.stack import LocalStack, is_running, remove_leftover


@pytest.fixture
def folder(tmp_path):
    """A folder for one stack; whatever runs in it at the end is ended."""
    folder = tmp_path / "stack"
    yield folder
    if is_running(folder):
        os.kill(json.loads((folder / "stack.json").read_text())["pid"], signal.SIGKILL)


def answers(endpoint: str) -> bool:
    host, port = endpoint.removeprefix("http://").split(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0


def test_stopping_ends_every_process_and_removes_every_file(folder):
    stack = LocalStack.start(folder)
    assert answers(stack.endpoint)
    assert answers(stack.control)

    stack.stop()

    assert not is_running(folder)
    assert not answers(stack.endpoint)
    assert not answers(stack.control)
    assert not folder.exists()


def test_a_second_stack_in_the_same_folder_is_refused(folder):
    stack = LocalStack.start(folder)

    with pytest.raises(LocalStackError, match=r"there is a local stack in .* already.*down"):
        LocalStack.start(folder)

    stack.stop()


def test_two_stacks_side_by_side_do_not_share_a_cloud(folder, tmp_path):
    first, second = LocalStack.start(folder), LocalStack.start(tmp_path / "second")

    first.client("sqs", "eu-central-1").create_queue(QueueName="mine")

    assert "QueueUrls" not in second.client("sqs", "eu-central-1").list_queues()
    first.stop()
    second.stop()


def test_a_killed_stack_takes_its_cloud_along_and_says_what_to_do(folder):
    stack = LocalStack.start(folder)
    children = Path(f"/proc/{stack.pid}/task/{stack.pid}/children").read_text().split()
    descriptors = [os.pidfd_open(int(child)) for child in children]

    os.kill(stack.pid, signal.SIGKILL)

    for descriptor in descriptors:
        assert select.select([descriptor], [], [], 20)[0], "a child outlived its supervisor"
        os.close(descriptor)
    with pytest.raises(LocalStackError, match=r"is gone.*python -m local down"):
        LocalStack.attach(folder)
    assert remove_leftover(folder)
    assert not folder.exists()


def test_without_a_stack_the_command_that_starts_one_is_named(folder):
    with pytest.raises(LocalStackError, match="no local stack is running; start one with: make local"):
        LocalStack.attach(folder)


def test_a_project_that_is_not_set_up_says_so(folder, monkeypatch):
    monkeypatch.setattr("local.stack.read_record", dict)

    with pytest.raises(LocalStackError, match="run: make setup"):
        LocalStack.start(folder)
