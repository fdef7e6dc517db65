"""The modules of a function's archive that its handler leads to, parsed and indexed once."""

import ast
import warnings
from collections import Counter, deque
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from weakref import WeakValueDictionary

from guardrails.framework.archives import Files
from guardrails.framework.errors import UndeterminedError

type Definition = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(kw_only=True, eq=False)
class Module:
    """One module, indexed once; functions of several Lambdas share it.

    `bindings` maps a name to the dotted name that an import gives it, `assigned` a name (or `self.name`) to
    the values it is given; `parameters` are names that callers decide, `methods` are by class, `strings` are
    the texts but docstrings.
    """

    name: str
    path: str
    bindings: dict[str, str] = field(default_factory=dict)
    imported: list[str] = field(default_factory=list)
    assigned: dict[str, list[ast.expr]] = field(default_factory=dict)
    parameters: set[str] = field(default_factory=set)
    functions: dict[str, Definition] = field(default_factory=dict)
    methods: dict[str, dict[str, Definition]] = field(default_factory=dict)
    nodes: dict[type[ast.AST], list[Any]] = field(default_factory=dict)
    strings: list[ast.Constant] = field(default_factory=list)

    def of[T: ast.AST](self, *types: type[T]) -> list[T]:
        """Return the nodes of these types."""
        return [node for each in types for node in self.nodes.get(each, ())]

    def at(self, node: ast.AST) -> str:
        """Return file and line."""
        return f"{self.path}:{getattr(node, 'lineno', 1)}"

    @cached_property
    def words(self) -> frozenset[str]:
        """Every name that the code uses, as the import calls it; merely importing it is no use."""
        used = (node.id for node in self.of(ast.Name) if isinstance(node.ctx, ast.Load))
        names = {self.bindings.get(name, name).rpartition(".")[2] for name in used}
        attributes = {node.attr for node in self.of(ast.Attribute)}
        keywords = {node.arg for node in self.of(ast.keyword) if node.arg}
        return frozenset(names | attributes | keywords)


_modules: WeakValueDictionary[tuple[str, bytes], Module] = WeakValueDictionary()


def reachable(files: Files, first: str) -> dict[str, Module]:
    """Return the module *first* and what it imports of *files*, by dotted name."""
    if not _path_of(first, files):
        raise UndeterminedError(
            f"its handler's module {first} is not a Python file of its own in the archive"
        )
    found: dict[str, Module] = {}
    waiting = deque([first])
    while waiting:
        name = waiting.popleft()
        path = _path_of(name, files)
        if not path or name in found:
            continue
        if path in files.unread:
            raise UndeterminedError(f"{path} in its archive cannot be read: {files.unread[path]}")
        found[name] = module = _module(name, path, files.sources[path])
        parts = name.split(".")
        waiting.extend(".".join(parts[:depth]) for depth in range(1, len(parts)))
        waiting.extend(module.imported)
    return found


def _path_of(name: str, files: Files) -> str:
    stem = name.replace(".", "/")
    candidates = (f"{stem}/__init__.py", f"{stem}.py")
    return next((path for path in candidates if path in files.sources or path in files.unread), "")


def _module(name: str, path: str, source: bytes) -> Module:
    """Return a parsed module; the same file in the archives of several functions is parsed once."""
    module = _modules.get((path, source))
    if module is None:
        module = _indexed(Module(name=name, path=path), _parsed(path, source))
        _modules[path, source] = module
    return module


def _parsed(path: str, source: bytes) -> ast.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source)
    except SyntaxError as error:
        raise UndeterminedError(f"{path}:{error.lineno or 1} in its archive is not Python") from None
    except (ValueError, RecursionError, MemoryError):
        raise UndeterminedError(f"{path} in its archive is too entangled to be read") from None


def _indexed(module: Module, tree: ast.Module) -> Module:
    tree.body = [statement for each in tree.body for statement in _run_in_lambda(each)]
    _spell_attributes(tree)
    prose: set[int] = set()
    stores: Counter[str] = Counter()
    for node in ast.walk(tree):
        if isinstance(node, ast.expr_context):
            continue
        module.nodes.setdefault(type(node), []).append(node)
        if isinstance(getattr(node, "ctx", None), ast.Store):
            stores[variable(node)] += 1
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            prose.add(id(node.value))
        elif isinstance(node, ast.Import | ast.ImportFrom):
            _index_import(module, node)
        elif isinstance(node, ast.Call):
            _index_dynamic_import(module, node)
        elif isinstance(node, ast.arg):
            module.parameters.add(node.arg)
        else:
            _index_values(module, node)
    module.assigned = {
        name: [value for value in values if not _is_none(value)] or values
        for name, values in module.assigned.items()
        if stores[name] == len(values)
    }
    module.functions = _definitions(tree.body)
    module.methods = {each.name: _definitions(each.body) for each in module.of(ast.ClassDef)}
    texts = (node for node in module.of(ast.Constant) if isinstance(node.value, str))
    module.strings = [node for node in texts if id(node) not in prose]
    return module


def _run_in_lambda(statement: ast.stmt) -> list[ast.stmt]:
    """Leave out what runs from a shell only, or is there for type checkers."""
    if not isinstance(statement, ast.If):
        return [statement]
    test = statement.test
    if isinstance(test, ast.Compare):
        from_shell = "__name__" in {getattr(side, "id", "") for side in (test.left, *test.comparators)}
        elsewhere = from_shell and [type(each) for each in test.ops] == [ast.Eq]
    else:
        elsewhere = getattr(test, "id", getattr(test, "attr", "")) == "TYPE_CHECKING"
    return statement.orelse if elsewhere else [statement]


def _spell_attributes(tree: ast.Module) -> None:
    """Write `getattr(x, "name")` as `x.name`, so that both are read alike."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        for name, value in ast.iter_fields(node):
            if isinstance(value, ast.Call):
                setattr(node, name, _attribute(value))
            elif isinstance(value, list):
                value[:] = [_attribute(each) if isinstance(each, ast.Call) else each for each in value]
        waiting.extend(ast.iter_child_nodes(node))


def _attribute(call: ast.Call) -> ast.expr:
    """Return the attribute that a call of getattr by a fixed name means, else the call."""
    name = call.args[1] if getattr(call.func, "id", "") == "getattr" and len(call.args) > 1 else None
    if not (isinstance(name, ast.Constant) and isinstance(name.value, str)):
        return call
    return ast.copy_location(ast.Attribute(call.args[0], name.value, ast.Load()), call)


def _is_none(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is None


def _definitions(body: list[ast.stmt]) -> dict[str, Definition]:
    return {node.name: node for node in body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def _index_import(module: Module, node: ast.Import | ast.ImportFrom) -> None:
    if isinstance(node, ast.Import):
        for alias in node.names:
            module.imported.append(alias.name)
            top = alias.name.split(".")[0]
            module.bindings[alias.asname or top] = alias.name if alias.asname else top
        return
    base = node.module or ""
    if node.level:
        package = module.name.split(".")
        drop = node.level - (1 if module.path.endswith("/__init__.py") else 0)
        above = package[: max(0, len(package) - drop)]
        base = ".".join([*above, *([base] if base else [])])
    module.imported.append(base)
    for alias in node.names:
        dotted = f"{base}.{alias.name}" if base else alias.name
        module.imported.append(dotted)
        module.bindings[alias.asname or alias.name] = dotted


def _index_dynamic_import(module: Module, node: ast.Call) -> None:
    called = getattr(node.func, "attr", getattr(node.func, "id", ""))
    first = node.args[0] if node.args else None
    if called in ("import_module", "__import__") and isinstance(first, ast.Constant):
        module.imported.append(str(first.value))


def _index_values(module: Module, node: ast.AST) -> None:
    targets: list[ast.expr] = []
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, ast.AnnAssign | ast.NamedExpr):
        targets = [node.target]
    for target in targets:
        if name := variable(target):
            # A declaration without value gives a name that something unseen may set.
            value = getattr(node, "value", None) or ast.Constant(...)
            module.assigned.setdefault(name, []).append(value)


def variable(expression: ast.AST) -> str:
    """Return the name of a variable, `name` or `self.name`; empty for anything else."""
    if isinstance(expression, ast.Name):
        return expression.id
    if isinstance(expression, ast.Attribute) and isinstance(expression.value, ast.Name):
        return f"self.{expression.attr}" if expression.value.id == "self" else ""
    return ""
