"""`make local` and what it says can be tried."""

import json
from collections.abc import Callable, Iterator

import pytest
from typer.testing import CliRunner

from local import cli
from local.console import console
from local.errors import LocalStackError
from local.folder import is_running


@pytest.fixture
def run(tmp_path, monkeypatch) -> Iterator[Callable[..., str]]:
    """Return a function that runs one command on a stack of its own."""
    monkeypatch.setattr("local.folder.STACKS", tmp_path)
    monkeypatch.setattr(console, "width", 200)

    def run(*arguments: str, content: str = "") -> str:
        done = CliRunner().invoke(cli.app, arguments, input=content)
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == 0, done.output
        return str(done.output)

    yield run
    if is_running(tmp_path / "stack"):
        run("down", "--force")


def test_the_commands_that_local_prints_do_what_they_say(run, tmp_path, eventually):
    deployed = run("up", "--time-scale", "360")

    for command in (
        "put notes/hello.txt --type text/plain",
        "record notes/hello.txt",
        "logs --follow",
        "down",
    ):
        assert command in deployed
    assert "only in state" in deployed
    assert "put 6 bytes as version" in run(
        "put", "notes/hello.txt", "--type", "text/plain", content="hello\n"
    )

    def recorded():
        try:
            return run("record", "notes/hello.txt")
        except LocalStackError:
            return None

    assert "PROCESSED" in eventually(recorded)
    assert eventually(lambda: "notes/hello.txt" in run("logs"))
    assert json.loads(run("status", "--json"))["denials"] == []
    assert "sg-objects-worker-local" in run("status")
    with pytest.raises(LocalStackError, match="the running stack divides waits by 360"):
        run("up", "--time-scale", "10")
    assert "the local stack is gone" in run("down")
    assert not (tmp_path / "stack").exists()


def test_commands_without_a_stack_say_how_to_start_one(run):
    for command in (["status"], ["logs"], ["record", "x"], ["put", "x"]):
        with pytest.raises(LocalStackError, match="start one with: python -m local up"):
            run(*command)
    assert "no local stack is running" in run("down")
