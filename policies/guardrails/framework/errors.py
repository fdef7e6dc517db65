"""The pack's errors."""


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
