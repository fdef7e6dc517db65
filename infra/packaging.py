"""Code archives and the dependency layer: the same tree gives the same bytes, wherever it lies.

Every entry has the same timestamp and mode; entries are sorted, and stored uncompressed, since compressed
bytes differ between builds of zlib. Byte code is compiled in advance and marked as unchecked: in Lambda files
carry other timestamps, so that byte code which is checked by timestamp would be ignored. It serves only the
minor version of Python that compiles it.
"""

import hashlib
import importlib.util
import io
import marshal
import os
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pulumi

from infra.errors import PackagingError
from infra.layer import install, locked_requirements

ROOT: Final = Path(__file__).resolve().parent.parent
RUNTIME: Final = "python3.13"

# Raise it when the same requirements are to be laid out differently, so that cached layers are built again.
LAYER_FORMAT: Final = 1
EPOCH: Final = (1980, 1, 1, 0, 0, 0)
LEFT_OUT: Final = frozenset({"__pycache__", "tests"})


def code_archive(system: str, *, root: Path = ROOT) -> pulumi.FileArchive:
    """Return the code of *system*: the packages `common` and `<system>` at the archive's root.

    Raises
    ------
    PackagingError
        A package is missing, a module does not compile, or this Python is not the runtime's.
    """
    functions = root / "functions"
    files = {
        f"{package}/{name}": content
        for package in ("common", system)
        for name, content in files_below(functions / package).items()
    }
    content = zip_bytes(with_byte_code(files))
    path = cache() / "code" / f"{hashlib.sha256(content).hexdigest()}.zip"
    write(path, content)
    return pulumi.FileArchive(str(path))


def layer_archive(platform: str, *, root: Path = ROOT) -> pulumi.FileArchive:
    """Return the dependency layer for *platform*, a `uv` platform such as `aarch64-manylinux_2_28`.

    It holds the dependency group `functions` as uv.lock has it, without what the runtime brings by itself. A
    layer that was built once is taken from the cache.

    Raises
    ------
    PackagingError
        uv is missing or failed.
    """
    requirements = locked_requirements(root)
    recipe = f"{LAYER_FORMAT} {platform} {sys.implementation.cache_tag}\n{requirements}"
    path = cache() / "layers" / f"{hashlib.sha256(recipe.encode()).hexdigest()}.zip"
    if not path.exists():
        with tempfile.TemporaryDirectory() as folder:
            packages = install(requirements, platform, runtime_version(), root=root, folder=Path(folder))
            files = {f"python/{name}": content for name, content in files_below(packages).items()}
            write(path, zip_bytes(with_byte_code(files)))
    return pulumi.FileArchive(str(path))


def files_below(folder: Path) -> dict[str, bytes]:
    """Return the files in *folder* by relative path, without caches, tests and hidden ones.

    Raises
    ------
    PackagingError
        There is no such folder, or nothing in it.
    """
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    names = {path.relative_to(folder).as_posix(): path for path in paths}
    kept = {name: path.read_bytes() for name, path in names.items() if not _left_out(name)}
    if not kept:
        raise PackagingError(f"nothing to package in {folder}: the folder is missing or empty")
    return kept


def with_byte_code(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return *files* and, for each module among them, its byte code, marked as not to be checked."""
    if sys.version_info[:2] != tuple(map(int, runtime_version().split("."))):
        raise PackagingError(
            f"byte code for {RUNTIME} cannot be compiled by Python {sys.version.split()[0]}: "
            f"use Python {runtime_version()} (`make setup` installs it)"
        )
    compiled = {}
    for name, source in files.items():
        if name.endswith(".py"):
            try:
                code = compile(source, name, "exec", dont_inherit=True)
            except SyntaxError as error:
                raise PackagingError(f"{name} does not compile: {error}") from error
            folder, _, module = name.rpartition("/")
            cached = f"__pycache__/{module.removesuffix('.py')}.{sys.implementation.cache_tag}.pyc"
            compiled[f"{folder}/{cached}" if folder else cached] = _unchecked(source) + marshal.dumps(code)
    return {**files, **compiled}


def zip_bytes(files: Mapping[str, bytes]) -> bytes:
    """Return a zip archive whose bytes depend on names and contents alone."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.create_system = 3  # Unix, also when built elsewhere: Lambda reads the mode
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, files[name])
    return buffer.getvalue()


def write(path: Path, content: bytes) -> None:
    """Put *content* at *path* in one step, so that no other process ever reads a part of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as unfinished:
        unfinished.write(content)
    Path(unfinished.name).replace(path)


def cache() -> Path:
    """Return the folder, outside the tree, for what can be built again."""
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "serverless-guardrails"


def runtime_version() -> str:
    """Return the runtime's Python version, such as "3.13"."""
    return RUNTIME.removeprefix("python")


def _unchecked(source: bytes) -> bytes:
    """Return the header of byte code that is bound to a source hash which nobody checks (PEP 552)."""
    return importlib.util.MAGIC_NUMBER + (0b01).to_bytes(4, "little") + importlib.util.source_hash(source)


def _left_out(name: str) -> bool:
    parts = name.split("/")
    return (
        not LEFT_OUT.isdisjoint(parts) or name.endswith(".pyc") or any(part.startswith(".") for part in parts)
    )
