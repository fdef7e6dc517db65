"""Rules on how a function's code fails, and on calls to keep away from. Read is Python, no other code."""

import ast
from collections.abc import Iterator
from typing import Final

from guardrails.framework.code import READS, Call, Code, python_code
from guardrails.framework.examples import python_function, stack
from guardrails.framework.node import Node
from guardrails.framework.rule import Severity, resource_rule

_EVERYTHING: Final = ("Exception", "BaseException")

_CAREFUL: Final = """\
class OrderError(Exception):
    pass


def handler(event, context):
    try:
        work(event)
    except KeyError as error:
        raise OrderError("the event has no id") from error
    except TimeoutError:
        pass
    except Exception:
        logger.exception("failed")
        raise
"""
_UNDOES: Final = """\
def handler(event, context):
    try:
        work(event)
    except:
        roll_back()
        raise
    try:
        cache.warm()
    except Exception as error:
        logger.warning("cold", extra={"cause": str(error)})
    raise errors.Exception("one of our own")
"""


@resource_rule(
    severity=Severity.MEDIUM,
    findings=("CC-REL-4", "OP-4.3", "UA-2.2"),
    fixes={
        "lambda.Function": (
            "try:\n"
            "    table.put_item(Item=item)\n"
            "except ClientError as error:\n"
            '    logger.exception("order not stored")\n'
            '    raise TransientError("order not stored") from error\n'
            "# give each kind of failure a class of its own"
        )
    },
    reads=READS,
    passes={
        "an except that passes: over TimeoutError alone": stack(python_function("worker", _CAREFUL)),
        "a bare except in Node.js code: only Python is read": stack(
            python_function("other", "except:", runtime="nodejs22.x", handler="index.handler")
        ),
        "a bare except: it rolls back and raises again": stack(python_function("worker", _UNDOES)),
    },
    fails={
        "catches everything by a bare except in app.py:4": stack(
            python_function("worker", _UNDOES.replace("        raise\n", ""))
        ),
        "swallows every exception in app.py:12": stack(
            python_function(
                "worker",
                _CAREFUL.replace('        logger.exception("failed")\n        raise', "        pass"),
            )
        ),
        "swallows every exception in app.py:3": stack(
            python_function(
                "worker",
                "import contextlib\ndef handler(event, context):\n    with contextlib.suppress(Exception):\n"
                "        work(event)\n",
            )
        ),
        "raises a plain Exception in app.py:9": stack(
            python_function("worker", _CAREFUL.replace("raise OrderError", "raise Exception"))
        ),
    },
)
def code_errors(function: Node) -> Iterator[str]:
    """Errors are told apart: none is swallowed unseen, and none is raised without a kind.

    What all looks alike is neither retried where that helps nor recorded where it does not.
    """
    code = python_code(function)
    for module in code.modules.values() if code else ():
        for caught in module.of(ast.ExceptHandler):
            if caught.type is None and not _raises(caught):
                yield f"catches everything by a bare except in {module.at(caught)}"
            elif caught.type is not None and _names_everything(caught.type) and _does_nothing(caught.body):
                yield f"swallows every exception in {module.at(caught)}"
        for raised in module.of(ast.Raise):
            error = raised.exc.func if isinstance(raised.exc, ast.Call) else raised.exc
            if error is not None and _names_everything(error):
                yield f"raises a plain Exception in {module.at(raised)}"
    for call in code.calls if code else ():
        if call.name == "contextlib.suppress" and any(map(_names_everything, call.node.args)):
            yield f"swallows every exception in {call.place}"


def _names_everything(kind: ast.expr) -> bool:
    kinds = kind.elts if isinstance(kind, ast.Tuple) else [kind]
    return any(isinstance(each, ast.Name) and each.id in _EVERYTHING for each in kinds)


def _raises(caught: ast.ExceptHandler) -> bool:
    return any(isinstance(node, ast.Raise) for node in ast.walk(caught))


def _does_nothing(body: list[ast.stmt]) -> bool:
    """Tell whether all that is done is to go on, or to answer something written out."""
    return all(
        isinstance(each, ast.Pass | ast.Continue | ast.Break)
        or (isinstance(each, ast.Expr | ast.Return) and (each.value is None or _is_written_out(each.value)))
        for each in body
    )


def _is_written_out(value: ast.expr) -> bool:
    """Tell whether a value consists of constants only."""
    parts = [part for part in ast.walk(value) if isinstance(part, ast.expr)]
    return all(isinstance(part, ast.Constant | ast.Dict | ast.List | ast.Tuple) for part in parts)


_ARBITRARY: Final = {
    **dict.fromkeys(("eval", "exec", "builtins.eval", "builtins.exec"), "runs text as code"),
    **dict.fromkeys(
        (
            *("pickle.load", "pickle.loads", "pickle.Unpickler", "cPickle.loads", "dill.load", "dill.loads"),
            *("cloudpickle.load", "cloudpickle.loads", "marshal.load", "marshal.loads", "shelve.open"),
            *("jsonpickle.decode", "yaml.unsafe_load", "yaml.unsafe_load_all"),
        ),
        "loads data that can run code",
    ),
    **dict.fromkeys(
        ("os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput"), "starts a shell"
    ),
    "tempfile.mktemp": "names a temporary file that another process can take",
    "ssl._create_unverified_context": "trusts any server",
}
_SAFE_LOADERS: Final = ("SafeLoader", "CSafeLoader", "BaseLoader", "CBaseLoader")
_SAFE: Final = """\
import ast
import json
import subprocess
import tempfile
import yaml
import model
from yaml import CSafeLoader


def handler(event, context):
    model.eval()
    yaml.load(text, Loader=yaml.SafeLoader)
    yaml.load(text, CSafeLoader)
    yaml.safe_load(text)
    ast.literal_eval(text)
    subprocess.run(["file", name], check=True, shell=False)
    tempfile.mkstemp()
    session.get(url, verify=ca_bundle)
"""


@resource_rule(
    severity=Severity.HIGH,
    findings=(),
    fixes={
        "lambda.Function": (
            "json.loads(text), ast.literal_eval(text), yaml.safe_load(text)\n"
            'subprocess.run(["convert", path], check=True)  # without a shell\n'
            "tempfile.mkstemp()\n"
            "# and connections that verify the server"
        )
    },
    reads=READS,
    passes={
        "calls of eval, yaml.load and subprocess: of a model, with a safe loader, without a shell": stack(
            python_function("worker", _SAFE)
        ),
        "eval in Node.js code: only Python is read": stack(
            python_function("other", "eval()", runtime="nodejs22.x", handler="index.handler")
        ),
        "loads of what came in: of a module of the program, which is not pickle": stack(
            python_function(
                "worker",
                "from shop.codec import loads\n\n\ndef handler(event, context):\n"
                "    return loads(event['body'])\n",
                files={"shop/codec.py": "def loads(text):\n    return text.split(',')\n"},
            )
        ),
    },
    fails={
        "runs text as code in app.py:12": stack(
            python_function("worker", _SAFE.replace("yaml.load(text, Loader=yaml.SafeLoader)", "eval(text)"))
        ),
        "loads data that can run code in app.py:2": stack(
            python_function("worker", "from pickle import loads as read\nread(body)\n")
        ),
        "loads data that can run code in app.py:12": stack(
            python_function("worker", _SAFE.replace(", Loader=yaml.SafeLoader", ""))
        ),
        "starts a shell in app.py:16": stack(
            python_function("worker", _SAFE.replace("shell=False", "shell=True"))
        ),
        "names a temporary file": stack(python_function("worker", _SAFE.replace("mkstemp", "mktemp"))),
        "trusts any server in app.py:18": stack(
            python_function("worker", _SAFE.replace("ca_bundle", "False"))
        ),
    },
)
def code_unsafe(function: Node) -> Iterator[str]:
    """Code makes no call that a crafted input turns against it.

    Such a call lets whoever sends the input run code, or read what was meant for another server.
    """
    code = python_code(function)
    if code is None:
        return
    for call in code.calls:
        if problem := _ARBITRARY.get(call.name) or _unsafe_argument(call, code):
            yield f"{problem} in {call.place}"


def _unsafe_argument(call: Call, code: Code) -> str:
    if call.name in ("yaml.load", "yaml.load_all"):
        loader = call.keyword("Loader") or (call.node.args[1] if len(call.node.args) > 1 else None)
        name = code.meaning(call.module, loader).rpartition(".")[2] if loader else ""
        safe = name in _SAFE_LOADERS or call.open_ended
        return "" if safe else "loads data that can run code"
    if call.name.startswith("subprocess.") and _is(call, "shell", True, code):
        return "starts a shell"
    return "trusts any server" if _is(call, "verify", False, code) else ""


def _is(call: Call, keyword: str, value: bool, code: Code) -> bool:
    """Tell whether an argument is sure to count as *value*."""
    given = call.keyword(keyword)
    found = code.resolve(call.module, given)[1] if given else None
    return isinstance(found, ast.Constant) and found.value is not None and bool(found.value) is value
