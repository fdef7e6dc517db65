"""Every rule against its own examples, asked through the SDK's messages and proxies."""

from dataclasses import replace
from pathlib import Path

import pytest
from pulumi.runtime.proto import analyzer_pb2

from guardrails.framework.examples import UNKNOWN, Stack
from guardrails.framework.rule import Rule
from guardrails.rules import all_rules
from tests.pack.engine_side import Call, secret, urn_of
from tests.pack.reading import configured, touched

RULES = {rule.id: rule for rule in all_rules()}
PASSING = [
    pytest.param(rule, example, id=f"{rule.id}-{number}")
    for rule in RULES.values()
    for number, example in enumerate(rule.passing)
]
FAILING = [
    pytest.param(rule, words, example, id=f"{rule.id}-{words}")
    for rule in RULES.values()
    for words, example in rule.fails.items()
]


@pytest.mark.parametrize(("rule", "example"), PASSING)
def test_a_passing_example_passes_in_a_first_preview(rule: Rule, example: Stack) -> None:
    assert configured(rule).preview(example) == []


@pytest.mark.parametrize(("rule", "words", "example"), FAILING)
def test_a_failing_example_is_stopped_with_its_message(rule: Rule, words: str, example: Stack) -> None:
    found = configured(rule).preview(example)

    assert [each.level for each in found if words in each.message and not each.undetermined] == ["mandatory"]
    assert {each.rule for each in found} == {rule.id}
    assert not [each for each in found if each.undetermined]


@pytest.mark.parametrize(("rule", "example"), PASSING)
def test_a_passing_example_passes_where_the_engine_shows_no_inputs(rule: Rule, example: Stack) -> None:
    assert configured(rule).preview(example, with_inputs=False) == []


@pytest.mark.parametrize(("rule", "example"), PASSING)
def test_a_passing_example_passes_when_every_value_is_secret(rule: Rule, example: Stack) -> None:
    hidden = Stack(
        tuple(
            replace(each, inputs={key: secret(value) for key, value in each.inputs.items()})
            for each in example.samples
        )
    )

    assert configured(rule).preview(hidden) == []


PROVED = {
    (id(example), "work", "name"): "the dead-letter queue is found by its own name"
    for rule in ("dead-letter-queues", "dead-letter-retention")
    for example in RULES[rule].passing
    if "redrive" not in [each.name for each in example.samples]
} | {
    (id(example), "by-day", prop): "the table's own insights are there, whatever these are of"
    for example in RULES["dynamodb-contributor-insights"].passing
    for prop in ("indexName", "tableName")
}
"""Names that are looked at and not needed: the verdict holds whatever they turn out to be."""


@pytest.mark.parametrize(("rule", "example"), PASSING)
def test_an_unknown_in_any_touched_property_is_undetermined(
    rule: Rule, example: Stack, monkeypatch: pytest.MonkeyPatch, program_folder: Path
) -> None:
    for name, prop in sorted(touched(rule, example, monkeypatch, "get") - {("provider", "defaultTags")}):
        for unknown_level in ("mandatory", "advisory"):
            (program_folder / "guardrails.yaml").write_text(
                f"stacks: {{dev: {{undetermined: {unknown_level}}}}}"
            )
            found = configured(rule).preview(example.but(name, **{prop: UNKNOWN}))

            levels = {each.level for each in found if each.undetermined}
            proved = (id(example), name, prop) in PROVED
            assert levels == (set() if proved else {unknown_level}), f"{prop} of {name}: {found}"


def test_unknown_default_tags_are_undetermined() -> None:
    request = analyzer_pb2.AnalyzeRequest(
        type="aws:sqs/queue:Queue", urn=urn_of("sqs.Queue", "work"), name="work"
    )
    request.provider.properties.update({"defaultTags": UNKNOWN})

    found = configured(RULES["tags"]).analyzer.Analyze(request, Call()).diagnostics

    assert [("undetermined:" in each.message, each.enforcementLevel) for each in found] == [
        (True, analyzer_pb2.MANDATORY)
    ]


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_rule_reads_what_it_says_it_reads(rule: Rule, monkeypatch: pytest.MonkeyPatch) -> None:
    seen, kinds = set(), {"provider"}
    for example in [*rule.passing, *rule.fails.values()]:
        kind_of = {each.name: each.kind for each in example.samples} | {"provider": "provider"}
        kinds |= set(kind_of.values())
        seen |= {
            f"{kind_of[name]}.{prop}" for name, prop in touched(rule, example, monkeypatch, "get", "has")
        }

    assert seen == {each for each in rule.reads if each.rsplit(".", 1)[0] in kinds}
    assert set(rule.fixes) <= kinds or rule.id == "tags"
