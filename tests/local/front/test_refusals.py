"""What API Gateway answers by itself, and when."""

import http.client
import socket
import struct
import threading
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local.front.limits import Limit, Quota, Throttle, Usage
from local.runner import InvokeResult
from local.runner.errors import ThrottledError, UnknownFunctionError
from tests.local.front.stage import API, STAGE, Shop, answers, document, invocation, operation

ORDER = {
    "type": "object",
    "required": ["items"],
    "additionalProperties": False,
    "properties": {
        "items": {"type": "array", "minItems": 1, "items": {"$ref": "#/components/schemas/Item"}},
        "note": {"type": "string", "maxLength": 5},
        "count": {"type": "integer", "minimum": 1},
        "kind": {"enum": ["a", "b"]},
        "sku": {"type": "string", "pattern": "^[A-Z]+$"},
        "size": {"oneOf": [{"type": "integer"}, {"type": "number"}]},
    },
}
SCHEMAS = {"Order": ORDER, "Item": {"type": "object", "required": ["sku"]}}
BODY = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}}, "required": True}
CORS = {"gatewayresponse.header.Access-Control-Allow-Origin": "'https://shop.example'"}


def validated(paths: dict[str, Any], **more: Any) -> dict[str, Any]:
    return document(
        paths,
        components={"schemas": SCHEMAS},
        **{
            "x-amazon-apigateway-request-validators": {
                "all": {"validateRequestBody": True, "validateRequestParameters": True},
                "none": {"validateRequestBody": False, "validateRequestParameters": False},
            },
            "x-amazon-apigateway-request-validator": "all",
            "x-amazon-apigateway-gateway-responses": {
                "BAD_REQUEST_BODY": {
                    "responseTemplates": {
                        "application/json": '{"code":"invalid","why":"$context.error.validationErrorString",'
                        '"id":"$context.requestId"}'
                    },
                    "responseParameters": CORS,
                },
                "DEFAULT_4XX": {
                    "responseTemplates": {"application/json": '{"said":$context.error.messageString}'},
                    "responseParameters": CORS,
                },
            },
            **more,
        },
    )


@pytest.fixture
def orders(shop: Shop) -> Shop:
    """An API with a validator for everything."""
    parameters = [
        {"name": "limit", "in": "query", "required": True, "schema": {"type": "integer"}},
        {"name": "X-Key", "in": "header", "required": True},
        {"name": "page", "in": "query"},
    ]
    paths = {
        "/orders": {"post": operation(requestBody=BODY), "get": operation(parameters=parameters)},
        "/free": {"post": operation(requestBody=BODY, **{"x-amazon-apigateway-request-validator": "none"})},
    }
    shop.function = lambda _: answers()
    shop.deploy(validated(paths))
    return shop


TYPE = "instance type ({}) does not match any allowed primitive type (allowed: [{}])"


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("{}", 'object has missing required properties (["items"])'),
        ('{"items": "x"}', TYPE.format("string", '"array"')),
        ('{"items": [{}]}', 'object has missing required properties (["sku"])'),
        (
            '{"items": [], "x": 1}',
            'object instance has properties which are not allowed by the schema: ["x"]',
        ),
        ('{"items": [], "count": 0}', "is lower than the required minimum (minimum: 1, found: 0)"),
        ('{"items": [], "count": true}', TYPE.format("boolean", '"integer"')),
        ('{"items": [], "note": "abcdef"}', "is too long (length: 6, maximum allowed: 5)"),
        ('{"items": [], "kind": "c"}', "not found in enum"),
        ('{"items": [], "sku": "a"}', "ECMA 262 regex"),
        ('{"items": [], "size": "s"}', "failed to match exactly one schema (matched 0 out of 2)"),
        ('{"items": [], "size": 1}', "failed to match exactly one schema (matched 2 out of 2)"),
        ("[]", TYPE.format("array", '"object"')),
        ("", TYPE.format("null", '"object"')),
        ("{", "Can not parse the body as JSON"),
        ("NaN", "Can not parse the body as JSON"),
        ("[" * 5000, "Can not parse the body as JSON"),
    ],
)
def test_a_body_that_does_not_fit_its_model_is_told_why(orders, body, why):
    reply = orders.call("POST", "/orders", body)

    assert reply.status == 400
    assert reply.header("x-amzn-ErrorType") == "BadRequestException"
    assert reply.header("Access-Control-Allow-Origin") == "https://shop.example"
    assert why in reply.json["why"]
    assert reply.json["id"] == reply.header("x-amzn-RequestId")
    assert not orders.events


@pytest.mark.parametrize(
    ("path", "body", "headers"),
    [
        ("/orders", '{"items": [{"sku": "A"}], "count": 3}', {}),
        ("/orders", '{"items": []}', {"content-type": "application/json; charset=utf-8"}),
        ("/orders", "<order/>", {"content-type": "text/xml"}),
        ("/free", "{", {}),
    ],
)
def test_what_fits_or_is_not_looked_at_reaches_the_function(orders, path, body, headers):
    # `minItems` is no part of request validation, nor is a body of a type without a model.
    assert orders.call("POST", path, body, headers).status == 200


@pytest.mark.parametrize(
    ("query", "headers", "missing"),
    [
        ("", {}, "limit, X-Key"),
        ("?limit=1", {}, "X-Key"),
        ("?limit=", {"x-key": "k"}, "limit"),
        ("?limit=1", {"x-key": "  "}, "X-Key"),
        ("?limit=any", {"x-key": "k"}, ""),
    ],
)
def test_required_parameters_must_be_there_and_not_blank(orders, query, headers, missing):
    reply = orders.call("GET", f"/orders{query}", headers=headers)

    if missing:
        assert reply.status == 400
        assert reply.json == {"said": f"Missing required request parameters: [{missing}]"}
        assert reply.header("Access-Control-Allow-Origin") == "https://shop.example"
    else:
        assert reply.status == 200


def test_gateway_responses_may_be_resources_and_change_the_status(shop):
    shop.deploy(document({"/a": {"get": operation()}}))
    shop.put(
        "aws:apigateway/response:Response",
        "missing",
        restApiId=API,
        responseType="MISSING_AUTHENTICATION_TOKEN",
        statusCode="404",
        responseTemplates={"application/json": '{"path":"$context.path","pool":"$stageVariables.pool"}'},
        responseParameters={
            "gatewayresponse.header.X-Asked": "method.request.header.X-Mine",
            "gatewayresponse.header.X-Absent": "method.request.header.X-Other",
            "gatewayresponse.header.X-Stage": "context.stage",
        },
    )

    reply = shop.call("GET", "/b", headers={"x-mine": "hello"})

    assert (reply.status, reply.json) == (404, {"path": f"/{STAGE}/b", "pool": ""})
    assert reply.header("x-asked") == "hello"
    assert reply.header("x-stage") == STAGE
    assert not reply.header("x-absent")


def test_a_preflight_is_answered_by_the_documents_mock(shop):
    mock = {
        "type": "mock",
        "requestTemplates": {"application/json": '{"statusCode": 204}'},
        "responses": {
            "default": {
                "statusCode": "204",
                "responseParameters": {
                    "method.response.header.Access-Control-Allow-Origin": "'https://shop.example'",
                    "method.response.header.Access-Control-Allow-Methods": "'GET,POST'",
                },
            }
        },
    }
    shop.deploy(document({"/a": {"options": {"x-amazon-apigateway-integration": mock}}}))

    reply = shop.call("OPTIONS", "/a", headers={"origin": "https://shop.example"})

    assert reply.status == 204
    assert reply.header("Access-Control-Allow-Origin") == "https://shop.example"
    assert reply.header("Access-Control-Allow-Methods") == "GET,POST"
    assert not shop.events


def test_without_permission_on_the_alias_the_function_is_not_invoked(shop):
    shop.deploy(document({"/a": {"get": operation()}}))
    shop.permit(qualifier=None)

    reply = shop.call("GET", "/a")

    assert (reply.status, reply.json) == (500, {"message": "Internal server error"})
    assert not shop.events
    assert "invalid permissions on function shop:live" in shop.front.problems()[0]
    assert [one.action for one in shop.judge.denials()] == ["lambda:InvokeFunction"]


def raising(error: Exception) -> Any:
    def function(_: Any) -> Any:
        raise error

    return function


@pytest.mark.parametrize(
    ("function", "status"),
    [
        (lambda _: InvokeResult(payload=b"{}", function_error="Unhandled", log_tail="", request_id="r"), 502),
        (raising(ThrottledError("busy")), 500),
        (raising(UnknownFunctionError("gone")), 500),
    ],
)
def test_a_function_that_fails_is_an_internal_error(shop, function, status):
    shop.deploy(document({"/a": {"get": operation()}}))
    shop.function = function

    reply = shop.call("GET", "/a")

    assert (reply.status, reply.json) == (status, {"message": "Internal server error"})


def test_a_function_that_takes_too_long_is_not_waited_for(shop):
    slow = operation(**{"x-amazon-apigateway-integration": invocation() | {"timeoutInMillis": 50}})
    shop.deploy(document({"/a": {"get": slow}}))
    may_end = threading.Event()
    shop.function = lambda _: answers() if may_end.wait(30) else None

    reply = shop.call("GET", "/a")
    may_end.set()

    assert (reply.status, reply.json) == (504, {"message": "Endpoint request timed out"})


def test_nothing_is_waited_for_longer_than_29_seconds(shop):
    patient = operation(**{"x-amazon-apigateway-integration": invocation() | {"timeoutInMillis": 60_000}})
    shop.deploy(document({"/a": {"get": patient}, "/b": {"get": operation()}}))

    stage = shop.front.stages.find(API, STAGE)

    assert stage
    assert {one.integration.timeout for one in stage.document.operations} == {29}


@pytest.mark.parametrize(("megabytes", "status"), [(5, 200), (7, 413), (10, 413), (11, 413)])
def test_a_payload_ends_at_10_megabytes_and_a_functions_event_at_6(orders, megabytes, status):
    reply = orders.call("POST", "/free", b"x" * (megabytes * 1_000_000), {"content-type": "text/plain"})

    assert reply.status == status
    assert len(orders.events) == (status == 200)
    if status == 413:
        assert reply.header("Access-Control-Allow-Origin") == "https://shop.example"


def test_requests_beyond_the_burst_are_throttled_method_by_method(shop):
    shop.deploy(document({"/a": {"get": operation(), "post": operation()}}))
    for path, limits in (
        ("*/*", {"throttlingRateLimit": 0.001, "throttlingBurstLimit": 2}),
        ("a/POST", {"throttlingRateLimit": 0.001, "throttlingBurstLimit": 1}),
    ):
        shop.put(
            "aws:apigateway/methodSettings:MethodSettings",
            path,
            restApi=API,
            stageName=STAGE,
            methodPath=path,
            settings=limits,
        )

    statuses = {method: [shop.call(method, "/a").status for _ in range(3)] for method in ("GET", "POST")}

    assert statuses == {"GET": [200, 200, 429], "POST": [200, 429, 429]}
    reply = shop.call("GET", "/a")
    assert reply.json == {"message": "Too Many Requests"}
    assert reply.header("x-amzn-ErrorType") == "TooManyRequestsException"


@given(
    rate=st.floats(0.1, 100),
    burst=st.integers(1, 20),
    pauses=st.lists(st.floats(0, 3), min_size=1, max_size=60),
)
def test_no_window_of_time_holds_more_requests_than_burst_and_rate_allow(rate, burst, pauses):
    now = 0.0
    throttle = Throttle(lambda: now)
    admitted = []
    for pause in pauses:
        now += pause
        if throttle.admits("x", Limit(rate, burst)):
            admitted.append(now)

    assert admitted[0] == pauses[0]
    for first, begin in enumerate(admitted):
        for last in range(first, len(admitted)):
            assert last - first + 1 <= burst + rate * (admitted[last] - begin) + 1e-6


def keyed(shop: Shop, **plan: Any) -> None:
    shop.deploy(
        document(
            {"/a": {"get": operation(security=[{"key": []}])}},
            components={"securitySchemes": {"key": {"type": "apiKey", "name": "x-api-key", "in": "header"}}},
        )
    )
    shop.put("aws:apigateway/apiKey:ApiKey", "k1", name="partner", value="s" * 20)
    shop.put("aws:apigateway/apiKey:ApiKey", "k2", name="off", value="t" * 20, enabled=False)
    stages = [{"apiId": API, "stage": STAGE}]
    shop.put("aws:apigateway/usagePlan:UsagePlan", "p1", name="plan", apiStages=stages, **plan)
    for key in ("k1", "k2"):
        shop.put("aws:apigateway/usagePlanKey:UsagePlanKey", f"p1-{key}", usagePlanId="p1", keyId=key)


def test_a_method_that_needs_a_key_admits_the_keys_of_the_stages_plans_alone(shop):
    keyed(shop)

    replies = [shop.call("GET", "/a", headers={"x-api-key": key}) for key in ("s" * 20, "t" * 20, "u" * 20)]
    without = shop.call("GET", "/a")

    assert [one.status for one in replies] == [200, 403, 403]
    assert (without.status, without.json) == (403, {"message": "Forbidden"})
    assert replies[0].json["requestContext"]["identity"]["apiKeyId"] == "k1"


@pytest.mark.parametrize(
    ("plan", "error"),
    [
        ({"quotaSettings": {"limit": 2, "period": "DAY"}}, "LimitExceededException"),
        ({"throttleSettings": {"burstLimit": 2, "rateLimit": 0.001}}, "TooManyRequestsException"),
    ],
)
def test_a_usage_plan_limits_each_key(shop, plan, error):
    keyed(shop, **plan)

    replies = [shop.call("GET", "/a", headers={"x-api-key": "s" * 20}) for _ in range(3)]

    assert [one.status for one in replies] == [200, 200, 429]
    assert replies[2].header("x-amzn-ErrorType") == error


@given(used=st.integers(1, 30), limit=st.integers(1, 20), offset=st.integers(0, 5))
def test_a_quota_admits_exactly_what_it_says(used, limit, offset):
    usage, quota = Usage(), Quota(limit, offset, "MONTH")

    assert sum(usage.admits("k", quota) for _ in range(used)) == max(0, min(used, limit - offset))


BROKEN = [
    "",
    "content-length: -1",
    "content-length: 5\r\ncontent-length: 6",
    "content-length: many",
    "transfer-encoding: chunked\r\n\r\nzz\r\n",
    "transfer-encoding: chunked\r\n\r\n-5\r\n",
    "transfer-encoding: chunked\r\n\r\nffffffffff\r\n",
    "x: " + "a" * 70_000,
    "\r\n".join(f"h{number}: x" for number in range(150)),
    "no colon at all",
    "authorization: Bearer \u00e9\u00ff",
]


@st.composite
def requests(draw):
    """Draw something that is hardly a request, or one with a strange method, path or header."""
    if draw(st.booleans()):
        return draw(st.binary(max_size=60))
    method = draw(st.sampled_from(["GET", "POST", "BREW", "get", "OPTIONS"]))
    path = draw(st.text(st.characters(min_codepoint=33, max_codepoint=0x24F), max_size=20))
    rest = draw(st.sampled_from(BROKEN))
    return f"{method} /{API}/{STAGE}/{path} HTTP/1.1\r\n{rest}\r\n\r\n".encode(errors="replace")


@given(sent=requests())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_request_however_broken_is_a_fault_of_the_front(orders, sent):
    connection = orders.connection()
    connection.connect()
    connection.sock.sendall(sent)
    connection.sock.shutdown(1)
    answer = b""
    while piece := connection.sock.recv(65_536):
        answer += piece
    connection.close()

    statuses = [line.split()[1] for line in answer.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")]
    assert all(status[:1] in (b"2", b"4") for status in statuses)
    assert not orders.front.problems()
    assert orders.call("POST", "/free", "{").status == 200


def test_a_document_that_cannot_be_served_says_why_in_the_status(shop):
    shop.deploy({"openapi": "3.0.1", "info": {}, "paths": {"/a": {"get": {"responses": {}}}}})

    reply = shop.call("GET", "/a")

    assert reply.status == 500
    assert shop.front.problems() == [f"API {API}: GET /a has no integration"]


def test_a_head_answer_has_no_body(shop):
    shop.deploy(document({"/a": {"head": operation()}}))
    connection: http.client.HTTPConnection = shop.connection()

    for _ in range(2):  # a body that follows would be read as the next answer
        connection.request("HEAD", f"/{API}/{STAGE}/a")
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (200, b"")
    connection.close()


def test_an_error_that_nobody_foresaw_ends_its_request_and_is_told(shop, monkeypatch):
    told: list[type[BaseException]] = []
    monkeypatch.setattr(threading, "excepthook", lambda end: told.append(end.exc_type))

    def fail(_: Any) -> Any:
        raise AssertionError("a defect of this project")

    shop.function = fail
    shop.deploy(document({"/": {"get": operation()}}))

    with pytest.raises(http.client.RemoteDisconnected):
        shop.call("GET", "/")

    shop.function = lambda _: answers()
    assert shop.call("GET", "/").status == 200
    assert told == [AssertionError]


def test_a_client_that_goes_away_is_nobodys_error(shop, monkeypatch):
    told: list[type[BaseException]] = []
    monkeypatch.setattr(threading, "excepthook", lambda end: told.append(end.exc_type))
    arrived, gone = threading.Event(), threading.Event()

    def wait(_: Any) -> Any:
        arrived.set()
        gone.wait(30)
        return answers(body="x" * 1_000_000)

    shop.function = wait
    shop.deploy(document({"/": {"get": operation()}}))
    client = socket.create_connection(urlsplit(shop.front.url).netloc.split(":"))
    client.sendall(f"GET /{API}/{STAGE}/ HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    arrived.wait(30)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
    gone.set()

    shop.function = lambda _: answers()
    assert shop.call("GET", "/").status == 200
    assert told == []
