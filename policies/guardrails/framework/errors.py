"""The pack's errors."""

from collections.abc import Iterable, Sequence


class GuardrailsError(Exception):
    """Anything that the pack itself refuses or cannot do."""


class ConfigError(GuardrailsError):
    """`guardrails.yaml` or `--policy-pack-config` asks for something that the pack does not have."""


class SdkChangedError(GuardrailsError):
    """The installed pulumi-policy is not shaped as the adapter needs it."""


class RuleDefinitionError(GuardrailsError):
    """A rule is declared wrongly."""


class CoverageError(GuardrailsError):
    """What guards a finding is not as the tests, the rules and the table of open findings say together."""


class UndeterminedError(GuardrailsError):
    """A rule touched what cannot be known yet, so that it can neither pass nor fail."""


class WrongSourceError(UndeterminedError):
    """A value is not known yet, but comes from what is of the wrong kind: a fault of its holder, no doubt.

    It is raised where a doubt would be, and goes the same ways; only who judges makes a violation of it.
    """

    def __init__(self, holder: object, prop: str, source: object, wanted: Iterable[str]) -> None:
        self._holder = holder
        self._fault = f"takes its {prop} from {source}, which is no {' or '.join(wanted)}"
        super().__init__(f"{holder} {self._fault}")

    def seen_from(self, node: object) -> str:
        """Return a sentence that completes "<node> …"."""
        return self._fault if node is self._holder else f"is judged by {self._holder}, which {self._fault}"


def gravest(doubts: Sequence[UndeterminedError]) -> UndeterminedError:
    """Return the doubt to tell of: one that is a fault if there is any, else the first."""
    return next((doubt for doubt in doubts if isinstance(doubt, WrongSourceError)), doubts[0])
