"""Rules on what a function's code makes of its event. Read is Python; of other code they say nothing."""

import ast
from collections.abc import Iterator
from typing import Final

from guardrails.framework.code import READS, Call, Code, python_code
from guardrails.framework.examples import python_function, stack
from guardrails.framework.modules import Definition, Module
from guardrails.framework.node import Node
from guardrails.framework.rule import Severity, resource_rule

_CHECKS: Final = frozenset(
    (
        *("event_parser", "event_source", "validator", "validate", "enable_validation", "fastjsonschema"),
        *("Draft7Validator", "Draft202012Validator", "structure"),
    )
)
_VALIDATES: Final = frozenset(
    (
        *("model_validate", "model_validate_json", "model_validate_strings", "parse_obj", "parse_raw"),
        *("validate_python", "validate_json", "validate_strings"),
    )
)
_JSON: Final = ("json.loads", "orjson.loads", "ujson.loads", "simplejson.loads", "pydantic_core.from_json")
_BODIES: Final = ("body", "message")
_MODELS: Final = ("pydantic.BaseModel", "aws_lambda_powertools.utilities.parser.BaseModel")
_PARSERS: Final = (
    "aws_lambda_powertools.utilities.parser.parse",
    "aws_lambda_powertools.utilities.parser.parser.parse",
    "msgspec.json.decode",
    "msgspec.convert",
)
_DEPTH: Final = 100
_TRUSTED: Final = (
    "import json\n\n\ndef handler(event, context):\n    return store(json.loads(event['body'])['amount'])\n"
)


@resource_rule(
    severity=Severity.MEDIUM,
    findings=("SP-17", "UA-6.1", "OP-1.4"),
    fixes={
        "lambda.Function": (
            'Order.model_validate_json(event["body"])  # a pydantic model\n'
            "# or of Powertools: @event_parser(model=Order), @event_source(data_class=SQSEvent)"
        )
    },
    reads=READS,
    passes={
        "an event that is taken apart by its keys: a data class of Powertools stands before it": stack(
            python_function(
                "worker",
                "from aws_lambda_powertools.utilities.data_classes import SQSEvent, event_source\n\n\n"
                "@event_source(data_class=SQSEvent)\ndef handler(event, context):\n"
                "    return [record.body for record in event['Records']]\n",
            )
        ),
        "no validator at the handler: a model, a check by hand or another module takes the event": stack(
            python_function(
                "api",
                "from pydantic import BaseModel\n\n\nclass Order(BaseModel):\n    amount: int\n\n\n"
                "def handler(event, context):\n    return Order(**event['detail'])\n",
            ),
            python_function("timer", "def handler(event, context):\n    return clean_up()\n"),
            python_function(
                "by_hand",
                "def handler(event, context):\n    name = event.get('name')\n"
                "    if not isinstance(name, str):\n        raise MalformedEventError('name')\n",
            ),
            python_function(
                "lazily",
                "def handler(event, context):\n    from shop.orders import read\n    return read(event)\n",
                files={
                    "shop/orders.py": "from jsonschema import validate\n"
                    "def read(event):\n    validate(event['body'], SCHEMA)\n",
                },
            ),
        ),
        "an unchecked event in Node.js code: only Python is read": stack(
            python_function("other", _TRUSTED, runtime="nodejs22.x", handler="index.handler")
        ),
    },
    fails={
        "takes 'body' out of its event unchecked in app.py:5": stack(
            python_function("api", _TRUSTED.replace("json.loads(event['body'])['amount']", "event['body']"))
        ),
        "uses the JSON of a message unchecked in shop/work.py:6": stack(
            python_function(
                "worker",
                "from shop.work import Worker\n\nworker = Worker()\n\n\ndef handler(event, context):\n"
                "    return worker.run(event)\n",
                files={
                    "shop/work.py": "import json\n\n\nclass Worker:\n    def one(self, record):\n"
                    "        store(json.loads(record.body)['id'])\n\n    def run(self, batch):\n"
                    "        return process_partial_response(batch, self.one, processor)\n"
                },
            )
        ),
        "takes 'Records' out of its event unchecked in shop/work.py:6": stack(
            python_function(
                "worker",
                "from shop.work import Worker\n\nworker = Worker()\n\n\ndef handler(event, context):\n"
                "    return worker.run(event)\n",
                files={
                    "shop/work.py": "class Worker:\n    def run(self, batch):\n"
                    "        return self._run(1, batch)\n\n    def _run(self, number, events):\n"
                    "        return events['Records']\n"
                },
            )
        ),
        "takes 'Records' out of its event unchecked in shop/work.py:2": stack(
            python_function(
                "worker",
                "from shop import work\n\n\ndef handler(event, context):\n"
                "    return work.run(1, batch=event)\n",
                files={"shop/work.py": "def run(number, batch):\n    return batch.get('Records')\n"},
            )
        ),
    },
)
def code_events_validated(function: Node) -> Iterator[str]:
    """Events are held against a model or a schema before they are used.

    Otherwise an event of the wrong form fails somewhere deep inside, or is stored as it is.
    """
    code = python_code(function)
    if code is None or code.entry is None or _checks(code):
        return
    module, definition = code.entry
    if found := _read(code, module, definition, _parameter(definition, 0), set()):
        yield f"takes {found[0]!r} out of its event unchecked in {found[1]}"
    for call in code.calls:
        if call.name in _JSON and _is_body(call) and "isinstance" not in call.module.words:
            yield f"uses the JSON of a message unchecked in {call.place}"


def _checks(code: Code) -> bool:
    """Tell whether the code checks anything's form, with a library or by hand."""
    if code.words & _CHECKS or any(call.name in _PARSERS or _validates(call) for call in code.calls):
        return True
    models = {
        each.name
        for module in code.modules.values()
        for each in module.of(ast.ClassDef)
        if any(code.meaning(module, base) in _MODELS for base in each.bases)
    }
    return any(call.name.rpartition(".")[2] in models for call in code.calls)


def _validates(call: Call) -> bool:
    """Tell whether a call of pydantic checks something else than the environment."""
    if getattr(call.node.func, "attr", "") not in _VALIDATES:
        return False
    names = {getattr(node, "id", getattr(node, "attr", "")) for node in ast.walk(call.node)}
    return "environ" not in names


def _is_body(call: Call) -> bool:
    """Tell whether a call takes what a message carries: `record.body`, `event["body"]`, `body`."""
    first = call.node.args[0] if call.node.args else None
    if isinstance(first, ast.Subscript) and isinstance(first.slice, ast.Constant):
        name = str(first.slice.value)
    else:
        name = getattr(first, "attr", getattr(first, "id", ""))
    return name.lower() in _BODIES


def _parameter(definition: Definition, position: int) -> str:
    names = [each.arg for each in (*definition.args.posonlyargs, *definition.args.args)]
    names = names[1:] if names[:1] in (["self"], ["cls"]) else names
    return names[position] if position < len(names) else ""


def _read(
    code: Code, module: Module, definition: Definition, name: str, seen: set[int]
) -> tuple[str, str] | None:
    """Return the first key that a function takes out of its parameter *name* unchecked, and where."""
    nodes = [] if not name or id(definition) in seen or len(seen) > _DEPTH else list(ast.walk(definition))
    if any(isinstance(node, ast.Name) and node.id == "isinstance" for node in nodes):
        return None
    seen.add(id(definition))
    names = {name, *(alias for node in nodes for alias in _aliases(node, name))}
    for node in nodes:
        key = _key_of(node, names)
        if key:
            return key, module.at(node)
        if isinstance(node, ast.Call) and (callee := code.function(module, node.func)):
            handed = _handed(node, callee[1], names)
            if handed and (found := _read(code, *callee, handed, seen)):
                return found
    return None


def _aliases(node: ast.AST, name: str) -> list[str]:
    """Return what else *node* calls the variable *name*: `given = event`."""
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name) and node.value.id == name:
        return [target.id for target in node.targets if isinstance(target, ast.Name)]
    return []


def _handed(call: ast.Call, callee: Definition, names: set[str]) -> str:
    """Return the parameter by which *callee* receives one of the variables *names*."""
    for position, argument in enumerate(call.args):
        if isinstance(argument, ast.Name) and argument.id in names:
            return _parameter(callee, position)
    for keyword in call.keywords:
        if isinstance(keyword.value, ast.Name) and keyword.value.id in names:
            return keyword.arg or ""
    return ""


def _key_of(node: ast.AST, names: set[str]) -> str:
    """Return the text that *node* looks up in one of the variables: `name["key"]`, `name.get("key")`."""
    key: ast.expr | None = None
    if isinstance(node, ast.Subscript):
        owner, key = node.value, node.slice
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get":
        owner, key = node.func.value, node.args[0] if node.args else None
    else:
        return ""
    own = isinstance(owner, ast.Name) and owner.id in names
    return key.value if own and isinstance(key, ast.Constant) and isinstance(key.value, str) else ""
