"""Stages, alarms and web ACLs of APIs: whole sound APIs, and joins that must not be fooled."""

import json
from typing import Any

import msgspec
import pytest

from guardrails.framework.examples import UNKNOWN, Sample, Stack, resource, stack
from guardrails.rules import all_rules
from tests.pack.api_forms import FORMS, OF_API, Method
from tests.pack.api_side import said

RULES = {rule.id: rule for rule in all_rules()}
API_RULES = [rule for id_, rule in RULES.items() if id_.startswith(("api-", "waf-"))]
ACL_RULES = [
    {"overrideAction": {"none": {}}, "statement": {"managedRuleGroupStatement": {"name": "Common"}}},
    {"action": {"block": {}}, "statement": {"rateBasedStatement": {"limit": 500}}},
]
LOG_FORMAT = json.dumps(
    {
        "id": "$context.requestId",
        "caller": "$context.authorizer.principalId",
        "status": "$context.status",
        "latency": "$context.responseLatency",
    }
)
LOGGING = {"destinationArn": UNKNOWN, "format": LOG_FORMAT}


def alarm(metric: str, *sources: str, **dimensions: str) -> Sample:
    return resource(
        "cloudwatch.MetricAlarm",
        metric,
        sources={"dimensions": sources},
        namespace="AWS/ApiGateway",
        metricName=metric,
        dimensions=dimensions,
        alarmActions=[UNKNOWN],
    )


PROTECTION = (
    resource("cloudwatch.LogGroup", "logs", name="/shop/orders/dev"),
    resource("wafv2.WebAcl", "acl", rules=ACL_RULES),
    resource("cloudwatch.LogGroup", "acl log group", name="aws-waf-logs-shop"),
    resource(
        "wafv2.WebAclLoggingConfiguration",
        "acl logs",
        sources={"resourceArn": ("acl",), "logDestinationConfigs": ("acl log group",)},
        resourceArn=UNKNOWN,
        logDestinationConfigs=[UNKNOWN],
    ),
)


def sound_rest(form: str) -> Stack:
    """Return an API as *form* declares it, with all that its stage needs."""
    api = FORMS[form]([Method(verb="POST", path="/v1/orders")]).without("stage")
    name = next(sample for sample in api.samples if sample.name == "api").inputs["name"]
    return api.plus(
        *PROTECTION,
        resource("apigateway.Deployment", "deployment", sources=OF_API, restApi=UNKNOWN, triggers={"a": "b"}),
        resource(
            "apigateway.Stage",
            "stage",
            sources={"restApi": ("deployment",), "accessLogSettings": ("logs",)},
            restApi=UNKNOWN,
            stageName="dev",
            xrayTracingEnabled=True,
            accessLogSettings=LOGGING,
        ),
        resource(
            "apigateway.MethodSettings",
            "settings",
            sources={"restApi": ("stage",), "stageName": ("stage",)},
            restApi=UNKNOWN,
            stageName="dev",
            methodPath="*/*",
            settings={"throttlingRateLimit": 50, "throttlingBurstLimit": 100},
        ),
        resource(
            "wafv2.WebAclAssociation",
            "association",
            sources={"resourceArn": ("stage",), "webAclArn": ("acl",)},
            resourceArn=UNKNOWN,
            webAclArn=UNKNOWN,
        ),
        *(alarm(metric, "api", ApiName=name) for metric in ("4XXError", "5XXError", "Latency")),
    )


SOUND_HTTP = stack(
    *PROTECTION,
    resource(
        "apigatewayv2.Api", "api", protocolType="HTTP", corsConfiguration={"allowOrigins": ["https://a"]}
    ),
    resource(
        "apigatewayv2.Route",
        "route",
        sources={"apiId": ("api",), "authorizerId": ("staff",)},
        apiId=UNKNOWN,
        routeKey="POST /v1/orders",
        authorizationType="JWT",
        authorizerId=UNKNOWN,
    ),
    resource("apigatewayv2.Authorizer", "staff", name="staff"),
    resource(
        "apigatewayv2.Stage",
        "stage",
        sources={"apiId": ("api",), "accessLogSettings": ("logs",)},
        apiId=UNKNOWN,
        name="$default",
        accessLogSettings=LOGGING,
        defaultRouteSettings={"throttlingRateLimit": 50, "throttlingBurstLimit": 100},
    ),
    resource(
        "cloudfront.Distribution",
        "front",
        sources={"origins": ("api",), "webAclId": ("acl",)},
        origins=[{"domainName": UNKNOWN}],
        webAclId=UNKNOWN,
    ),
    *(alarm(metric, "api", "stage", ApiId=UNKNOWN, Stage="$default") for metric in ("4xx", "5xx", "Latency")),
)


@pytest.mark.parametrize("form", FORMS)
def test_a_sound_rest_api_passes_every_rule_in_every_form(form: str) -> None:
    assert said(API_RULES, sound_rest(form)) == []


def test_a_sound_http_api_passes_every_rule() -> None:
    assert said(API_RULES, SOUND_HTTP) == []


LOST = {
    "settings": "api-throttling",
    "association": "waf-associations",
    "4XXError": "api-alarms",
    "5XXError": "api-alarms",
    "Latency": "api-alarms",
    "acl logs": "waf-rules",
}


@pytest.mark.finding("OP-3.2", "CC-SEC-8", "CC-SEC-9", "OP-2.2", "CC-OPS-3", "UA-5.2")
@pytest.mark.parametrize("lost", LOST)
def test_what_a_sound_rest_api_loses_is_reported_by_one_rule(lost: str) -> None:
    assert [
        (rule, unsure) for rule, _, _, unsure in said(API_RULES, sound_rest("resources").without(lost))
    ] == [(LOST[lost], False)]


def other_api(kind: str, name: str, **inputs: Any) -> tuple[Sample, Sample]:
    """Return a second API, and a resource that looks as if it were the first one's but is the second's."""
    return (
        resource("apigateway.RestApi", "other", name="shop-other-dev"),
        resource(kind, name, sources={"restApi": ("other",)}, restApi=UNKNOWN, **inputs),
    )


def test_another_apis_settings_do_not_throttle_a_stage() -> None:
    limits = {"throttlingRateLimit": 5, "throttlingBurstLimit": 5}
    foreign = other_api(
        "apigateway.MethodSettings", "settings", stageName="dev", methodPath="*/*", settings=limits
    )
    api = sound_rest("resources").without("settings").plus(*foreign)

    assert [name for _, name, _, unsure in said([RULES["api-throttling"]], api) if not unsure] == ["stage"]


def test_settings_that_may_be_another_apis_are_undetermined() -> None:
    api = sound_rest("resources").without("settings")
    doubtful = resource(
        "apigateway.MethodSettings",
        "settings",
        sources={"restApi": ("api", "other")},
        restApi=UNKNOWN,
        stageName="dev",
        methodPath="*/*",
        settings={"throttlingRateLimit": 5, "throttlingBurstLimit": 5},
    )
    found = said(
        [RULES["api-throttling"]],
        api.plus(resource("apigateway.RestApi", "other", name="shop-other-dev"), doubtful),
    )

    assert [(name, unsure) for _, name, _, unsure in found] == [("stage", True)]


def test_a_web_acl_before_another_stage_is_none() -> None:
    api = sound_rest("resources").without("association")
    before_second = resource(
        "wafv2.WebAclAssociation",
        "association",
        sources={"resourceArn": ("second",), "webAclArn": ("acl",)},
        resourceArn=UNKNOWN,
        webAclArn=UNKNOWN,
    )
    found = said(
        [RULES["waf-associations"]], api.plus(*other_api("apigateway.Stage", "second"), before_second)
    )

    assert [(name, problem, unsure) for _, name, problem, unsure in found] == [
        ("stage", "has no web ACL", False)
    ]


def test_an_unknown_that_comes_from_the_wrong_kind_is_a_violation() -> None:
    api = sound_rest("resources")
    foiled = {
        "api-access-logs": api.without("stage").plus(
            resource("sqs.Queue", "queue"),
            resource(
                "apigateway.Stage",
                "stage",
                sources={**OF_API, "accessLogSettings": ("queue",)},
                restApi=UNKNOWN,
                stageName="dev",
                accessLogSettings=LOGGING,
            ),
        ),
        "waf-associations": api.without("association").plus(
            resource("sqs.Queue", "queue"),
            resource(
                "wafv2.WebAclAssociation",
                "association",
                sources={"resourceArn": ("stage",), "webAclArn": ("queue",)},
                resourceArn=UNKNOWN,
                webAclArn=UNKNOWN,
            ),
        ),
    }

    for rule, example in foiled.items():
        ((_, _, problem, unsure),) = said([RULES[rule]], example)
        assert 'from "queue" (aws:sqs/queue:Queue), which is no ' in problem
        assert not unsure


def test_an_alarm_on_another_api_watches_nothing_here() -> None:
    api = SOUND_HTTP.without("5xx").plus(
        resource("apigatewayv2.Api", "other", protocolType="HTTP"), alarm("5xx", "other", ApiId=UNKNOWN)
    )

    found = [(name, problem) for _, name, problem, _ in said([RULES["api-alarms"]], api)]

    assert ("api", "has no alarm with an action on 5xx") in found


def test_a_deployed_api_is_joined_by_its_ids() -> None:
    deployed = stack(
        resource("apigateway.RestApi", "api", outputs={"id": "a1b2"}, name="shop-orders-dev"),
        resource("apigateway.Stage", "stage", restApi="a1b2", stageName="dev"),
        resource(
            "apigateway.MethodSettings",
            "settings",
            restApi="a1b2",
            stageName="dev",
            methodPath="*/*",
            settings={"throttlingRateLimit": 50, "throttlingBurstLimit": 100},
        ),
    )

    assert said([RULES["api-throttling"]], deployed) == []
    assert [
        name for _, name, _, _ in said([RULES["api-throttling"]], deployed.but("settings", restApi="c3"))
    ] == ["stage"]


@pytest.mark.parametrize(
    ("rule", "chosen"),
    [
        ("api-throttling", {"maximumRate": 0}),
        ("api-throttling", {"maximum": 5}),
        ("api-versioned-paths", {"pattern": "("}),
        ("waf-rules", {"maximumRequests": 1}),
        ("cognito-passwords", {"minimumLength": 0}),
    ],
)
def test_settings_out_of_range_are_refused(rule: str, chosen: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(chosen))):
        msgspec.convert(chosen, RULES[rule].settings)
