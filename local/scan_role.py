"""What GuardDuty does with the role of a malware protection plan, judged call by call.

Which permissions the role needs, and for what, is documented under "Create or update IAM role policy" of the
Amazon GuardDuty User Guide; what a plan is told to be without them under "Troubleshooting Malware Protection
plan status".
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from local.permissions.calls import Call
from local.permissions.evaluator import Decision
from local.permissions.judge import Judge, RoleSession
from local.permissions.keys import Tags

SERVICE = "malware-protection-plan.guardduty.amazonaws.com"
UNTRUSTED = "UNAUTHORIZED_TO_ASSUME_ROLE"
NO_EVENTS = "EVENTBRIDGE_MANAGED_EVENTS_DELIVERY_DISABLED"
NO_RULE = "EVENTBRIDGE_MANAGED_RULE_DISABLED"
NO_TEST_OBJECT = "INSUFFICIENT_TEST_OBJECT_PERMISSIONS"
VALIDATION_OBJECT = "malware-protection-resource-validation-object"


@dataclass(frozen=True, kw_only=True, order=True)
class Flaw:
    """Why a plan is not active: AWS's code, whether that stops its scans, and what was denied."""

    code: str
    stops: bool
    message: str


@dataclass(frozen=True, kw_only=True)
class PlanStatus:
    """The status of a plan with its reasons, the worst first."""

    plan: str
    bucket: str
    flaws: tuple[Flaw, ...] = ()

    @property
    def name(self) -> str:
        """AWS's word for it."""
        if not self.flaws:
            return "ACTIVE"
        return "ERROR" if any(flaw.stops for flaw in self.flaws) else "WARNING"


@dataclass(frozen=True, kw_only=True)
class ScanRole:
    """The role of the plan with ARN *plan*, for *bucket*; without a judge everything is allowed."""

    judge: Judge | None
    plan: str
    arn: str
    bucket: str
    session: RoleSession = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "session", RoleSession(role_arn=self.arn, session="GuardDutyMalwareProtection")
        )

    def assume(self) -> Decision | None:
        """Return what denies GuardDuty the role, None if nothing does."""
        return self.judge.assume(self.arn, service=SERVICE, source=self.plan) if self.judge else None

    def denied(
        self, service: str, operation: str, *, tags: Tags | None = None, **parameters: Any
    ) -> Decision | None:
        """Return what denies the role a call, None if nothing does."""
        account, region = self.plan.split(":")[4], self.plan.split(":")[3]
        call = Call(
            service=service, operation=operation, parameters=parameters, account=account, region=region
        )
        return self.judge.call(self.session, call, tags=tags) if self.judge else None

    def flaws(self, rule: str) -> Iterator[Flaw]:
        """Yield what the role lacks for a plan that is told of new objects by the managed *rule*."""
        if denied := self.assume():
            yield Flaw(code=UNTRUSTED, stops=True, message=denied.reason)
            return
        yield from self._lacks(
            NO_EVENTS,
            ("s3", "GetBucketNotificationConfiguration", {"Bucket": self.bucket}),
            ("s3", "PutBucketNotificationConfiguration", {"Bucket": self.bucket}),
        )
        managed = {"ManagedBy": SERVICE}
        yield from self._lacks(
            NO_RULE,
            ("events", "PutRule", {"Name": rule, **managed}),
            ("events", "PutTargets", {"Rule": rule, **managed}),
            ("events", "DescribeRule", {"Name": rule}),
            ("events", "ListTargetsByRule", {"Rule": rule}),
        )
        yield from self._lacks(
            NO_TEST_OBJECT,  # AWS documents no other code for the bucket's ownership
            ("s3", "HeadBucket", {"Bucket": self.bucket}),
            ("s3", "PutObject", {"Bucket": self.bucket, "Key": VALIDATION_OBJECT}),
            stops=False,
        )

    def may_remove(self, rule: str) -> bool:
        """Tell whether the role still lets GuardDuty take its managed rule away."""
        return not (
            self.assume()
            or self.denied("events", "RemoveTargets", Rule=rule, ManagedBy=SERVICE)
            or self.denied("events", "DeleteRule", Name=rule, ManagedBy=SERVICE)
        )

    def _lacks(
        self, code: str, *calls: tuple[str, str, dict[str, Any]], stops: bool = True
    ) -> Iterator[Flaw]:
        """Yield one flaw for the first of *calls* that is denied; the others are tried all the same."""
        found = [self.denied(service, operation, **parameters) for service, operation, parameters in calls]
        if denied := next(filter(None, found), None):
            yield Flaw(code=code, stops=stops, message=denied.reason)
