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


TLS = "stacks: {dev: {levels: {tls-version: remediate}}}"
LOGS = "stacks: {dev: {levels: {log-retention: remediate}, settings: {log-retention: %s}}}"
SITE = {"acmCertificateArn": "arn", "sslSupportMethod": "sni-only"}


@pytest.mark.parametrize(
    ("kind", "inputs", "changed"),
    [
        ("apigateway.DomainName", {}, {"securityPolicy": "TLS_1_2"}),
        ("apigateway.DomainName", {"securityPolicy": "TLS_1_0"}, {"securityPolicy": "TLS_1_2"}),
        (
            "apigatewayv2.DomainName",
            {"domainNameConfiguration": {"certificateArn": secret("arn")}},
            {"domainNameConfiguration": {"certificateArn": secret("arn"), "securityPolicy": "TLS_1_2"}},
        ),
        (
            "cloudfront.Distribution",
            {"viewerCertificate": secret({**SITE, "minimumProtocolVersion": "TLSv1"})},
            {"viewerCertificate": secret({**SITE, "minimumProtocolVersion": "TLSv1.2_2021"})},
        ),
        ("lb.Listener", {"protocol": "HTTPS"}, {"sslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06"}),
        (
            "alb.Listener",
            {"protocol": "TLS", "sslPolicy": "ELBSecurityPolicy-2016-08"},
            {"sslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06"},
        ),
    ],
)
def test_an_old_or_unstated_version_of_tls_is_raised(
    kind: str, inputs: dict[str, Any], changed: dict[str, Any], program_folder: Path
) -> None:
    found, done = mended(engine_with(program_folder, TLS), kind, inputs)

    assert found == inputs | changed
    assert [each.policyName for each in done] == ["tls-version"]


@pytest.mark.parametrize(
    ("kind", "inputs"),
    [
        ("apigateway.DomainName", {"securityPolicy": "SecurityPolicy_TLS13_1_3_2025_09"}),
        ("apigatewayv2.DomainName", {}),
        ("apigatewayv2.DomainName", {"domainNameConfiguration": [{"certificateArn": "arn"}]}),
        ("cloudfront.Distribution", {"viewerCertificate": {"cloudfrontDefaultCertificate": True}}),
        ("cloudfront.Distribution", {"viewerCertificate": SITE | {"sslSupportMethod": "vip"}}),
        ("cloudfront.Distribution", {}),
        ("lb.Listener", {"protocol": "HTTP"}),
        ("lb.Listener", {"protocol": "TLS", "sslPolicy": "ELBSecurityPolicy-TLS13-1-1-FIPS-2023-04"}),
    ],
)
def test_tls_is_left_alone_where_it_is_right_or_cannot_be_raised_alone(
    kind: str, inputs: dict[str, Any], program_folder: Path
) -> None:
    assert mended(engine_with(program_folder, TLS), kind, inputs) == (inputs, [])


@pytest.mark.parametrize(
    ("settings", "days"),
    [
        ("{}", 365),
        ("{defaultDays: 14}", 14),
        ("{defaultDays: 8}", 14),
        ("{maximumDays: 90}", 90),
        ("{defaultDays: 7, minimumDays: 60}", 60),
    ],
)
def test_a_log_group_without_retention_gets_one_that_the_stack_allows(
    settings: str, days: int, program_folder: Path
) -> None:
    group = {"name": "/shop/worker", "tags": secret({"Owner": "hunter2"})}

    inputs, (done,) = mended(engine_with(program_folder, LOGS % settings), "cloudwatch.LogGroup", group)

    assert inputs == group | {"retentionInDays": days}
    assert done.policyName == "log-retention"


@pytest.mark.parametrize(
    ("inputs", "settings"),
    [
        ({"retentionInDays": 0}, "{}"),
        ({"retentionInDays": 3}, "{minimumDays: 7}"),
        ({}, "{minimumDays: 8, maximumDays: 10}"),
    ],
)
def test_a_retention_that_the_program_states_is_never_changed_and_none_is_made_up(
    inputs: dict[str, Any], settings: str, program_folder: Path
) -> None:
    engine = engine_with(program_folder, LOGS % settings)

    assert mended(engine, "cloudwatch.LogGroup", inputs) == (inputs, [])


def test_every_remedy_says_what_it_sets() -> None:
    for rule in all_rules():
        assert all((remedy.__doc__ or "").startswith("Set ") for remedy in rule.remedies.values()), rule.id


@pytest.mark.parametrize("rule", [rule for rule in all_rules() if rule.remedies], ids=lambda rule: rule.id)
def test_a_mended_resource_is_right_by_its_own_rule(rule: Any, program_folder: Path) -> None:
    engine = engine_with(program_folder, REMEDIATE.replace("levels:", "profile: strict\n    levels:"))
    judged = 0
    for kind in list(rule.remedies)[:5]:
        faulty = [
            sample.inputs for each in rule.fails.values() for sample in each.samples if sample.kind == kind
        ]
        for broken in ({}, *map(dict, faulty)):
            inputs, done = mended(engine, kind, broken)
            if rule.id in [each.policyName for each in done]:
                request = analyzer_pb2.AnalyzeRequest(type=token_of(kind), urn=urn_of(kind, "it"), name="it")
                request.properties.update(inputs)
                said = [*engine.analyzer.Analyze(request, Call()).diagnostics]
                judged += 1

                assert [each.message for each in said if each.policyName == rule.id] == []

    assert judged
