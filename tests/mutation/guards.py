"""The lines of the project that guard findings, and what must cry out when they are gone."""

import ast
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import yaml
from pydantic import BaseModel, ConfigDict, Field

from local.toolchain import ROOT

TABLE: Final = Path(__file__).with_name("guards.yaml")


class Lines(BaseModel):
    """Lines of the project: *source* stands once in *symbol* of *file*, wherever it is indented.

    They are replaced by *replacement*, by nothing unless it is given.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: str
    symbol: str = ""
    source: str
    replacement: str = ""

    def __str__(self) -> str:
        """Where they stand, and how they begin."""
        return f"{self.file}:{self.symbol} {self.source.split(maxsplit=1)[0]}"

    def removed(self, text: str) -> str:
        """Return the file's *text* without these lines.

        Raises
        ------
        ValueError
            The source is not there, or more than once, or what remains is no Python.
        """
        lines = text.splitlines()
        first, last = _extent(text, self.symbol) if self.symbol else (0, len(lines))
        wanted = [line.strip() for line in self.source.strip().splitlines()]
        if len(wanted) == 1:
            found = [i for i in range(first, last) for _ in range(lines[i].count(wanted[0]))]
        else:
            stripped = [line.strip() for line in lines]
            found = [i for i in range(first, last) if stripped[i : i + len(wanted)] == wanted]
        if len(found) != 1:
            raise ValueError(f"{self}: the source stands {len(found)} times in {self.symbol or self.file}")
        (at,) = found
        if len(wanted) == 1:
            changed = [lines[at].replace(wanted[0], self.replacement.strip())]
        else:
            indent = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
            changed = textwrap.indent(textwrap.dedent(self.replacement), indent).splitlines()
        remaining = "\n".join([*lines[:at], *changed, *lines[at + len(wanted) :], ""])
        if self.file.endswith(".py"):
            _must_parse(self, remaining)
        return remaining


class Guard(Lines):
    """Lines that keep *findings* away, with those of *also* where one place alone makes no difference.

    Each of `caught_by`, the id of a rule or of a test, must fail without them.
    """

    findings: tuple[str, ...] = Field(min_length=1)
    also: tuple[Lines, ...] = ()
    caught_by: tuple[str, ...] = Field(min_length=1)

    def __str__(self) -> str:
        """What a test of the guard is called."""
        return f"{'+'.join(self.findings)}: {super().__str__()}"

    @property
    def rules(self) -> list[str]:
        """The rules among those that must cry out."""
        return [name for name in self.caught_by if "::" not in name]

    @property
    def tests(self) -> list[str]:
        """The tests among those that must cry out."""
        return [name for name in self.caught_by if "::" in name]

    def without(self) -> dict[str, str]:
        """Return the text of each file that it stands in, without it."""
        texts: dict[str, str] = {}
        for lines in (self, *self.also):
            text = texts.get(lines.file) or (ROOT / lines.file).read_text()
            texts[lines.file] = lines.removed(text)
        return texts


class Awaited(BaseModel):
    """Findings that no line guards yet: their rules are about *kinds*, which come with a later system."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    findings: tuple[str, ...] = Field(min_length=1)
    system: str
    kinds: tuple[str, ...] = Field(min_length=1)


class GuardTable(BaseModel):
    """The whole table."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    guards: tuple[Guard, ...]
    not_deployed: tuple[Awaited, ...]


def read_guards() -> GuardTable:
    """Return the table."""
    return GuardTable.model_validate(yaml.safe_load(TABLE.read_text()))


def is_test(node_id: str) -> bool:
    """Tell whether there is a test of this id, cases aside."""
    file, name = node_id.split("::")
    functions = ast.walk(ast.parse((ROOT / file).read_text()))
    return name in {each.name for each in functions if isinstance(each, ast.FunctionDef)}


def marked_findings() -> dict[str, set[str]]:
    """Return the findings that tests are marked with, each with the files of these tests."""
    found: dict[str, set[str]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.finding":
                for argument in node.args:
                    if isinstance(argument, ast.Constant):
                        found.setdefault(str(argument.value), set()).add(str(path.relative_to(ROOT)))
    return found


def _must_parse(lines: Lines, text: str) -> None:
    try:
        ast.parse(text)
    except SyntaxError as error:
        raise ValueError(f"{lines}: what remains is no Python: {error}") from None


def _extent(text: str, symbol: str) -> tuple[int, int]:
    """Return the first line of a function, class or assignment, and the one after its last."""
    body: list[ast.stmt] = ast.parse(text).body
    node: ast.stmt | None = None
    for name in symbol.split("."):
        node = next((each for each in body if name in _names(each)), None)
        if node is None:
            raise ValueError(f"there is no {symbol!r}")
        body = getattr(node, "body", [])
    if node is None or node.end_lineno is None:
        raise ValueError(f"{symbol!r} has no extent")
    decorators = [each.lineno for each in getattr(node, "decorator_list", [])]
    return min([node.lineno, *decorators]) - 1, node.end_lineno


def _names(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    yield from (target.id for target in targets if isinstance(target, ast.Name))
