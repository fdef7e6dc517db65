"""What is wrong with a fault that somebody asked for."""

from local.errors import LocalStackError


class FaultError(LocalStackError):
    """The fault cannot be, or there is no such fault."""
