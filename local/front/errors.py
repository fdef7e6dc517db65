"""What API Gateway answers by itself, by the type of the gateway response."""

from dataclasses import dataclass


class FrontError(Exception):
    """What is deployed cannot be served; the message says what is wrong with it."""


@dataclass(frozen=True)
class Kind:
    """A gateway response that nobody customised: its status, AWS's error type and message."""

    status: int
    error: str
    message: str


_INTERNAL, _FORBIDDEN = "InternalServerErrorException", "ForbiddenException"

KINDS: dict[str, Kind] = {
    "ACCESS_DENIED": Kind(403, "AccessDeniedException", "User is not authorized to access this resource"),
    "API_CONFIGURATION_ERROR": Kind(500, _INTERNAL, "Internal server error"),
    "AUTHORIZER_CONFIGURATION_ERROR": Kind(500, "AuthorizerConfigurationException", "Internal server error"),
    "AUTHORIZER_FAILURE": Kind(500, "AuthorizerFailureException", "Internal server error"),
    "BAD_REQUEST_BODY": Kind(400, "BadRequestException", "Invalid request body"),
    "BAD_REQUEST_PARAMETERS": Kind(400, "BadRequestException", "Missing required request parameters"),
    "INTEGRATION_FAILURE": Kind(504, _INTERNAL, "Internal server error"),
    "INTEGRATION_TIMEOUT": Kind(504, _INTERNAL, "Endpoint request timed out"),
    "INVALID_API_KEY": Kind(403, _FORBIDDEN, "Forbidden"),
    "MISSING_AUTHENTICATION_TOKEN": Kind(
        403, "MissingAuthenticationTokenException", "Missing Authentication Token"
    ),
    "QUOTA_EXCEEDED": Kind(429, "LimitExceededException", "Limit Exceeded"),
    "REQUEST_TOO_LARGE": Kind(413, "RequestEntityTooLargeException", "Request Entity Too Large"),
    "THROTTLED": Kind(429, "TooManyRequestsException", "Too Many Requests"),
    "UNAUTHORIZED": Kind(401, "UnauthorizedException", "Unauthorized"),
    "UNSUPPORTED_MEDIA_TYPE": Kind(415, "BadRequestException", "Unsupported Media Type"),
}
"""AWS: "Gateway response types for API Gateway"; error types and messages as it is seen to send them."""


class GatewayError(Exception):
    """A request ends with a gateway response of type *kind*.

    *status* is the one that AWS answers where it is not the type's own; *validation* says what a request
    violates; *noted* is for the operator of the stack, who reads it in its status.
    """

    def __init__(
        self, kind: str, message: str = "", *, status: int = 0, validation: str = "", noted: str = ""
    ) -> None:
        super().__init__(message or KINDS[kind].message)
        self.kind = kind
        self.message = message or KINDS[kind].message
        self.status = status or KINDS[kind].status
        self.validation = validation
        self.noted = noted
