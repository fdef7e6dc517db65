"""The questions that a function's process, and Lambda on its behalf, put to the judge."""

from typing import Any

from local.faults.calls import CallFaults
from local.permissions.calls import Call
from local.permissions.errors import PermissionsError
from local.permissions.judge import Judge, RoleSession
from local.permissions.refusals import Refusal, refusal
from local.runner.configuration import Function


class FunctionCalls:
    """Judges calls made with the role of *function*, which *faults* may disturb."""

    def __init__(self, function: Function, judge: Judge, faults: CallFaults) -> None:
        self._function, self._judge, self.faults = function, judge, faults
        self.function_arn, self.version = function.arn, function.version
        # Lambda assumes the role in a session named after the function, for its code and for itself.
        self.lambda_session = RoleSession(role_arn=function.role_arn, session=function.name)
        self._code_session = RoleSession(
            role_arn=function.role_arn, session=function.name, function_arn=function.arn
        )

    def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        """Answer the process: `{}` for go on, else `denied` with the service's error, or `unjudged`.

        `faults` means that each `attempt` is a question of its own, which is answered with what befalls it.
        """
        if "attempt" in question:
            return self.faults.attempt(**question["attempt"])
        call = self._call(question["service"], question["operation"], question["parameters"])
        try:
            denied = self._judge.call(self._code_session, call)
        except PermissionsError as error:
            return {"unjudged": str(error)}
        if denied is None:
            return {"faults": True} if self.faults.concern(call.service, call.operation) else {}
        answer = refusal(call, denied)
        return {"denied": {"code": answer.code, "status": answer.status, "message": answer.message}}

    def refused(self, service: str, operation: str, **parameters: str) -> Refusal | None:
        """Judge a call that Lambda makes with the function's role; None if it may."""
        call = self._call(service, operation, parameters)
        denied = self._judge.call(self.lambda_session, call)
        return refusal(call, denied) if denied else None

    def _call(self, service: str, operation: str, parameters: dict[str, Any]) -> Call:
        return Call(
            service=service,
            operation=operation,
            parameters=parameters,
            account=self._function.account,
            region=self._function.region,
        )
