"""The JSON schema of guardrails.yaml, for editors: it takes what the pack takes, and nothing else."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from guardrails.framework.configuration import EVERY, ExemptionSection, FileSection, StackSection, able
from guardrails.framework.levels import Level
from guardrails.framework.rule import Rule

_SCHEMA: Final = "https://json-schema.org/draft/2020-12/schema"
_NULL: Final = {"type": "null"}
_DAY: Final = {"type": "string", "format": "date", "pattern": r"^\d{4}-\d{2}-\d{2}$"}
_ABOUT: Final = {
    "profile": "Which rules run: findings, those that a documented finding asks for, or strict, all.",
    "docs": "The page of rules that messages name, an address or a path; else they name a command.",
    "stacks": "What holds for a stack, by its name or a glob such as pr-*; an exact name goes before a glob.",
    "exemptions": "What may pass for a while, each with a reason, an owner and a last day.",
    "levels": "How hard each rule speaks; all is for those that are not named.",
    "undetermined": "What becomes of a result that a rule could neither pass nor fail.",
    "elsewhere": "ARNs, or globs on them, of what other stacks answer for.",
    "settings": "What the stack chooses about a rule.",
    "rule": "The id of the rule.",
    "resource": "A glob on the URN, or on the name in the program.",
    "reason": "Why it may pass.",
    "owner": "Who answers for it.",
    "expires": "The last day (UTC) on which it holds.",
    "exempted stacks": "Names or globs of the stacks that it is for; all if absent.",
}


def configuration_schema(rules: Sequence[Rule]) -> dict[str, Any]:
    """Return the schema, with the levels and settings of each of *rules*."""
    (_, to_section, to_exempted), parts = msgspec.json.schema_components(
        [FileSection, StackSection, ExemptionSection], ref_template="#/$defs/{name}"
    )
    whole, section, exempted = (
        parts[each.__name__] for each in (FileSection, StackSection, ExemptionSection)
    )
    for part in (whole, section, exempted):
        for name, about in part["properties"].items():
            about["description"] = _ABOUT[name]
    for name, empty_or in (
        ("stacks", {"type": ["object", "null"], "additionalProperties": {"anyOf": [to_section, _NULL]}}),
        ("exemptions", {"type": ["array", "null"], "items": to_exempted}),
    ):
        whole["properties"][name] = {**empty_or, "description": _ABOUT[name]}
    exempted["properties"]["rule"]["enum"] = [rule.id for rule in rules]
    exempted["properties"]["expires"] |= _DAY
    exempted["properties"]["stacks"]["description"] = _ABOUT["exempted stacks"]
    section["properties"]["undetermined"] = {
        "enum": [Level.MANDATORY.value, Level.ADVISORY.value],
        "description": _ABOUT["undetermined"],
        "default": Level.MANDATORY.value,
    }
    section["properties"]["levels"] |= {"properties": _levels(rules), "additionalProperties": False}
    section["properties"]["settings"] |= {"properties": _settings(rules), "additionalProperties": False}
    used = {name: part for name, part in parts.items() if name not in (FileSection.__name__, Level.__name__)}
    return {"$schema": _SCHEMA, **whole, "title": "guardrails.yaml", "$defs": used}


def as_text(schema: Mapping[str, Any]) -> str:
    """Return a JSON schema as its file holds it."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _levels(rules: Sequence[Rule]) -> dict[str, Any]:
    """Return what each rule's level may be; one that mends nothing cannot remediate."""
    levels = {EVERY: {"enum": [level.value for level in Level], "description": "Every rule not named here."}}
    for rule in rules:
        allowed = [level.value for level in Level if able(rule, level) is level]
        levels[rule.id] = {"enum": allowed, "description": rule.title}
    return levels


def _settings(rules: Sequence[Rule]) -> dict[str, Any]:
    schemas = {rule.id: msgspec.json.schema(rule.settings) for rule in rules}
    found = {id_: schema["$defs"][schema["$ref"].rpartition("/")[2]] for id_, schema in schemas.items()}
    return {id_: schema for id_, schema in found.items() if schema["properties"]}
