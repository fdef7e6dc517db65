"""Which IAM actions, on which resources, an API operation needs; operations and actions differ in places."""

from collections.abc import Callable, Mapping

from local.permissions.actions import dynamodb, kms, messaging, s3, workloads
from local.permissions.calls import Call, Check
from local.permissions.errors import UnknownOperationError

_SERVICES: Mapping[str, Mapping[str, Callable[[Call], list[Check]]]] = {
    "s3": s3.OPERATIONS,
    "dynamodb": dynamodb.OPERATIONS,
    "dynamodbstreams": dynamodb.STREAMS,
    "kms": kms.OPERATIONS,
    **messaging.SERVICES,
    **workloads.SERVICES,
}


def checks(call: Call) -> list[Check]:
    """Return what *call* needs, in the order in which AWS reports what is missing; empty if it needs nothing.

    Raises
    ------
    UnknownOperationError
        Nobody has written down what the operation needs.
    """
    try:
        needs = _SERVICES[call.service][call.operation]
    except KeyError:
        raise UnknownOperationError(
            f"{call.service}:{call.operation}: the IAM actions that it needs are not known; "
            "add the operation to local/permissions/actions"
        ) from None
    return needs(call)
