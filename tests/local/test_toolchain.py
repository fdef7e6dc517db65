"""Setup on machines where something is missing: small fake tools stand on PATH."""

import stat
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
    with pytest.raises(toolchain.SetupError) as error:
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


def test_a_changed_lock_file_means_another_setup(monkeypatch):
    record = toolchain.read_record()

    assert not toolchain.up_to_date(record | {"fingerprint": "of an older lock file"})


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
