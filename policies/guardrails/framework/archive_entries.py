"""Folders, zip and tar files as lists of entries, each with a reader. Nothing in them is trusted.

Whatever a library raises over a broken archive passes through; sizes are bounded before anything is read.
"""

import gzip
import io
import os
import stat
import struct
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Final

from guardrails.framework.errors import UndeterminedError

KIB: Final = 1024
MIB: Final = 1024**2
MAX_ARCHIVE_BYTES: Final = 50 * MIB
"""Lambda takes no larger archive directly; the unpacked tar has the same bound."""
_DIRECTORY_BYTES: Final = 16 * MIB
_END_OF_ZIP: Final = b"PK\5\6"
_ZIP64: Final = b"PK\6\7"

type Reader = Callable[[int], bytes]
"""Returns at most so many bytes of one file."""


def read_file(path: Path, limit: int) -> bytes:
    """Read a regular file; a pipe or a device could last for ever."""
    if not _is_regular(path):
        raise UndeterminedError("it is no file on this machine")
    with path.open("rb") as file:
        return file.read(limit)


def _is_regular(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except (OSError, ValueError):
        return False


def stored(path: Path, opened: ExitStack) -> Iterator[tuple[str, Reader]]:
    """Return the entries of a folder, a zip file or a tar file, as Pulumi would take them."""
    if path.is_dir():
        return _in_folder(path)
    if not _is_regular(path):
        raise UndeterminedError(f"its archive {str(path)!r} is not on this machine")
    if path.name.endswith((".zip", ".jar")):
        return _in_zip(path, opened)
    if path.name.endswith((".tar", ".tar.gz", ".tgz")):
        return _in_tar(path)
    raise UndeterminedError(f"its archive {str(path)!r} is neither a folder nor a zip or tar file")


def _in_folder(root: Path) -> Iterator[tuple[str, Reader]]:
    for folder, _, names in os.walk(root):
        for name in names:
            path = Path(folder, name)
            yield path.relative_to(root).as_posix(), partial(read_file, path)


def _in_zip(path: Path, opened: ExitStack) -> Iterator[tuple[str, Reader]]:
    _check_size(path)
    file = opened.enter_context(path.open("rb"))
    _check_directory(file)
    archive = opened.enter_context(zipfile.ZipFile(file))

    def read(entry: zipfile.ZipInfo, limit: int) -> bytes:
        with archive.open(entry) as member:
            return member.read(limit)

    return ((entry.filename, partial(read, entry)) for entry in archive.infolist() if not entry.is_dir())


def _check_size(path: Path) -> None:
    if path.stat().st_size > MAX_ARCHIVE_BYTES:
        raise UndeterminedError(f"its archive has more than {MAX_ARCHIVE_BYTES // MIB} MiB")


def _check_directory(file: io.BufferedReader) -> None:
    """Refuse a table of contents that would fill the memory: `zipfile` reads it whole."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - 2**16 - 42))
    tail = file.read()
    at = tail.rfind(_END_OF_ZIP)
    end = tail[at : at + 22]
    large = len(end) == 22 and struct.unpack("<I", end[12:16])[0] > _DIRECTORY_BYTES
    if large or _ZIP64 in tail[max(0, at - 20) : max(0, at)]:
        raise UndeterminedError("its archive has too many entries")


def _in_tar(path: Path) -> Iterator[tuple[str, Reader]]:
    _check_size(path)
    with path.open("rb") as plain, gzip.open(plain) if path.suffix in (".gz", ".tgz") else plain as file:
        content = file.read(MAX_ARCHIVE_BYTES + 1)
    if len(content) > MAX_ARCHIVE_BYTES:
        raise UndeterminedError(f"its archive unpacks to more than {MAX_ARCHIVE_BYTES // MIB} MiB")
    archive = tarfile.open(fileobj=io.BytesIO(content), mode="r:")  # noqa: SIM115  in memory, nothing to close

    def read(member: tarfile.TarInfo, limit: int) -> bytes:
        file = archive.extractfile(member) if member.isreg() else None
        if file is None:
            raise UndeterminedError("it is a link")
        return file.read(limit)

    return ((member.name, partial(read, member)) for member in archive if not member.isdir())
