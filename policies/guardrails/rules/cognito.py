"""Rules on Cognito."""

from collections.abc import Iterator
from typing import Annotated, Final

from msgspec import Meta

from guardrails.framework.examples import resource, stack
from guardrails.framework.node import Node
from guardrails.framework.rule import Settings, Severity, resource_rule

_KNOWN: Final = stack(resource("cognito.IdentityPool", "pool", allowUnauthenticatedIdentities=False))


@resource_rule(
    severity=Severity.HIGH,
    findings=("UA-1.2",),
    fixes={"cognito.IdentityPool": "allow_unauthenticated_identities=False, allow_classic_flow=False"},
    reads=("cognito.IdentityPool.allowClassicFlow", "cognito.IdentityPool.allowUnauthenticatedIdentities"),
    passes={
        "unauthenticated identities switched off": _KNOWN,
        "no word of unauthenticated identities: without one there are none": _KNOWN.but(
            "pool", allowUnauthenticatedIdentities=None
        ),
        "the classic flow is there: it is switched off": _KNOWN.but("pool", allowClassicFlow=False),
    },
    fails={
        "gives AWS credentials to anyone": _KNOWN.but("pool", allowUnauthenticatedIdentities=True),
        "gives credentials by the classic flow": _KNOWN.but("pool", allowClassicFlow=True),
    },
)
def cognito_identities(pool: Node) -> Iterator[str]:
    """Identity pools give AWS credentials only to callers who have signed in.

    An unauthenticated identity is anyone; in the classic flow callers name the role themselves.
    """
    if pool.inputs.flag("allowUnauthenticatedIdentities"):
        yield "gives AWS credentials to anyone, signed in or not"
    if pool.inputs.flag("allowClassicFlow"):
        yield "gives credentials by the classic flow, in which callers name the role"


class PasswordSettings(Settings):
    """What a password must be."""

    minimum_length: Annotated[int, Meta(ge=6, le=99, description="Characters, at least.")] = 12


_STRONG: Final = stack(
    resource(
        "cognito.UserPool",
        "users",
        passwordPolicy={
            "minimumLength": 12,
            "requireLowercase": True,
            "requireNumbers": True,
            "requireUppercase": True,
        },
    )
)


@resource_rule(
    severity=Severity.MEDIUM,
    findings=(),
    fixes={
        "cognito.UserPool": 'password_policy={"minimum_length": 12, "require_lowercase": True, '
        '"require_numbers": True, "require_uppercase": True}'
    },
    reads=("cognito.UserPool.passwordPolicy",),
    passes={
        "12 characters, of several kinds": _STRONG,
        "passwords without digits or capitals: their length is what makes them hard to guess": _STRONG.but(
            "users", passwordPolicy={"minimumLength": 20}
        ),
        "no sign is asked for, and temporary passwords hold for a year: 12 characters are": _STRONG.but(
            "users",
            passwordPolicy={
                "minimumLength": 12,
                "requireSymbols": False,
                "temporaryPasswordValidityDays": 365,
            },
        ),
    },
    fails={
        "takes passwords of fewer than 12 characters": _STRONG.but(
            "users", passwordPolicy={"minimumLength": 8}
        ),
        "takes passwords of fewer": _STRONG.but("users", passwordPolicy=None),
    },
    settings=PasswordSettings,
)
def cognito_passwords(pool: Node, settings: PasswordSettings) -> Iterator[str]:
    """User pools ask for long passwords.

    Short ones are guessed.
    """
    if pool.inputs.block("passwordPolicy").number("minimumLength") < settings.minimum_length:
        yield f"takes passwords of fewer than {settings.minimum_length} characters"
