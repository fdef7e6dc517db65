"""`guardrails list`, `explain` and the help."""

import json
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from guardrails.configuration_schema import configuration_schema
from guardrails.described import place_of
from guardrails.framework import run
from guardrails.framework.examples import UNKNOWN
from guardrails.framework.findings import all_findings
from guardrails.framework.rule import Rule
from guardrails.framework.sdk import SPECIAL_SIG_KEY
from guardrails.rules import all_rules
from tests.pack.command import guardrails

RULES = all_rules()


def listed(*arguments: str) -> set[str]:
    done = guardrails("list", *arguments)
    assert done.status == 0
    return {line.split()[0] for line in done.out.splitlines()}


def test_every_rule_is_listed_with_severity_and_title() -> None:
    lines = guardrails("list").out.splitlines()

    assert len(lines) == len(RULES)
    for rule, line in zip(RULES, lines, strict=True):
        assert line.split()[:2] == [rule.id, rule.severity.value]
        assert line.endswith(rule.title)


def test_the_list_is_narrowed_by_finding_severity_and_profile() -> None:
    assert listed("--finding", "SP-5") == {rule.id for rule in RULES if "SP-5" in rule.findings}
    assert listed("--severity", "critical") == {r.id for r in RULES if r.severity.value == "critical"}
    assert listed("--profile", "findings") == {rule.id for rule in RULES if rule.findings}
    assert listed("--profile", "strict") == {rule.id for rule in RULES}


def test_the_list_is_also_data() -> None:
    found = json.loads(guardrails("list", "--format", "json", "--finding", "SP-15").out)

    (pitr,) = [each for each in found if each["id"] == "dynamodb-pitr"]
    assert pitr["kinds"] == ["dynamodb.Table", "dynamodb.TableReplica"]
    assert "SP-15" in pitr["findings"]


def test_a_finding_without_a_rule_says_what_it_is_about() -> None:
    cited = {id_ for rule in RULES for id_ in rule.findings}
    free = next(each for each in all_findings().values() if each.id not in cited and each.check == "repo")

    done = guardrails("list", "--finding", free.id)

    assert (done.status, done.out) == (0, "")
    assert f"no rule guards {free.id} ({free.title}): it is a matter of a file in the repository" in done.err


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["explain", "s3-tls"], "did you mean 's3-tls-only'?"),
        (["list", "--finding", "SP5"], "did you mean 'SP-5'?"),
        (["list", "--severity", "hgh"], "critical"),
    ],
)
def test_a_misspelt_name_gets_the_nearest(arguments: list[str], hint: str) -> None:
    done = guardrails(*arguments)

    assert done.status == 2
    assert hint in done.err


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["explain", "tls"], "the nearest are 'messaging-tls-only', 's3-tls-only', 'tls-version'"),
        (["explain", "qqq"], "such as"),
        (["list", "--finding", "qqq"], "such as"),
    ],
)
def test_a_name_of_nothing_gets_a_few_suggestions_and_no_wall(arguments: list[str], hint: str) -> None:
    done = guardrails(*arguments)

    assert done.status == 2
    assert hint in done.err
    assert len(done.err) < 200


def test_names_are_taken_in_any_case() -> None:
    assert guardrails("explain", "S3_TLS-Only").out == guardrails("explain", "s3-tls-only").out
    assert listed("--finding", "sp-5") == listed("--finding", "SP-5")


def test_a_finding_to_explain_leads_to_its_rules() -> None:
    done = guardrails("explain", "sp-5")

    assert done.status == 2
    assert "SP-5 is no rule but a finding (failures vanish)" in done.err
    assert "guardrails list --finding SP-5" in done.err


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_is_explained_with_findings_fixes_and_examples(rule: Rule) -> None:
    said = guardrails("explain", rule.id).out
    words = " ".join(said.split())

    for text in (rule.title, rule.why, rule.severity.value, *rule.findings, *rule.fixes.values()):
        assert " ".join(text.split()) in words
    for sentence in (*rule.passes, *rule.fails):
        assert " ".join(sentence.split()) in words
    place = place_of(rule)
    assert f"/{place.file.name}:{place.line}" in said


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_example_of_a_rule_is_shown_whole_if_asked_for(rule: Rule) -> None:
    said = guardrails("explain", rule.id, "--examples").out
    words = " ".join(said.split())

    assert "known after the update" in words or UNKNOWN not in repr(rule.passes) + repr(rule.fails)
    assert UNKNOWN not in said
    assert SPECIAL_SIG_KEY not in said
    assert " …\n" not in said
    for example in rule.passing:
        for sample in example.samples:
            assert f"{sample.name}: # {sample.kind}" in words
            assert all(f"{name}:" in said for name in sample.inputs)


def test_code_is_shown_as_it_stands_in_its_file() -> None:
    said = guardrails("explain", "code-no-scan").out

    assert (
        """
        code:
          app.py: |
            import boto3

            table = boto3.resource("dynamodb").Table("orders")


            def handler(event, context):
                return table.query(KeyConditionExpression=condition)
"""
        in said
    )


def test_a_condition_is_shown_to_its_end() -> None:
    said = guardrails("explain", "s3-tls-only").out

    assert "Condition:\n              Bool: {'aws:SecureTransport': 'false'}\n" in said


def test_a_failing_example_says_what_differs_from_the_passing_one() -> None:
    said = guardrails("explain", "s3-tls-only").out

    assert '# as in "everyone, and s3:*: in a denial": media (s3.Bucket)\n' in said
    assert "# without: policy (s3.BucketPolicy)\n" in said


def test_the_code_of_a_check_is_shown_if_asked_for() -> None:
    said = guardrails("explain", "api-tracing", "--source").out

    assert "Check:\n  def api_tracing(" in said
    assert "xrayTracingEnabled" in said.partition("Check:")[2]
    assert "passes=" not in said


def test_an_explanation_names_the_page_that_guardrails_yaml_names(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    config = tmp_path / "guardrails.yaml"

    assert "Docs:" not in guardrails("explain", "tags", "--cwd", str(tmp_path)).out
    config.write_text("docs: https://docs.example/rules\n")
    assert "Docs: https://docs.example/rules#tags\n" in guardrails("explain", "tags", "-C", str(tmp_path)).out
    config.write_text("dcs: https://docs.example/rules\n")
    done = guardrails("explain", "tags", "-C", str(tmp_path))
    assert (done.status, "Docs:" in done.out) == (0, False)
    assert done.err == "note: guardrails.yaml: unknown key 'dcs'; did you mean 'docs'?\n"


@pytest.mark.parametrize("command", ["check", "report", "explain", "list", "schema", "baseline"])
def test_help_is_there_for_every_command(command: str) -> None:
    done = guardrails(command, "--help")

    assert done.status == 0
    assert command in guardrails("--help").out
    assert "For example" in done.out


def test_the_schema_of_the_configuration_is_printed() -> None:
    found = json.loads(guardrails("schema").out)

    assert found["title"] == "guardrails.yaml"
    assert found == configuration_schema(RULES) | found


def test_the_help_documents_the_exit_statuses() -> None:
    said = guardrails("--help").out

    assert all(f"{status}:" in said for status in range(4))


def test_the_version_is_told() -> None:
    assert guardrails("--version").out == "guardrails 0.1.0\n"


def test_a_copy_that_is_not_installed_has_no_version_and_no_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(run, "version", absent)

    assert guardrails("--version").out == "guardrails unreleased\n"
