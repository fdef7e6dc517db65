"""What a denied caller gets to see: error code, HTTP status and message of the service it called."""

from dataclasses import dataclass

from local.permissions.calls import Call
from local.permissions.evaluator import Decision

_CODES = {"s3": ("AccessDenied", 403), "sqs": ("AccessDenied", 403), "sns": ("AuthorizationError", 403)}
_KEY_CODES = {"sqs": ("KMS.AccessDeniedException", 400), "sns": ("KMSAccessDenied", 400)}
_JSON_CODE = ("AccessDeniedException", 400)


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """An AWS error answer."""

    code: str
    status: int
    message: str


def refusal(call: Call, decision: Decision) -> Refusal:
    """Return the error with which AWS answers *call* after *decision* denied it."""
    if call.service == "s3" and call.operation.startswith("Head"):
        # An answer to HEAD has no body, so there is nothing to read a code or a cause from.
        return Refusal(code="403", status=403, message="Forbidden")
    asked = decision.request
    code, status = _CODES.get(call.service, _JSON_CODE)
    if asked.action.startswith("kms:") and call.service != "kms":
        code, status = _KEY_CODES.get(call.service, (code, status))
    resource = f'"{asked.resource}"' if call.service == "s3" else asked.resource
    user = asked.caller.session_arn or asked.caller.principal
    message = f"User: {user} is not authorized to perform: {asked.action} on resource: {resource}"
    return Refusal(code=code, status=status, message=f"{message} {decision.cause}")
