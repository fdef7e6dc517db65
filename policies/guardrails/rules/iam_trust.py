"""Rules on who may assume roles."""

import re
from collections.abc import Iterator
from typing import Any, Final

from guardrails.framework.actions import has_wildcard
from guardrails.framework.conditions import EQUALS, confined, is_account, is_fixed, narrowed_by
from guardrails.framework.documents import Statement, statements
from guardrails.framework.errors import UndeterminedError
from guardrails.framework.examples import resource, stack
from guardrails.framework.node import Node
from guardrails.framework.rule import Severity, resource_rule

_GITHUB: Final = "token.actions.githubusercontent.com"
_GITHUB_SUBJECT: Final = re.compile(r"repo:[^*?/:]+/[^*?/:]+:.+")
_SAML: Final = ":saml-provider/"
_ACTS_FOR_ACCOUNTS: Final = {
    "malware-protection-plan.guardduty.amazonaws.com",
    "pipes.amazonaws.com",
    "scheduler.amazonaws.com",
    "states.amazonaws.com",
}
"""Services for whose roles AWS documents aws:SourceAccount and aws:SourceArn; Lambda and EC2 are none."""


def _trust(principal: Any = None, condition: Any = None, **changes: Any) -> dict[str, Any]:
    statement = {
        "Effect": "Allow",
        "Principal": principal or {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
        **changes,
    }
    return {
        "Version": "2012-10-17",
        "Statement": {**statement, "Condition": condition} if condition else statement,
    }


def _pipeline(subject: str | None) -> dict[str, Any]:
    subjects = {"StringLike": {f"{_GITHUB}:sub": subject}} if subject else {}
    return _trust(
        {"Federated": f"arn:aws:iam::111122223333:oidc-provider/{_GITHUB}"},
        {"StringEquals": {f"{_GITHUB}:aud": "sts.amazonaws.com"}, **subjects},
        Action="sts:AssumeRoleWithWebIdentity",
    )


_TRUSTED: Final = stack(
    resource("iam.Role", "worker", assumeRolePolicy=_trust()),
    resource("iam.Role", "pipeline", assumeRolePolicy=_pipeline("repo:shop/media:*")),
    resource(
        "iam.Role",
        "nightly",
        assumeRolePolicy=_trust(
            {"Service": ["scheduler.amazonaws.com"]}, {"StringEquals": {"AWS:sourceaccount": "111122223333"}}
        ),
    ),
    resource(
        "iam.Role",
        "auditor",
        assumeRolePolicy=_trust(
            {"AWS": "arn:aws:iam::444455556666:root"}, {"StringEquals": {"sts:ExternalId": "shop-audit"}}
        ),
    ),
)


@resource_rule(
    severity=Severity.HIGH,
    findings=("CC-SEC-7", "SP-3", "IP-6.1", "IP-6.2"),
    fixes={
        "iam.Role": (
            '{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"},\n'
            ' "Action": "sts:AssumeRole"}\n'
            "# other accounts by role ARN or with sts:ExternalId, identity providers with a pinned subject"
        )
    },
    reads=("iam.Role.assumeRolePolicy",),
    passes={
        "the root of another account: it has to tell an external id": _TRUSTED,
        "everyone: in a denial": stack(
            resource(
                "iam.Role",
                "deployer",
                assumeRolePolicy=_trust({"AWS": ["arn:aws:iam::111122223333:role/ci"]}),
            ),
            resource(
                "iam.Role",
                "closed",
                assumeRolePolicy=_trust("*", {"Bool": {"aws:SecureTransport": "false"}}, Effect="Deny"),
            ),
        ),
    },
    fails={
        "is trusted to everyone": _TRUSTED.but("worker", assumeRolePolicy=_trust({"AWS": "*"})),
        "is trusted to everyone by": _TRUSTED.but(
            "worker", assumeRolePolicy=_trust({"AWS": "*"}, {"StringEquals": {"aws:PrincipalType": "User"}})
        ),
        "is trusted to the wildcard principal *.amazonaws.com": _TRUSTED.but(
            "worker", assumeRolePolicy=_trust({"Service": "*.amazonaws.com"})
        ),
        "is trusted to the whole account arn:aws:iam::444455556666:root": _TRUSTED.but(
            "auditor", assumeRolePolicy=_trust({"AWS": "arn:aws:iam::444455556666:root"})
        ),
        "without a pinned subject": _TRUSTED.but("pipeline", assumeRolePolicy=_pipeline(None)),
        "without a pinned": _TRUSTED.but("pipeline", assumeRolePolicy=_pipeline("repo:shop/*")),
        "is trusted to scheduler.amazonaws.com for any account": _TRUSTED.but(
            "nightly", assumeRolePolicy=_trust({"Service": "scheduler.amazonaws.com"})
        ),
        "trusts by the wildcard action STS:*": _TRUSTED.but(
            "worker", assumeRolePolicy=_trust(Action="STS:*")
        ),
    },
)
def role_trust_exact(role: Node) -> Iterator[str]:
    """Roles are trusted to named services, roles and identities.

    Whom the trust policy admits has all that the role may do.
    """
    for statement in statements(role.inputs, "assumeRolePolicy"):
        if not statement.allows:
            continue
        if "NotPrincipal" not in statement.exceptions and not statement.principals:
            raise UndeterminedError(f"{statement.place} of its trust policy names no principal")
        yield from _trusted_too_widely(statement)
        for action in statement.actions:
            if has_wildcard(action):
                yield f"trusts by the wildcard action {action} in {statement.place}"
        if "NotAction" in statement.exceptions:
            yield f"trusts by NotAction in {statement.place}"


def _trusted_too_widely(statement: Statement) -> Iterator[str]:
    if statement.everyone or "NotPrincipal" in statement.exceptions:
        yield f"is trusted to everyone by {statement.place}"
    elif wide := [name for name in statement.principals if has_wildcard(name)]:
        yield f"is trusted to the wildcard principal {wide[0]} by {statement.place}"
    by_kind = statement.principals_of
    for name in by_kind.get("AWS", ()):
        if is_account(name) and not narrowed_by(statement, "sts:externalid", "aws:principalarn"):
            yield f"is trusted to the whole account {name} without a condition by {statement.place}"
    for name in by_kind.get("Federated", ()):
        if not _pinned(statement, name):
            yield f"is trusted to {name} without a pinned subject or audience by {statement.place}"
    for name in by_kind.get("Service", ()):
        if name in _ACTS_FOR_ACCOUNTS and not confined(statement):
            yield f"is trusted to {name} for any account by {statement.place}"


def _pinned(statement: Statement, provider: str) -> bool:
    """Tell whether an identity is bound: at GitHub to a repository, else to a subject or an audience."""
    if _SAML in provider:
        return any(map(_all_fixed, statement.values_of("SAML:aud", *EQUALS)))
    host = provider.split(":oidc-provider/")[-1]
    subjects = list(statement.values_of(f"{host}:sub", *EQUALS))
    if host == _GITHUB:
        return any(all(map(_GITHUB_SUBJECT.fullmatch, values)) for values in subjects)
    return any(map(_all_fixed, [*subjects, *statement.values_of(f"{host}:aud", *EQUALS)]))


def _all_fixed(values: tuple[str, ...]) -> bool:
    return all(map(is_fixed, values))
