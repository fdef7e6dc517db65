"""Faults spelt so that a reader of the code might miss them: the rules on code name each all the same."""

import pulumi
import pytest

from guardrails.framework.examples import python_function, stack
from guardrails.framework.judge import judge
from guardrails.rules import all_rules
from tests.pack.samples import graph_of

RULES = {rule.id: rule for rule in all_rules()}
KEY = "AKIA" + "Z7Q2M4X6" * 2
PASSWORD = "p4ssw0rd!" + "x9Qz"
CLIENT, SCAN = "code-client-retries", "code-no-scan"
TABLE = "import boto3\nt = boto3.resource('dynamodb', config=settings.config()).Table(name)\n"

HIDDEN = {
    "an attribute by name": (CLIENT, "import boto3\ngetattr(boto3, 'client')('s3')\n"),
    "an attribute of an attribute": (
        CLIENT,
        "import boto3\ngetattr(getattr(boto3, 'Session')(), 'client')('s3')\n",
    ),
    "a module by name": (CLIENT, "import importlib\nimportlib.import_module('boto3').client('s3')\n"),
    "a module by its own import": (
        CLIENT,
        "from importlib import import_module as load\nload('boto3').client('s3')\n",
    ),
    "a built-in import": (CLIENT, "__import__('boto3').client('s3')\n"),
    "an import that may fail": (
        CLIENT,
        "try:\n    import boto3\nexcept ImportError:\n    boto3 = None\nboto3.client('s3')\n",
    ),
    "a variable that waits for its value": (
        CLIENT,
        "import boto3\nmake = None\nmake = boto3.client\nmake('s3')\n",
    ),
    "what Lambda runs and a shell does not": (
        CLIENT,
        "import boto3\nif __name__ != '__main__':\n    boto3.client('s3')\n",
    ),
    "a config that is none": (CLIENT, "import boto3\nboto3.client('s3', config=None)\n"),
    "a scan under another name": (SCAN, TABLE + "read = t.scan\nread()\n"),
    "a scan by name": (SCAN, TABLE + "getattr(t, 'scan')()\n"),
    "an answer instead of the error": (
        "code-errors",
        "def handler(event, _):\n    try: work()\n    except Exception: return {'statusCode': 200}\n",
    ),
    "a variable called as the guard": (
        "code-idempotent",
        "idempotent = False\ndef handler(event, context):\n    table.put_item(Item={})\n",
    ),
    "a key in bytes": ("code-no-secrets", f"k = b'{KEY}'\n"),
    "a key in a docstring": ("code-no-secrets", f'"""For example {KEY}."""\n'),
    "a password as the default": ("code-no-secrets", f"def connect(host, password='{PASSWORD}'): ...\n"),
    "a password as the keyword's default": (
        "code-no-secrets",
        f"def connect(*, password='{PASSWORD}'): ...\n",
    ),
    "a password where none is set": (
        "code-no-secrets",
        f"import os\nword = os.environ.get('DB_PASSWORD', '{PASSWORD}')\n",
    ),
    "a password put into the environment": ("code-no-secrets", f"os.environ['DB_PASSWORD'] = '{PASSWORD}'\n"),
    "a token that is compared": ("code-no-secrets", f"allowed = request['token'] == '{PASSWORD}'\n"),
    "the name of a bucket by position": (
        "code-settings",
        "import boto3\nboto3.resource('s3').Bucket('shop-prod')\n",
    ),
    "another name for the event": (
        "code-events-validated",
        "def handler(event, context):\n    given = event\n    return given['order']\n",
    ),
    "a shell by a number": ("code-unsafe", "import subprocess\nsubprocess.run(text, shell=1)\n"),
    "a shell by a variable": (
        "code-unsafe",
        "import subprocess\nSHELL = True\nsubprocess.run(text, shell=SHELL)\n",
    ),
    "a command by name": ("code-unsafe", "import os\ngetattr(os, 'system')(text)\n"),
}
"""What hides it -> the rule that must say so, and the code."""

QUIET = {
    "an attribute that the program chooses": (CLIENT, "import boto3\ngetattr(boto3, kind)('s3')\n"),
    "what runs from a shell only": (
        CLIENT,
        "import boto3\nif __name__ == '__main__':\n    boto3.client('s3')\n",
    ),
    "what runs from a shell only, the other way round": (
        CLIENT,
        "import boto3\nif '__main__' == __name__:\n    boto3.client('s3')\n",
    ),
    "a getattr with a default": (SCAN, "x = getattr(event, 'scan', None)\n"),
    "a default that is no secret": ("code-no-secrets", "import os\nos.environ.get('DB_PASSWORD', '')\n"),
    "an answer that is worked out": (
        "code-errors",
        "def handler(event, _):\n    try: work()\n    except Exception as e: return failed(e)\n",
    ),
    "an address in a docstring": ("code-no-secrets", '"""Takes postgres://user:hunter2@host/db."""\n'),
    "a shell switched off": ("code-unsafe", "import subprocess\nsubprocess.run(args, shell=0)\n"),
}


FEED = next(iter(RULES["code-idempotent"].fails.values())).samples[1]


def said(rule: str, source: str) -> list[str]:
    code = pulumi.AssetArchive({"app.py": pulumi.StringAsset(source)})
    function = python_function("worker", "", name="shop-worker-dev", code=code)
    return [each.problem for each in judge(RULES[rule], graph_of(stack(function, FEED)))]


@pytest.mark.parametrize(("rule", "source"), HIDDEN.values(), ids=HIDDEN)
def test_a_fault_that_is_spelt_in_another_way_is_found(rule: str, source: str) -> None:
    assert said(rule, source)


@pytest.mark.parametrize(("rule", "source"), QUIET.values(), ids=QUIET)
def test_what_only_looks_like_a_fault_passes(rule: str, source: str) -> None:
    assert said(rule, source) == []
