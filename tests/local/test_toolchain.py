"""Setup on machines where something is missing: small fake tools stand on PATH."""

import stat
import subprocess
import sys

import pytest

from local import toolchain


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Return a function that puts a command on an otherwise empty PATH."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    (tmp_path / "bin").mkdir()

    def put(name: str, output: str) -> None:
        script = tmp_path / "bin" / name
        script.write_text(f"#!{sys.executable}\nprint({output!r})\n")
        script.chmod(script.stat().st_mode | stat.S_IXUSR)

    return put


def test_an_installed_engine_comes_first(machine, tmp_path):
    machine("pulumi", "v3.300.1")
    machine("go", "go version go1.26.8 linux/amd64")

    assert toolchain.ensure_engine() == str(tmp_path / "bin" / "pulumi")


def test_without_pulumi_and_go_one_error_names_the_command_that_installs_it(machine):
    with pytest.raises(toolchain.EngineMissingError) as error:
        toolchain.ensure_engine()

    assert "there is no pulumi on PATH, and no go to build it with" in str(error.value)
    assert "curl -fsSL https://get.pulumi.com | sh" in str(error.value)


@pytest.mark.parametrize(
    ("pulumi", "go", "reason"),
    [
        ("v3.258.0", None, "pulumi 3.258.0 is too old, and no go"),
        (None, "go version go1.25.10 linux/amd64", "no pulumi on PATH, and go 1.25.10 is too old"),
        ("v2.1.0", "go version go1.20.1 linux/amd64", "pulumi 2.1.0 is too old, and go 1.20.1 is too old"),
    ],
)
def test_tools_that_are_too_old_are_named_with_their_version(machine, pulumi, go, reason):
    if pulumi:
        machine("pulumi", pulumi)
    if go:
        machine("go", go)

    with pytest.raises(toolchain.SetupError, match=reason):
        toolchain.ensure_engine()


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project folder of its own, in which every part of setup only notes that it ran."""
    ran = []
    for folder in ("root/.venv/bin", "root/local/engine", "root/policies", "runtime"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "root/.venv/bin/python").touch()
    for name in toolchain.INPUTS:
        (tmp_path / "root" / name).write_text(name)
    for name in ("uv", "pulumi"):
        (tmp_path / name).touch()

    def note(part, result):
        def run(*_):
            ran.append(part)
            return str(tmp_path / result)

        return run

    monkeypatch.setattr(toolchain, "ROOT", tmp_path / "root")
    monkeypatch.setattr(toolchain, "TOOLS", tmp_path / "root/.tools")
    monkeypatch.setattr(toolchain, "RECORD", tmp_path / "root/.tools/setup.json")
    monkeypatch.setattr(toolchain, "ensure_uv", note("uv", "uv"))
    monkeypatch.setattr(toolchain, "ensure_environment", note("environment", ""))
    monkeypatch.setattr(toolchain, "ensure_runtime", note("runtime", "runtime"))
    monkeypatch.setattr(toolchain, "ensure_engine", note("engine", "pulumi"))
    return ran


def test_a_second_setup_does_nothing_again(project, capsys):
    toolchain.set_up(engine_optional=False)
    first = list(project)
    capsys.readouterr()

    toolchain.set_up(engine_optional=False)

    assert first == ["uv", "environment", "runtime", "engine"]
    assert project == first
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("name", toolchain.INPUTS)
def test_a_change_of_what_decides_the_setup_sets_up_again(project, name):
    toolchain.set_up(engine_optional=False)
    project.clear()
    (toolchain.ROOT / name).write_text("changed")

    toolchain.set_up(engine_optional=False)

    assert "environment" in project


def test_without_an_engine_tests_go_on_and_the_rest_is_not_done_again(project, monkeypatch, capsys):
    def missing():
        raise toolchain.EngineMissingError("there is no pulumi on PATH")

    monkeypatch.setattr(toolchain, "ensure_engine", missing)

    toolchain.set_up(engine_optional=True)
    toolchain.set_up(engine_optional=True)

    assert project == ["uv", "environment", "runtime"]
    assert "Tests that need the engine are skipped." in capsys.readouterr().out
    with pytest.raises(toolchain.EngineMissingError):
        toolchain.set_up(engine_optional=False)


def test_an_engine_that_does_not_build_is_an_error_even_for_tests(project, monkeypatch):
    def broken():
        raise toolchain.SetupError("building the engine failed")

    monkeypatch.setattr(toolchain, "ensure_engine", broken)

    with pytest.raises(toolchain.SetupError, match="building the engine failed"):
        toolchain.set_up(engine_optional=True)


def test_uv_is_installed_into_the_project_where_it_is_not_on_path(machine, tmp_path, monkeypatch):
    commands = []
    monkeypatch.setattr(toolchain, "TOOLS", tmp_path / ".tools")
    monkeypatch.setattr(toolchain, "run", lambda command, *_: commands.append(command))

    uv = toolchain.ensure_uv()

    assert uv == str(tmp_path / ".tools" / "bin" / "uv")
    assert commands[-1][-1] == f"uv=={toolchain.UV_VERSION}"


def test_a_python_that_cannot_be_had_names_the_command_that_installs_it(monkeypatch):
    def fail(command, *_):
        raise toolchain.SetupError("no network")

    monkeypatch.setattr(toolchain, "run", fail)

    with pytest.raises(toolchain.SetupError, match=r"(?s)Python 3\.13 is not on this machine.*apt-get"):
        toolchain.ensure_environment("uv")


def test_the_environment_has_the_pip_that_pulumis_own_language_host_asks():
    done = subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True, check=False)

    assert done.returncode == 0


def test_a_folder_that_could_not_be_filled_is_not_left_behind(tmp_path):
    def fill(folder):
        folder.mkdir()
        raise toolchain.SetupError("no network")

    with pytest.raises(toolchain.SetupError):
        toolchain.publish(tmp_path / "cache" / "engine", fill)

    assert list((tmp_path / "cache").iterdir()) == []


def test_an_error_of_setup_is_a_message_and_not_a_traceback(machine, monkeypatch, capsys):
    monkeypatch.setattr(toolchain, "read_record", dict)
    monkeypatch.setattr(toolchain, "ensure_uv", lambda: (_ for _ in ()).throw(toolchain.SetupError("no pip")))
    monkeypatch.setattr(sys, "argv", ["setup"])

    assert toolchain.main() == 1
    assert capsys.readouterr().err == "error: no pip\n"
