"""Level remediate: what is mended on its way to the provider, and what is left alone."""

from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format
from pulumi.runtime.proto import analyzer_pb2

from guardrails.framework.examples import UNKNOWN
from guardrails.framework.names import token_of
from guardrails.rules import all_rules
from tests.pack.engine_side import Call, Engine, RefusedError, secret, urn_of

REMEDIATE = """
stacks:
  dev:
    levels: {all: remediate}
    settings:
      tags: {defaults: {Project: shop, System: media, Environment: dev, Owner: web, CostCenter: c,
             DataClassification: internal}}
"""
TAGS = {"Project": "shop", "System": "media", "Environment": "dev", "Owner": "web", "CostCenter": "c"}


def engine_with(folder: Path, text: str = REMEDIATE) -> Engine:
    (folder / "guardrails.yaml").write_text(text)
    engine = Engine(all_rules())
    engine.configure()
    return engine


def mended(engine: Engine, kind: str, inputs: dict[str, Any]) -> tuple[dict[str, Any], list[Any]]:
    """Return the inputs as the provider will get them, and the remediations in their order."""
    request = analyzer_pb2.AnalyzeRequest(type=token_of(kind), urn=urn_of(kind, "it"), name="it")
    request.properties.update(inputs)
    done = list(engine.analyzer.Remediate(request, Call()).remediations)
    changed = [each for each in done if not each.diagnostic]
    return json_format.MessageToDict(changed[-1].properties) if changed else inputs, done


def test_missing_recovery_and_missing_tags_are_added(program_folder: Path) -> None:
    inputs, done = mended(
        engine_with(program_folder), "dynamodb.Table", {"name": "t", "tags": {"Owner": "me"}}
    )

    assert [each.policyName for each in done] == ["dynamodb-pitr", "tags"]
    assert inputs["pointInTimeRecovery"] == {"enabled": True}
    assert inputs["tags"] == {**TAGS, "Owner": "me", "DataClassification": "internal"}
    assert inputs["name"] == "t"


def test_what_is_right_is_left_alone(program_folder: Path) -> None:
    right = {
        "pointInTimeRecovery": {"enabled": True, "recoveryPeriodInDays": 7},
        "tags": {**TAGS, "DataClassification": "public"},
    }

    assert mended(engine_with(program_folder), "dynamodb.Table", right) == (right, [])


def test_secrets_stay_secret_when_their_neighbours_are_mended(program_folder: Path) -> None:
    tags = secret({"Owner": "hunter2"})

    inputs, done = mended(
        engine_with(program_folder), "sqs.Queue", {"tags": tags, "policy": secret("hunter2")}
    )

    assert inputs["policy"] == secret("hunter2")
    assert inputs["tags"] == secret({**TAGS, "Owner": "hunter2"})
    assert "hunter2" not in " ".join(each.description + each.diagnostic for each in done)


def test_an_unknown_value_is_not_overwritten_and_said(program_folder: Path) -> None:
    inputs, done = mended(
        engine_with(program_folder), "dynamodb.Table", {"pointInTimeRecovery": UNKNOWN, "tags": TAGS}
    )

    assert inputs["pointInTimeRecovery"] == UNKNOWN
    assert "dynamodb-pitr cannot mend it: property pointInTimeRecovery" in done[0].diagnostic


def test_nothing_is_mended_unless_the_stack_asks_for_it(program_folder: Path) -> None:
    assert mended(engine_with(program_folder, ""), "dynamodb.Table", {})[1] == []


def test_what_is_exempted_is_not_mended(program_folder: Path) -> None:
    text = (
        "stacks: {dev: {levels: {dynamodb-pitr: remediate}}}\n"
        "exemptions: [{rule: dynamodb-pitr, resource: it, reason: r, owner: o, expires: 2999-01-01}]"
    )

    assert mended(engine_with(program_folder, text), "dynamodb.Table", {})[1] == []


def test_a_rule_that_mends_nothing_cannot_be_told_to(program_folder: Path) -> None:
    with pytest.raises(RefusedError, match="rule 's3-public-access' mends nothing"):
        engine_with(program_folder, "stacks: {dev: {levels: {s3-public-access: remediate}}}")


def test_all_at_remediate_leaves_the_other_rules_mandatory(program_folder: Path) -> None:
    announced = engine_with(program_folder).configure()

    assert announced["s3-public-access"] == "mandatory"
    assert announced["dynamodb-pitr"] == "remediate"


def test_the_report_tells_what_was_mended_by_the_names_of_the_properties(program_folder: Path) -> None:
    engine = engine_with(program_folder)
    mended(engine, "dynamodb.Table", {"tags": TAGS | {"DataClassification": "public"}})

    (done,) = engine.analyzer._running().report(1).remediated
    assert (done.rule, done.properties) == ("dynamodb-pitr", ("pointInTimeRecovery",))


@pytest.mark.parametrize("rule", [rule for rule in all_rules() if rule.remedies], ids=lambda rule: rule.id)
def test_a_mended_resource_is_right_by_its_own_rule(rule: Any, program_folder: Path) -> None:
    engine = engine_with(program_folder)
    for kind in list(rule.remedies)[:5]:
        inputs, _ = mended(engine, kind, {})
        request = analyzer_pb2.AnalyzeRequest(type=token_of(kind), urn=urn_of(kind, "it"), name="it")
        request.properties.update(inputs)

        said = engine.analyzer.Analyze(request, Call()).diagnostics

        assert [each.message for each in said if each.policyName == rule.id] == []
