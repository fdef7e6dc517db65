"""What can stop an invocation before the function's own code has a say."""

from local.errors import LocalStackError


class RunnerError(LocalStackError):
    """A function cannot be run."""


class UnknownFunctionError(RunnerError):
    """No such function, version or alias is deployed."""


class ThrottledError(RunnerError):
    """All of the function's reserved concurrency is in use; AWS answers 429 TooManyRequestsException."""


class RefusedError(RunnerError):
    """The function's role may not do what starting it needs; AWS refuses the invocation."""


class StoppedError(RunnerError):
    """The runner has stopped."""
