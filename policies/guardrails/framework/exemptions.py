"""Exemptions: what a team lets pass for a while, with a reason, an owner and a last day."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from fnmatch import fnmatchcase

from guardrails.framework.report import Exemption


def today() -> date:
    """Return the day by which exemptions expire: UTC, so that it is the same for everyone."""
    return datetime.now(UTC).date()


class Exemptions:
    """The exemptions of one stack; it remembers which were needed."""

    def __init__(self, exemptions: Iterable[Exemption], day: date | None = None) -> None:
        day = day or today()
        self._all = tuple(exemptions)
        self.expired: Sequence[Exemption] = tuple(each for each in self._all if each.expires < day)
        self._used: set[Exemption] = set()

    def covering(self, rule: str, urn: str, name: str) -> Exemption | None:
        """Return the exemption that covers what *rule* says of a resource, None if there is none."""
        for exemption in self._all:
            if exemption not in self.expired and _covers(exemption, rule, urn, name):
                self._used.add(exemption)
                return exemption
        return None

    def lapsed(self, rule: str, urn: str, name: str) -> Exemption | None:
        """Return the exemption that used to cover it until its last day was over, None if there is none."""
        return next((each for each in self.expired if _covers(each, rule, urn, name)), None)

    @property
    def unused(self) -> Sequence[Exemption]:
        """Those that cover nothing that a rule said so far; expired ones are told of anyway."""
        return tuple(each for each in self._all if each not in self._used and each not in self.expired)


def _covers(exemption: Exemption, rule: str, urn: str, name: str) -> bool:
    return exemption.rule == rule and any(fnmatchcase(text, exemption.resource) for text in (urn, name))
