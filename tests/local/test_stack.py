"""The processes of the local stack: start, stop, and what is left when something is killed."""

import fcntl
import json
import os
import select
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from local.engine.engine import Engine, installed_engine
from local.errors import LocalStackError
from local.folder import CHOSEN, chosen_folder, is_running, remove_leftover
from local.stack import LocalStack
from local.toolchain import ROOT


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


def processes_of(stack: LocalStack) -> list[Path]:
    """Return the folders that /proc has of a stack's processes; a folder is gone with its process."""
    children = Path(f"/proc/{stack.pid}/task/{stack.pid}/children").read_text().split()
    return [Path("/proc") / pid for pid in (str(stack.pid), *children)]


def test_stopping_ends_every_process_and_removes_every_file(folder):
    stack = LocalStack.start(folder)
    processes = processes_of(stack)
    assert len(processes) == 2
    assert answers(stack.endpoint)
    assert answers(stack.control)

    stack.stop()

    assert not [process for process in processes if process.exists()]
    assert not is_running(folder)
    assert not folder.exists()


def test_a_second_stack_in_the_same_folder_is_refused(folder):
    stack = LocalStack.start(folder)

    with pytest.raises(LocalStackError, match=r"there is a local stack in .* already.*down"):
        LocalStack.start(folder)

    stack.stop()


def test_two_stacks_side_by_side_do_not_share_a_cloud(folder, tmp_path):
    first, second = LocalStack.start(folder), LocalStack.start(tmp_path / "second")

    clients = [stack.client("sqs", "eu-central-1") for stack in (first, second)]
    urls = [client.create_queue(QueueName="work")["QueueUrl"] for client in clients]
    clients[0].send_message(QueueUrl=urls[0], MessageBody="for the first alone")

    assert "Messages" not in clients[1].receive_message(QueueUrl=urls[1])
    assert len(clients[0].receive_message(QueueUrl=urls[0])["Messages"]) == 1
    assert first.engine.environment()["PULUMI_HOME"] != second.engine.environment()["PULUMI_HOME"]
    assert len({first.endpoint, first.control, second.endpoint, second.control}) == 4
    first.stop()
    second.stop()


def test_a_killed_stack_takes_its_cloud_along_and_says_what_to_do(folder):
    stack = LocalStack.start(folder)
    descriptors = [os.pidfd_open(int(process.name)) for process in processes_of(stack)[1:]]

    os.kill(stack.pid, signal.SIGKILL)

    for descriptor in descriptors:
        assert select.select([descriptor], [], [], 20)[0], "a child outlived its supervisor"
        os.close(descriptor)
    with pytest.raises(LocalStackError, match=r"is gone.*python -m local down"):
        LocalStack.attach(folder)
    assert remove_leftover(folder)
    assert not folder.exists()


def test_without_a_stack_the_command_that_starts_one_is_named(folder):
    with pytest.raises(
        LocalStackError, match="no local stack is running; start one with: python -m local up"
    ):
        LocalStack.attach(folder)


def test_a_project_that_is_not_set_up_says_so(folder, monkeypatch):
    monkeypatch.setattr("local.stack.read_record", dict)

    with pytest.raises(LocalStackError, match="run: make setup"):
        LocalStack.start(folder)


def test_a_stack_ends_with_the_process_that_started_it(folder):
    script = (
        "import os, signal, sys; from pathlib import Path; from local.stack import LocalStack\n"
        "LocalStack.start(Path(sys.argv[1])); os.kill(os.getpid(), signal.SIGKILL)"
    )

    subprocess.run([sys.executable, "-c", script, str(folder)], cwd=ROOT, check=False)

    supervisor = json.loads((folder / "stack.json").read_text())["pid"]
    try:
        descriptor = os.pidfd_open(supervisor)
    except ProcessLookupError:
        return
    assert select.select([descriptor], [], [], 30)[0], "the supervisor outlived the process that started it"
    os.close(descriptor)


def test_a_detached_stack_goes_on_without_the_process_that_started_it(folder):
    script = (
        "import sys; from pathlib import Path; from local.stack import LocalStack\n"
        "LocalStack.start(Path(sys.argv[1]), detached=True)"
    )

    subprocess.run([sys.executable, "-c", script, str(folder)], cwd=ROOT, check=True)

    stack = LocalStack.attach(folder)
    assert answers(stack.endpoint)
    stack.stop()


def test_a_stack_that_is_starting_is_not_taken_for_none(folder):
    folder.mkdir()
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        with pytest.raises(LocalStackError, match="is still starting"):
            LocalStack.attach(folder)


def test_an_engine_that_takes_too_long_is_ended_with_a_clear_error(tmp_path, monkeypatch):
    (slow := tmp_path / "pulumi").write_text("#!/bin/sh\nexec tail -f /dev/null\n")
    slow.chmod(0o755)
    monkeypatch.setattr("local.engine.engine.installed_engine", lambda: slow)
    engine = Engine(folder=tmp_path / "engine", provider_port=1)
    engine.prepare()

    with pytest.raises(LocalStackError, match=r"pulumi preview was ended after 0\.5 s"):
        engine.run("preview", timeout=0.5)


def test_a_missing_engine_names_the_command_that_brings_it(monkeypatch):
    monkeypatch.setattr("local.engine.engine.read_record", dict)

    with pytest.raises(LocalStackError, match="the Pulumi engine is not set up; run: make setup"):
        installed_engine()


def test_a_stack_of_another_name_is_another_folder_and_hints_name_it(monkeypatch, tmp_path):
    monkeypatch.setattr("local.folder.STACKS", tmp_path)
    token = CHOSEN.set("second")

    assert chosen_folder() == tmp_path / "second"
    with pytest.raises(LocalStackError, match="start one with: python -m local --name second up"):
        LocalStack.attach(chosen_folder())
    CHOSEN.reset(token)


def test_a_stack_whose_cloud_was_killed_says_so_and_can_be_cleaned_up(folder):
    stack = LocalStack.start(folder)
    moto = int(processes_of(stack)[1].name)
    supervisor = os.pidfd_open(stack.pid)

    os.kill(moto, signal.SIGKILL)

    assert select.select([supervisor], [], [], 60)[0], "the stack goes on without a cloud"
    os.close(supervisor)
    with pytest.raises(
        LocalStackError, match=rf"moto \(pid {moto}\).*killed by signal 9.*local down.*local up"
    ):
        LocalStack.attach(folder)
    with pytest.raises(LocalStackError, match=r"killed by signal 9"):
        stack.status()
    assert remove_leftover(folder)
