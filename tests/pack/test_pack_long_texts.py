"""No pattern takes long over a long text: all end after one walk, where a careless one never would."""

import importlib
import pkgutil
import re
from collections.abc import Iterator, Mapping
from dataclasses import is_dataclass
from typing import Any

import pytest

import guardrails
from guardrails.framework.rule import Rule
from guardrails.rules import all_rules
from tests.pack.samples import said

LENGTH = 200_000
UNITS = (
    *(" ", "a", "A", "0", "-", "_", "/", ":", ".", '"', "'", "{", "}", "`", "@", "$"),
    *("aa-", "AKIA-", "-----BEGIN A ", "A ", "a+a://a:a", "arn:aws-", "aa.s3-", "https://a", "SELECT "),
    *("ALARM(", 'ALARM("', "ALARM( ", 'ALARM(" ', "NOT ALARM(", "{AWS/SQS,QueueName ", "{AWS/SQS,"),
    *(":aws:policy/", "FullAccess", ":aws:policy/FullAccess", "/FullAccess\n", "repo:a/b:", "$context."),
)
TEXTS = {unit: unit * (LENGTH // len(unit)) for unit in UNITS}
TEXTS |= {
    f"{first} and {unit}": first + TEXTS[unit] for first in ("ALARM(", ":aws:policy/") for unit in " /a"
}


ANCHORED = {
    "code_secrets._NO_SECRET",
    "code_secrets._REFERENCE",
    "composites._TOKEN",
    "iam._BROAD_POLICY",
}
"""Only ever compared with a text from its begin on: they would be slow in a search."""


def patterns() -> Iterator[tuple[str, re.Pattern[str]]]:
    """Every pattern that a module of the pack keeps, also inside what it keeps."""
    for module in pkgutil.walk_packages(guardrails.__path__, "guardrails."):
        for name, value in vars(importlib.import_module(module.name)).items():
            for number, pattern in enumerate(inside(value)):
                yield f"{module.name.rsplit('.', 1)[-1]}.{name}{number or ''}", pattern


def inside(value: Any, depth: int = 2) -> Iterator[re.Pattern[str]]:
    if isinstance(value, re.Pattern):
        yield value
    elif depth and isinstance(value, Mapping | tuple):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from inside(each, depth - 1)
    elif depth and is_dataclass(value) and not isinstance(value, type | Rule):
        yield from inside(tuple(vars(value).values()), depth)


PATTERNS = dict(patterns())


def test_the_patterns_of_the_pack_are_found() -> None:
    assert len(PATTERNS) > 25


@pytest.mark.parametrize("name", PATTERNS)
def test_a_pattern_ends_on_a_long_text(name: str) -> None:
    pattern = PATTERNS[name]
    for text in TEXTS.values():
        pattern.match(text)
        pattern.fullmatch(text)
        if name not in ANCHORED:
            pattern.findall(text)


RULES = {rule.id: rule for rule in all_rules()}


@pytest.mark.parametrize("text", TEXTS.values(), ids=range(len(TEXTS)))
def test_long_expressions_on_dashboards_and_long_rules_of_composite_alarms_are_judged(text: str) -> None:
    widgets = {"widgets": [{"properties": {"metrics": [[{"expression": text}]]}}]}
    shown = RULES["on-dashboard"].passing[0].but("board", dashboardBody=widgets)
    composed = RULES["alarm-actions"].passing[1].but("composite", alarmRule=text)

    assert "none shows" in " ".join(said(RULES["on-dashboard"], shown))
    assert "does nothing when it goes off" in " ".join(said(RULES["alarm-actions"], composed))
