"""Cognito: user pools, their clients and domains; kept in state alone, so their inputs are judged."""

from collections.abc import Iterator

from local.provider.refusals.constraints import at_least, between, length, of_model, one_of, pattern
from local.provider.refusals.places import Inputs
from local.provider.refusals.registry import Fault, at_check, constrain

POOL, CLIENT = "aws:cognito/userPool:UserPool", "aws:cognito/userPoolClient:UserPoolClient"
DOMAIN = "aws:cognito/userPoolDomain:UserPoolDomain"
REFERENCE = "{} - Amazon Cognito User Pools API Reference"
SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86_400}
_URL = r"https://\S{1,1016}|http://localhost\S{0,1000}|[a-z][a-z0-9+.-]*://\S{0,1000}"

constrain(
    POOL,
    "CreateUserPool",
    error="InvalidParameterException",
    page=REFERENCE.format("CreateUserPool"),
    inputs={
        "name": pattern(r"[\w\s+=,.@-]{1,128}", "1 to 128 word characters, spaces and +=,.@-"),
        "mfaConfiguration": of_model("cognito-idp", "UserPoolMfaType"),
        "deletionProtection": of_model("cognito-idp", "DeletionProtectionType"),
        "usernameAttributes[]": of_model("cognito-idp", "UsernameAttributeType"),
        "aliasAttributes[]": of_model("cognito-idp", "AliasAttributeType"),
        "autoVerifiedAttributes[]": of_model("cognito-idp", "VerifiedAttributeType"),
        "passwordPolicy.minimumLength": between(6, 99),
        "passwordPolicy.temporaryPasswordValidityDays": between(0, 365),
        "accountRecoverySetting.recoveryMechanisms[].name": of_model("cognito-idp", "RecoveryOptionNameType"),
        "accountRecoverySetting.recoveryMechanisms[].priority": between(1, 2),
        "schemas": length(0, 50, "attributes"),
        "schemas[].name": length(1, 20),
        "schemas[].attributeDataType": of_model("cognito-idp", "AttributeDataType"),
        "userPoolTier": of_model("cognito-idp", "UserPoolTierType"),
    },
)
_VALIDITY = between(1, 315_360_000)
_UNIT = one_of(*SECONDS)
constrain(
    CLIENT,
    "CreateUserPoolClient",
    error="InvalidParameterException",
    page=REFERENCE.format("CreateUserPoolClient"),
    inputs={
        "name": pattern(r"[\w\s+=,.@-]{1,128}", "1 to 128 word characters, spaces and +=,.@-"),
        "explicitAuthFlows[]": of_model("cognito-idp", "ExplicitAuthFlowsType"),
        "preventUserExistenceErrors": of_model("cognito-idp", "PreventUserExistenceErrorTypes") | one_of(""),
        "allowedOauthFlows": length(0, 3, "flows"),
        "allowedOauthFlows[]": of_model("cognito-idp", "OAuthFlowType"),
        "allowedOauthScopes": length(0, 50, "scopes"),
        "callbackUrls": length(0, 100, "URLs"),
        "callbackUrls[]": length(1, 1024),
        "logoutUrls[]": length(1, 1024),
        "supportedIdentityProviders[]": length(1, 32),
        "tokenValidityUnits.accessToken": _UNIT,
        "tokenValidityUnits.idToken": _UNIT,
        "tokenValidityUnits.refreshToken": _UNIT,
        "authSessionValidity": between(3, 15),
        "accessTokenValidity": at_least(1),
        "idTokenValidity": at_least(1),
        "refreshTokenValidity": at_least(1),
    },
)
constrain(
    DOMAIN,
    "CreateUserPoolDomain",
    error="InvalidParameterException",
    page=REFERENCE.format("CreateUserPoolDomain"),
    inputs={
        "domain": pattern(
            r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9-]+)*", "a host name, or a prefix of one"
        )
        & length(1, 63)
    },
)


@at_check(
    CLIENT,
    error="InvalidParameterException",
    operation="CreateUserPoolClient",
    page=REFERENCE.format("CreateUserPoolClient"),
)
def token_validity(inputs: Inputs) -> Iterator[Fault]:
    """Access and id tokens are valid for 5 minutes to a day, refresh tokens for an hour to ten years."""
    day, decade = SECONDS["days"], 3650 * SECONDS["days"]
    tokens = {"access": ("hours", 300, day), "id": ("hours", 300, day), "refresh": ("days", 3600, decade)}
    for name, (default, least, most) in tokens.items():
        number = inputs.get(f"{name}TokenValidity")
        unit = inputs.get(f"tokenValidityUnits.{name}Token", default)
        if number is not None and unit in SECONDS and not least <= number * SECONDS[unit] <= most:
            yield f"{name}TokenValidity", f"{number} {unit} is not from {least:,} to {most:,} seconds"


@at_check(
    CLIENT,
    error="InvalidOAuthFlowException",
    operation="CreateUserPoolClient",
    page=REFERENCE.format("CreateUserPoolClient"),
)
def oauth(inputs: Inputs) -> Iterator[Fault]:
    """OAuth flows need scopes, client_credentials is alone, code and implicit need a callback over TLS."""
    flows = inputs.get("allowedOauthFlows") or []
    if flows and not inputs.get("allowedOauthScopes"):
        yield (
            "allowedOauthScopes",
            (
                "AllowedOAuthFlows and AllowedOAuthScopes are required if user pool client is allowed to "
                "use OAuth flows."
            ),
        )
    if "client_credentials" in flows and len(flows) > 1:
        yield (
            "allowedOauthFlows",
            "client_credentials flow can not be selected along with code flow or implicit flow.",
        )
    if {"code", "implicit"} & set(flows) and not inputs.get("callbackUrls"):
        yield "callbackUrls", "are needed for the flows code and implicit"
    for index, url in enumerate(inputs.get("callbackUrls") or []):
        if url.startswith("http://") and not url.startswith(("http://localhost", "http://127.0.0.1")):
            yield f"callbackUrls[{index}]", f"{url!r} is not over https, which only localhost may do without"


@at_check(
    POOL,
    error="InvalidParameterException",
    operation="CreateUserPool",
    page=REFERENCE.format("CreateUserPool"),
)
def names_of_users(inputs: Inputs) -> Iterator[Fault]:
    """A pool has username attributes or aliases, not both."""
    if inputs.get("usernameAttributes") and inputs.get("aliasAttributes"):
        yield (
            "aliasAttributes",
            "Only one of the aliasAttributes or usernameAttributes can be set in a user pool.",
        )
