"""How hard a rule speaks, and which rules a profile has."""

from enum import StrEnum


class Level(StrEnum):
    """What a violation does: stop the deployment, advise, or nothing because the rule does not run.

    `remediate` mends the resource on its way to the provider, and stops the deployment where it cannot.
    """

    MANDATORY = "mandatory"
    ADVISORY = "advisory"
    REMEDIATE = "remediate"
    DISABLED = "disabled"


class Profile(StrEnum):
    """Which rules run unless a stack says otherwise: those on documented findings, or all."""

    FINDINGS = "findings"
    STRICT = "strict"
