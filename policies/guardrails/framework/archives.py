"""The Python files in a function's archive, however Pulumi hands it over. Nothing in an archive is trusted.

Read are the function's own files: not what is installed beside them, which its `*.dist-info` names. Of an
installed package that was made from a folder or a repository (PEP 610), or that holds the handler, the files
count as own.
"""

import csv
import posixpath
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import pulumi

from guardrails.framework.archive_entries import KIB, MIB, Reader, read_file, stored
from guardrails.framework.errors import UndeterminedError
from guardrails.framework.sdk import UNKNOWN_STRING_VALUE

MAX_ENTRIES: Final = 100_000
MAX_FILES: Final = 4_000
MAX_FILE_BYTES: Final = 512 * KIB
"""Some text costs a thousand times its size when it is parsed."""
MAX_BYTES: Final = 4 * MIB
MAX_DEPTH: Final = 16
MAX_PATH: Final = 1024
# Installed packages that are met often where their dist-info was left out to save space.
_INSTALLED: Final = frozenset(
    (
        *("aiohttp", "aws_embedded_metrics", "aws_lambda_powertools", "aws_xray_sdk", "boto3", "botocore"),
        *("certifi", "cffi", "charset_normalizer", "cryptography", "dateutil", "idna", "jinja2", "jmespath"),
        *("jsonschema", "numpy", "pandas", "PIL", "psycopg2", "pydantic", "pydantic_core", "pymysql"),
        *("requests", "s3transfer", "six", "sqlalchemy", "typing_extensions", "urllib3", "wrapt", "yaml"),
    )
)


class ArchiveTooLargeError(UndeterminedError):
    """An archive holds more than is read."""


@dataclass(frozen=True, kw_only=True)
class Files:
    """A function's own Python files by path; `unread` tells of the others why they were not read."""

    sources: Mapping[str, bytes]
    unread: Mapping[str, str]


def python_files(archive: Any, own: str) -> Files:
    """Return the Python files of *archive*; the top-level package or module *own* is the function's own.

    Raises
    ------
    UndeterminedError
        The archive cannot be read, or it holds more than is read.
    """
    try:
        with ExitStack() as opened:
            return _own_files(_listing(archive, "", opened, MAX_DEPTH), own)
    except UndeterminedError:
        raise
    except Exception as broken:  # noqa: BLE001  a broken archive makes the libraries raise whatever they like
        raise UndeterminedError(f"its archive cannot be read ({type(broken).__name__})") from None


class _Allowance:
    """How much may still be read of one archive."""

    def __init__(self) -> None:
        self._left = MAX_BYTES

    def read(self, read: Reader) -> bytes:
        """Return the file's content; one byte more than a file may have tells that it is too large."""
        content = read(MAX_FILE_BYTES + 1)
        self._left -= len(content)
        if self._left < 0:
            raise ArchiveTooLargeError(f"its archive holds more than {MAX_BYTES // MIB} MiB of Python")
        return content


def _own_files(listing: Mapping[str, Reader], own: str) -> Files:
    allowance = _Allowance()
    installed = _installed(listing, own, allowance)
    names = [name for name in sorted(listing) if name.endswith(".py") and name not in installed]
    kept = [name for name in names if (top := _top(name)) == own or top not in _INSTALLED]
    if len(kept) > MAX_FILES:
        raise ArchiveTooLargeError(f"its archive holds more than {MAX_FILES} Python files of its own")
    sources: dict[str, bytes] = {}
    unread: dict[str, str] = {}
    for name in kept:
        try:
            source = allowance.read(listing[name])
        except ArchiveTooLargeError:
            raise
        except UndeterminedError as why:
            unread[name] = str(why)
            continue
        if len(source) > MAX_FILE_BYTES:
            unread[name] = f"it has more than {MAX_FILE_BYTES // KIB} KiB"
        else:
            sources[name] = source
    return Files(sources=sources, unread=unread)


def _top(name: str) -> str:
    return name.split("/", 1)[0].removesuffix(".py")


def _installed(listing: Mapping[str, Reader], own: str, allowance: _Allowance) -> set[str]:
    """Return the files of installed distributions, except those of the project's own."""
    found: set[str] = set()
    unlisted: set[str] = set()
    for folder in {posixpath.dirname(name) for name in listing if ".dist-info/" in name}:
        record, above = listing.get(f"{folder}/RECORD"), posixpath.dirname(folder)
        if f"{folder}/direct_url.json" in listing:
            continue
        if record is None:
            name = posixpath.basename(folder).split("-")[0].lower()
            unlisted |= {posixpath.join(above, name)} - {own}
            continue
        lines = allowance.read(record).decode(errors="replace").splitlines()
        files = {path for row in csv.reader(lines) if row and (path := _place(above, row[0]))}
        found |= set() if any(_top(path) == own for path in files) else files
    return found | {name for name in listing if unlisted and not unlisted.isdisjoint(_parents(name))}


def _parents(name: str) -> Iterator[str]:
    """Yield the folders above a file, and the file without its ending, as distributions call them."""
    parts = name.removesuffix(".py").lower().split("/")
    return ("/".join(parts[:depth]) for depth in range(1, len(parts) + 1))


def _listing(archive: Any, folder: str, opened: ExitStack, depth: int) -> dict[str, Reader]:
    """Return a reader for each file of *archive*, by its path below *folder*."""
    if depth == 0:
        raise UndeterminedError("its archive is nested too deeply")
    if isinstance(archive, pulumi.FileArchive):
        entries = stored(Path(archive.path), opened)
        return dict(_bounded((place, read) for name, read in entries if (place := _place(folder, name))))
    if not isinstance(archive, pulumi.AssetArchive):
        raise UndeterminedError("its archive is somewhere else, only its address is known")
    found: dict[str, Reader] = {}
    for name, asset in archive.assets.items():
        place = _place(folder, name)
        if isinstance(asset, pulumi.Archive):
            found |= _listing(asset, place, opened, depth - 1)
        elif place:
            found[place] = partial(_read_asset, asset)
    return dict(_bounded(found.items()))


def _place(folder: str, name: str) -> str:
    """Return an entry's path in the archive, empty if it leads out of it or is none that Lambda takes."""
    if len(folder) + len(name) > MAX_PATH:
        return ""
    path = posixpath.normpath(posixpath.join(folder, name))
    outside = path.startswith(("/", "../")) or path in (".", "..")
    return "" if outside else path


def _bounded[T](entries: Iterator[T] | Any) -> Iterator[T]:
    for number, entry in enumerate(entries):
        if number >= MAX_ENTRIES:
            raise UndeterminedError(f"its archive has more than {MAX_ENTRIES} entries")
        yield entry


def _read_asset(asset: Any, limit: int) -> bytes:
    if isinstance(asset, pulumi.StringAsset):
        if asset.text == UNKNOWN_STRING_VALUE:
            raise UndeterminedError("its content is not known yet")
        return asset.text[:limit].encode(errors="surrogatepass")[:limit]
    if isinstance(asset, pulumi.FileAsset):
        return read_file(Path(asset.path), limit)
    raise UndeterminedError("it is somewhere else, only its address is known")
