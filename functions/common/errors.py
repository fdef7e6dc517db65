"""Why a function could not do its work: the one tree of errors that functions raise on purpose."""


class FunctionError(Exception):
    """The base of all errors below."""


class SettingsError(FunctionError):
    """An environment variable is missing or invalid; the function cannot start."""


class MalformedEventError(FunctionError):
    """A message that no retry can heal: it goes to the dead-letter queue, where it is kept for inspection."""


class TransientError(FunctionError):
    """What failed may succeed when the message is delivered again."""


class OutOfTimeError(TransientError):
    """The invocation has too little time left; the message returns to its queue untouched."""


class PermanentError(FunctionError):
    """Retrying cannot help; the failure is recorded once.

    `reason` is a short code for machines, the message is the cause for people.
    """

    def __init__(self, reason: str, cause: str) -> None:
        super().__init__(cause)
        self.reason = reason
