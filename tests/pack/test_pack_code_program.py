"""The program's own code with one thing broken: the rule that guards it names the flaw."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from google.protobuf import struct_pb2

from guardrails.framework.examples import python_code
from guardrails.framework.node import Node
from guardrails.rules import all_rules
from tests.mocks import ROOT, deployed
from tests.pack.program import node_of, verdicts_on

type Changes = Mapping[str, Sequence[tuple[str, str]]]
"""For files below functions/: what is replaced by what."""

CONFIGURED = 'boto3.client("dynamodb", config=client_config())'
FAILED = """self.count("TransientFailures")
                self.logger.exception("Failed unexpectedly, to be delivered again")
                raise"""
PROCESSED = "return process_partial_response(batch, on_message, processor, context)"
LOG_METRICS = ("@runtime.telemetry.metrics.log_metrics\n", "")
BROKEN: dict[str, tuple[str, Changes]] = {
    "a client without config": (
        "code-client-retries",
        {"objects/runtime.py": [(CONFIGURED, 'boto3.client("dynamodb")')]},
    ),
    "retries without a mode": (
        "code-client-retries",
        {"common/clients.py": [('"mode": "standard", ', "")]},
    ),
    "a single attempt": (
        "code-client-retries",
        {"common/clients.py": [('"total_max_attempts": attempts', '"total_max_attempts": 1')]},
    ),
    "no timeout": ("code-client-retries", {"common/clients.py": [("read_timeout=read_seconds,", "")]}),
    "a scan": ("code-no-scan", {"objects/store.py": [("self._dynamodb.put_item(", "self._dynamodb.scan(")]}),
    "work done twice": (
        "code-idempotent",
        {
            "common/idempotency.py": [("idempotent_function(", "partial(")],
            "objects/store.py": [("ConditionExpression=condition,", "")],
        },
    ),
    "failures not returned": (
        "code-batch-failures",
        {
            "objects/runtime.py": [
                ("processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)", ""),
                (PROCESSED, "return None"),
            ]
        },
    ),
    "events not validated": (
        "code-events-validated",
        {
            "objects/events.py": [("model_validate(", "model_construct("), ("isinstance(", "callable(")],
            "objects/store.py": [("model_validate(", "model_construct(")],
        },
    ),
    "free text": (
        "code-json-logs",
        {"objects/domain.py": [("import hashlib", "print('x')\nimport hashlib")]},
    ),
    "an error swallowed": ("code-errors", {"common/telemetry.py": [(FAILED, "pass")]}),
    "metrics never put out": (
        "code-metrics",
        {"objects/handler.py": [LOG_METRICS], "objects/quarantine_handler.py": [LOG_METRICS]},
    ),
    "a name baked in": (
        "code-settings",
        {"objects/store.py": [("TableName=self._table", "TableName='records'")]},
    ),
    "a secret": (
        "code-no-secrets",
        {"objects/settings.py": [("Name = Ann", "PASSWORD = 'x7!kk2-9'\nName = Ann")]},
    ),
    "text run as code": ("code-unsafe", {"objects/events.py": [("from_json(body)", "eval(body)")]}),
}
WITHOUT_PLACE = ("code-batch-failures", "code-metrics")


@pytest.mark.parametrize(("rule", "changes"), BROKEN.values(), ids=BROKEN)
def test_a_flaw_in_the_programs_own_code_is_named_with_file_and_line(rule: str, changes: Changes) -> None:
    found = verdicts_on(with_code(program_code(changes)), all_rules())

    assert {verdict.rule.id for verdict in found} == {rule}
    assert not [verdict for verdict in found if verdict.undetermined]
    places = [re.search(r"(common|objects)/\w+\.py:\d+", verdict.problem) for verdict in found]
    assert rule in WITHOUT_PLACE or all(places)


def test_the_programs_own_code_as_it_is_has_no_flaw() -> None:
    assert verdicts_on(with_code(program_code({})), all_rules()) == []


def program_code(changes: Changes) -> dict[str, str]:
    """Return the functions' code by path, with *changes* made to it."""
    files = {
        path.relative_to(ROOT / "functions").as_posix(): path.read_text()
        for path in (ROOT / "functions").rglob("*.py")
    }
    for name, replacements in changes.items():
        for old, new in replacements:
            assert old in files[name], f"{name} has no {old!r}"
            files[name] = files[name].replace(old, new)
    return files


def with_code(files: dict[str, str]) -> list[Node]:
    """Return the program's resources with *files* for the code of every function."""
    nodes = []
    for resource in deployed("prod", preview=True).resources:
        if resource.type == "aws:lambda/function:Function":
            wire = struct_pb2.Struct()
            wire.CopyFrom(resource.wire)
            wire.update({"code": python_code(files)})
            nodes.append(node_of(replace(resource, wire=wire)))
        else:
            nodes.append(node_of(resource))
    return nodes
