"""The tests that guard findings, read from their `@pytest.mark.finding("SP-13", …)` without importing them.

A marker stands where pytest itself takes one: on a test, on a class of tests, or in a module's `pytestmark`.
Anywhere else it would mark nothing, so it is refused.
"""

import ast
import difflib
from collections.abc import Iterator, Mapping
from pathlib import Path

from guardrails.framework.errors import CoverageError
from guardrails.framework.findings import all_findings

type _Scope = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def guards_in(tests: Path) -> Mapping[str, tuple[str, ...]]:
    """Return, by finding, the ids of the tests below *tests* that guard it, as pytest takes them.

    Raises
    ------
    CoverageError
        A marker names a finding that does not exist, or stands where it marks nothing.
    """
    found: dict[str, list[str]] = {}
    for path in sorted(tests.rglob("test_*.py")):
        for test, ids in _guards(path, path.relative_to(tests.parent).as_posix()):
            for id_ in ids:
                found.setdefault(_known(id_, test), []).append(test)
    return {id_: tuple(names) for id_, names in found.items()}


def _guards(path: Path, module: str) -> Iterator[tuple[str, list[str]]]:
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    read: set[ast.expr] = set()
    for scope, name in _scopes(tree, module):
        markers = [marker for marker in _markers(scope) if _is_finding(marker)]
        read.update(marker.func if isinstance(marker, ast.Call) else marker for marker in markers)
        if markers:
            yield name, [id_ for marker in markers for id_ in _ids(marker, name)]
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and _is_finding(node) and node not in read:
            raise CoverageError(
                f"{module}:{node.lineno}: this marker marks no test; put it on a test, on a class of tests,"
                " or into pytestmark"
            )


def _scopes(scope: ast.Module | ast.ClassDef, name: str) -> Iterator[tuple[_Scope, str]]:
    """Yield what pytest collects, with its id: the module, its tests, its classes and theirs."""
    yield scope, name
    for node in scope.body:
        below = f"{name}::{getattr(node, 'name', '')}"
        if isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            yield from _scopes(node, below)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test"):
            yield node, below


def _markers(scope: _Scope) -> Iterator[ast.expr]:
    if not isinstance(scope, ast.Module):
        yield from scope.decorator_list
    if isinstance(scope, ast.Module | ast.ClassDef):
        for node in scope.body:
            if isinstance(node, ast.Assign) and any(
                isinstance(target, ast.Name) and target.id == "pytestmark" for target in node.targets
            ):
                yield from node.value.elts if isinstance(node.value, ast.List) else [node.value]


def _is_finding(node: ast.expr) -> bool:
    """Tell whether an expression is `pytest.mark.finding`, called or not."""
    function = node.func if isinstance(node, ast.Call) else node
    return isinstance(function, ast.Attribute) and ast.unparse(function).endswith("mark.finding")


def _ids(marker: ast.expr, test: str) -> list[str]:
    arguments = marker.args if isinstance(marker, ast.Call) and not marker.keywords else []
    ids = [each.value for each in arguments if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    if not ids or len(ids) < len(arguments):
        raise CoverageError(f"{test}: its finding marker must name findings as plain strings")
    return ids


def _known(id_: str, test: str) -> str:
    if id_ not in all_findings():
        near = difflib.get_close_matches(id_, all_findings(), n=1)
        raise CoverageError(
            f"{test} guards {id_!r}, which findings.yaml does not have"
            + (f"; did you mean {near[0]!r}?" if near else "")
        )
    return id_
