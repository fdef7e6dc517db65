"""What answers a request: the function behind an alias, if the API may invoke it in time, or a mock."""

import json
import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLateError
from typing import Any

from local.front import answer
from local.front.answer import Answer
from local.front.errors import GatewayError
from local.front.event import proxy_event
from local.front.request import Request
from local.front.routing import Match
from local.front.settings import Stage
from local.permissions.calls import ServiceCall
from local.permissions.errors import PermissionsError
from local.permissions.judge import Judge
from local.runner import InvokeResult
from local.runner.errors import RunnerError, ThrottledError

type Invoke = Callable[[str, bytes], InvokeResult]
"""Runs a function, by ARN, on an event. Whoever disturbs requests on purpose wraps this one."""

LARGEST_PAYLOAD = 6_291_556
"""Bytes of an event or an answer of a synchronous invocation ("Lambda quotas")."""
_FUNCTION = re.compile(
    r"arn:[^:]+:apigateway:[^:]+:lambda:path/2015-03-31/functions/(?P<arn>[^/]+)/invocations"
)
_MOST_WAITING = 512


class Integrations:
    """Invokes functions by *invoke* as far as *judge* lets API Gateway do so."""

    def __init__(self, invoke: Invoke, judge: Judge) -> None:
        self._invoke, self._judge = invoke, judge
        self._pool = ThreadPoolExecutor(_MOST_WAITING, thread_name_prefix="front-integration")

    def stop(self) -> None:
        """Start no more; what is under way ends with the runner."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def respond(self, request: Request, stage: Stage, match: Match, context: Mapping[str, Any]) -> Answer:
        """Return the integration's answer.

        Raises
        ------
        GatewayError
            There is none.
        """
        integration = match.operation.integration
        if integration.type == "mock":
            known = {"context": context, "stageVariables": stage.variables}
            return answer.of_mock(integration.responses, integration.template, known)
        if integration.type != "aws_proxy":
            noted = f"integrations of type {integration.type or 'unknown'} are not emulated"
            raise GatewayError("API_CONFIGURATION_ERROR", noted=noted)
        found = _FUNCTION.fullmatch(stage.filled(integration.uri))
        if found is None:
            raise GatewayError("API_CONFIGURATION_ERROR", noted=f"{integration.uri} invokes no function")
        self._permit(found["arn"], stage, match)
        event = json.dumps(proxy_event(request, stage, match, context)).encode()
        if len(event) > LARGEST_PAYLOAD:
            raise GatewayError("REQUEST_TOO_LARGE")
        result = self._wait(found["arn"], event, integration.timeout)
        if result.function_error:
            raise GatewayError("INTEGRATION_FAILURE", status=502)
        if len(result.payload) > LARGEST_PAYLOAD:
            raise GatewayError("INTEGRATION_FAILURE", status=502, noted=f"{found['arn']} answers over 6 MB")
        return answer.of_function(result.payload, request, stage.binary)

    def _permit(self, function: str, stage: Stage, match: Match) -> None:
        operation = match.operation
        path = f"{stage.api_id}/{stage.name}/{operation.method}{operation.resource}"
        call = ServiceCall(
            principal="apigateway.amazonaws.com",
            account=stage.account,
            region=stage.region,
            source=f"arn:aws:execute-api:{stage.region}:{stage.account}:{path}".replace("/ANY/", "/*/", 1),
            action="lambda:InvokeFunction",
            resource=function,
        )
        try:
            denied = self._judge.service(call)
        except PermissionsError as error:
            raise GatewayError("API_CONFIGURATION_ERROR", noted=str(error)) from error
        if denied:
            noted = f"invalid permissions on function {function.rpartition('function:')[2]}: {denied.reason}"
            raise GatewayError("API_CONFIGURATION_ERROR", noted=noted)

    def _wait(self, function: str, event: bytes, timeout: float) -> InvokeResult:
        """Return the function's answer; one that comes too late is lost, while the function runs on."""
        try:
            return self._pool.submit(self._invoke, function, event).result(timeout)
        except TooLateError:
            raise GatewayError("INTEGRATION_TIMEOUT") from None
        except ThrottledError:
            # AWS answers a throttled function with 500 and not with 429.
            raise GatewayError("INTEGRATION_FAILURE", status=500) from None
        except (RunnerError, PermissionsError) as error:
            raise GatewayError("API_CONFIGURATION_ERROR", noted=str(error)) from error
