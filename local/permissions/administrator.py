"""Who deploys and operates: a role of the account that no policy names, with AWS's AdministratorAccess."""

from typing import Final

from local.permissions.documents import Kind, parse_policy
from local.permissions.principals import Caller

ROLE_NAME: Final = "administrator"
ACCESS: Final = parse_policy(
    {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}},
    name="AdministratorAccess",
    kind=Kind.IDENTITY,
)


def role_arn(account: str) -> str:
    """Return the ARN of the role."""
    return f"arn:aws:iam::{account}:role/{ROLE_NAME}"


def administrator(account: str) -> Caller:
    """Return a caller with the role."""
    session = f"arn:aws:sts::{account}:assumed-role/{ROLE_NAME}/operator"
    return Caller(principal=role_arn(account), account=account, session_arn=session)
