"""A release is built once, and every stack gets that one or nothing."""

import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.mocks import ROOT

pytestmark = [
    pytest.mark.xdist_group("release"),
    pytest.mark.skipif(not (ROOT / ".git").exists(), reason="a release is built from a commit"),
]

STUB = """\
#!/bin/sh
echo "$PWD: $*" >> "$(dirname "$0")/calls"
"""


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release as CI builds it."""
    path = tmp_path_factory.mktemp("built") / "release.tar"
    subprocess.run([ROOT / ".ci" / "build", path], check=True)
    return path


@pytest.fixture
def release(archive: Path, tmp_path: Path) -> Path:
    """The unpacked release, with this project's environment in place of `make setup`."""
    with tarfile.open(archive) as packed:
        packed.extractall(tmp_path, filter="data")
    for name in (".venv", ".tools"):
        (tmp_path / "release" / name).symlink_to(ROOT / name)
    return tmp_path / "release"


def deploy(release: Path, stack: str) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """Run `.ci/deploy` with a `pulumi` that only writes down how it is called; return both."""
    (tools := release.parent / "bin").mkdir(exist_ok=True)
    (tools / "pulumi").write_text(STUB)
    (tools / "pulumi").chmod(0o755)
    environment = os.environ | {"PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        [release / ".ci" / "deploy", stack], env=environment, capture_output=True, text=True, check=False
    )
    calls = tools / "calls"
    return done, calls.read_text().splitlines() if calls.exists() else []


@pytest.mark.finding("SP-21")
def test_dev_and_prod_get_the_same_archives_under_the_same_pack(release: Path) -> None:
    sums = (release / "SHA256SUMS").read_text()
    assert sums.count("/code/") == 1
    assert sums.count("/layers/") == 2

    for number, stack in enumerate(("dev", "prod"), start=1):
        done, calls = deploy(release, stack)
        assert done.returncode == 0, done.stderr
        assert calls[number - 1 :] == [
            f"{release}: up --stack {stack} --policy-pack policies --yes --non-interactive"
        ]


@pytest.mark.finding("SP-21")
@pytest.mark.parametrize("change", ["functions/objects/domain.py", "archives/serverless-guardrails/layers/*"])
def test_a_release_that_was_changed_after_it_was_built_is_not_deployed(change: str, release: Path) -> None:
    path = next(release.glob(change))
    path.write_bytes(path.read_bytes() + b"\n# changed\n")

    done, calls = deploy(release, "prod")

    assert done.returncode == 1
    assert "is not what was built" in done.stderr
    assert calls == []


def test_a_checkout_is_no_release(tmp_path: Path) -> None:
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "deploy", tmp_path / ".ci" / "deploy")

    done, calls = deploy(tmp_path, "dev")

    assert done.returncode == 1
    assert "this is no release" in done.stderr
    assert calls == []
