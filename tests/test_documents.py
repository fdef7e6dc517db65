"""What is written for people who deploy, run and repair: commands that exist, and all that can ring."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore import xform_name
from botocore.exceptions import UnknownServiceError

from tests.mocks import ROOT, deployed

RUNBOOKS = [path.relative_to(ROOT).as_posix() for path in sorted(ROOT.glob("docs/runbooks/*.md"))]
DOCUMENTS = ["README.md", "CONTRIBUTING.md", "docs/releases.md", "docs/use-this-pack.md", *RUNBOOKS]
RECOVERY = "docs/runbooks/recovery.md"
# Options of the AWS CLI itself, beside those of the operation.
CLI_OPTIONS = {"query", "output"}


def commands(document: str) -> Iterator[list[str]]:
    """Yield the commands of a document's console blocks, word by word; a pipe ends one."""
    for block in re.findall(
        r"^ *```console\n(.*?)^ *```", (ROOT / document).read_text(), re.DOTALL | re.MULTILINE
    ):
        for command in re.split(r"^ *\$ ", block, flags=re.MULTILINE)[1:]:
            if command.startswith("make "):
                command = command.splitlines()[0]  # what the demo prints stands below it
            lexer = shlex.shlex(command.replace("\\\n", " "), posix=True, punctuation_chars=";|>")
            lexer.whitespace_split = True
            words: list[str] = []
            for word in [*lexer, "|"]:
                if set(word) <= set(";|>"):
                    yield words
                    words = []
                else:
                    words.append(word)


def called(document: str, program: str) -> list[list[str]]:
    """Return the arguments of every call of *program* in the document's commands."""
    return [words[words.index(program) + 1 :] for words in commands(document) if program in words[:2]]


@pytest.mark.finding("SP-24")
def test_deploying_running_and_repairing_are_written_down() -> None:
    readme = (ROOT / "README.md").read_text()

    assert "make deploy STACK=dev" in readme
    assert ["demo"] in called("README.md", "make")
    for document in RUNBOOKS:
        assert list(commands(document)), document


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_make_target_that_is_written_down_exists(document: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    text = (ROOT / document).read_text()

    assert (
        set(re.findall(r"`make ([a-z-]+)", text)) | {words[0] for words in called(document, "make")}
        <= targets
    )


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_aws_command_that_is_written_down_exists_with_its_options(document: str) -> None:
    for service, verb, *rest in called(document, "aws"):
        name = "s3" if service == "s3api" else service
        try:
            client = boto3.client(name, region_name="eu-central-1")  # type: ignore[call-overload]
        except UnknownServiceError:
            pytest.fail(f"{document}: there is no service {service!r}")
        options = {word.removeprefix("--") for word in rest if word.startswith("--")}
        if verb == "wait":
            assert rest[0].replace("-", "_") in client.waiter_names, f"{document}: {service} wait {rest[0]}"
            continue
        operations = {xform_name(each, "-"): each for each in client.meta.service_model.operation_names}
        assert verb in operations, f"{document}: aws {service} {verb}"
        known = parameters(client.meta.service_model.operation_model(operations[verb]))
        assert options - CLI_OPTIONS <= known, f"{document}: aws {service} {verb}"


def parameters(operation: Any) -> set[str]:
    """Return the options of an operation; a boolean one can be negated."""
    members = operation.input_shape.members
    names = {xform_name(name, "-"): shape for name, shape in members.items()}
    return set(names) | {f"no-{name}" for name, shape in names.items() if shape.type_name == "boolean"}


@pytest.mark.parametrize("document", RUNBOOKS)
def test_every_output_that_a_runbook_asks_for_is_an_output(document: str) -> None:
    for placeholder in re.findall(r"<([\w.]+(?: or [\w.]+)*)>", (ROOT / document).read_text()):
        for path in placeholder.split(" or "):
            value: Any = {**deployed("dev").exports["objects"], "stack": "dev"}
            for key in path.split("."):
                assert key in value, f"{document}: <{path}>"
                value = value[key]


@pytest.mark.finding("SP-24")
def test_the_runbook_says_what_to_do_about_every_alarm() -> None:
    rows = re.findall(r"^\| (`…[^|]*)\|", (ROOT / "docs/runbooks/objects.md").read_text(), re.MULTILINE)
    endings = re.findall(r"`…(-[\w-]+)`", " ".join(rows))
    alarms = [each.inputs["name"].removesuffix("-dev") for each in deployed("dev").of(ALARM)]

    assert alarms
    assert [alarm for alarm in alarms if not alarm.endswith(tuple(endings))] == []
    assert [ending for ending in endings if not any(alarm.endswith(ending) for alarm in alarms)] == []


ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"


@pytest.mark.finding("SP-25")
def test_the_recovery_runbook_has_steps_time_and_point_for_every_store() -> None:
    text = (ROOT / RECOVERY).read_text()
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line[:2] == "| "
    ]
    header, *stores = rows
    outputs = deployed("prod").exports["objects"]

    assert header == ["store", "lost", "recovery point", "recovery time", "how"]
    named = {outputs[row[0].strip("`<>")] for row in stores}
    kept = deployed("prod").of("aws:dynamodb/table:Table") + deployed("prod").of("aws:s3/bucket:Bucket")
    names = {each.inputs.get("name") or each.inputs["bucket"] for each in kept}
    assert {name for name in names if "-logs-" not in name} <= named
    for row in stores:
        assert all(row), row
        assert re.fullmatch(r"\d+ h", row[3]), row
        for anchor in re.findall(r"\(#([\w-]+)\)", row[4]):
            assert f"## {anchor.replace('-', ' ')}\n" in text.lower(), anchor


@pytest.mark.finding("SP-9", "CC-COST-2")
def test_how_sizes_are_measured_and_chosen_is_written_down() -> None:
    document = "docs/runbooks/tuning.md"

    assert [words[1] for words in called(document, "aws")] == ["start-query", "get-query-results"]
    assert "record.metrics.maxMemoryUsedMB" in (ROOT / document).read_text()
    for function in deployed("dev").of("aws:lambda/function:Function"):
        # Lambda writes the records that the query reads at this level.
        assert function.inputs["loggingConfig"]["systemLogLevel"] == "INFO"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_between_documents_lead_somewhere(document: str) -> None:
    for target in re.findall(r"\]\((?!https?://)([^)#]+)", (ROOT / document).read_text()):
        assert ((ROOT / document).parent / target).exists(), f"{document}: {target}"


@pytest.mark.finding("UA-6.2")
def test_every_system_has_tests_of_its_handlers_and_of_its_infrastructure() -> None:
    systems = [
        path.name for path in (ROOT / "functions").iterdir() if path.is_dir() and path.name != "common"
    ]
    systems = [name for name in systems if not name.startswith("_")]

    assert systems
    for system in systems:
        tests = "\n".join(path.read_text() for path in (ROOT / "tests" / system).glob("*.py"))
        for handler in (ROOT / "functions" / system).glob("*handler.py"):
            assert f"{system}.{handler.stem}" in tests, handler
        assert has_tests(ROOT / "tests" / system / f"test_{system}_infra.py")


def has_tests(path: Path) -> bool:
    return "\ndef test_" in path.read_text()
