"""Rules on how a function's code calls AWS. Read is Python; of other code and of images they say nothing."""

import ast
from collections.abc import Iterator
from typing import Annotated, Final

from msgspec import Meta

from guardrails.framework.code import CLIENTS, READS, Call, Code, python_code
from guardrails.framework.errors import UndeterminedError
from guardrails.framework.examples import python_function, stack
from guardrails.framework.modules import Module
from guardrails.framework.node import Node
from guardrails.framework.props import Props
from guardrails.framework.rule import Settings, Severity, resource_rule

_CONFIG_POSITION: Final = 9
_CONFIGS: Final = ("botocore.config.Config", "botocore.client.Config", "boto3.session.Config")
_MODES: Final = ("standard", "adaptive")
_TIMEOUTS: Final = ("connect_timeout", "read_timeout")

_CONFIGURED: Final = """\
import boto3
from botocore.config import Config

CONFIG = Config(
    connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 4}
)
table = boto3.resource("dynamodb", config=CONFIG).Table("orders")


def handler(event, context):
    table.put_item(Item={"id": "1"})
"""
_GOOD: Final = stack(python_function("worker", _CONFIGURED))
_SHARED: Final = stack(
    python_function(
        "worker",
        "from shop import aws\n\ns3 = aws.session.client('s3', config=aws.config(read_seconds=60))\n",
        files={
            "shop/__init__.py": "",
            "shop/aws.py": "import boto3\n"
            "from botocore import config as settings\n"
            "session = boto3.Session()\n"
            "def config(read_seconds=5):\n"
            "    return settings.Config(\n"
            "        retries=dict(mode='adaptive'), read_timeout=read_seconds, connect_timeout=1)\n",
        },
    )
)
_BY_ENVIRONMENT: Final = stack(
    python_function(
        "worker",
        "import boto3\nfrom botocore.config import Config\n"
        "s3 = boto3.client('s3', config=Config(connect_timeout=1, read_timeout=2))\n",
        environment={"variables": {"AWS_RETRY_MODE": "standard"}},
    )
)
_MADE_BY_BOTH: Final = stack(
    python_function(
        "worker",
        _CONFIGURED.replace('"mode": "standard", ', ""),
        environment={"variables": {"AWS_RETRY_MODE": "adaptive", "AWS_MAX_ATTEMPTS": "1"}},
    )
)
_LIKE_A_CLIENT: Final = stack(
    python_function("worker", "import redis\n\nclient = redis.client()\nclient.client('s3')\n"),
    python_function(
        "handed", "import boto3\nfrom shop import CONFIG\ns3 = boto3.client('s3', config=CONFIG)\n"
    ),
    python_function("open", "import boto3\ndef make(**rest):\n    return boto3.client('s3', **rest)\n"),
    python_function("other", "", runtime="nodejs22.x", handler="index.handler"),
)


class ClientSettings(Settings):
    """What is asked of a client."""

    timeouts: Annotated[
        bool, Meta(description="Whether the connection and reading must have a time limit, too.")
    ] = True


@resource_rule(
    severity=Severity.HIGH,
    findings=("CC-REL-1", "SP-2"),
    settings=ClientSettings,
    fixes={
        "lambda.Function": (
            'retries = {"mode": "standard", "total_max_attempts": 4}\n'
            'boto3.client("s3", config=Config(connect_timeout=2, read_timeout=5, retries=retries))'
        )
    },
    reads=(*READS, "lambda.Function.environment"),
    passes={
        "a client with a Config": _GOOD,
        "a client that shows neither retries nor session: another module makes both": _SHARED,
        "a Config without retries: AWS_RETRY_MODE is among the function's variables": _BY_ENVIRONMENT,
        "a single attempt among the variables: the Config asks for 4, which goes before it": _MADE_BY_BOTH,
        "calls of client without retries: of Redis, or with what is handed in": _LIKE_A_CLIENT,
    },
    fails={
        "without a botocore Config in app.py:2": stack(
            python_function("worker", "import boto3\ns3 = boto3.client('s3')\n")
        ),
        "without a botocore Config in shop/data.py:3": stack(
            python_function(
                "worker",
                "def handler(event, context):\n    from shop.data import table\n    table.get_item(Key={})\n",
                files={
                    "shop/data.py": "from boto3 import Session as S\n"
                    "session = S()\n"
                    "table = session.resource('dynamodb').Table('t')\n"
                },
            )
        ),
        'whose Config has no retries of mode "standard" or "adaptive" in app.py:7': stack(
            python_function("worker", _CONFIGURED.replace('"standard"', '"legacy"'))
        ),
        "whose Config has no retries": stack(
            python_function("worker", _CONFIGURED.replace("retries", "proxies"))
        ),
        'no retries of mode "standard" or "adaptive"': _BY_ENVIRONMENT.but(
            "worker", environment={"variables": {"AWS_RETRY_MODE": "legacy"}}
        ),
        "that AWS_MAX_ATTEMPTS gives a single attempt": _BY_ENVIRONMENT.but(
            "worker", environment={"variables": {"AWS_RETRY_MODE": "standard", "AWS_MAX_ATTEMPTS": "1"}}
        ),
        "whose Config makes a single attempt": stack(
            python_function("worker", _CONFIGURED.replace('attempts": 4', 'attempts": 1'))
        ),
        "whose Config has no read_timeout": stack(
            python_function("worker", _CONFIGURED.replace("read_timeout=5, ", ""))
        ),
    },
)
def code_client_retries(function: Node, settings: ClientSettings) -> Iterator[str]:
    """AWS clients try again with backoff, and give a call up in time.

    Otherwise one throttled call loses the work, or one that hangs takes the function's whole time.
    """
    code = python_code(function)
    if code is None or "set_default_client_config" in code.words:
        return
    for call in code.calls:
        if call.name in CLIENTS and (problem := _problem(call, code, function, settings)):
            yield f"makes an AWS client {problem} in {call.place}"


def _problem(call: Call, code: Code, function: Node, settings: ClientSettings) -> str:
    """Return what a client lacks; a Config that comes from where it cannot be seen has been chosen."""
    given = call.keyword("config")
    if given is None and len(call.node.args) > _CONFIG_POSITION:
        given = call.node.args[_CONFIG_POSITION]
    if given is None or (isinstance(given, ast.Constant) and given.value is None):
        return "" if call.open_ended else "without a botocore Config"
    for module, config in _configs(call.module, given, code):
        made = Call(module=module, node=config, name="")
        if not made.open_ended and (problem := _retry_problem(made, code, function)):
            return problem
        missing = [name for name in _TIMEOUTS if made.keyword(name) is None]
        if settings.timeouts and missing and not made.open_ended:
            return f"whose Config has no {missing[0]}"
    return ""


def _configs(
    module: Module, expression: ast.expr, code: Code, left: int = 8
) -> Iterator[tuple[Module, ast.Call]]:
    """Yield the calls of Config that an expression may come from, through variables and functions."""
    module, expression = code.resolve(module, expression)
    if not isinstance(expression, ast.Call) or not left:
        return
    if code.meaning(module, expression.func) in _CONFIGS:
        yield module, expression
    elif found := code.function(module, expression.func):
        owner, definition = found
        for node in ast.walk(definition):
            if isinstance(node, ast.Return) and node.value is not None:
                yield from _configs(owner, node.value, code, left - 1)


def _retry_problem(config: Call, code: Code, function: Node) -> str:
    """Return what is wrong with the retries; what the Config leaves open, the environment says.

    So botocore reads it: AWS_MAX_ATTEMPTS and total_max_attempts count the first attempt, max_attempts does
    not (boto3's guide "Retries", AWS SDKs' reference "Retry behavior").
    """
    module, retries = code.resolve(config.module, config.keyword("retries") or ast.Dict())
    entries = _entries(retries)
    if entries is None:
        return ""
    written = {key: code.resolve(module, value)[1] for key, value in entries.items()}
    mode = written.get("mode") or ast.Constant(_variables(function).text("AWS_RETRY_MODE"))
    if isinstance(mode, ast.Constant) and mode.value not in _MODES:
        return 'whose Config has no retries of mode "standard" or "adaptive"'
    if "total_max_attempts" in written:
        single = _is_at_most(1, written["total_max_attempts"])
    elif "max_attempts" in written:
        single = _is_at_most(0, written["max_attempts"])
    else:
        return "that AWS_MAX_ATTEMPTS gives a single attempt" if _single_by(_variables(function)) else ""
    return "whose Config makes a single attempt" if single else ""


def _is_at_most(limit: int, value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and isinstance(value.value, int) and value.value <= limit


def _variables(function: Node) -> Props:
    return function.inputs.block("environment").block("variables")


def _single_by(variables: Props) -> bool:
    """Tell whether the environment allows no second attempt."""
    if not variables.has("AWS_MAX_ATTEMPTS"):
        return False
    try:
        return any(int(attempts) <= 1 for attempts in variables.scalars("AWS_MAX_ATTEMPTS"))
    except ValueError:
        raise UndeterminedError("its AWS_MAX_ATTEMPTS is no whole number") from None


def _entries(expression: ast.expr) -> dict[str, ast.expr] | None:
    """Return the entries of a dict written out, None if they are not all to be seen."""
    if isinstance(expression, ast.Dict):
        pairs = list(zip(expression.keys, expression.values, strict=True))
        texts = {key.value: value for key, value in pairs if isinstance(key, ast.Constant)}
        return {str(key): value for key, value in texts.items()} if len(texts) == len(pairs) else None
    if (
        isinstance(expression, ast.Call)
        and getattr(expression.func, "id", "") == "dict"
        and not expression.args
    ):
        named = {each.arg: each.value for each in expression.keywords if each.arg}
        return named if len(named) == len(expression.keywords) else None
    return None
