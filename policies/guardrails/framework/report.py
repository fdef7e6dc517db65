"""What one run of the pack found, as data: every format and the summary are made of it.

No value of a property ever stands in a report, only names, places and sentences of rules.
"""

import hashlib
from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from guardrails.framework.levels import Level

FORMAT: Final = 1
"""The version of the JSON form; it grows when a reader of the former would misread the new one."""


class _Model(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        alias_generator=to_camel,
        validate_by_name=True,
        serialize_by_alias=True,
        use_attribute_docstrings=True,
        defer_build=True,
    )


class Outcome(StrEnum):
    """What a rule said about a resource."""

    VIOLATION = "violation"
    UNDETERMINED = "undetermined"


class FindingInfo(_Model):
    """A documented finding."""

    id: str
    system: str
    title: str
    need: str


class RuleInfo(_Model):
    """A rule that ran."""

    id: str
    title: str
    why: str
    severity: Literal["low", "medium", "high", "critical"]
    level: Level
    """The level of the rule on this stack."""
    findings: tuple[FindingInfo, ...]
    fixes: tuple[str, ...]
    """Code that puts it right, for one kind of resource or another."""
    docs: str
    """Where the rule is described."""


class Exemption(_Model):
    """A pair of resource and rule that guardrails.yaml lets pass."""

    rule: str
    resource: str
    """A glob on the URN or on the name in the program."""
    reason: str
    owner: str
    expires: date
    """The last day (UTC) on which it holds."""


class Result(_Model):
    """One thing that a rule said about one resource."""

    rule: str
    outcome: Outcome
    level: Level
    """What it does to the run; an undetermined result has a level of its own."""
    urn: str
    type: str
    name: str
    component: str
    """The component that the resource stands in, as `"name" (type)`; empty directly below the stack."""
    problem: str
    """A sentence that begins with the resource, such as `has no point-in-time recovery`."""
    fix: str
    exemption: Exemption | None = None
    """Set if the result is exempted, so that it stops nothing."""

    @property
    def blocks(self) -> bool:
        """Whether the result makes the run fail."""
        return self.exemption is None and self.level is not Level.ADVISORY

    @property
    def fingerprint(self) -> str:
        """A name of the result that is stable between runs: 64 hexadecimal digits.

        It holds rule, resource and sentence, and neither the stack nor the level.
        """
        place = self.urn.split("::", 1)[-1]
        text = "\n".join((self.rule, place, self.outcome, self.problem))
        return hashlib.sha256(text.encode()).hexdigest()


class Remediated(_Model):
    """A resource that a rule mended on its way to the provider, and which properties it set."""

    rule: str
    urn: str
    properties: tuple[str, ...]


class Report(_Model):
    """Everything that one run found."""

    format: Literal[1] = 1
    pack: str
    """The pack's name and version, `guardrails 0.1.0`."""
    project: str
    stack: str
    profile: str
    resources: int
    """How many resources the stack has."""
    rules: tuple[RuleInfo, ...]
    results: tuple[Result, ...]
    remediated: tuple[Remediated, ...] = ()
    expired: tuple[Exemption, ...] = ()
    """Exemptions whose day is over; each makes the run fail."""
    unused: tuple[Exemption, ...] = ()
    """Exemptions that no result needed."""

    @property
    def blocking(self) -> Sequence[Result]:
        """The results that make the run fail."""
        return [result for result in self.results if result.blocks]

    @property
    def passed(self) -> bool:
        """Whether nothing stops the deployment."""
        return not self.blocking and not self.expired

    def rule(self, id_: str) -> RuleInfo:
        """Return the rule of a result."""
        return next(rule for rule in self.rules if rule.id == id_)
