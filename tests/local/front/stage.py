"""A small API in this process: its document, a function that is a Python callable, and HTTP to call it."""

import http.client
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from local.deployed import Deployed, Resource
from local.front.server import Front
from local.permissions.judge import Judge
from local.provider.api_documents import keep, publish
from local.provider.emulation import ACCOUNT, Cloud
from local.runner import InvokeResult

REGION, API, STAGE = "eu-central-1", "abc123", "live"
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:shop"
LOG_ROLE = f"arn:aws:iam::{ACCOUNT}:role/gateway-logs"
type Function = Callable[[dict[str, Any]], Any]


def invocation(function: str = f"{FUNCTION}:live") -> dict[str, Any]:
    return {
        "type": "aws_proxy",
        "httpMethod": "POST",
        "uri": f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{function}/invocations",
    }


def operation(**more: Any) -> dict[str, Any]:
    return {
        "responses": {"200": {"description": "it"}},
        "x-amazon-apigateway-integration": invocation(),
        **more,
    }


def document(paths: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {"openapi": "3.0.1", "info": {"title": "shop", "version": "1"}, "paths": dict(paths), **more}


def answers(status: int = 200, body: Any = None, **more: Any) -> dict[str, Any]:
    """Return what a function answers."""
    return {"statusCode": status, "body": json.dumps(body), **more}


@dataclass
class Reply:
    """An HTTP response."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Shop:
    """A deployed API named `shop` with one stage, whose function is *function*."""

    cloud: Cloud
    folder: Path
    function: Function = lambda event: answers(200, event)
    deployed: Deployed = field(default_factory=Deployed)
    events: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.judge = Judge(self.deployed, tags_of=lambda *_: {})
        self.front = Front(
            self.deployed,
            self.judge,
            self._invoke,
            endpoint=self.cloud.endpoint,
            client=self.cloud.client,
            folder=self.folder,
        )
        self.put("aws:lambda/function:Function", "shop", name="shop", arn=FUNCTION, role="r")
        self.permit()
        self.front.start()

    def put(self, token: str, title: str, **properties: Any) -> None:
        given = {"region": REGION, **properties}
        self.deployed.put(Resource(urn=f"{token}::{title}", type=token, id=title, properties=given))

    def permit(self, **changes: Any) -> None:
        given = {
            "action": "lambda:InvokeFunction",
            "function": "shop",
            "qualifier": "live",
            "principal": "apigateway.amazonaws.com",
            "sourceArn": f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{API}/*",
            "statementId": "Api",
        }
        self.put("aws:lambda/permission:Permission", "api", **given | changes)

    def deploy(self, found: Mapping[str, Any], deployment: str = "d1", **stage: Any) -> None:
        """Deploy the API with a document; *stage* has more inputs of the stage."""
        self.api(found)
        publish(self.folder, API, deployment)
        given = {"restApi": API, "deployment": deployment, "stageName": STAGE}
        self.put("aws:apigateway/stage:Stage", "live", **given, **stage)

    def api(self, found: Mapping[str, Any], **more: Any) -> None:
        keep(self.folder, API, json.dumps(found))
        self.put("aws:apigateway/restApi:RestApi", API, name="shop", body=json.dumps(found), **more)

    def call(
        self,
        method: str,
        path: str,
        body: bytes | str | None = None,
        headers: Mapping[str, str] | list[tuple[str, str]] | None = None,
        *,
        stage: str = f"{API}/{STAGE}",
    ) -> Reply:
        """Send a request, with headers as often as they are given."""
        connection = self.connection()
        listed = list(headers.items()) if isinstance(headers, Mapping) else headers or []
        content = body.encode() if isinstance(body, str) else body
        hosted = any(name.lower() == "host" for name, _ in listed)
        connection.putrequest(method, f"/{stage}{path}", skip_host=hosted, skip_accept_encoding=True)
        for name, value in listed:
            connection.putheader(name, value)
        if content is not None:
            connection.putheader("content-length", str(len(content)))
        connection.endheaders(content)
        try:
            answer = connection.getresponse()
            return Reply(answer.status, answer.getheaders(), answer.read())
        finally:
            connection.close()

    def connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(urlsplit(self.front.url).netloc, timeout=30)

    def stop(self) -> None:
        self.front.stop()

    def _invoke(self, function: str, payload: bytes) -> InvokeResult:
        event = json.loads(payload)
        self.events.append(event)
        found = self.function(event)
        if isinstance(found, InvokeResult):
            return found
        content = found if isinstance(found, bytes) else json.dumps(found).encode()
        return InvokeResult(payload=content, function_error=None, log_tail="", request_id="r")
