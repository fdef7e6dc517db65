"""`guardrails list`, `explain` and the help."""

import json
from importlib.metadata import PackageNotFoundError

import pytest

from guardrails.configuration_schema import configuration_schema
from guardrails.framework import run
from guardrails.framework.findings import all_findings
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


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_is_explained_with_findings_fixes_and_examples(rule) -> None:
    said = guardrails("explain", rule.id).out
    words = " ".join(said.split())

    for text in (rule.title, rule.why, rule.severity.value, *rule.findings, *rule.fixes.values()):
        assert " ".join(text.split()) in words
    assert "Passes:" in said
    assert next(iter(rule.fails)) in said
    assert f"docs/rules.md#{rule.id}" in said


@pytest.mark.parametrize("command", ["check", "report", "explain", "list", "schema", "baseline"])
def test_help_is_there_for_every_command(command: str) -> None:
    done = guardrails(command, "--help")

    assert done.status == 0
    assert command in guardrails("--help").out
    assert command == "explain" or "For example" in done.out


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
