"""What documentation and the command tell of a rule, taken from the rule itself."""

import inspect
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from guardrails.framework.levels import Profile
from guardrails.framework.rule import Rule

_BOUNDS: Final = {"minimum": "from", "exclusiveMinimum": "above", "maximum": "to"}
_SERVICES: Final = {
    "apigateway": "API Gateway",
    "cloudfront": "CloudFront",
    "cloudwatch": "CloudWatch",
    "code": "Lambda, its code",
    "cognito": "Cognito",
    "dynamodb": "DynamoDB",
    "guardduty": "GuardDuty",
    "iam": "IAM",
    "kms": "KMS",
    "lambda": "Lambda",
    "s3": "S3",
    "sns": "SNS",
    "sqs": "SQS",
    "waf": "WAF",
}
"""Services by the first word of the files of their rules."""

_SEVERAL: Final = "several services"


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What a stack may choose about a rule: `allowed` is its type and range, `default` is written as JSON."""

    name: str
    allowed: str
    default: str
    about: str


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a rule is written: a file, and the line in it at which the rule begins."""

    file: Path
    line: int


def place_of(rule: Rule) -> Place:
    """Return where *rule* begins, with what it cites, its fixes and its examples."""
    return Place(file=Path(inspect.getfile(rule.function)), line=rule.function.__code__.co_firstlineno)


def check_of(rule: Rule) -> str:
    """Return the source of what *rule* checks, without what stands before the function."""
    source = inspect.getsource(rule.function)
    return source[source.index(f"def {rule.function.__name__}(") :].rstrip()


def settings_of(rule: Rule) -> Sequence[Setting]:
    """Return what a stack may choose about *rule*."""
    schema = msgspec.json.schema(rule.settings)["$defs"][rule.settings.__name__]
    return [
        Setting(
            name=name,
            allowed=_allowed(about),
            default=json.dumps(about["default"]),
            about=about["description"],
        )
        for name, about in schema["properties"].items()
    ]


def _allowed(about: Mapping[str, Any]) -> str:
    """Return type and range of a setting in words."""
    inner = about.get("items") or about.get("additionalProperties")
    kind = f"{about['type']} of {inner['type']}s" if inner else about["type"]
    bounds = [f"{word} {about[bound]}" for bound, word in _BOUNDS.items() if bound in about]
    return " ".join([kind, *bounds])


def by_fix(rule: Rule) -> Mapping[str, Sequence[str]]:
    """Return the kinds that each fix of *rule* is for."""
    found: dict[str, list[str]] = {}
    for kind, fix in rule.fixes.items():
        found.setdefault(fix, []).append(kind)
    return found


def by_remedy(rule: Rule) -> Mapping[str, Sequence[str]]:
    """Return what *rule* does at level remediate, in a sentence, and on which kinds."""
    found: dict[str, list[str]] = {}
    for kind, remedy in rule.remedies.items():
        found.setdefault(" ".join(inspect.cleandoc(remedy.__doc__ or "").split()), []).append(kind)
    return found


def by_kind(rule: Rule) -> Mapping[str, Sequence[str]]:
    """Return the properties that *rule* reads of each kind."""
    found: dict[str, list[str]] = {}
    for path in rule.reads:
        kind, _, prop = path.rpartition(".")
        found.setdefault(kind, []).append(prop)
    return found


def profiles_of(rule: Rule) -> Sequence[str]:
    """Return the profiles that have *rule*, the narrowest first."""
    return [each.value for each in Profile if rule.findings or each is Profile.STRICT]


def service_of(rule: Rule) -> str:
    """Return the service that *rule* is about, which the name of its file begins with."""
    return _SERVICES.get(rule.module.rpartition(".")[2].partition("_")[0], _SEVERAL)
