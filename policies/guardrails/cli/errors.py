"""What the command refuses."""

from guardrails.framework.errors import GuardrailsError


class InputError(GuardrailsError):
    """A file, an argument or a program that the command needs is not as it should be."""
