"""`guardrails check` and `guardrails report`: states in, reports out, exit statuses, and what is refused."""

import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pulumi.runtime.proto import analyzer_pb2

from guardrails.cli.formats import Format, rendered
from guardrails.cli.state import read_state
from guardrails.framework.configuration import StackConfiguration
from guardrails.framework.examples import UNKNOWN, Stack, python_function, resource, stack
from guardrails.framework.graph import Graph
from guardrails.framework.judge import judge
from guardrails.framework.levels import Profile
from guardrails.framework.rule import Rule
from guardrails.framework.run import judge_state
from guardrails.reports.as_json import from_json
from guardrails.rules import all_rules
from tests.pack.archives import ARCHIVE, ASSET, SIGNATURE
from tests.pack.command import guardrails
from tests.pack.engine_side import SECRET_SIGNATURE, Call, Engine
from tests.pack.states import ciphertext, deployment_of, plaintext
from tests.pack.unknown_places import inside, put

BROKEN = stack(resource("dynamodb.Table", "records", name="shop-records-dev"))
CLEAN = stack(resource("example.Nothing", "nothing", name="x"))  # no rule knows it
FORMATS = [form.value for form in Format]
RULES = all_rules()


@pytest.fixture(autouse=True)
def advisory_tags(program_folder: Path) -> None:
    """Small examples carry no tags; that is not what is tried here."""
    (program_folder / "guardrails.yaml").write_text("stacks: {dev: {levels: {tags: disabled}}}\n")


def state_file(content: Any, path: str = "state.json") -> str:
    Path(path).write_text(json.dumps(content))
    return path


def found_in(content: Any) -> set[tuple[str, str, str]]:
    """Return rule, resource and sentence of what `check` reports."""
    done = guardrails("check", "--state", state_file(content), "--format", "json")
    return {(each.rule, each.urn, each.problem) for each in from_json(done.out).results}


# --- where a program's files are ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "code",
    [
        {SIGNATURE: ARCHIVE, "path": "./app"},
        {SIGNATURE: ARCHIVE, "assets": {"app.py": {SIGNATURE: ASSET, "path": "./app/app.py"}}},
    ],
    ids=["archive", "asset"],
)
def test_relative_paths_of_a_state_begin_at_the_program(
    code: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = "import boto3\nqueues = boto3.client('sqs')\n\ndef handler(event, _): ...\n"
    shell, program = tmp_path / "shell", tmp_path / "program"
    for folder, source in ((shell, "def handler(event, _): ...\n"), (program, client)):
        (folder / "app").mkdir(parents=True)
        (folder / "app" / "app.py").write_text(source)
    (program / "Pulumi.yaml").write_text("name: shop\n")
    state = state_file(deployment_of(stack(python_function("worker", "", code=code))))
    asked = ("check", "--state", str(Path(state).resolve()), "--format", "json")
    monkeypatch.chdir(shell)

    def about_code(*options: str) -> set[str]:
        results = from_json(guardrails(*asked, *options).out).results
        return {each.problem for each in results if each.rule in ("code-client-retries", "code-readable")}

    for folder in (program, Path("../program"), program / "app"):
        (said,) = about_code("--cwd", str(folder))
        assert said.endswith("in app.py:2")
    (program / "app" / "app.py").unlink()
    (said,) = about_code("--cwd", str(program))
    assert "app.py:" not in said
    assert Path.cwd() == shell
    refused = guardrails(*asked, "--cwd", "/nowhere/at/all")
    assert (refused.status, "/nowhere/at/all" in refused.err.replace("\n", "")) == (2, True)


# --- exit statuses ------------------------------------------------------------------------------------------


def test_a_broken_stack_is_blocked_and_a_clean_one_passes() -> None:
    broken = guardrails("check", "--state", state_file(deployment_of(BROKEN)))
    clean = guardrails("check", "--state", state_file(deployment_of(CLEAN)))

    assert (broken.status, clean.status) == (1, 0)
    assert "has no point-in-time recovery" in broken.out
    assert clean.out.endswith("passed: nothing stops the deployment\n")


def test_what_is_only_advised_does_not_block() -> None:
    Path("guardrails.yaml").write_text("stacks: {dev: {levels: {all: advisory}}}\n")

    done = guardrails("check", "--state", state_file(deployment_of(BROKEN)))

    assert done.status == 0
    assert "advisory" in done.out


def test_an_empty_stack_has_nothing_to_judge() -> None:
    for content in (
        {"version": 3, "deployment": {"manifest": {}}},
        {"version": 3, "checkpoint": {"stack": "organization/shop/dev", "latest": None}},
    ):
        done = guardrails("check", "--state", state_file(content))
        assert (done.status, done.err) == (0, "")


@pytest.mark.parametrize("form", FORMATS)
def test_standard_input_and_an_output_file_do_as_files_do(form: str) -> None:
    content = deployment_of(BROKEN)
    arguments = ("check", "--format", form, "--state")
    shown = guardrails(*arguments, state_file(content))
    written = guardrails(*arguments, "-", "--output", "report", given=json.dumps(content).encode())

    assert (shown.status, written.status) == (1, 1)
    assert Path("report").read_text() == shown.out
    assert written.out.splitlines()[-1] == "written to report"
    assert "blocked: " in written.out


def test_a_report_is_converted_into_what_check_would_have_written() -> None:
    state = state_file(deployment_of(BROKEN))
    Path("report.json").write_text(guardrails("check", "--state", state, "--format", "json").out)

    for form in FORMATS:
        done = guardrails("report", "report.json", "--format", form)
        assert done.status == 0
        assert done.out == guardrails("check", "--state", state, "--format", form).out


def test_the_report_that_the_pack_writes_of_a_preview_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GUARDRAILS_REPORT", "reports/preview.json")
    engine = Engine(RULES)
    engine.configure()
    engine.preview(BROKEN)

    done = guardrails("report", "reports/preview.json", "--format", "markdown")

    assert done.status == 0
    assert "has no point-in-time recovery" in done.out


def test_another_configuration_may_be_named(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "guardrails.yaml").write_text("stacks: {dev: {levels: {all: disabled}}}\n")
    state = state_file(deployment_of(BROKEN))

    for named in (other, other / "guardrails.yaml"):
        assert guardrails("check", "--state", state, "--config", str(named)).status == 0
    refused = guardrails("check", "--state", state, "--config", str(tmp_path / "none.yaml"))
    assert (refused.status, "none.yaml" in refused.err) == (2, True)


# --- states -------------------------------------------------------------------------------------------------


def test_a_checkpoint_file_is_judged_as_an_export() -> None:
    exported = deployment_of(BROKEN)
    checkpoint = {"version": 3, "checkpoint": {"stack": "dev", "latest": exported["deployment"]}}

    assert found_in(checkpoint) == found_in(exported) != set()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_state_is_judged_as_policy_analyze_does(rule: Any) -> None:
    for example in (*rule.passing, *rule.fails.values()):
        engine = Engine(RULES)
        engine.configure(tell_stack=False)
        state = deployment_of(example)
        expected = {(each.policyName, each.urn) for each in analyzed(engine, state)}

        assert {(name, urn) for name, urn, _ in found_in(state)} == expected


def analyzed(engine: Engine, state: dict[str, Any]) -> list[Any]:
    """Play `pulumi policy analyze`: every resource by its inputs, then the stack by its outputs."""
    found: list[Any] = []
    whole = analyzer_pb2.AnalyzeStackRequest()
    for each in state["deployment"]["resources"]:
        common = {"type": each["type"], "urn": each["urn"], "name": each["urn"].split("::")[-1]}
        one = analyzer_pb2.AnalyzeRequest(**common)
        one.properties.update(each["inputs"])
        one.options.parent = each.get("parent", "")
        message = whole.resources.add(**common, parent=each.get("parent", ""))
        message.properties.update(each.get("outputs", {}))
        message.dependencies.extend(each.get("dependencies", []))
        for prop, urns in each.get("propertyDependencies", {}).items():
            message.propertyDependencies[prop].urns.extend(urns)
        for request in (one, message) if each.get("provider") else ():
            request.provider.type = "pulumi:providers:aws"
            request.provider.properties.update({"region": "eu-west-1"})
        found += engine.analyzer.Analyze(one, Call()).diagnostics
    found += engine.analyzer.AnalyzeStack(whole, Call()).diagnostics

    return found


def test_what_waits_for_its_deletion_is_not_judged() -> None:
    content = deployment_of(BROKEN)
    content["deployment"]["resources"][-1]["delete"] = True

    assert found_in(content) == set()


def test_a_result_names_the_line_that_registered_its_resource() -> None:
    done = guardrails("check", "--state", state_file(deployment_of(BROKEN)), "--format", "sarif")
    (result, *_) = json.loads(done.out)["runs"][0]["results"]

    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "infra/media.py"
    assert place["region"]["startLine"] == 12


@pytest.mark.parametrize(
    "position", ["project:///../x.py#1", "file:///etc/x#1", "project://[#1", "project:///x.py"]
)
def test_a_line_outside_the_program_is_nobodys_place(position: str) -> None:
    content = deployment_of(BROKEN)
    content["deployment"]["resources"][-1]["sourcePosition"] = position

    done = guardrails("check", "--state", state_file(content), "--format", "json")

    assert {each.source for each in from_json(done.out).results} == {""}


def test_a_resource_that_is_only_read_is_known_by_its_outputs() -> None:
    content = deployment_of(stack(resource("dynamodb.Table", "t", pointInTimeRecovery={"enabled": True})))
    read = content["deployment"]["resources"][-1]
    read |= {"external": True, "inputs": {}}

    assert "dynamodb-pitr" not in {rule for rule, _, _ in found_in(content)}


# --- secrets ------------------------------------------------------------------------------------------------


def test_an_encrypted_secret_leaves_the_rule_that_needs_it_undetermined() -> None:
    example = stack(resource("dynamodb.Table", "t", pointInTimeRecovery={"enabled": True}))

    found = found_in(deployment_of(example, ciphertext))

    assert [said for rule, _, said in found if rule == "dynamodb-pitr"] == [
        'property pointInTimeRecovery of "t" (aws:dynamodb/table:Table) is not in the clear in the state'
    ]


def test_a_secret_in_the_clear_is_judged() -> None:
    for rule in RULES:
        for example in (*rule.passing, *rule.fails.values()):
            opened, plain = (
                {(each.rule.id, each.node.urn) for each in judge(rule, graph, rule.settings())}
                for graph in (
                    Graph(read_state(json.dumps(deployment)).nodes)
                    for deployment in (deployment_of(example, plaintext), deployment_of(example))
                )
            )
            assert opened == plain


CANARY = re.compile(r"canary\d+yranac")


def canaried(rule: Rule) -> Iterator[Stack]:
    """Yield the examples of *rule*, and each with one text replaced by a canary that stands nowhere else."""
    numbers = count(1000)
    for example in (*rule.fails.values(), *rule.passing):
        yield example
        for sample in example.samples:
            for path, _, value in inside(dict(sample.inputs)):
                if isinstance(value, str) and value != UNKNOWN:
                    inputs = put(dict(sample.inputs), path, f"canary{next(numbers)}yranac")
                    yield Stack(
                        tuple(
                            replace(each, inputs=inputs) if each is sample else each
                            for each in example.samples
                        )
                    )


def told(rule: Rule, wrap: Callable[[Any], Any]) -> str:
    """Return what *rule* says of all these examples, every property passed through *wrap*, in all formats."""
    configuration, reports = StackConfiguration(profile=Profile.STRICT), []
    for example in canaried(rule):
        state = read_state(json.dumps(deployment_of(example, wrap)))
        report = judge_state(state.nodes, [rule], configuration, project="shop", stack="dev")
        reports.append(state.completed(report))
    results = tuple(result for report in reports for result in report.results)
    whole = msgspec.structs.replace(reports[0], results=results)
    return "".join(rendered(whole, form, Path(), 80) for form in Format)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_no_secret_stands_in_any_format(rule: Rule) -> None:
    """Each text that an example sets is a secret once; none comes out where a sentence quotes it."""
    assert CANARY.findall(told(rule, plaintext)) == []


def test_what_is_no_secret_is_quoted_in_every_format() -> None:
    (rule,) = [each for each in RULES if each.id == "iam-exact"]

    assert len(CANARY.findall(told(rule, lambda value: value))) >= len(Format)


# --- what is refused ----------------------------------------------------------------------------------------

URN = "urn:pulumi:dev::shop::aws:sqs/queue:Queue::q"
QUEUE = {"urn": URN, "type": "aws:sqs/queue:Queue"}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("\x00", "not JSON"),
        ("[" * 100_000, "nested too deeply"),
        (
            '{"version": 3, "deployment": {"resources": ['
            + json.dumps(QUEUE | {"inputs": {"x": 1}})[:-2]
            + "e999}}]}}",
            "not JSON",
        ),
        ("[]", "is no state of a stack"),
        ('{"pack": "guardrails"}', "is no state of a stack"),
        ('{"version": 2, "deployment": {}}', "has version 2"),
        ('{"deployment": {}}', "has version None"),
        ('{"version": 3, "deployment": 7}', "damaged: Expected `object`"),
        ('{"version": 3, "deployment": {"resources": [7]}}', r"damaged: .* at `\$\.resources\[0\]`"),
        ('{"version": 3, "deployment": {"resources": [{"urn": "x", "type": "y"}]}}', "invalid URN"),
        (
            json.dumps({"version": 3, "deployment": {"resources": [QUEUE | {"inputs": [1]}]}}),
            r"damaged: .* at `\$\.resources\[0\]\.inputs`",
        ),
        (
            json.dumps(
                {
                    "version": 3,
                    "deployment": {"resources": [QUEUE, QUEUE | {"urn": URN.replace("dev", "prod")}]},
                }
            ),
            r"several stacks \(shop/dev, shop/prod\)",
        ),
    ],
)
def test_what_is_no_state_is_refused_in_a_sentence(text: str, complaint: str) -> None:
    done = guardrails("check", "--state", "-", given=text.encode())

    assert (done.status, done.out) == (2, "")
    assert re.search(complaint, done.err)
    assert len(done.err.splitlines()) == 1


@pytest.mark.parametrize("path", ["nowhere.json", ".", "binary"])
def test_files_that_cannot_be_read_are_named(path: str) -> None:
    Path("binary").write_bytes(b"\xff\xfe\x00")

    for command in (["check", "--state", path], ["report", path]):
        done = guardrails(*command)
        assert done.status == 2
        assert path in done.err


def test_a_report_that_cannot_be_written_is_named() -> None:
    done = guardrails("check", "--state", state_file(deployment_of(CLEAN)), "--output", "no/such/folder")

    assert (done.status, "cannot write no/such/folder" in done.err) == (2, True)


def test_wrong_use_is_explained() -> None:
    state = state_file(deployment_of(CLEAN))

    assert "either --state FILE or --stack NAME" in guardrails("check").err
    assert (
        "either --state FILE or --stack NAME" in guardrails("check", "--state", state, "--stack", "dev").err
    )
    for wrong in (["check", "--format", "xml"], ["chek"], ["report"], ["check", "--profile", "all"]):
        done = guardrails(*wrong)
        assert done.status == 2
        assert done.err


def test_a_wrong_configuration_is_refused() -> None:
    Path("guardrails.yaml").write_text("stacks: {dev: {levels: {s3-tls: advisory}}}\n")

    done = guardrails("check", "--state", state_file(deployment_of(CLEAN)))

    assert done.status == 2
    assert "did you mean 's3-tls-only'?" in done.err


def test_a_defect_of_its_own_is_told_from_wrong_input(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: object) -> None:
        raise RuntimeError("what nobody should read")

    monkeypatch.setattr("guardrails.cli.app.judged", broken)
    done = guardrails("check", "--state", state_file(deployment_of(CLEAN)))

    assert done.status == 3
    assert "RuntimeError at test_pack_cli_check.py" in done.err
    assert "nobody" not in done.err


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.floats(allow_nan=False)
    | st.text(max_size=8)
    | st.sampled_from([SECRET_SIGNATURE, {**SECRET_SIGNATURE, "plaintext": "["}, ciphertext(1), "\ud800"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["4dabf18193072939515e22adb298388d", "assets", "path", "resources", "\ud800", "x"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=10,
)
FIELDS = st.sampled_from(
    [
        "inputs",
        "outputs",
        "parent",
        "provider",
        "dependencies",
        "propertyDependencies",
        "delete",
        "sourcePosition",
    ]
)


@settings(deadline=None, max_examples=80)
@given(st.dictionaries(FIELDS, JSON_VALUES, max_size=4), JSON_VALUES)
def test_no_state_breaks_the_command(fields: dict[str, Any], inputs: Any) -> None:
    table = {"urn": "urn:pulumi:dev::shop::aws:dynamodb/table:Table::t", "type": "aws:dynamodb/table:Table"}
    resources = [{**QUEUE, **fields}, {**table, "inputs": {"pointInTimeRecovery": inputs}}]
    content = json.dumps({"version": 3, "deployment": {"resources": resources}})

    assert guardrails("check", "--state", "-", given=content.encode()).status in (0, 1, 2)


# --- an installed Pulumi ------------------------------------------------------------------------------------


def install_pulumi(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.mkdir()
    (folder / "pulumi").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "pulumi").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def test_a_stack_is_exported_by_pulumi_in_the_programs_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state_file(deployment_of(BROKEN))
    install_pulumi(tmp_path / "bin", 'echo "$@" > asked; cat state.json', monkeypatch)
    monkeypatch.chdir(tmp_path / "bin")

    assert guardrails("check", "--stack", "dev", "--cwd", str(tmp_path)).status == 1
    assert (tmp_path / "asked").read_text() == "stack export --stack=dev --non-interactive\n"
    assert guardrails("check", "--stack", "dev", "--cwd", str(tmp_path), "--decrypt").status == 1
    assert "--show-secrets" in (tmp_path / "asked").read_text()


def test_what_pulumi_says_when_it_fails_is_passed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_pulumi(tmp_path / "bin", "echo 'no stack named dev found' >&2; exit 255", monkeypatch)

    done = guardrails("check", "--stack", "dev")

    assert done.status == 2
    assert "no stack named dev found" in done.err


def test_without_pulumi_the_way_to_it_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    done = guardrails("check", "--stack", "dev")

    assert done.status == 2
    assert "https://www.pulumi.com/docs/install/" in done.err
    assert "--state state.json" in done.err
