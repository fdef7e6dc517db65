"""What is written down of requests: access logs in the deployed format and group, and metrics."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.provider.emulation import ACCOUNT
from tests.local.front.stage import LOG_ROLE, REGION, STAGE, Shop, answers, document, operation

FORMAT = json.dumps(
    {
        "requestId": "$context.requestId",
        "ip": "$context.identity.sourceIp",
        "user": "$context.authorizer.claims.sub",
        "route": "$context.httpMethod $context.resourcePath",
        "path": "$context.path",
        "status": "$context.status",
        "length": "$context.responseLength",
        "latency": "$context.responseLatency",
        "integration": "$context.integration.latency",
        "error": "$context.error.message",
        "why": "$context.error.validationErrorString",
        "agent": "$context.identity.userAgent",
    }
)


def trusting(service: str) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": statement}


@pytest.fixture
def group(shop: Shop, request: pytest.FixtureRequest) -> str:
    """The log group of a stage, which the account's role may write to."""
    name = f"access-{abs(hash(request.node.name))}"
    arn = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}"
    shop.cloud.client("logs", REGION).create_log_group(logGroupName=name)
    allow = {
        "Effect": "Allow",
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": f"{arn}:log-stream:*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    trust = trusting("apigateway.amazonaws.com")
    shop.put("aws:iam/role:Role", "gateway-logs", name="gateway-logs", arn=LOG_ROLE, assumeRolePolicy=trust)
    shop.put("aws:iam/rolePolicy:RolePolicy", "logs", name="logs", role="gateway-logs", policy=policy)
    shop.put("aws:apigateway/account:Account", "account", cloudwatchRoleArn=LOG_ROLE)
    logs = {"destinationArn": arn, "format": FORMAT}
    shop.function = lambda _: answers(200, "done")
    shop.deploy(document({"/orders/{id}": {"get": operation()}}), accessLogSettings=logs)
    return name


def lines(shop: Shop, group: str) -> list[dict[str, Any]]:
    shop.front.flush()
    logs = shop.cloud.client("logs", REGION)
    streams = logs.describe_log_streams(logGroupName=group)["logStreams"]
    found = [
        event["message"]
        for stream in streams
        for event in logs.get_log_events(
            logGroupName=group, logStreamName=stream["logStreamName"], startFromHead=True
        )["events"]
    ]
    return [json.loads(line) for line in found]


def test_each_request_is_a_line_in_the_deployed_format(shop, group):
    good = shop.call("GET", "/orders/7", headers={"user-agent": 'a "test"'})
    shop.call("GET", "/elsewhere")

    first, second = lines(shop, group)

    assert first.pop("latency").isdigit()
    assert first.pop("integration").isdigit()
    assert first == {
        "requestId": good.header("x-amzn-RequestId"),
        "ip": "127.0.0.1",
        "user": "-",
        "route": "GET /orders/{id}",
        "path": f"/{STAGE}/orders/7",
        "status": "200",
        "length": "6",
        "error": "-",
        "why": "-",
        "agent": 'a "test"',
    }
    assert (second["status"], second["route"]) == ("403", "GET -")
    assert (second["error"], second["integration"]) == ("Missing Authentication Token", "-")


def test_everything_that_the_role_is_granted_is_needed(shop, group):
    shop.call("GET", "/orders/7")

    proof = shop.judge.proof()

    assert proof.survivors == ()
    assert shop.judge.denials() == []


@pytest.mark.parametrize(
    ("token", "name", "change"),
    [
        ("aws:iam/role:Role", "gateway-logs", {"assumeRolePolicy": trusting("lambda.amazonaws.com")}),
        ("aws:iam/rolePolicy:RolePolicy", "logs", {"role": "nobody"}),
        ("aws:apigateway/account:Account", "account", {"cloudwatchRoleArn": None}),
    ],
)
def test_without_the_role_nothing_is_written_and_the_status_says_so(shop, group, token, name, change):
    known = next(one for one in shop.deployed.of_type(token) if one.id == name)
    shop.put(token, name, **known.properties | change)

    reply = shop.call("GET", "/orders/7")

    assert reply.status == 200
    assert lines(shop, group) == []
    assert "access log of stage 'live'" in shop.front.problems()[0]


def test_requests_are_counted_by_api_and_stage(shop, group):
    shop.put("aws:apigateway/restApi:RestApi", "abc123", name="counted")
    for path in ("/orders/1", "/orders/2", "/elsewhere"):
        shop.call("GET", path)
    shop.front.flush()

    def total(name: str) -> float:
        now = datetime.now(UTC)
        found = shop.cloud.client("cloudwatch", REGION).get_metric_statistics(
            Namespace="AWS/ApiGateway",
            MetricName=name,
            Dimensions=[{"Name": "ApiName", "Value": "counted"}, {"Name": "Stage", "Value": STAGE}],
            StartTime=now - timedelta(hours=1),
            EndTime=now + timedelta(hours=1),
            Period=86_400,
            Statistics=["Sum"],
        )["Datapoints"]
        return float(sum(point["Sum"] for point in found))

    assert [total(name) for name in ("Count", "4XXError", "5XXError")] == [3, 1, 0]
    assert total("Latency") > 0
