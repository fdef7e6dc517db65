"""Whatever stands in a property, no rule breaks: it passes, fails or is undetermined."""

import json
from dataclasses import replace
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardrails.framework.configuration import StackConfiguration
from guardrails.framework.examples import UNKNOWN, Sample, Stack
from guardrails.framework.judge import judge
from guardrails.framework.rule import Rule
from guardrails.rules import all_rules
from tests.pack import engine_side
from tests.pack.archives import ARCHIVE, ASSET
from tests.pack.engine_side import SECRET_SIGNATURE, Engine
from tests.pack.samples import graph_of

DEEP = '{"Statement": ' + "[" * 1_500 + "]" * 1_500 + "}"
SIGNATURE, SECRET = next(iter(SECRET_SIGNATURE.items()))
TEXTS = [
    DEEP,
    "",
    "*",
    "true",
    "{}",
    "[]",
    "arn:",
    "arn:aws:s3:::b/*",
    "alias/x",
    "shop-media-dev",
    '{"Statement": [1]}',
    '{"Statement": {"Effect": "Allow", "Principal": {"AWS": [1]}, "Action": {}, "Resource": "*"}}',
    '{"Statement": [], "Statement": []}',
    "[" * 100_000,
    "a" * 100_000,
    "Allow",
    "Deny",
    "s3:Get*",
    "iam:PassRole",
    "arn:aws:lambda:eu-west-1:111122223333:function:f:live",
    "arn:aws:iam::aws:policy/AdministratorAccess",
    "arn:::::",
]
SCALARS = st.none() | st.booleans() | st.integers(-3, 40) | st.sampled_from([UNKNOWN, *TEXTS])
NAMES = (
    "Statement Effect Action Resource Principal Condition Bool enabled status source detail filter "
    "__defaults deadLetterTargetArn policy s3Bucket bucketName metric anything-but "
    "days expiration transitions storageClass prefix targetBucket rule objectOwnership sseAlgorithm "
    "allowedOrigins allowedHeaders keySchemas attributeName name projectionType description "
    "Sid NotAction NotResource NotPrincipal AWS Service Federated StringEquals ForAnyValue:StringLike "
    "Nonsense aws:SourceArn aws:PrincipalArn queueArn topicArn lambdaFunctionArn logGroup arn bucketArn"
)
KEYS = st.sampled_from(NAMES.split())
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
SIGNATURES = st.sampled_from([ASSET, ARCHIVE, SECRET, "of-something-else"])
SIGNED = st.fixed_dictionaries(
    {SIGNATURE: SIGNATURES},
    optional={
        "text": SCALARS,
        "path": st.sampled_from(["nowhere.zip", ".", "", "\0", UNKNOWN, "/dev/null"]),
        "uri": st.sampled_from(["https://example.invalid/a.zip", ""]),
        "hash": SCALARS,
        "value": VALUES,
        "assets": st.dictionaries(
            st.sampled_from(["app.py", "../app.py", "/app.py", "", "a" * 5_000]), VALUES
        ),
    },
)
"""Assets, archives and secrets, also those that no SDK would make."""


@st.composite
def broken_examples(draw: st.DrawFn, rule: Rule) -> Stack:
    """A passing example of *rule* in which some properties that it reads hold anything at all."""
    example = draw(st.sampled_from(rule.passing))
    sample = draw(st.sampled_from(example.samples))
    props = [read.rsplit(".", 1)[1] for read in rule.reads if read.rsplit(".", 1)[0] == sample.kind]
    chosen = draw(st.lists(st.sampled_from(props), min_size=1, unique=True)) if props else []
    return example.but(sample.name, **{prop: draw(VALUES | SIGNED) for prop in chosen})


PROVIDERS = st.dictionaries(
    st.sampled_from(["defaultTags", "region", "ignoreTags"]), VALUES | st.builds(json.dumps, VALUES)
)


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.id)
@settings(deadline=None, max_examples=12)  # a busy machine is no defect
@given(st.data())
def test_no_rule_has_a_defect_on_hostile_properties(rule: Rule, data: st.DataObject) -> None:
    engine = Engine([rule])
    # No file is read per example.
    engine.analyzer._configuration, engine.analyzer._stack = StackConfiguration(), engine.stack
    example, provider = data.draw(broken_examples(rule)), data.draw(PROVIDERS)

    with patch.object(
        engine_side, "_provide", lambda message, _: message.provider.properties.update(provider)
    ):
        found = engine.preview(example)

    assert not [each.message for each in found if "has a defect" in each.message]


EXAMPLES = [(rule, example) for rule in all_rules() for example in rule.passing]


@st.composite
def crowded_stacks(draw: st.DrawFn) -> Stack:
    """The examples of several rules in one stack, namesakes of each other, some properties of any shape."""
    samples: list[Sample] = []
    for number, (rule, example) in enumerate(
        draw(st.lists(st.sampled_from(EXAMPLES), min_size=2, max_size=4))
    ):
        names = {sample.name: f"{sample.name}-{number}" for sample in example.samples}
        for sample in example.samples:
            props = [read.rsplit(".", 1)[1] for read in rule.reads if read.rsplit(".", 1)[0] == sample.kind]
            broken = draw(st.lists(st.sampled_from(props), max_size=1)) if props else []
            samples.append(
                replace(
                    sample,
                    name=names[sample.name],
                    inputs={**sample.inputs, **{prop: draw(VALUES) for prop in broken}},
                    sources={
                        prop: tuple(names[each] for each in found) for prop, found in sample.sources.items()
                    },
                    after=tuple(names[each] for each in sample.after if each in names),
                )
            )
    return Stack(tuple(samples))


@settings(deadline=None, max_examples=25)  # every rule judges each
@given(crowded_stacks())
def test_no_rule_has_a_defect_on_what_other_rules_are_about(crowded: Stack) -> None:
    graph = graph_of(crowded)
    found = [verdict.problem for rule in all_rules() for verdict in judge(rule, graph)]

    assert not [problem for problem in found if "has a defect" in problem]


def test_a_document_that_is_too_deep_is_undetermined() -> None:
    (rule,) = [each for each in all_rules() if each.id == "s3-tls-only"]
    (policy, *_) = [each for each in rule.passing[0].samples if each.kind == "s3.BucketPolicy"]

    found = Engine([rule]).preview(rule.passing[0].but(policy.name, policy=DEEP))

    assert [
        each.message for each in found if "less deep and less large" in each.message and each.undetermined
    ]
