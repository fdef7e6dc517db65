"""Where in the repository a code host should show a result.

A problem in a function's code is shown there, if only one of the program's files can be meant. Of the others,
a state remembers where the program registered the resource. Without that, the one call in the program's
Python sources that makes a resource of this type under this literal name is it; else the program as a whole,
Pulumi.yaml.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Final

from guardrails.framework.configuration import program_root
from guardrails.framework.report import CODE_LINE, Result

_NOT_THE_PROGRAM: Final = frozenset({"node_modules", "site-packages", "tests", "venv", "__pycache__"})

_PROJECT: Final = ("Pulumi.yaml", "Pulumi.yml")
_FUNCTION: Final = "aws:lambda/function:Function"


@dataclass(frozen=True, kw_only=True)
class Place:
    """A line of a file, named from the top of the repository with slashes."""

    path: str
    line: int = 1


@dataclass(frozen=True)
class Program:
    """The judged program, of which *folder* is the top or a folder inside it; it may also be absent."""

    folder: Path

    def place(self, result: Result) -> Place:
        """Return where *result* belongs."""
        if code := self._in_code(result):
            return code
        path, _, line = result.source.rpartition(":")
        if path and line.isdigit():
            return Place(path=self._from_top(path), line=max(1, int(line)))
        made = self._calls.get((result.name, result.type.rsplit(":", 1)[-1]), [])
        return made[0] if len(made) == 1 else self.place_of(*_PROJECT)

    def _in_code(self, result: Result) -> Place | None:
        """Return the line that a sentence about a function names by its path in the archive."""
        named = CODE_LINE.search(result.problem) if result.type == _FUNCTION else None
        if named is None:
            return None
        path = PurePosixPath(named["path"]).parts
        there = [file for file in self._files if file.parts[-len(path) :] == path]
        if len(there) != 1:
            return None
        return Place(path=self._from_top(there[0].as_posix()), line=max(1, int(named["line"])))

    def place_of(self, *names: str) -> Place:
        """Return the first of the program's files that exists, or where the first would be."""
        there = [name for name in names if (self._root / name).exists()]
        return Place(path=self._from_top((there or [*names])[0]))

    @cached_property
    def _root(self) -> Path:
        return program_root(self.folder.resolve())

    @cached_property
    def _prefix(self) -> str:
        """The way from the top of the repository to the program, empty if that is the top."""
        tops = (folder for folder in (self._root, *self._root.parents) if (folder / ".git").exists())
        way = self._root.relative_to(next(tops, self._root)).as_posix()
        return "" if way == "." else f"{way}/"

    def _from_top(self, path: str) -> str:
        return f"{self._prefix}{path}"

    @cached_property
    def _calls(self) -> dict[tuple[str, str], list[Place]]:
        """The calls with a literal as their first argument, by that and the called name."""
        found: dict[tuple[str, str], list[Place]] = {}
        for file in self._files:
            path = self._from_top(file.as_posix())
            for name, called, line in _literal_calls(self._root / file):
                found.setdefault((name, called), []).append(Place(path=path, line=line))
        return found

    @cached_property
    def _files(self) -> list[Path]:
        """The program's Python files from its folder on; none if there is no program."""
        there = any((self._root / name).exists() for name in _PROJECT)
        return [file.relative_to(self._root) for file in self._sources()] if there else []

    def _sources(self) -> Iterator[Path]:
        for folder, folders, files in self._root.walk():
            folders[:] = sorted(
                each for each in folders if not each.startswith(".") and each not in _NOT_THE_PROGRAM
            )
            yield from (folder / name for name in sorted(files) if name.endswith(".py"))


def _literal_calls(file: Path) -> Iterator[tuple[str, str, int]]:
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError):
        return  # not the program's business, or not in this Python; a place is a service, not a verdict
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            named = [word.value for word in node.keywords if word.arg == "resource_name"]
            first = next(iter([*node.args[:1], *named]), None)
            called = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield first.value, called, node.lineno
