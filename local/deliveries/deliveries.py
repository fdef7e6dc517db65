"""Decides on deliveries between services, and counts them."""

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

from local.deliveries.kinds import DELIVERIES
from local.deliveries.messages import Delivery, Verdict
from local.permissions.calls import ServiceCall
from local.permissions.errors import PermissionsError
from local.permissions.judge import Judge

type Disturb = Callable[[Delivery], Verdict]
"""Says what becomes of a delivery that is allowed; `Verdict()` leaves it alone."""


@dataclass(frozen=True, kw_only=True, order=True)
class DeliveryCount:
    """How often one source delivered to one target, and how often that was refused, and why the last time."""

    kind: str
    source: str
    target: str
    delivered: int
    refused: int
    reason: str


class Deliveries:
    """Every delivery between services is asked for here, whatever service makes it.

    *disturb* may be replaced to lose, double or delay some of those that are allowed.
    """

    def __init__(self, judge: Judge, disturb: Disturb = lambda _: Verdict()) -> None:
        self.disturb = disturb
        self._judge = judge
        self._lock = threading.Lock()
        self._delivered: Counter[Delivery] = Counter()
        self._refused: Counter[Delivery] = Counter()
        self._reasons: dict[Delivery, str] = {}

    def decide(self, delivery: Delivery) -> Verdict:
        """Return what becomes of *delivery*; what cannot be judged is refused, and noted by the judge."""
        reason = self._refusal(delivery)
        counted = replace(delivery, target=_holder(delivery.target))
        with self._lock:
            (self._refused if reason else self._delivered)[counted] += 1
            if reason:
                self._reasons[counted] = reason
        return Verdict(refused=reason, copies=0) if reason else self.disturb(delivery)

    def counts(self) -> list[DeliveryCount]:
        """Return what was delivered and refused, sorted."""
        with self._lock:
            return sorted(
                DeliveryCount(
                    kind=one.kind,
                    source=one.source,
                    target=one.target,
                    delivered=self._delivered[one],
                    refused=self._refused[one],
                    reason=self._reasons.get(one, ""),
                )
                for one in self._delivered.keys() | self._refused.keys()
            )

    def _refusal(self, delivery: Delivery) -> str:
        if delivery.kind == "bucket-to-log-bucket" and self._judge.uses_kms(_holder(delivery.target)):
            return (
                f"{_holder(delivery.target)} is encrypted with a key of KMS: S3 delivers no access logs there"
            )
        try:
            denied = next(filter(None, map(self._judge.service, service_calls(delivery))), None)
        except PermissionsError as error:
            return str(error)
        return denied.reason if denied else ""


def _holder(target: str) -> str:
    """Return the bucket of an object, and any other target as it is: objects have too many names to count."""
    return target.partition("/")[0] if target.startswith("arn:aws:s3:::") else target


def service_calls(delivery: Delivery) -> list[ServiceCall]:
    """Return the calls that a delivery needs; none if AWS asks for no permission."""
    kind = DELIVERIES[delivery.kind]
    if kind.principal is None:
        return []
    return [
        ServiceCall(
            principal=kind.principal.format(region=delivery.region),
            account=delivery.account,
            region=delivery.region,
            source=delivery.source,
            action=action,
            resource=delivery.target,
            key_actions=kind.key_actions,
            bound_to=kind.bound_to,
            key_learns_source=kind.names_source,
            key=delivery.key,
        )
        for action in kind.actions or ("",)
    ]
