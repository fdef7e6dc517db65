"""Archives depend on what is in the tree, never on where it lies or when it was written."""

import importlib
import io
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra import layer, packaging
from infra.errors import PackagingError
from tests.mocks import ROOT

PLATFORMS = {"arm64": "aarch64-manylinux_2_28", "x86_64": "x86_64-manylinux_2_28"}
contents = st.dictionaries(st.from_regex(r"[a-z]{1,8}(/[a-z]{1,8}){0,2}\.txt", fullmatch=True), st.binary())


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A project with one system, in a folder of its own."""
    files = {
        "functions/common/__init__.py": "",
        "functions/common/clock.py": "def now() -> str:\n    return {'noon', 'night', 'dawn'}.pop()\n",
        "functions/objects/__init__.py": "",
        "functions/objects/handler.py": "from common.clock import now\n\nhandler = now\n",
        "functions/objects/model.json": "{}",
        "functions/orders/__init__.py": "",
    }
    for name, text in files.items():
        path = tmp_path / "project" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "project"


@pytest.fixture(autouse=True)
def _own_code_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packaging, "cache", lambda: tmp_path / "cache")


def content(archive: pulumi.FileArchive) -> bytes:
    """Return the archive's bytes."""
    return Path(archive.path).read_bytes()


def names(archive: pulumi.FileArchive) -> list[str]:
    """Return the names of the archive's entries."""
    with zipfile.ZipFile(archive.path) as zipped:
        return zipped.namelist()


def test_an_archive_holds_common_code_and_one_system_with_byte_code(tree: Path) -> None:
    assert names(packaging.code_archive("objects", root=tree)) == [
        "common/__init__.py",
        "common/__pycache__/__init__.cpython-313.pyc",
        "common/__pycache__/clock.cpython-313.pyc",
        "common/clock.py",
        "objects/__init__.py",
        "objects/__pycache__/__init__.cpython-313.pyc",
        "objects/__pycache__/handler.cpython-313.pyc",
        "objects/handler.py",
        "objects/model.json",
    ]


def test_the_same_tree_in_another_folder_gives_the_same_bytes(tree: Path, tmp_path: Path) -> None:
    before = content(packaging.code_archive("objects", root=tree))
    copy = tmp_path / "elsewhere" / "copy"
    shutil.copytree(tree, copy)
    for path in copy.rglob("*.py"):
        os.utime(path, (0, 0))
        path.chmod(0o600)

    assert content(packaging.code_archive("objects", root=copy)) == before


def test_another_process_with_other_hashing_gives_the_same_bytes(tree: Path, tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from infra import packaging;"
        "print(packaging.code_archive('objects', root=Path(sys.argv[1])).path)"
    )
    paths = [
        subprocess.run(
            [sys.executable, "-c", script, str(tree)],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed, "XDG_CACHE_HOME": str(tmp_path / seed)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    ]

    assert Path(paths[0]).read_bytes() == Path(paths[1]).read_bytes()
    assert Path(paths[0]).name == Path(packaging.code_archive("objects", root=tree).path).name


def test_caches_tests_and_hidden_files_change_nothing(tree: Path) -> None:
    before = content(packaging.code_archive("objects", root=tree))
    for name in ("__pycache__/handler.cpython-312.pyc", "tests/test_handler.py", ".env", "old.pyc"):
        path = tree / "functions" / "objects" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("changed")

    assert content(packaging.code_archive("objects", root=tree)) == before


def test_a_changed_module_changes_the_archive(tree: Path) -> None:
    before = content(packaging.code_archive("objects", root=tree))
    (tree / "functions" / "common" / "clock.py").write_text("def now() -> str:\n    return 'dusk'\n")

    assert content(packaging.code_archive("objects", root=tree)) != before


def test_another_system_changes_nothing(tree: Path) -> None:
    before = content(packaging.code_archive("objects", root=tree))
    (tree / "functions" / "orders" / "handler.py").write_text("handler = None\n")

    assert content(packaging.code_archive("objects", root=tree)) == before


@given(files=contents)
def test_zips_depend_on_names_and_contents_alone(files: dict[str, bytes]) -> None:
    zipped = packaging.zip_bytes(files)

    assert packaging.zip_bytes(dict(reversed(list(files.items())))) == zipped
    with zipfile.ZipFile(io.BytesIO(zipped)) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == files
        assert {info.date_time for info in archive.infolist()} <= {(1980, 1, 1, 0, 0, 0)}


def test_byte_code_is_used_although_files_carry_another_time(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unpacked = tmp_path / "task"
    with zipfile.ZipFile(packaging.code_archive("objects", root=tree).path) as zipped:
        zipped.extractall(unpacked)
    # Were the source read, the import would fail.
    (unpacked / "common" / "clock.py").write_text("broken(")
    monkeypatch.syspath_prepend(unpacked)
    monkeypatch.delitem(sys.modules, "common", raising=False)
    monkeypatch.delitem(sys.modules, "common.clock", raising=False)

    clock = importlib.import_module("common.clock")
    sys.modules.pop("common.clock")
    sys.modules.pop("common")

    assert clock.now() in {"noon", "night", "dawn"}


def test_a_module_that_does_not_compile_is_named(tree: Path) -> None:
    (tree / "functions" / "objects" / "broken.py").write_text("def (:\n")

    with pytest.raises(PackagingError, match=r"objects/broken\.py does not compile"):
        packaging.code_archive("objects", root=tree)


def test_a_missing_system_is_named(tree: Path) -> None:
    with pytest.raises(PackagingError, match=r"nothing to package in .*crimes"):
        packaging.code_archive("crimes", root=tree)


def test_byte_code_of_another_python_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packaging, "RUNTIME", "python3.99")

    with pytest.raises(PackagingError, match=r"use Python 3\.99"):
        packaging.with_byte_code({"a.py": b""})


def test_a_missing_uv_is_told_with_the_command_that_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("UV", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(PackagingError, match="make setup"):
        layer.find_uv(tmp_path)


def test_uv_is_taken_from_the_project_before_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("UV", raising=False)
    own = tmp_path / ".tools" / "bin" / "uv"
    own.parent.mkdir(parents=True)
    own.touch()

    assert layer.find_uv(tmp_path) == str(own)


def test_a_failing_uv_is_told_with_its_own_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV", layer.find_uv(ROOT))

    with pytest.raises(PackagingError, match=r"(?s)uv export .* failed with \d+:\n.*pyproject"):
        layer.locked_requirements(tmp_path)


@pytest.fixture(scope="module")
def layers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """The entries of the real layer, by architecture."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(packaging, "cache", lambda: tmp_path_factory.getbasetemp() / "layers")
        return {name: names(packaging.layer_archive(platform)) for name, platform in PLATFORMS.items()}


def versions(entries: list[str]) -> set[str]:
    """Return the distributions in a layer, such as `pydantic-2.14.3`."""
    found = (re.match(r"python/([^/]+)\.dist-info/METADATA$", entry) for entry in entries)
    return {match[1] for match in found if match}


def test_the_layers_of_both_architectures_hold_the_same_versions(layers: dict[str, list[str]]) -> None:
    assert versions(layers["arm64"]) == versions(layers["x86_64"])
    assert {name.split("-")[0] for name in versions(layers["arm64"])} >= {"aws_lambda_powertools", "pydantic"}


def test_each_layer_holds_the_versions_of_the_lock(layers: dict[str, list[str]]) -> None:
    locked = re.findall(r"^([a-z0-9-]+)==(\S+)", layer.locked_requirements(ROOT), re.MULTILINE)

    assert versions(layers["arm64"]) == {f"{name.replace('-', '_')}-{version}" for name, version in locked}


@pytest.mark.parametrize(("architecture", "machine"), [("arm64", "aarch64"), ("x86_64", "x86_64")])
def test_a_layer_holds_only_binaries_for_its_architecture(
    architecture: str, machine: str, layers: dict[str, list[str]]
) -> None:
    binaries = [entry for entry in layers[architecture] if entry.endswith(".so")]

    assert binaries
    assert all(f"-{machine}-linux-gnu.so" in binary for binary in binaries)


def test_a_layer_leaves_out_what_the_runtime_brings(layers: dict[str, list[str]]) -> None:
    packages = {entry.split("/")[1] for entry in layers["arm64"]}

    assert packages.isdisjoint({"boto3", "botocore", "jmespath", "s3transfer", "urllib3", "six.py", "bin"})


def test_every_module_of_a_layer_has_its_byte_code(layers: dict[str, list[str]]) -> None:
    entries = set(layers["arm64"])
    sources = [entry for entry in entries if entry.endswith(".py")]

    assert sources
    for source in sources:
        folder, _, module = source.rpartition("/")
        assert f"{folder}/__pycache__/{module.removesuffix('.py')}.cpython-313.pyc" in entries


def test_a_layer_that_was_built_once_is_not_built_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packaging, "install", lambda *_, folder, **__: _installed(folder))
    monkeypatch.setattr(packaging, "locked_requirements", lambda _: "nothing==1\n")
    first = packaging.layer_archive(PLATFORMS["arm64"])
    monkeypatch.setattr(packaging, "install", None)

    assert packaging.layer_archive(PLATFORMS["arm64"]).path == first.path


def test_other_requirements_or_another_platform_are_another_layer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packaging, "install", lambda *_, folder, **__: _installed(folder))
    paths = set()
    for requirements in ("nothing==1\n", "nothing==2\n"):
        monkeypatch.setattr(packaging, "locked_requirements", lambda _, text=requirements: text)
        paths |= {packaging.layer_archive(platform).path for platform in PLATFORMS.values()}

    assert len(paths) == 4


def _installed(folder: Path) -> Path:
    packages = folder / "packages"
    packages.mkdir()
    (packages / "nothing.py").write_text("")
    return packages
