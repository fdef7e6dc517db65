"""Reading and writing files for the command: what goes wrong is one sentence."""

import sys
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

from guardrails.cli.errors import InputError

STANDARD_INPUT = "-"


def read_text(path: str, what: str) -> str:
    """Return the text of a file, or of standard input for `-`.

    Raises
    ------
    InputError
        It cannot be read, or is not UTF-8; *what* says what it should be.
    """
    try:
        if path == STANDARD_INPUT:
            return sys.stdin.buffer.read().decode("utf-8-sig")
        return Path(path).read_bytes().decode("utf-8-sig")
    except OSError as failed:
        raise InputError(f"cannot read {what} {path}: {failed.strerror or type(failed).__name__}") from None
    except ValueError:
        raise InputError(f"{what} {path} is not UTF-8 text") from None


def write_text(path: Path, text: str) -> None:
    """Write a file.

    Raises
    ------
    InputError
        It cannot be written.
    """
    try:
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as failed:
        raise InputError(f"cannot write {path}: {failed.strerror or type(failed).__name__}") from None


def replace_text(path: Path, text: str) -> None:
    """Write a file as a whole or not at all: it may be all that somebody has of it.

    Raises
    ------
    InputError
        It cannot be written; what was there is still there.
    """
    try:
        whole = path.resolve()
        mode = whole.stat().st_mode & 0o777 if whole.exists() else 0o644
        with NamedTemporaryFile(dir=whole.parent, prefix=f".{whole.name}.", delete=False) as file:
            try:
                file.write(text.encode())
                file.close()
                Path(file.name).chmod(mode)
                Path(file.name).replace(whole)
            except BaseException:
                with suppress(OSError):
                    Path(file.name).unlink()
                raise
    except OSError as failed:
        raise InputError(f"cannot write {path}: {failed.strerror or type(failed).__name__}") from None
