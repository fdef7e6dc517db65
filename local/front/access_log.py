"""Access logs of stages, written with the role that the account lets API Gateway use.

AWS: "Set up CloudWatch logging for REST APIs in API Gateway". A stage has one stream here.
"""

import hashlib
import threading
from typing import Any

from local.deployed import Deployed
from local.front.settings import Stage
from local.permissions.calls import Call
from local.permissions.errors import PermissionsError
from local.permissions.judge import Judge, RoleSession
from local.runner.logs import LogPlace, LogShipper

_ACCOUNT = "aws:apigateway/account:Account"
_SERVICE = "apigateway.amazonaws.com"


class AccessLog:
    """Writes lines to the deployed log groups, if the role may."""

    def __init__(self, deployed: Deployed, judge: Judge, shipper: LogShipper) -> None:
        self._deployed, self._judge, self._shipper = deployed, judge, shipper
        self._lock = threading.Lock()
        self._revision = -1
        self._open: set[LogPlace] = set()
        self._problems: dict[str, None] = {}

    def write(self, stage: Stage, line: str) -> None:
        """Write one line, or keep why it could not be written."""
        stream = hashlib.md5(f"{stage.api_id}/{stage.name}".encode(), usedforsecurity=False).hexdigest()
        place = LogPlace(region=stage.region, group=stage.log_group, stream=stream)
        problem = self._refusal(stage, place)
        if problem:
            with self._lock:
                self._problems[f"access log of stage {stage.name!r}: {problem}"] = None
        else:
            self._shipper.put(place, [line])

    def problems(self) -> list[str]:
        """Return why lines could not be written, each reason once."""
        with self._lock:
            return list(self._problems)

    def _refusal(self, stage: Stage, place: LogPlace) -> str:
        roles = [one.properties.get("cloudwatchRoleArn") for one in self._deployed.of_type(_ACCOUNT)]
        if not any(roles):
            return "the account gives API Gateway no role for logs"
        role = next(filter(None, roles))
        try:
            if self._opens(place):
                denied = self._judge.assume(role, service=_SERVICE, source=_source(stage))
                denied = denied or self._asks(role, stage, place, "CreateLogStream")
            else:
                denied = None
            denied = denied or self._asks(role, stage, place, "PutLogEvents")
        except PermissionsError as error:
            return str(error)
        return denied.reason if denied else ""

    def _opens(self, place: LogPlace) -> bool:
        """Tell whether this is the first line for a stream since something was deployed."""
        with self._lock:
            if self._revision != self._deployed.revision:
                self._revision, self._open = self._deployed.revision, set()
            first = place not in self._open
            self._open.add(place)
            return first

    def _asks(self, role: str, stage: Stage, place: LogPlace, operation: str) -> Any:
        names = {"logGroupName": place.group, "logStreamName": place.stream}
        call = Call(
            service="logs", operation=operation, parameters=names, account=stage.account, region=stage.region
        )
        return self._judge.call(RoleSession(role_arn=role, session="BackplaneAssumeRoleSession"), call)


def _source(stage: Stage) -> str:
    return f"arn:aws:apigateway:{stage.region}:{stage.account}:/restapis/{stage.api_id}/stages/{stage.name}"
