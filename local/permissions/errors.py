"""What can stop a judgement: never a pass, never an ordinary denial."""

from local.errors import LocalStackError


class PermissionsError(LocalStackError):
    """A call cannot be judged; whoever made it must fail loudly."""


class PolicyError(PermissionsError):
    """A deployed policy says something that the evaluator does not know, or that AWS would refuse."""


class UnknownOperationError(PermissionsError):
    """An API operation for which no one has written down the IAM actions it needs."""
