"""How long the running invocation still has, so that nothing is begun that the timeout would cut off."""

from aws_lambda_powertools.utilities.typing import LambdaContext

from common.errors import OutOfTimeError


class Deadline:
    """The end of the running invocation; one object per process, restarted by each invocation."""

    def __init__(self) -> None:
        self._context: LambdaContext | None = None

    def start(self, context: LambdaContext) -> None:
        """Take over the remaining time of *context*."""
        self._context = context

    def require(self, seconds: float) -> None:
        """Return if at least *seconds* are left, or if no invocation has begun.

        Raises
        ------
        OutOfTimeError
            The message at hand returns to its queue, where a later invocation has the full time for it.
        """
        if self._context is None:
            return
        left = self._context.get_remaining_time_in_millis() / 1000
        if left < seconds:
            raise OutOfTimeError(
                f"{left:.1f} s of the invocation are left, {seconds:g} s are needed to go on"
            )
