"""What AWS services answer when they throttle or fail.

Throttling: "Error handling with DynamoDB", "How do I troubleshoot an HTTP 500 or 503 error from Amazon S3?",
"Throttling AWS KMS requests", "How do I troubleshoot ThrottlingException errors in Amazon SNS?", and for the
others the errors of their API references. Internal errors: service errors and "Common Errors" of the same.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class ServiceAnswer:
    """An error as a service answers it over HTTP."""

    status: int
    code: str
    message: str


_THROTTLED = ServiceAnswer(status=400, code="ThrottlingException", message="Rate exceeded")
_FAILED = ServiceAnswer(
    status=500,
    code="InternalFailure",
    message="The request processing has failed because of an unknown error",
)

THROTTLING: dict[str, ServiceAnswer] = {
    "dynamodb": ServiceAnswer(
        status=400,
        code="ProvisionedThroughputExceededException",
        message="The level of configured provisioned throughput for the table was exceeded",
    ),
    "s3": ServiceAnswer(status=503, code="SlowDown", message="Please reduce your request rate."),
    "sqs": ServiceAnswer(
        status=400, code="RequestThrottled", message="The request was denied due to request throttling"
    ),
    "lambda": ServiceAnswer(status=429, code="TooManyRequestsException", message="Rate Exceeded."),
    "kinesis": ServiceAnswer(
        status=400,
        code="ProvisionedThroughputExceededException",
        message="Rate exceeded for a shard of the stream",
    ),
    "xray": ServiceAnswer(status=429, code="ThrottledException", message="Rate exceeded"),
}
"""By botocore's service name; every other service answers ThrottlingException."""

FAILURES: dict[str, ServiceAnswer] = {
    "dynamodb": ServiceAnswer(status=500, code="InternalServerError", message="Internal server error"),
    "s3": ServiceAnswer(
        status=500, code="InternalError", message="We encountered an internal error. Please try again."
    ),
    "sns": ServiceAnswer(status=500, code="InternalError", message="Internal service error"),
    "kms": ServiceAnswer(status=500, code="KMSInternalException", message="Internal exception"),
    "lambda": ServiceAnswer(status=500, code="ServiceException", message="Internal service error"),
    "logs": ServiceAnswer(status=503, code="ServiceUnavailableException", message="Service unavailable"),
    "events": ServiceAnswer(status=500, code="InternalException", message="Internal exception"),
}
"""By botocore's service name; every other service answers InternalFailure."""


def throttling(service: str) -> ServiceAnswer:
    """Return how *service* throttles."""
    return THROTTLING.get(service, _THROTTLED)


def failure(service: str) -> ServiceAnswer:
    """Return how *service* fails."""
    return FAILURES.get(service, _FAILED)
