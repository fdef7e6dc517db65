"""Whether policies, as deployed, let a service or role do something: the permission judge's evaluator."""

from typing import Any

from local.deliveries.deliveries import service_calls
from local.deliveries.messages import Delivery
from local.permissions.calls import ServiceCall
from local.permissions.contexts import common, time
from local.permissions.documents import Policy
from local.permissions.errors import PermissionsError
from local.permissions.evaluator import Decision, Request, evaluate
from local.permissions.key_policies import Keys
from local.permissions.keys import Context
from local.permissions.principals import Caller
from local.permissions.services import service_decisions
from local.provider.refusals.situation import Situation


def _decide(request: Request, policies: list[Policy]) -> Decision:
    return evaluate(request, resource=policies, resource_decides=True)


def delivery_refused(kind: str, source: str, target: str, situation: Situation) -> str:
    """Return why a target's policy or its key would refuse a delivery, as deployed; empty if it would not."""
    delivery = Delivery(
        kind=kind, source=source, target=target, account=situation.account, region=situation.region
    )
    return next(
        (reason for call in service_calls(delivery) if (reason := service_refused(call, situation))), ""
    )


def service_refused(call: ServiceCall, situation: Situation) -> str:
    """Return why a call that a service makes in its own name would be refused; empty if it is not."""
    decisions = service_decisions(situation.snapshot, call, _decide)
    return next((decision.reason for decision in decisions if not decision.allowed), "")


def role_may(role_arn: str, action: str, resource: str, situation: Situation) -> bool | None:
    """Tell whether a role's policies, or the resource's, allow an action; None for roles of others.

    Raises
    ------
    PermissionsError
        A policy of the role cannot be judged, such as one of AWS's own.
    """
    snapshot = situation.snapshot
    if role_arn not in snapshot.role_arns():
        return None
    caller = Caller(principal=role_arn, account=situation.account)
    request = Request(
        caller=caller,
        action=action,
        resource=resource,
        context=Context({**common(caller, situation.region), "aws:ViaAWSService": "false"}),
    )
    policies = snapshot.resource(resource)
    return evaluate(request, identity=snapshot.identity(role_arn), resource=policies).allowed


def key_of(reference: str, situation: Situation) -> Any:
    """Return the deployed key that an id, ARN or alias names, None for one of AWS's own.

    Raises
    ------
    PermissionsError
        There is no such key.
    """
    return Keys(situation.snapshot).find(reference)


def key_exists(reference: str, situation: Situation) -> bool:
    """Tell whether a key is deployed, is AWS's own, was made by hand, or lies in another account."""
    try:
        key_of(reference, situation)
    except PermissionsError:
        return _made_by_hand(reference, situation)
    return True


def _made_by_hand(reference: str, situation: Situation) -> bool:
    kms = situation.client("kms")
    if reference.startswith("arn:"):
        region, account = reference.split(":")[3:5]
        if account != situation.account:
            return True  # of another account only its owner can tell
        if region != situation.region:
            return False
    try:
        return bool(kms.describe_key(KeyId=reference)["KeyMetadata"]["Enabled"])
    except (kms.exceptions.NotFoundException, kms.exceptions.ClientError):
        return False


def service_may_use_key(
    service: str, action: str, reference: str, situation: Situation, values: dict[str, str]
) -> bool:
    """Tell whether a key's policy lets *service* use it, with the condition values of such a use."""
    key = key_of(reference, situation)
    if key is None:
        return True
    context = {
        **time(),
        "aws:PrincipalIsAWSService": "true",
        "kms:CallerAccount": situation.account,
        **values,
    }
    request = Request(
        caller=Caller(principal=service, account=situation.account),
        action=action,
        resource=key.arn,
        context=Context(context),
    )
    return _decide(request, [key.policy]).allowed
