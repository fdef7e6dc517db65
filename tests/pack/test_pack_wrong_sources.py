"""An unknown value that comes from a resource of the wrong kind is a fault, whichever rule needs it."""

import json
from collections.abc import Iterator

import pytest

from guardrails.framework.examples import UNKNOWN, Sample, Stack, resource, stack
from guardrails.framework.rule import Phase, Rule
from guardrails.rules import all_rules
from tests.pack.engine_side import Diagnostic, verdicts
from tests.pack.reading import configured, touched

RULES = {rule.id: rule for rule in all_rules()}
WRONG = resource("ecs.Cluster", "wrong")

ALLOWED = {
    ("on-dashboard", "cloudwatch.Dashboard", "dashboardBody"): (
        "undetermined",
        "a body is a text of many values, and there is no kind that it should come from",
    ),
    ("services-confined", "lambda.Permission", "sourceArn"): (
        "silent",
        "a service is confined to whatever ARN it names; that it is the right one, deliveries-permitted asks",
    ),
}
"""What is said where not a violation, and why that is enough, by rule, kind and property."""


def unknown_sources(example: Stack) -> Iterator[tuple[Sample, str]]:
    """Yield each property of an example that has an unknown in it and comes from something."""
    for sample in example.samples:
        for prop, names in sample.sources.items():
            if names and UNKNOWN in json.dumps(sample.inputs.get(prop)):
                yield sample, prop


CASES = [
    pytest.param(rule, example, sample, prop, id=f"{rule.id}-{number}-{sample.name}.{prop}")
    for rule in RULES.values()
    if rule.phase is Phase.STACK
    for number, example in enumerate(rule.passing)
    for sample, prop in unknown_sources(example)
]


def judged(rule: Rule, example: Stack) -> list[Diagnostic]:
    """Return what a rule says about an example, but not about the resource of the wrong kind itself."""
    return [each for each in configured(rule).preview(example) if not each.urn.endswith(f"::{WRONG.name}")]


@pytest.mark.parametrize(("rule", "example", "sample", "prop"), CASES)
def test_an_unknown_from_the_wrong_kind_is_a_violation(
    rule: Rule, example: Stack, sample: Sample, prop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if (sample.name, prop) not in touched(rule, example, monkeypatch, "get", "has"):
        return  # nothing that the rule says could hang on it
    lured = example.plus(WRONG).traced(sample.name, **{prop: (WRONG.name,)})

    found = judged(rule, lured)

    said = "violation" if any(not each.undetermined for each in found) else "undetermined"
    allowed, _ = ALLOWED.get((rule.id, sample.kind, prop), ("violation", ""))
    assert (said if found else "silent") == allowed, found


def test_a_wrong_source_is_told_on_its_holder_and_on_what_it_decides_about() -> None:
    worker = resource("lambda.Function", "worker", name="worker", role=UNKNOWN, sources={"role": ("wrong",)})
    logging = resource(
        "s3.BucketLogging", "logging", bucket=UNKNOWN, sources={"bucket": ("wrong",)}, targetBucket="logs"
    )

    (held,) = verdicts(RULES["function-role-own"], stack(WRONG, worker))
    (decided,) = verdicts(RULES["s3-access-logs"], stack(WRONG, resource("s3.Bucket", "media"), logging))

    assert held.startswith('takes its role from "wrong" (aws:ecs/cluster:Cluster)')
    assert held.endswith("which is no iam.Role")
    assert decided.startswith('is judged by "logging" (aws:s3/bucketLogging:BucketLogging)')
    assert decided.endswith("which is no s3.Bucket")


def test_what_comes_from_a_part_of_a_resource_comes_from_that_resource() -> None:
    media = resource("s3.Bucket", "media")
    versions = resource("s3.BucketVersioning", "versions", bucket=UNKNOWN, sources={"bucket": ("media",)})
    policy = resource(
        "s3.BucketPolicy",
        "policy",
        bucket=UNKNOWN,
        sources={"bucket": ("versions",)},
        policy={"Statement": []},
    )

    assert verdicts(RULES["s3-tls-only"], stack(media, versions, policy)) == [
        "has no policy that denies requests without TLS"
    ]


def test_of_several_sources_one_of_the_right_kind_leaves_a_doubt() -> None:
    worker = resource(
        "lambda.Function", "worker", name="worker", role=UNKNOWN, sources={"role": ("wrong", "role")}
    )

    (said,) = verdicts(RULES["function-role-own"], stack(WRONG, resource("iam.Role", "role"), worker))

    assert said.startswith("cannot be judged: property role")
