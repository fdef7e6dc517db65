"""What a function sees of a request, and what a client sees of its answer."""

import base64
import json
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.local.front.stage import API, STAGE, Shop, answers, document, operation

PATHS = {
    "/v1/orders": {"get": operation(), "post": operation()},
    "/v1/orders/{orderId}": {"get": operation(), "patch": operation()},
    "/v1/orders/latest": {"get": operation()},
    "/files/{path+}": {"x-amazon-apigateway-any-method": operation()},
}
SETTINGS = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def shop(shop: Shop) -> Shop:
    shop.deploy(document(PATHS), variables={"pool": "p1"})
    return shop


def test_the_event_is_that_of_a_lambda_proxy_integration(shop):
    reply = shop.call(
        "GET",
        "/v1/orders/o-1?page=2&page=3&all",
        headers={"User-Agent": "test", "X-Mine": "a", "Host": "shop"},
    )

    event = reply.json
    context = event.pop("requestContext")
    trace = event["headers"].pop("X-Amzn-Trace-Id")
    assert event["multiValueHeaders"].pop("X-Amzn-Trace-Id") == [trace]
    assert event == {
        "resource": "/v1/orders/{orderId}",
        "path": "/v1/orders/o-1",
        "httpMethod": "GET",
        "headers": {
            "Host": "shop",
            "User-Agent": "test",
            "X-Mine": "a",
            "X-Forwarded-For": "127.0.0.1",
            "X-Forwarded-Port": "443",
            "X-Forwarded-Proto": "https",
        },
        "multiValueHeaders": {
            "Host": ["shop"],
            "User-Agent": ["test"],
            "X-Mine": ["a"],
            "X-Forwarded-For": ["127.0.0.1"],
            "X-Forwarded-Port": ["443"],
            "X-Forwarded-Proto": ["https"],
        },
        "queryStringParameters": {"page": "3", "all": ""},
        "multiValueQueryStringParameters": {"page": ["2", "3"], "all": [""]},
        "pathParameters": {"orderId": "o-1"},
        "stageVariables": {"pool": "p1"},
        "body": None,
        "isBase64Encoded": False,
    }
    assert context["path"] == f"/{STAGE}/v1/orders/o-1"
    assert (context["apiId"], context["stage"], context["deploymentId"]) == (API, STAGE, "d1")
    assert (context["resourcePath"], context["httpMethod"]) == ("/v1/orders/{orderId}", "GET")
    assert context["identity"]["sourceIp"] == "127.0.0.1"
    assert context["identity"]["userAgent"] == "test"
    assert context["domainName"] == "shop"
    assert context["requestId"] == reply.header("x-amzn-RequestId")
    assert "authorizer" not in context


def test_what_a_request_has_none_of_is_null(shop):
    shop.deploy(document(PATHS))

    event = shop.call("GET", "/v1/orders").json

    for name in ("queryStringParameters", "multiValueQueryStringParameters", "pathParameters", "body"):
        assert event[name] is None
    assert event["stageVariables"] is None


@pytest.mark.parametrize(
    ("method", "path", "resource", "parameters"),
    [
        ("GET", "/v1/orders/latest", "/v1/orders/latest", None),
        ("GET", "/v1/orders/other", "/v1/orders/{orderId}", {"orderId": "other"}),
        ("GET", "/v1/orders/", "/v1/orders", None),
        ("GET", "/v1/orders/a%20b%2Fc", "/v1/orders/{orderId}", {"orderId": "a b/c"}),
        ("DELETE", "/files/a/b/c", "/files/{path+}", {"path": "a/b/c"}),
        ("PURGE", "/files/a", "/files/{path+}", {"path": "a"}),
    ],
)
def test_the_most_literal_resource_wins(shop, method, path, resource, parameters):
    event = shop.call(method, path).json

    assert (event["resource"], event["pathParameters"], event["httpMethod"]) == (resource, parameters, method)


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/"), ("GET", "/v2"), ("DELETE", "/v1/orders"), ("GET", "/files"), ("HEAD", "/v1/orders")],
)
def test_what_the_document_does_not_have_is_refused_as_a_missing_token(shop, method, path):
    reply = shop.call(method, path)

    assert reply.status == 403
    assert reply.header("x-amzn-ErrorType") == "MissingAuthenticationTokenException"
    if method != "HEAD":
        assert reply.json == {"message": "Missing Authentication Token"}


@pytest.mark.parametrize("stage", [f"{API}/other", f"other/{STAGE}", "", "x"])
def test_a_stage_that_is_not_deployed_is_forbidden(shop, stage):
    reply = shop.call("GET", "/v1/orders", stage=stage)

    assert (reply.status, reply.json) == (403, {"message": "Forbidden"})


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=20)
HEADERS = st.lists(
    st.tuples(
        st.sampled_from(["X-A", "x-a", "X-B", "Accept-Language", "Cookie"]),
        st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=12),
    ),
    max_size=6,
)


@given(headers=HEADERS)
@SETTINGS
def test_headers_arrive_with_all_their_values_in_order(shop, headers):
    event = shop.call("GET", "/v1/orders", headers=headers).json

    found = {name.lower(): values for name, values in event["multiValueHeaders"].items()}
    expected: dict[str, list[str]] = {}
    for name, value in headers:
        expected.setdefault(name.lower(), []).append(value)
    assert {name: found.get(name) for name in expected} == expected
    assert all(event["headers"][name] == values[-1] for name, values in event["multiValueHeaders"].items())


@given(query=st.lists(st.tuples(TEXT.filter(bool), TEXT), max_size=6))
@SETTINGS
def test_query_parameters_arrive_decoded_with_all_their_values(shop, query):
    event = shop.call("GET", f"/v1/orders?{urlencode(query)}").json

    expected: dict[str, list[str]] = {}
    for name, value in query:
        expected.setdefault(name, []).append(value)
    assert (event["multiValueQueryStringParameters"] or {}) == expected
    last = {name: values[-1] for name, values in expected.items()}
    assert (event["queryStringParameters"] or {}) == last


@given(segment=TEXT.filter(lambda text: text and text != "latest"))
@SETTINGS
def test_a_path_parameter_arrives_decoded(shop, segment):
    event = shop.call("GET", f"/v1/orders/{quote(segment, safe='')}").json

    assert event["pathParameters"] == {"orderId": segment}
    assert event["path"] == f"/v1/orders/{quote(segment, safe='')}"


@given(text=TEXT)
@SETTINGS
def test_a_text_body_arrives_and_returns_as_it_is(shop, text):
    shop.function = lambda event: {"statusCode": 200, "body": event["body"]}

    assert shop.call("POST", "/v1/orders", text.encode()).body.decode() == text


@given(content=st.binary(max_size=300), chunked=st.booleans())
@SETTINGS
def test_a_binary_body_travels_as_base64_both_ways(shop, content, chunked):
    shop.api(document(PATHS), binaryMediaTypes=["image/*"])
    shop.function = lambda event: {
        "statusCode": 200,
        "body": event["body"] or "",
        "isBase64Encoded": event["isBase64Encoded"],
    }
    headers = {"content-type": "image/png", "accept": "image/png"}

    if chunked:
        connection = shop.connection()
        pieces = [content[start : start + 7] for start in range(0, len(content), 7)]
        connection.request("POST", f"/{API}/{STAGE}/v1/orders", iter(pieces), headers, encode_chunked=True)
        returned = connection.getresponse().read()
        connection.close()
    else:
        returned = shop.call("POST", "/v1/orders", content, headers).body

    assert shop.events[-1]["isBase64Encoded"] is bool(content)
    assert base64.b64decode(shop.events[-1]["body"] or "") == content
    assert returned == content


def test_base64_is_decoded_only_for_who_accepts_a_binary_type(shop):
    shop.api(document(PATHS), binaryMediaTypes=["image/png"])
    encoded = base64.b64encode(b"\x00\xff").decode()
    shop.function = lambda _: {"statusCode": 200, "body": encoded, "isBase64Encoded": True}

    as_image = shop.call("GET", "/v1/orders", headers={"accept": "image/png, */*"})
    as_text = shop.call("GET", "/v1/orders", headers={"accept": "text/html"})

    assert as_image.body == b"\x00\xff"
    assert as_text.body == encoded.encode()


def test_headers_of_the_function_reach_the_client(shop):
    shop.function = lambda _: answers(
        201,
        "made",
        headers={"Location": "/v1/orders/1", "X-Count": 3, "Content-Type": "text/plain", "Server": "mine"},
        multiValueHeaders={"Set-Cookie": ["a=1", "b=2"]},
    )

    reply = shop.call("POST", "/v1/orders", "{}")

    assert (reply.status, reply.json) == (201, "made")
    assert reply.header("location") == "/v1/orders/1"
    assert reply.header("x-count") == "3"
    assert reply.header("content-type") == "text/plain"
    assert reply.header("x-amzn-Remapped-Server") == "mine"
    assert [value for name, value in reply.headers if name == "Set-Cookie"] == ["a=1", "b=2"]


@pytest.mark.parametrize(
    "output",
    [
        b"no json",
        b"",
        [],
        "text",
        {},
        {"statusCode": "abc"},
        {"statusCode": 99},
        {"statusCode": True},
        {"statusCode": 200, "body": {"not": "text"}},
        {"statusCode": 200, "headers": ["x"]},
        {"statusCode": 200, "headers": {"x": ["y"]}},
        {"statusCode": 200, "headers": {"x: y\r\n": "z"}},
        {"statusCode": 200, "multiValueHeaders": {"x": "y"}},
    ],
)
def test_an_output_of_another_form_is_a_502(shop, output):
    shop.function = lambda _: output

    reply = shop.call("GET", "/v1/orders")

    assert (reply.status, reply.json) == (502, {"message": "Internal server error"})
    assert reply.header("x-amzn-ErrorType") == "InternalServerErrorException"


def test_a_header_cannot_break_into_the_response(shop):
    shop.function = lambda _: answers(200, "x", headers={"X-Mine": "a\r\nX-Evil: b"})

    reply = shop.call("GET", "/v1/orders")

    assert reply.header("x-mine") == "a X-Evil: b"
    assert not reply.header("x-evil")


def test_the_document_counts_as_it_was_deployed_and_not_as_it_is(shop):
    shop.api(document({"/new": {"get": operation()}}))

    assert shop.call("GET", "/v1/orders").status == 200
    assert shop.call("GET", "/new").status == 403

    shop.deploy(document({"/new": {"get": operation()}}), "d2")

    assert shop.call("GET", "/new").status == 200
    assert shop.call("GET", "/v1/orders").status == 403


def test_a_function_is_named_by_a_stage_variable(shop):
    named = operation()
    uri = named["x-amazon-apigateway-integration"]["uri"].replace("function:shop:live", "${stageVariables.f}")
    named["x-amazon-apigateway-integration"] |= {"uri": uri}
    shop.deploy(document({"/v": {"get": named}}), "d3", variables={"f": "function:shop:live"})

    assert shop.call("GET", "/v").status == 200


def test_many_requests_use_one_connection(shop):
    connection = shop.connection()

    for number in range(3):
        connection.request("POST", f"/{API}/{STAGE}/v1/orders", json.dumps(number))
        answer = connection.getresponse()
        assert json.loads(json.loads(answer.read())["body"]) == number
        assert answer.getheader("connection") is None
    connection.close()


def test_stages_are_listed_with_their_urls(shop):
    assert shop.front.urls() == [{"name": "shop", "stage": STAGE, "url": f"{shop.front.url}/{API}/{STAGE}"}]
