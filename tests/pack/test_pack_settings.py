"""Profiles, and what a stack may choose about a rule."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import pytest
from msgspec import Meta
from pulumi.runtime.proto import analyzer_pb2

from guardrails.framework.examples import resource, stack
from guardrails.framework.node import Node
from guardrails.framework.rule import Rule, Settings, Severity, resource_rule
from tests.pack.engine_side import Call, Engine, RefusedError
from tests.pack.samples import NOTHING

QUEUE = stack(resource("sqs.Queue", "work", delaySeconds=5))


class DelaySettings(Settings):
    """How long a queue may delay."""

    maximum_seconds: Annotated[int, Meta(ge=1, le=900, description="The longest delay.")] = 900


def rule(findings: tuple[str, ...]) -> Rule:
    @resource_rule(
        severity=Severity.LOW,
        findings=findings,
        fixes={"sqs.Queue": "delay_seconds=0"},
        reads=("sqs.Queue.delaySeconds",),
        passes=NOTHING,
        fails={},
        settings=DelaySettings,
    )
    def queue_delay(queue: Node, settings: DelaySettings) -> Iterator[str]:
        """Queues deliver soon.

        Whoever waits is a customer.
        """
        if queue.inputs.number("delaySeconds") > settings.maximum_seconds:
            yield f"delays by more than {settings.maximum_seconds} s"

    return queue_delay


def heard(
    folder: Path, text: str, *, findings: tuple[str, ...] = ("SP-11",), stack_name: str = "dev"
) -> list[str]:
    (folder / "guardrails.yaml").write_text(text)
    engine = Engine([rule(findings)], stack_name)
    engine.configure()
    return [each.message.splitlines()[0] for each in engine.preview(QUEUE)]


def test_a_stack_tightens_a_threshold(program_folder: Path) -> None:
    text = "stacks: {dev: {settings: {queue-delay: {maximumSeconds: 3}}}}"

    (sentence,) = heard(program_folder, text)
    assert sentence.endswith("delays by more than 3 s")
    assert heard(program_folder, text, stack_name="prod") == []


def test_a_glob_names_short_lived_stacks_and_an_exact_name_goes_first(program_folder: Path) -> None:
    text = (
        "stacks:\n  pr-*: {settings: {queue-delay: {maximumSeconds: 3}}}\n"
        "  pr-7: {settings: {queue-delay: {maximumSeconds: 9}}}"
    )

    assert len(heard(program_folder, text, stack_name="pr-12")) == 1
    assert heard(program_folder, text, stack_name="pr-7") == []


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (
            "{queue-delay: {maximumSeconds: 0}}",
            "settings.queue-delay.maximumSeconds: Expected `int` >= 1, not 0",
        ),
        (
            "{queue-delay: {maximumSeconds: soon}}",
            "settings.queue-delay.maximumSeconds: Expected `int`, got `str`",
        ),
        ("{queue-delay: {maxSeconds: 1}}", "unknown key 'maxSeconds'; did you mean 'maximumSeconds'?"),
        ("{queue-dely: {}}", "there is no rule 'queue-dely'; did you mean 'queue-delay'?"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(program_folder: Path, text: str, complaint: str) -> None:
    with pytest.raises(RefusedError) as refused:
        heard(program_folder, f"stacks: {{dev: {{settings: {text}}}}}")

    assert complaint in str(refused.value)


def test_policy_pack_config_goes_over_the_file_and_brings_numbers_as_floats(program_folder: Path) -> None:
    text = "stacks: {dev: {settings: {queue-delay: {maximumSeconds: 900}}}}"
    (program_folder / "guardrails.yaml").write_text(text)
    engine = Engine([rule(("SP-11",))])
    engine.configure()
    request = analyzer_pb2.ConfigureAnalyzerRequest()
    request.policyConfig["queue-delay"].enforcementLevel = analyzer_pb2.MANDATORY
    request.policyConfig["queue-delay"].properties.update({"maximumSeconds": 4.0})
    engine.analyzer.Configure(request, Call())

    assert "delays by more than 4 s" in engine.preview(QUEUE)[0].message


@pytest.mark.parametrize(
    ("profile", "runs"),
    [
        ("", False),
        ("profile: findings", False),
        ("profile: strict", True),
        ("stacks: {dev: {profile: strict}}", True),
        ("profile: strict\nstacks: {dev: {profile: findings}}", False),
        ("stacks: {dev: {levels: {queue-delay: advisory}}}", True),
    ],
)
def test_a_rule_without_a_finding_runs_in_profile_strict_or_where_it_is_named(
    program_folder: Path, profile: str, runs: bool
) -> None:
    (program_folder / "guardrails.yaml").write_text(profile)
    engine = Engine([rule(())])

    assert (engine.configure()["queue-delay"] != "disabled") is runs


def test_an_unknown_profile_is_refused_with_the_nearest(program_folder: Path) -> None:
    with pytest.raises(RefusedError, match="profile: 'strickt' is not a profile; did you mean 'strict'"):
        heard(program_folder, "profile: strickt")
