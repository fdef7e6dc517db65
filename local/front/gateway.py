"""What happens to one request, from its path to its answer, access log line and metrics."""

import threading
import time
from collections.abc import Mapping
from typing import Any

from local.front import answer
from local.front.access_log import AccessLog
from local.front.answer import Answer
from local.front.authorization import authorize, meter
from local.front.context import error_context, request_context
from local.front.errors import GatewayError
from local.front.event import trace_id
from local.front.integrations import Integrations
from local.front.limits import Throttle, Usage
from local.front.metrics import Metrics
from local.front.request import Request
from local.front.routing import Match, route
from local.front.settings import Stage, Stages
from local.front.tokens import Pools
from local.front.validation import validate
from local.front.variables import filled

_FORBIDDEN = Answer(
    status=403,
    headers=[("Content-Type", "application/json"), ("x-amzn-ErrorType", "ForbiddenException")],
    body=b'{"message":"Forbidden"}',
)


class Gateway:
    """Answers requests to the stages that are deployed."""

    def __init__(
        self, stages: Stages, integrations: Integrations, pools: Pools, log: AccessLog, metrics: Metrics
    ) -> None:
        self._stages, self.integrations, self.pools = stages, integrations, pools
        self.log, self.metrics = log, metrics
        self.throttle, self.usage = Throttle(), Usage()
        self._lock = threading.Lock()
        self._problems: dict[str, None] = {}

    def handle(self, api: str, stage_name: str, request: Request) -> Answer:
        """Return the answer to a request to a stage of an API; 403 where there is no such stage."""
        stage = self._stages.find(api, stage_name)
        if stage is None:
            return _FORBIDDEN
        return _Passage(self, stage, request).answer()

    def problems(self) -> list[str]:
        """Return what was wrong on this side of the wire, each thing once."""
        with self._lock:
            noted = list(self._problems)
        broken = [stage.problem for stage in self._stages.all() if stage.problem]
        return [*dict.fromkeys(broken), *noted, *self.log.problems(), *self.metrics.problems()]

    def note(self, stage: Stage, problem: str) -> None:
        """Keep a problem for the status of the stack."""
        with self._lock:
            self._problems[f"API {stage.api_name!r}, stage {stage.name!r}: {problem}"] = None


class _Passage:
    """One request on its way through a stage."""

    def __init__(self, gateway: Gateway, stage: Stage, request: Request) -> None:
        self._gateway, self._stage, self._request = gateway, stage, request
        self._match: Match | None = None
        self._context: dict[str, Any] = request_context(request, stage, None, {})
        self._integration: float | None = None
        self._began = time.monotonic()

    def answer(self) -> Answer:
        """Return the answer, with the headers that every answer has."""
        error: Mapping[str, Any] = {}
        try:
            found = self._respond()
        except GatewayError as refusal:
            error = error_context(refusal)
            if refusal.noted:
                self._gateway.note(self._stage, refusal.noted)
            found = answer.of_gateway(refusal, self._request, self._stage, self._known({"error": error}))
        self._record(found, error)
        own = [
            ("x-amzn-RequestId", self._request.request_id),
            ("x-amz-apigw-id", self._request.extended_id),
            ("X-Amzn-Trace-Id", trace_id(self._request)),
        ]
        return Answer(status=found.status, headers=[*found.headers, *own], body=found.body)

    def _respond(self) -> Answer:
        request, stage, gateway = self._request, self._stage, self._gateway
        if stage.problem:
            raise GatewayError("API_CONFIGURATION_ERROR")
        if request.too_large:
            raise GatewayError("REQUEST_TOO_LARGE")
        self._match = match = route(stage.document.operations, request.method, request.path)
        if match is None:
            raise GatewayError("MISSING_AUTHENTICATION_TOKEN")
        operation = match.operation
        self._context = request_context(request, stage, match, {})
        limit = stage.limit(operation.resource, request.method)
        of = (stage.api_id, stage.name, operation.resource, operation.method)
        if not gateway.throttle.admits(of, limit):
            raise GatewayError("THROTTLED")
        plan = meter(request, operation, stage, gateway.throttle, gateway.usage)
        caller = authorize(request, operation, stage, gateway.pools)
        self._context = request_context(request, stage, match, caller, plan)
        validate(request, match)
        began = time.monotonic()
        try:
            return gateway.integrations.respond(request, stage, match, self._context)
        finally:
            self._integration = (time.monotonic() - began) * 1000

    def _known(self, more: Mapping[str, Any]) -> dict[str, Any]:
        return {"context": {**self._context, **more}, "stageVariables": self._stage.variables}

    def _record(self, found: Answer, error: Mapping[str, Any]) -> None:
        latency = (time.monotonic() - self._began) * 1000
        self._gateway.metrics.add(self._stage, found.status, latency, self._integration)
        if not (self._stage.log_group and self._stage.log_format):
            return
        spent = None if self._integration is None else round(self._integration)
        said = {
            "status": found.status,
            "responseLatency": round(latency),
            "responseLength": len(found.body),
            "integrationLatency": spent,
            "integrationStatus": None if spent is None else found.status,
            "integration": {"latency": spent, "status": None if spent is None else found.status},
            "requestLength": len(self._request.body),
            "xrayTraceId": trace_id(self._request),
            "error": error,
        }
        self._gateway.log.write(self._stage, filled(self._stage.log_format, self._known(said)))
