"""The status of every malware protection plan; one that is not active is tried again after each change."""

import threading
from collections.abc import Callable

from botocore.exceptions import BotoCoreError, ClientError

from local.deployed import Deployed, Resource
from local.permissions.errors import PermissionsError
from local.provider.emulation import Cloud
from local.provider.resources.guardduty import role_of, set_up
from local.scan_role import PlanStatus

PLAN = "aws:guardduty/malwareProtectionPlan:MalwareProtectionPlan"


class Plans:
    """The plans in *deployed*; what cannot be told of one is reported to *on_error*."""

    def __init__(self, deployed: Deployed, cloud: Cloud, on_error: Callable[[str], None]) -> None:
        self._deployed, self._cloud, self._on_error = deployed, cloud, on_error
        self._lock = threading.Lock()
        self._revision = -1
        self._found: dict[str, PlanStatus] = {}

    def all(self) -> list[PlanStatus]:
        """Return the status of each plan."""
        with self._lock:
            return list(self._found.values())

    def refresh(self) -> list[Resource]:
        """Return the plans that are deployed, after trying those again that are not active."""
        plans, revision = self._deployed.of_type(PLAN), self._deployed.revision
        if revision != self._revision:
            found = {plan.id: status for plan in plans if (status := self._status(plan))}
            with self._lock:
                self._found, self._revision = found, revision
        return plans

    def _status(self, plan: Resource) -> PlanStatus | None:
        role = role_of(self._cloud, plan.properties["arn"], plan.properties)
        known = self._found.get(plan.id)
        if known is None and plan.properties["status"] == "ACTIVE":
            known = PlanStatus(plan=plan.id, bucket=role.bucket)
        if known and not known.flaws:
            return known
        try:
            return set_up(self._cloud, plan.properties["region"], plan.id, role)
        except (ClientError, BotoCoreError, PermissionsError) as error:
            self._on_error(f"scan plan {plan.id}: its role could not be tried: {error}")
            return known
