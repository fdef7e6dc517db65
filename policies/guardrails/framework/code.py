"""A Lambda function's own Python code, as rules read it: the modules that its handler leads to.

Only source is read, nothing runs. What a name means is followed through imports and through variables that
are assigned once, within a module and across modules of the archive; anything cleverer stays unresolved, and
a rule then gives the code the benefit of the doubt.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final
from weakref import WeakKeyDictionary

import pulumi

from guardrails.framework.archives import python_files
from guardrails.framework.errors import UndeterminedError
from guardrails.framework.modules import Definition, Module, reachable, variable
from guardrails.framework.node import Node

READS: Final = ("lambda.Function.code", "lambda.Function.handler", "lambda.Function.runtime")
"""The properties that `python_code` reads."""
_IMPORTERS: Final = ("importlib.import_module", "__import__", "builtins.__import__")
MAX_STEPS: Final = 40
"""How far a name is followed, so that names which mean each other end somewhere."""

CLIENTS: Final = frozenset(
    f"boto3.{session}{kind}"
    for session in ("", "Session().", "session.Session().", "DEFAULT_SESSION.", "_get_default_session().")
    for kind in ("client", "resource")
) | {"botocore.session.get_session().create_client", "botocore.session.Session().create_client"}
"""What makes an AWS client, as `Call.name` has it."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call: of what, as far as it is known, such as `boto3.Session().client`."""

    module: Module
    node: ast.Call
    name: str

    @property
    def place(self) -> str:
        """File and line."""
        return self.module.at(self.node)

    def keyword(self, name: str) -> ast.expr | None:
        """Return the argument given by that keyword."""
        return next((each.value for each in self.node.keywords if each.arg == name), None)

    @property
    def open_ended(self) -> bool:
        """Whether arguments come out of a mapping or a list, so that it is not seen which are given."""
        starred = any(isinstance(each, ast.Starred) for each in self.node.args)
        return starred or any(each.arg is None for each in self.node.keywords)


class Code:
    """The modules that a handler leads to, the handler's first."""

    def __init__(self, modules: Mapping[str, Module], handler: str) -> None:
        self.modules = modules
        self.handler = handler

    @cached_property
    def words(self) -> frozenset[str]:
        """Every name that the code uses."""
        return frozenset().union(*(module.words for module in self.modules.values()))

    @cached_property
    def calls(self) -> list[Call]:
        """Every call."""
        return [
            Call(module=module, node=node, name=self.meaning(module, node.func))
            for module in self.modules.values()
            for node in module.of(ast.Call)
        ]

    @property
    def strings(self) -> Iterator[tuple[Module, ast.Constant]]:
        """Every text but docstrings, with its module."""
        return ((module, text) for module in self.modules.values() for text in module.strings)

    @cached_property
    def texts(self) -> frozenset[str]:
        """Every text but docstrings."""
        return frozenset(str(text.value) for _, text in self.strings)

    @property
    def entry(self) -> tuple[Module, Definition] | None:
        """The handler, None if it is no plain function."""
        module = next(iter(self.modules.values()))
        return self.function(module, ast.Name(self.handler))

    def resolve(self, module: Module, expression: ast.expr) -> tuple[Module, ast.expr]:
        """Return the expression that gave a variable its value, or *expression* itself."""
        for _ in range(MAX_STEPS):
            found = self._value(module, expression)
            if found is None:
                break
            module, expression = found
        return module, expression

    def meaning(self, module: Module, expression: ast.expr) -> str:
        """Return a dotted name for what an expression yields, `boto3.client()`; empty if there is none."""
        tail: list[str] = []
        for _ in range(MAX_STEPS):
            module, expression = self.resolve(module, expression)
            if isinstance(expression, ast.Attribute):
                tail.append(f".{expression.attr}")
                expression = expression.value
            elif isinstance(expression, ast.Call):
                if imported := _imported_by_name(module, expression):
                    return imported + "".join(reversed(tail))
                tail.append("()")
                expression = expression.func
            elif isinstance(expression, ast.Name):
                return module.bindings.get(expression.id, expression.id) + "".join(reversed(tail))
            else:
                return "".join(reversed(tail))
        return ""

    def function(self, module: Module, callee: ast.expr) -> tuple[Module, Definition] | None:
        """Return the function of the archive that *callee* names, or the method of an object made in it."""
        if isinstance(callee, ast.Name) and callee.id in module.functions:
            return module, module.functions[callee.id]
        target, name = self._imported(module, callee)
        if target and name in target.functions:
            return target, target.functions[name]
        return self._method(module, callee) if isinstance(callee, ast.Attribute) else None

    def _method(self, module: Module, callee: ast.Attribute) -> tuple[Module, Definition] | None:
        owner = self.meaning(module, callee.value)
        if owner == "self":
            found = [each[callee.attr] for each in module.methods.values() if callee.attr in each]
            return (module, found[0]) if len(found) == 1 else None
        if not owner.endswith("()"):
            return None
        place, _, name = owner.removesuffix("()").rpartition(".")
        target = self.modules.get(place) if place else module
        method = target.methods.get(name, {}).get(callee.attr) if target else None
        return (target, method) if target and method else None

    def _value(self, module: Module, expression: ast.expr) -> tuple[Module, ast.expr] | None:
        """Go one step from a name to its value."""
        name = variable(expression)
        if name and name not in module.parameters and name not in module.bindings:
            values = module.assigned.get(name, [])
            if len(values) == 1:
                return module, values[0]
            if values:
                return None
        target, name = self._imported(module, expression)
        values = target.assigned.get(name, []) if target else []
        return (target, values[0]) if target and len(values) == 1 else None

    def _imported(self, module: Module, expression: ast.expr) -> tuple[Module | None, str]:
        """Return the module of the archive and the name in it that *expression* means, if any."""
        tail: list[str] = []
        while isinstance(expression, ast.Attribute) and len(tail) < MAX_STEPS:
            tail.append(expression.attr)
            expression = expression.value
        if not isinstance(expression, ast.Name) or expression.id not in module.bindings:
            return None, ""
        dotted = ".".join([module.bindings[expression.id], *reversed(tail)])
        owner, _, name = dotted.rpartition(".")
        return self.modules.get(owner), name


def _imported_by_name(module: Module, call: ast.Call) -> str:
    """Return the module that `importlib.import_module("boto3")` and its likes import, empty for others."""
    name = call.args[0] if call.args else None
    owner: ast.expr = call.func
    of_owner = f".{owner.attr}" if isinstance(owner, ast.Attribute) else ""
    owner = owner.value if isinstance(owner, ast.Attribute) else owner
    if not (isinstance(owner, ast.Name) and isinstance(name, ast.Constant) and isinstance(name.value, str)):
        return ""
    meant = module.bindings.get(owner.id, owner.id) + of_owner
    return name.value if meant in _IMPORTERS else ""


def python_code(function: Node) -> Code | None:
    """Return the code of a Lambda function, None if it is not Python, or is none that can be read.

    What cannot be read is reported once, by `code-readable`, and not by each rule on code.

    Raises
    ------
    UndeterminedError
        It is not known yet which code it is.
    """
    found = _found(function)
    return found if isinstance(found, Code) else None


def read_python(function: Node) -> Code | None:
    """Return the code of a Lambda function, None if it is not Python, or no part of the program.

    Raises
    ------
    UndeterminedError
        The code is Python, and cannot be read.
    """
    found = _found(function)
    if isinstance(found, str):
        raise UndeterminedError(found)
    return found


def _found(function: Node) -> Code | str | None:
    """Return a function's code, or why it cannot be read."""
    if not function.inputs.text("runtime").startswith("python"):
        return None
    handler, archive = function.inputs.text("handler"), function.inputs.get("code")
    if archive is None:
        return None
    if not isinstance(archive, pulumi.Archive):
        return f"property code of {function} has an unexpected shape: it should be an archive"
    known = _codes.setdefault(archive, {})
    if handler not in known:
        known[handler] = _read(archive, handler)
    return known[handler]


_codes: WeakKeyDictionary[pulumi.Archive, dict[str, Code | str]] = WeakKeyDictionary()


def _read(archive: pulumi.Archive, handler: str) -> Code | str:
    """Return the code, or why it cannot be read."""
    path, _, name = handler.replace("/", ".").rpartition(".")
    if not path:
        return "its handler is not of the form module.function"
    try:
        modules = reachable(python_files(archive, path.split(".")[0]), path)
    except UndeterminedError as why:
        return str(why)
    return Code(modules, name)
