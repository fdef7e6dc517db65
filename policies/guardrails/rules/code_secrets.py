"""Rules on secrets where anybody can read them: in code (Python) and in a function's environment.

No message ever holds a value, only where it is.
"""

import ast
import re
from collections.abc import Iterator
from typing import Final

from guardrails.framework.code import READS, Code, python_code
from guardrails.framework.examples import python_function, resource, stack
from guardrails.framework.modules import Module, variable
from guardrails.framework.node import Node
from guardrails.framework.rule import Severity, resource_rule

_FORMS: Final = {
    "an AWS access key": re.compile(r"\b(AKIA|ASIA)(?![A-Z0-9]*EXAMPLE)[A-Z0-9]{16}\b"),
    "a private key": re.compile(r"-----BEGIN ([A-Z]+ )*PRIVATE KEY-----"),
    "a GitHub token": re.compile(r"\b(gh[pousr]_[A-Za-z0-9]{36}|github_pat_\w{50,})"),
    "a Slack token": re.compile(r"\bxox[abeoprs]-[A-Za-z0-9-]{20,}"),
    "a Stripe key": re.compile(r"\b[rs]k_live_[A-Za-z0-9]{16,}"),
    "a password in an address": re.compile(
        r"\b[a-z][a-z0-9+]{1,20}://[^\s:/@{}<>$*]+:(?!pass|pwd|secret|xxx)[^\s:/@{}<>$*]{3,}@"
    ),
}
_WORDS: Final = re.compile(
    r"(^|[._-])(password|passwd|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|secret[_-]?key|private[_-]?key|"
    r"credentials?)$",
    re.IGNORECASE,
)
# What is no secret under such a name: a name of one, a place, a header, a placeholder, a sentence.
_NO_SECRET: Final = re.compile(
    r"""
      arn:.* | /.* | \{\{resolve:.* | https?://.* | .*[\s{}<>$%*].* | .*(?i:example|changeme|dummy|xxxx).*
    | [A-Za-z]+([-_./: ][A-Za-z0-9]+)*
    """,
    re.VERBOSE | re.DOTALL,
)
_ALSO_IN_EXAMPLES: Final = "a password in an address"
_WITH_DEFAULT: Final = ("get", "getenv", "setdefault", "pop")
_SHORTEST: Final = 8
_PASSWORD: Final = re.compile(r"(password|passwd|passphrase|pwd)$", re.IGNORECASE)
_REFERENCE: Final = re.compile(r"arn:|\{\{resolve:|[\w.-]*/")

_KEY: Final = "AKIA" + "Z7Q2M4X6" * 2
_QUIET: Final = """\
import os

password = os.environ["DB_PASSWORD"]
token = parameters.get_secret("shop/payments-2/token")
SECRET = "shop/payments2/api-key"
api_key = "/shop/dev/api_key1"
next_token = "token"
PASSWORD_FIELD = "p4ssw0rd-field"
HINT = "AKIAIOSFODNN7EXAMPLE"
connect(password=password, token=None, secret_key="DB_SECRET_KEY1")
address = f"postgres://{user}:{password}@db"
"""


@resource_rule(
    severity=Severity.CRITICAL,
    findings=("CC-OPS-5",),
    fixes={
        "lambda.Function": (
            'parameters.get_secret(os.environ["PAYMENTS_SECRET_NAME"])  # of Powertools\n'
            "# and replace the secret: whoever saw the code knows it"
        )
    },
    reads=READS,
    passes={
        "password, token and secret everywhere: they hold names of secrets, or come from outside": stack(
            python_function("worker", _QUIET)
        ),
        "a password in quotes: in a docstring, as an example": stack(
            python_function(
                "worker",
                'def handler(event, context):\n    """Such as password = "hunter2-hunter2"."""\n'
                '    return {"passwordPolicy": "12-or-more", "token": event["token"]}\n',
            ),
            python_function("other", _KEY, runtime="nodejs22.x", handler="index.handler"),
        ),
    },
    fails={
        "holds what looks like an AWS access key in app.py:1": stack(
            python_function("worker", f"client = connect('{_KEY}')\n")
        ),
        "holds what looks like a private key in app.py:3": stack(
            python_function("worker", "\n\nKEY = '''-----BEGIN RSA PRIVATE KEY-----\nMIIE'''\n")
        ),
        "holds what looks like a password in an address in app.py:1": stack(
            python_function("worker", "connect('postgres://shop:5ecr3t@db.internal/shop')\n")
        ),
        "holds a value for db_password in app.py:1": stack(
            python_function("worker", "db_password = 'hunter2-hunter2'\n")
        ),
        "holds a value for api_key in app.py:1": stack(
            python_function("worker", "client = connect(api_key='4f9c-11aa-77')\n")
        ),
        "holds a value for secretKey in app.py:1": stack(
            python_function("worker", "SETTINGS = {'secretKey': '9s8d7f6g5h4j'}\n")
        ),
    },
)
def code_no_secrets(function: Node) -> Iterator[str]:
    """Code holds no secret.

    Whoever can read the repository, the archive or the function has it, and it is not replaced in one place.
    """
    code = python_code(function)
    if code is None:
        return
    for module, text, prose in _literals(code):
        for form, pattern in _FORMS.items():
            if pattern.search(str(text.value)) and not (prose and form in _ALSO_IN_EXAMPLES):
                yield f"holds what looks like {form} in {module.at(text)}"
    for module, name, value in _named(code):
        if _named_like_a_secret(name) and _is_secret(value):
            yield f"holds a value for {name} in {module.at(value)}"


def _literals(code: Code) -> Iterator[tuple[Module, ast.Constant, bool]]:
    """Yield every text and every bytes, and whether it is only a docstring."""
    used = {id(text) for _, text in code.strings}
    for module in code.modules.values():
        for literal in module.of(ast.Constant):
            if isinstance(literal.value, str | bytes):
                yield module, literal, isinstance(literal.value, str) and id(literal) not in used


def _named(code: Code) -> Iterator[tuple[Module, str, ast.expr]]:
    """Yield every value that the code gives a name, compares with it, or falls back to where it has none."""
    for module in code.modules.values():
        for assigned in module.of(ast.Assign):
            yield from ((module, _name_of(target), assigned.value) for target in assigned.targets)
        for declared in module.of(ast.AnnAssign):
            if declared.value is not None:
                yield module, _name_of(declared.target), declared.value
        for compared in module.of(ast.Compare):
            yield from ((module, _name_of(compared.left), each) for each in compared.comparators)
        for call in module.of(ast.Call):
            if getattr(call.func, "attr", "") in _WITH_DEFAULT and len(call.args) > 1:
                yield module, _text_of(call.args[0]), call.args[1]
        for arguments in module.of(ast.arguments):
            yield from ((module, name, value) for name, value in _defaults(arguments))
        for keyword in module.of(ast.keyword):
            yield module, keyword.arg or "", keyword.value
        for mapping in module.of(ast.Dict):
            for key, value in zip(mapping.keys, mapping.values, strict=True):
                yield module, _text_of(key), value


def _name_of(target: ast.expr) -> str:
    """Return what a value is called: a variable, or the key of an item."""
    return _text_of(target.slice) if isinstance(target, ast.Subscript) else variable(target)


def _text_of(key: ast.expr | None) -> str:
    return key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else ""


def _defaults(arguments: ast.arguments) -> Iterator[tuple[str, ast.expr]]:
    """Yield the parameters of a function that have a default, and that."""
    positional = [*arguments.posonlyargs, *arguments.args]
    for parameter, value in zip(reversed(positional), reversed(arguments.defaults), strict=False):
        yield parameter.arg, value
    for parameter, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if default is not None:
            yield parameter.arg, default


def _named_like_a_secret(name: str) -> bool:
    return bool(_WORDS.search(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)))


def _is_secret(value: ast.expr) -> bool:
    text = value.value if isinstance(value, ast.Constant) else None
    return isinstance(text, str) and len(text) >= _SHORTEST and not _NO_SECRET.fullmatch(text)


_VARIABLES: Final = stack(
    resource(
        "lambda.Function",
        "worker",
        environment={
            "variables": {
                "PAYMENTS_SECRET_NAME": "shop/payments-2",
                "DB_PASSWORD": "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-AbCdEf",
                "API_TOKEN": "/shop/dev/token-1",
                "TOKEN_MINUTES": "15",
                "PASSWORD": "",
                "AdminPassword": "shop/admin-password",
            }
        },
    )
)


@resource_rule(
    severity=Severity.HIGH,
    findings=("CC-OPS-5",),
    fixes={
        "lambda.Function": (
            'environment={"variables": {"PAYMENTS_SECRET_ARN": secret.arn}}\n'
            '# in the code: parameters.get_secret(os.environ["PAYMENTS_SECRET_ARN"]) of Powertools'
        )
    },
    reads=("lambda.Function.environment",),
    passes={
        "variables called password and token: they hold names of secrets, minutes or nothing": _VARIABLES,
        "a function without environment": stack(resource("lambda.Function", "worker", runtime="python3.13")),
        "an access key, and an address with a user: AWS's own example, and no password": _VARIABLES.but(
            "worker",
            environment={
                "variables": {"HINT": "AKIAIOSFODNN7EXAMPLE", "DATABASE": "postgres://shop@db.internal/shop"}
            },
        ),
    },
    fails={
        "has a secret in the environment variable DB_PASSWORD": _VARIABLES.but(
            "worker", environment={"variables": {"DB_PASSWORD": "hunter2-hunter2"}}
        ),
        "has a secret in the environment variable MasterPassword": _VARIABLES.but(
            "worker", environment={"variables": {"MasterPassword": "summer"}}
        ),
        "has a secret in the environment variable STRIPE": _VARIABLES.but(
            "worker", environment={"variables": {"STRIPE": "sk_live_" + "a1B2c3D4" * 3}}
        ),
    },
)
def lambda_environment_secrets(function: Node) -> Iterator[str]:
    """No environment variable of a function holds a secret; it holds the name of one.

    Variables are shown in the console and by GetFunction to whoever may look at the function.
    """
    variables = function.inputs.block("environment").block("variables")
    for name in variables.keys():  # noqa: SIM118  Props is no mapping
        known = variables.known_text(name) or ""
        secret = any(pattern.search(known) for pattern in _FORMS.values())
        if secret or (_named_like_a_secret(name) and _is_plain(variables.get(name), name)):
            yield f"has a secret in the environment variable {name}"


def _is_plain(value: object, name: str) -> bool:
    """Tell whether a variable called like a secret holds one; a password may be any word, but no path."""
    if not isinstance(value, str) or not value:
        return False
    if _PASSWORD.search(name):
        return not _REFERENCE.match(value)
    return _is_secret(ast.Constant(value))
