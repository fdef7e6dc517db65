"""Exemptions: what a team lets pass for a while, and what happens when the while is over."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from guardrails.framework.configuration import StackConfiguration
from guardrails.framework.examples import Stack, resource, stack
from guardrails.framework.exemptions import today
from guardrails.rules import all_rules
from tests.pack.engine_side import Engine, RefusedError, urn_of

RULES = [rule for rule in all_rules() if rule.id in ("dynamodb-pitr", "s3-public-access")]
TABLE = stack(resource("dynamodb.Table", "records"))
TOMORROW, YESTERDAY = today() + timedelta(days=1), today() - timedelta(days=1)


def exempted(folder: Path, example: Stack, *, expires: date, **fields: str) -> Engine:
    entry = {
        "rule": "dynamodb-pitr",
        "resource": "records",
        "reason": "a cache",
        "owner": "platform",
        "expires": str(expires),
        **fields,
    }
    lines = "\n".join(
        f"    {key}: {value!r}" for key, value in entry.items() if key not in ("expires", "stacks")
    )
    stacks = f"\n    stacks: {entry['stacks']}" if "stacks" in entry else ""
    text = f"exemptions:\n  -\n{lines}\n    expires: {entry['expires']}{stacks}\n"
    (folder / "guardrails.yaml").write_text(text)
    engine = Engine(RULES)
    engine.configure()
    return engine


def report_of(engine: Engine):
    return engine.analyzer._running().report(1)


@pytest.mark.parametrize(
    "glob", ["records", "rec*", urn_of("dynamodb.Table", "records"), "urn:pulumi:*::*::*dynamodb*::records"]
)
def test_a_resource_is_exempted_by_name_or_urn(program_folder: Path, glob: str) -> None:
    engine = exempted(program_folder, TABLE, expires=TOMORROW, resource=glob)

    assert engine.preview(TABLE) == []
    (result,) = report_of(engine).results
    assert result.exemption is not None
    assert result.exemption.reason == "a cache"
    assert report_of(engine).passed


def test_other_resources_and_other_rules_are_not_exempted(program_folder: Path) -> None:
    others = stack(resource("dynamodb.Table", "orders"), resource("s3.Bucket", "records", bucket="b"))

    found = exempted(program_folder, others, expires=TOMORROW).preview(others)

    assert {(each.rule, each.level) for each in found} == {
        ("dynamodb-pitr", "mandatory"),
        ("s3-public-access", "mandatory"),
    }


def test_an_exemption_holds_on_its_last_day(program_folder: Path) -> None:
    assert exempted(program_folder, TABLE, expires=today()).preview(TABLE) == []


def test_an_expired_exemption_fails_and_tells_who_asked_for_it(program_folder: Path) -> None:
    engine = exempted(program_folder, TABLE, expires=YESTERDAY)

    found = engine.preview(TABLE)

    assert [each.level for each in found] == ["mandatory", "mandatory"]
    assert f"Exempted until {YESTERDAY} by platform, no longer" in found[0].message
    assert f"expired on {YESTERDAY} (owner: platform; reason: a cache)" in found[1].message
    assert not report_of(engine).passed


def test_an_expired_exemption_fails_even_if_nothing_needs_it(program_folder: Path) -> None:
    sound = stack(resource("dynamodb.Table", "records", pointInTimeRecovery={"enabled": True}))

    found = exempted(program_folder, sound, expires=YESTERDAY).preview(sound)

    assert [(each.rule, each.level) for each in found] == [("dynamodb-pitr", "mandatory")]


def test_an_unused_exemption_is_reported_and_stops_nothing(program_folder: Path) -> None:
    sound = stack(resource("dynamodb.Table", "records", pointInTimeRecovery={"enabled": True}))
    engine = exempted(program_folder, sound, expires=TOMORROW)

    assert engine.preview(sound) == []
    assert [each.rule for each in report_of(engine).unused] == ["dynamodb-pitr"]
    assert report_of(engine).passed


@pytest.mark.parametrize(("stacks", "heard"), [("[dev]", 0), ("['d*']", 0), ("[prod]", 1)])
def test_an_exemption_may_be_for_some_stacks_only(program_folder: Path, stacks: str, heard: int) -> None:
    engine = exempted(program_folder, TABLE, expires=TOMORROW, stacks=stacks)

    assert len(engine.preview(TABLE)) == heard


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        ("{resource: r, reason: x, owner: o, expires: 2027-01-01}", "exemptions[0]: rule is missing"),
        (
            "{rule: dynamodb-pitr, reason: x, owner: o, expires: 2027-01-01}",
            "exemptions[0]: resource is missing",
        ),
        ("{rule: dynamodb-pitr, resource: r, reason: x, owner: o}", "exemptions[0]: expires is missing"),
        (
            "{rule: dynamodb-pitr, resource: r, reason: ' ', owner: o, expires: 2027-01-01}",
            "exemptions[0].reason: must not be blank",
        ),
        (
            "{rule: dynamodb-pitr, resource: '', reason: x, owner: o, expires: 2027-01-01}",
            "exemptions[0].resource: must not be blank",
        ),
        (
            "{rule: dynamodb-pitr, resource: r, reason: x, owner: o, expires: never}",
            "exemptions[0].expires: Invalid RFC3339 encoded date, not 'never'",
        ),
        (
            "{rule: dynamodb-pitt, resource: r, reason: x, owner: o, expires: 2027-01-01}",
            "exemptions[0].rule: there is no rule 'dynamodb-pitt'; did you mean 'dynamodb-pitr'?",
        ),
        (
            "{rule: dynamodb-pitr, resource: r, reasons: x, owner: o, expires: 2027-01-01}",
            "unknown key 'reasons'; did you mean 'reason'?",
        ),
    ],
)
def test_a_wrong_exemption_is_refused_by_name(program_folder: Path, entry: str, complaint: str) -> None:
    (program_folder / "guardrails.yaml").write_text(f"exemptions: [{entry}]")

    with pytest.raises(RefusedError) as refused:
        Engine(RULES).configure()

    assert complaint in str(refused.value)


def test_a_run_tells_of_every_resource_once_however_often_it_is_judged(program_folder: Path) -> None:
    engine = Engine(RULES)
    engine.configure()
    engine.preview(TABLE)
    engine.preview(TABLE)

    assert len(report_of(engine).results) == 1
    assert StackConfiguration().exemptions == ()
