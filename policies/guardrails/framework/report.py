"""What one run of the pack found, as data: every format and the summary are made of it.

No value of a property ever stands in a report, only names, places and sentences of rules.
"""

import hashlib
import re
from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import Final, Literal

import msgspec

from guardrails.framework.levels import Level

FORMAT: Final = 1
"""The version of the JSON form; it grows when a reader of the former would misread the new one."""

CODE_LINE: Final = re.compile(r"(?<![^\s:])(?P<path>[^\s:]++(?<=\.py)):(?P<line>[0-9]+)")
"""A line of a function's code, as sentences name it: `shop/worker.py:12`."""
_STATEMENT: Final = re.compile(r"\bstatement [0-9]+\b")


class _Part(msgspec.Struct, forbid_unknown_fields=True, frozen=True, rename="camel"):
    """A part of a report."""


class Outcome(StrEnum):
    """What a rule said about a resource."""

    VIOLATION = "violation"
    UNDETERMINED = "undetermined"


class FindingInfo(_Part, frozen=True, kw_only=True):
    """A documented finding."""

    id: str
    system: str
    title: str
    need: str


class RuleInfo(_Part, frozen=True, kw_only=True):
    """A rule that ran, at its level on this stack.

    `fixes` is code that puts it right, for one kind of resource or another; `docs` is where it is described.
    """

    id: str
    title: str
    why: str
    severity: Literal["low", "medium", "high", "critical"]
    level: Level
    findings: tuple[FindingInfo, ...]
    fixes: tuple[str, ...]
    docs: str


class Exemption(_Part, frozen=True, kw_only=True):
    """A pair of resource and rule that guardrails.yaml lets pass.

    `resource` is a glob on the URN or on the name in the program; `expires` is the last day (UTC) on which it
    holds.
    """

    rule: str
    resource: str
    reason: str
    owner: str
    expires: date


class Result(_Part, frozen=True, kw_only=True):
    """One thing that a rule said about one resource.

    `level` is what it does to the run; an undetermined result has a level of its own. `component` is what the
    resource stands in, as `"name" (type)`, empty directly below the stack. `problem` is a sentence that
    begins with the resource, such as `has no point-in-time recovery`. `source` is where the program registers
    it, as `infra/queues.py:12` below its Pulumi.yaml, if that is known. With an `exemption` it stops nothing.
    """

    rule: str
    outcome: Outcome
    level: Level
    urn: str
    type: str
    name: str
    component: str
    problem: str
    fix: str
    source: str = ""
    exemption: Exemption | None = None

    @property
    def blocks(self) -> bool:
        """Whether the result makes the run fail."""
        return self.exemption is None and self.level is not Level.ADVISORY

    @property
    def fingerprint(self) -> str:
        """A name of the result that is stable between runs: 64 hexadecimal digits.

        It holds rule, resource and sentence, and neither the stack nor the level, nor what an edit elsewhere
        in the same file or document changes. Two results that differ only in that share a fingerprint.
        """
        place = self.urn.split("::", 1)[-1]
        text = "\n".join((self.rule, place, self.outcome, lasting(self.problem)))
        return hashlib.sha256(text.encode()).hexdigest()


def lasting(sentence: str) -> str:
    """Return a rule's sentence without lines of code and numbers of statements, which move."""
    return _STATEMENT.sub("statement", CODE_LINE.sub(r"\g<path>", sentence))


class Remediated(_Part, frozen=True, kw_only=True):
    """A resource that a rule mended on its way to the provider, and which properties it set."""

    rule: str
    urn: str
    properties: tuple[str, ...]


class Report(_Part, frozen=True, kw_only=True):
    """Everything that one run found.

    `pack` is the pack's name and version, as `guardrails 0.1.0`; `resources` is how many the stack has;
    `expired` are exemptions whose day is over, each of which makes the run fail; `unused` those that no
    result needed. It is not `complete` if an update was stopped before the whole stack could be judged.
    """

    pack: str
    project: str
    stack: str
    profile: str
    resources: int
    rules: tuple[RuleInfo, ...]
    results: tuple[Result, ...]
    remediated: tuple[Remediated, ...] = ()
    expired: tuple[Exemption, ...] = ()
    unused: tuple[Exemption, ...] = ()
    complete: bool = True
    format: Literal[1] = FORMAT

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
