"""The schema of guardrails.yaml takes what the pack takes, and refuses what it refuses."""

import copy
import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from guardrails.configuration_schema import configuration_schema
from guardrails.framework.configuration import read_configuration
from guardrails.framework.errors import ConfigError
from guardrails.rules import all_rules
from tests.mocks import ROOT

RULES = all_rules()
RIGHT: dict[str, Any] = {
    "profile": "strict",
    "docs": "https://shop.example/rules.md",
    "stacks": {
        "dev": {
            "profile": "findings",
            "levels": {"all": "advisory", "tags": "remediate", "s3-tls-only": "disabled"},
            "undetermined": "advisory",
            "elsewhere": ["arn:aws:kms:eu-west-1:111122223333:key/*"],
            "settings": {
                "log-retention": {"minimumDays": 7, "maximumDays": 30.0},
                "tags": {"defaults": {"Project": "shop"}},
                "api-throttling": {"maximumRate": 0.5},
                "bucket-named-readers": {"classes": ["restricted"]},
                "api-versioned-paths": {"pattern": "v[0-9]+"},
                "code-client-retries": {"timeouts": False},
            },
        },
        "pr-*": None,
        "prod": {},
    },
    "exemptions": [
        {
            "rule": "tags",
            "resource": "*-scratch",
            "reason": "empty",
            "owner": "web",
            "expires": "2027-01-31",
            "stacks": ["d*"],
        },
        {
            "rule": "tags",
            "resource": "a",
            "reason": "b",
            "owner": "c",
            "expires": "2027-02-28",
            "stacks": None,
        },
    ],
}
ODD = st.sampled_from(
    [None, True, -1, 0, 1, 2.5, 30, 10**7, "", " ", "tags", "all", "remediate", "advisory", "strict", "v(",
     "2027-02-30", "2027-1-1", [], ["dev"], [1], {}, {"minimumDays": 3}, {"tags": "mandatory"}, {"x": 1}]
)  # fmt: skip


@cache
def validator() -> Draft202012Validator:
    schema = configuration_schema(RULES)
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)


def is_taken(content: Any, folder: Path) -> bool:
    path = folder / "guardrails.yaml"
    path.write_text(yaml.safe_dump(content))
    try:
        read_configuration(path, "dev", RULES)
    except ConfigError:
        return False
    return True


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path to everything inside *value*."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, each in inner for place in places(each, (*path, key)))]


PLACES = [place for place in places(RIGHT) if place]


def changed(place: tuple[Any, ...], how: str, value: Any) -> Any:
    """Return the right file with one place replaced or left out, or a key added beside it."""
    content = copy.deepcopy(RIGHT)
    holder = content
    for step in place[:-1]:
        holder = holder[step]
    if how == "left out":
        del holder[place[-1]]
    elif how == "added" and isinstance(holder, dict):
        holder["tag" if isinstance(value, str) else "maximumDays"] = value
    else:
        holder[place[-1]] = value
    return content


def test_the_right_file_is_taken_by_both(program_folder: Path) -> None:
    assert list(validator().iter_errors(RIGHT)) == []
    assert is_taken(RIGHT, program_folder)


@given(place=st.sampled_from(PLACES), how=st.sampled_from(["left out", "added", "replaced"]), value=ODD)
@example(place=("stacks",), how="replaced", value=None)
@example(place=("exemptions",), how="replaced", value=None)
def test_the_schema_and_the_pack_agree_on_every_change(
    place: tuple[Any, ...], how: str, value: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    content = changed(place, how, value)

    assert validator().is_valid(content) == is_taken(content, tmp_path_factory.mktemp("program"))


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ({"stacks": {"dev": {"levels": {"s3-tls": "mandatory"}}}}, "'s3-tls' was unexpected"),
        ({"stacks": {"dev": {"levels": {"s3-tls-only": "remediate"}}}}, "'remediate' is not one of"),
        ({"stacks": {"dev": {"settings": {"s3-tls-only": {}}}}}, "'s3-tls-only' was unexpected"),
        ({"stacks": {"dev": {"settings": {"tags": {"default": {}}}}}}, "'default' was unexpected"),
        ({"exemptions": [{"rule": "tags"}]}, "'resource' is a required property"),
    ],
)
def test_what_is_wrong_is_named(content: Any, complaint: str) -> None:
    found = [inner for each in validator().iter_errors(content) for inner in (each, *(each.context or ()))]

    assert any(complaint in each.message for each in found)


def test_the_file_of_this_project_is_right_and_names_its_schema() -> None:
    text = (ROOT / "guardrails.yaml").read_text()
    found = json.loads(json.dumps(yaml.safe_load(text), default=str))  # days as text, as editors see them

    assert list(validator().iter_errors(found)) == []
    assert text.startswith("# yaml-language-server: $schema=docs/guardrails.schema.json\n")


def test_every_setting_is_described() -> None:
    settings = configuration_schema(RULES)["$defs"]["StackSection"]["properties"]["settings"]["properties"]

    for rule, schema in settings.items():
        for name, about in schema["properties"].items():
            assert about["description"].endswith("."), f"{rule}.{name}"
