"""How hard rules speak: guardrails.yaml, --policy-pack-config, and the level of what is undetermined."""

from pathlib import Path

import pytest
from pulumi.runtime.proto import analyzer_pb2

from guardrails.framework.configuration import read_configuration
from guardrails.framework.examples import UNKNOWN, resource, stack
from guardrails.framework.levels import Level
from guardrails.rules import all_rules
from tests.pack.engine_side import Call, Engine, RefusedError

RULES = [rule for rule in all_rules() if rule.id in ("dynamodb-pitr", "s3-tls-only", "s3-public-access")]
UNRECOVERABLE = stack(resource("dynamodb.Table", "records"))
UNKNOWABLE = stack(resource("dynamodb.Table", "records", pointInTimeRecovery=UNKNOWN))


def bomb(doubled: str, holder: str) -> str:
    """Return YAML of 40 values, each of twice the one before."""
    lines = ["stacks:", "  s0: &s0 {levels: {all: advisory}}"]
    for number in range(1, 40):
        lines.append(f"  s{number}: &s{number} " + holder.format(doubled.format(f"s{number - 1}")))
    return "\n".join(lines)


def written(folder: Path, text: str) -> Path:
    path = folder / "guardrails.yaml"
    path.write_text(text)
    return path


def levels(text: str, folder: Path, config: dict[str, str] | None = None, stack_name: str = "dev") -> Engine:
    (folder / "guardrails.yaml").write_text(text)
    engine = Engine(RULES, stack_name)
    engine.configure(config)
    return engine


def test_without_the_file_everything_is_mandatory() -> None:
    engine = Engine(RULES)

    assert set(engine.configure().values()) == {"mandatory"}
    assert [each.level for each in engine.preview(UNRECOVERABLE)] == ["mandatory"]
    assert [(each.level, each.undetermined) for each in engine.preview(UNKNOWABLE)] == [("mandatory", True)]


def test_a_stack_lowers_one_rule_and_the_engine_is_told(program_folder: Path) -> None:
    engine = levels("stacks: {dev: {levels: {dynamodb-pitr: advisory}}}", program_folder)

    assert engine.configure() == {
        "dynamodb-pitr": "advisory",
        "s3-public-access": "mandatory",
        "s3-tls-only": "mandatory",
    }
    assert [each.level for each in engine.preview(UNRECOVERABLE)] == ["advisory"]


def test_another_stack_is_not_lowered(program_folder: Path) -> None:
    text = "stacks: {dev: {levels: {all: disabled}, undetermined: advisory}}"

    assert [each.level for each in levels(text, program_folder, None, "prod").preview(UNKNOWABLE)] == [
        "mandatory"
    ]
    assert levels(text, program_folder, None, "dev").preview(UNRECOVERABLE) == []


def test_a_rule_named_goes_over_all(program_folder: Path) -> None:
    engine = levels("stacks: {dev: {levels: {all: disabled, dynamodb-pitr: mandatory}}}", program_folder)

    assert [each.rule for each in engine.preview(UNRECOVERABLE.plus(resource("s3.Bucket", "b")))] == [
        "dynamodb-pitr"
    ]


@pytest.mark.parametrize(
    ("asked", "heard"), [("mandatory", ["mandatory"]), ("remediate", ["mandatory"]), ("disabled", [])]
)
def test_policy_pack_config_goes_over_the_file(program_folder: Path, asked: str, heard: list[str]) -> None:
    text = "stacks: {dev: {levels: {all: advisory}}}"

    engine = levels(text, program_folder, {"dynamodb-pitr": asked})

    assert [each.level for each in engine.preview(UNRECOVERABLE)] == heard


def test_a_file_may_be_overruled_for_all_rules_at_once(program_folder: Path) -> None:
    engine = levels("stacks: {}", program_folder, {"all": "advisory"})

    assert [each.level for each in engine.preview(UNRECOVERABLE)] == ["advisory"]


def test_policy_analyze_learns_the_stack_from_a_resource(program_folder: Path) -> None:
    (program_folder / "guardrails.yaml").write_text("stacks: {dev: {levels: {dynamodb-pitr: advisory}}}")
    engine = Engine(RULES, "dev")

    announced = engine.configure(tell_stack=False)

    assert set(announced.values()) == {"advisory"}  # nobody can know yet
    assert [each.level for each in engine.preview(UNRECOVERABLE, with_inputs=True)] == ["advisory"]


def test_policy_analyze_takes_what_policy_pack_config_asks_for(program_folder: Path) -> None:
    (program_folder / "guardrails.yaml").write_text("stacks: {dev: {levels: {all: disabled}}}")
    engine = Engine(RULES, "dev")
    engine.configure({"dynamodb-pitr": "mandatory"}, tell_stack=False)

    assert [each.level for each in engine.preview(UNRECOVERABLE)] == ["mandatory"]


def test_what_a_rule_that_only_advises_cannot_judge_stops_nothing(program_folder: Path) -> None:
    text = "stacks: {dev: {levels: {all: advisory}, undetermined: mandatory}}"

    (found,) = levels(text, program_folder).preview(UNKNOWABLE)

    assert (found.undetermined, found.level) == (True, "advisory")


def test_the_file_stands_beside_pulumi_yaml_even_if_the_program_runs_below(
    program_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (program_folder / "src").mkdir()
    monkeypatch.chdir(program_folder / "src")

    engine = levels("stacks: {dev: {levels: {all: advisory}}}", program_folder)

    assert [each.level for each in engine.preview(UNRECOVERABLE)] == ["advisory"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (
            "stacks: {dev: {levels: {s3-tls-onyl: advisory}}}",
            "stacks.dev.levels: there is no rule 's3-tls-onyl'; did you mean 's3-tls-only'?",
        ),
        ("stacks: {prod: {levels: {xyz: advisory}}}", "there is no rule 'xyz'; there are all, dynamodb-pitr"),
        (
            "stacks: {dev: {levels: {all: advisery}}}",
            "stacks.dev.levels.all: 'advisery' is not a level; did you mean 'advisory'?",
        ),
        (
            "stacks: {dev: {levels: {all: off}}}",
            "False is not a level; there are advisory, disabled, mandatory",
        ),
        (
            "stacks: {dev: {undetermined: disabled}}",
            "stacks.dev.undetermined: 'disabled' is not a level here; there are advisory, mandatory",
        ),
        ("stacks: {dev: {level: {}}}", "unknown key 'level'; did you mean 'levels'?"),
        ("stack: {dev: {}}", "unknown key 'stack'; did you mean 'stacks'?"),
        ("stacks: [dev]", "stacks: Expected `object | null`, got `array`"),
        ("- dev", "guardrails.yaml: Expected `object`, got `array`"),
        ("stacks: {dev: {}, dev: {}}", "key 'dev' stands twice in the mapping that begins in line 1"),
        ("stacks: {dev", "guardrails.yaml is not YAML"),
        (
            "stacks: {dev: {profile: find}}",
            "stacks.dev.profile: 'find' is not a profile; did you mean 'findings'?",
        ),
        ("stacks: &a {dev: *a}", "it is too deep or too large"),
        ("stacks: {dev: {levels: " + "{a: " * 150 + "1" + "}" * 150 + "}}", "it is too deep or too large"),
        (bomb("*{0}, *{0}", "[{}]"), "it is too deep or too large"),
        (bomb("*{0}, *{0}", "{{<<: [{}]}}"), "it is too deep or too large"),
        ("exemptions:\n- <<: {rule: a}\n  rule: a\n  rule: b", "key 'rule' stands twice"),
    ],
)
def test_a_wrong_file_stops_the_run_and_names_the_nearest(
    program_folder: Path, text: str, complaint: str
) -> None:
    with pytest.raises(RefusedError) as refused:
        levels(text, program_folder)

    assert str(refused.value).startswith("guardrails: guardrails.yaml")
    assert complaint in str(refused.value)


@pytest.mark.parametrize("text", ["docs: 5", "docs: null", "stacks: {dev: {levels: 5}}"])
def test_a_wrong_type_is_told_once(program_folder: Path, text: str) -> None:
    with pytest.raises(RefusedError, match=r"Expected `\w+`, got `\w+`$"):
        levels(text, program_folder)


def test_what_stacks_share_may_be_merged_into_them_and_changed_there(program_folder: Path) -> None:
    text = (
        "stacks:\n  dev: &dev {undetermined: advisory, levels: {dynamodb-pitr: advisory}}\n"
        "  prod: &prod {<<: *dev, undetermined: mandatory}\n"
        "  pr-*: {<<: *prod, undetermined: advisory}\n"
    )

    configuration = {
        name: read_configuration(written(program_folder, text), name, RULES) for name in ("prod", "pr-1")
    }
    assert {name: each.undetermined for name, each in configuration.items()} == {
        "prod": Level.MANDATORY,
        "pr-1": Level.ADVISORY,
    }
    assert {each.levels["dynamodb-pitr"] for each in configuration.values()} == {Level.ADVISORY}


def test_sections_without_anything_in_them_yet_are_empty(program_folder: Path) -> None:
    engine = levels("stacks:\nexemptions:\n", program_folder)

    assert [each.level for each in engine.preview(UNRECOVERABLE)] == ["mandatory"]


def test_a_file_with_the_other_ending_is_refused_and_not_ignored(program_folder: Path) -> None:
    (program_folder / "guardrails.yml").write_text("profile: strict\n")

    with pytest.raises(RefusedError, match=r"guardrails.yml is never read; rename it to guardrails.yaml"):
        Engine(RULES).configure()


def test_an_empty_file_changes_nothing(program_folder: Path) -> None:
    engine = levels("# nothing yet\n", program_folder)

    assert [each.level for each in engine.preview(UNRECOVERABLE)] == ["mandatory"]


def test_a_misspelt_rule_in_policy_pack_config_is_refused(program_folder: Path) -> None:
    with pytest.raises(RefusedError, match="there is no rule 's3-tls-onyl'; did you mean 's3-tls-only'"):
        levels("", program_folder, {"s3-tls-onyl": "advisory"})


def test_settings_that_no_rule_takes_are_refused() -> None:
    engine = Engine(RULES)
    request = analyzer_pb2.ConfigureAnalyzerRequest()
    request.policyConfig["dynamodb-pitr"].properties.update({"days": 7})

    with pytest.raises(RefusedError, match="'dynamodb-pitr' has no settings but its level"):
        engine.analyzer.Configure(request, Call())
