"""What request validators check ("Request validation for REST APIs in API Gateway")."""

from local.front.document import Operation
from local.front.errors import GatewayError
from local.front.request import Request
from local.front.routing import Match


def validate(request: Request, match: Match) -> None:
    """Refuse a request without a required parameter, or with a body that does not fit its model.

    Raises
    ------
    GatewayError
        BAD_REQUEST_PARAMETERS or BAD_REQUEST_BODY, with what is wrong.
    """
    operation = match.operation
    if operation.validates_parameters:
        missing = [name for place, name in operation.parameters if not _present(request, match, place, name)]
        if missing:
            raise GatewayError(
                "BAD_REQUEST_PARAMETERS", f"Missing required request parameters: [{', '.join(missing)}]"
            )
    if operation.validates_body:
        _validate_body(request, operation)


def _present(request: Request, match: Match, place: str, name: str) -> bool:
    """Tell whether a parameter is there and not blank; nothing else is looked at."""
    if place == "path":
        return bool(match.parameters.get(name, "").strip())
    if place == "querystring":
        return any(value.strip() for value in request.query_values.get(name, []))
    return bool(request.header(name).strip())


def _validate_body(request: Request, operation: Operation) -> None:
    """Without a model for the body's media type, or for `$default`, a body is not looked at."""
    model = operation.models.get(request.content_type) or operation.models.get("$default")
    if model is None:
        return
    if complaints := model.complaints(request.body or b"null"):
        raise GatewayError("BAD_REQUEST_BODY", validation=f"[{', '.join(complaints)}]")
