"""Fixes are code that a reader can paste: Python, with the arguments that pulumi_aws has."""

import ast
import inspect
import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import Any

import pytest

from guardrails.rules import all_rules

FIXES = sorted({(rule.id, kind, fix) for rule in all_rules() for kind, fix in list(rule.fixes.items())[:40]})


def parsed(fix: str) -> tuple[ast.AST, ast.Call | None]:
    """Return the code, and the call that it is the arguments of, if it is those of the resource at fault."""
    try:
        call = ast.parse(f"arguments({fix}\n)", mode="eval").body
    except SyntaxError:
        return ast.parse(fix), None
    assert isinstance(call, ast.Call)
    assigned = any(isinstance(each.value, ast.Call) and is_resource(each.value) for each in call.keywords)
    return call, None if assigned else call


def is_resource(call: ast.Call) -> bool:
    return re.fullmatch(r"aws\.\w+\.\w+", ast.unparse(call.func)) is not None


@cache
def parameters(module: str, name: str) -> dict[str, Any]:
    """Return the arguments of a class of pulumi_aws, with what each takes."""
    found = getattr(import_module(f"pulumi_aws.{module}"), name)
    return {
        each.name: each.annotation for each in inspect.signature(found._internal_init).parameters.values()
    }


def unknown_keys(module: str, value: ast.expr, annotation: Any, path: str) -> Iterator[str]:
    """Yield what pulumi_aws does not know in an object, or a list of objects, inside a resource."""
    if isinstance(value, ast.List):
        for element in value.elts:
            yield from unknown_keys(module, element, annotation, path)
    named = re.search(r"\b(\w+ArgsDict)\b", str(annotation))
    if not (isinstance(value, ast.Dict) and named):
        return
    known = getattr(import_module(f"pulumi_aws.{module}._inputs"), named[1]).__annotations__
    for key, inner in zip(value.keys, value.values, strict=True):
        assert isinstance(key, ast.Constant)
        assert isinstance(key.value, str)
        if key.value not in known:
            yield f"{path}.{key.value}"
        else:
            yield from unknown_keys(module, inner, known[key.value], f"{path}.{key.value}")


def unknown_arguments(module: str, name: str, call: ast.Call) -> list[str]:
    known = parameters(module, name)
    wrong = [str(each.arg) for each in call.keywords if each.arg not in known]
    for each in call.keywords:
        wrong += unknown_keys(module, each.value, known.get(str(each.arg)), str(each.arg))
    return wrong


def resources_in(code: ast.AST) -> Iterator[tuple[str, str, ast.Call]]:
    for node in ast.walk(code):
        if isinstance(node, ast.Call) and is_resource(node):
            _, module, name = ast.unparse(node.func).split(".")
            yield module, name, node


def wrong_in(kind: str, fix: str) -> list[str]:
    code, arguments = parsed(fix)
    wrong = [
        f"{m}.{n}: {each}" for m, n, call in resources_in(code) for each in unknown_arguments(m, n, call)
    ]
    if arguments and arguments.keywords:
        module, name = kind.split(".")
        wrong += unknown_arguments({"lambda": "lambda_"}.get(module, module), name, arguments)
    return wrong


@pytest.mark.parametrize(("rule", "kind", "fix"), FIXES, ids=[f"{rule}-{kind}" for rule, kind, _ in FIXES])
def test_a_fix_is_code_with_arguments_that_the_sdk_has(rule: str, kind: str, fix: str) -> None:
    assert wrong_in(kind, fix) == []


@pytest.mark.parametrize(
    ("fix", "wrong"),
    [
        ("bucketKeyEnabled=True", ["bucketKeyEnabled"]),
        ('versioning_configuration={"state": "Enabled"}', ["versioning_configuration.state"]),
        ('aws.sqs.Queue("orders", retention=3)', ["sqs.Queue: retention"]),
    ],
)
def test_a_misspelt_argument_is_found(fix: str, wrong: list[str]) -> None:
    assert wrong_in("s3.BucketVersioning", fix) == wrong


def test_prose_is_no_code() -> None:
    with pytest.raises(SyntaxError):
        wrong_in("s3.Bucket", "aws.s3.BucketPolicy with a Deny")
