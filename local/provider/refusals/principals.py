"""Who is named in policy documents, and whether there is such a role."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from local.provider.refusals.documents import statements, texts
from local.provider.refusals.situation import Situation

ROLE = "aws:iam/role:Role"
_ROLE_ARN = re.compile(r"arn:aws[\w-]*:iam::(\d{12}):role/(?:.*/)?([^/]+)")
_OTHER_ARN = re.compile(r"arn:aws[\w-]*:(?:iam::\d{12}:(?:root|user/.+)|sts::\d{12}:.+|iam::cloudfront:.+)")


def named_principals(document: Any) -> Iterator[str]:
    """Yield what Principal and NotPrincipal name under AWS."""
    for statement in statements(document):
        principal = statement.get("Principal") or statement.get("NotPrincipal")
        if isinstance(principal, Mapping):
            yield from texts(principal.get("AWS"))


def missing_principal(document: Any, situation: Situation) -> str:
    """Return a principal of the document that does not exist, empty if all do.

    Roles of this account are looked up; of other accounts' principals only the form can be judged.
    """
    for name in named_principals(document):
        role = _ROLE_ARN.fullmatch(name)
        if role and role[1] == situation.account:
            if trust_document(role[2], situation) is None:
                return name
        elif (
            not role and name != "*" and not re.fullmatch(r"\d{12}", name) and not _OTHER_ARN.fullmatch(name)
        ):
            return name
    return ""


def trust_document(role: str, situation: Situation) -> Any:
    """Return a role's trust policy, also of a role that was made by hand; None if there is no such role."""
    if known := situation.find(ROLE, name=role):
        return known["assumeRolePolicy"]
    iam = situation.client("iam")
    try:
        return iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    except iam.exceptions.NoSuchEntityException:
        return None


def trusts(role_arn: str, service: str, situation: Situation) -> bool:
    """Tell whether a role of this account exists and its trust policy lets *service* assume it.

    Conditions are not looked at: AWS asks with values that only the service knows. Roles of other accounts
    count as trusting.
    """
    found = _ROLE_ARN.fullmatch(role_arn)
    if found and found[1] != situation.account:
        return True
    document = trust_document(found[2], situation) if found else None
    return document is not None and any(
        statement.get("Effect") == "Allow"
        and isinstance(principal := statement.get("Principal"), Mapping)
        and service in texts(principal.get("Service"))
        and any(action in ("sts:AssumeRole", "sts:*", "*") for action in texts(statement.get("Action")))
        for statement in statements(document)
    )
