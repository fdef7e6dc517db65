"""What the reader of OpenAPI bodies makes of odd ones, and of APIs of which little is known yet."""

import json
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from guardrails.framework.examples import UNKNOWN, Stack, resource, stack
from guardrails.framework.openapi import parse_markup
from guardrails.rules import all_rules
from tests.pack.api_side import said

RULES = {rule.id: rule for rule in all_rules()}
AUTHORIZATION = RULES["api-authorization"]
METHOD_RULES = [
    RULES[id_] for id_ in ("api-authorization", "api-cors", "api-validation", "api-versioned-paths")
]
AUTHORIZER = {"type": "apiKey", "x-amazon-apigateway-authorizer": {"type": "token"}}


def rest(body: object) -> Stack:
    return stack(resource("apigateway.RestApi", "api", name="shop-orders-dev", body=body))


def verdict(body: object, rule: str = "api-authorization") -> list[tuple[str, bool]]:
    """Return what a rule says about a REST API with *body*, and for each whether it could not tell."""
    return [(problem, undetermined) for _, _, problem, undetermined in said([RULES[rule]], rest(body))]


def open_method(path: str) -> tuple[str, bool]:
    return (f"has the method GET {path}, which asks neither for an authorizer nor for an API key", False)


def test_paths_and_schemes_are_followed_through_references() -> None:
    body = {
        "paths": {"/v1/a": {"$ref": "#/x-items/guarded"}, "/v1/b": {"$ref": "#/x-items/a~1b"}},
        "x-items": {"guarded": {"get": {"security": [{"staff": []}]}}, "a/b": {"get": {}}},
        "x-schemes": {"staff": AUTHORIZER},
        "components": {"securitySchemes": {"staff": {"$ref": "#/x-schemes/staff"}}},
    }

    assert verdict(body) == [open_method("/v1/b")]


@pytest.mark.parametrize(
    "reference",
    ["#/paths/~1v1", "#/x-a", "other.yaml#/x", "#/paths/nowhere/0", "", "https://shop.example/api.json"],
)
def test_a_reference_that_leads_nowhere_hides_no_other_path(reference: str) -> None:
    body = {
        "paths": {"/v1": {"$ref": reference}, "/v2": {"get": {}}},
        "x-a": {"$ref": "#/x-b"},
        "x-b": {"$ref": "#/x-a"},
    }

    said_ = verdict(body)

    assert said_[0] == open_method("/v2")
    nowhere = reference == "#/paths/nowhere/0"  # an empty path, of which there is nothing to say
    assert [undetermined for _, undetermined in said_[1:]] == ([] if nowhere else [True])


def test_security_of_the_whole_document_guards_nothing() -> None:
    body = {
        "security": [{"staff": []}],
        "paths": {"/v1": {"get": {}}},
        "components": {"securitySchemes": {"staff": AUTHORIZER}},
    }

    assert verdict(body) == [open_method("/v1")]


@pytest.mark.parametrize(
    "security",
    [[], [{}], [{"staff": []}, {}], [{"nobody": []}], [{"oauth": []}], [{"hollow": []}]],
    ids=[
        "none",
        "optional",
        "staff or nobody",
        "not defined",
        "no authorizer behind it",
        "custom without an authorizer",
    ],
)
def test_security_that_does_not_hold_is_reported(security: list[Any]) -> None:
    schemes = {
        "staff": AUTHORIZER,
        "oauth": {"type": "oauth2"},
        "hollow": {"type": "apiKey", "name": "Authorization", "x-amazon-apigateway-authtype": "custom"},
    }
    body = {
        "paths": {"/v1": {"get": {"security": security}}},
        "components": {"securitySchemes": schemes},
    }

    assert verdict(body) == [open_method("/v1")]


def test_iam_as_an_extension_of_the_operation_guards_it() -> None:
    assert verdict({"paths": {"/v1": {"get": {"x-amazon-apigateway-auth": {"type": "AWS_IAM"}}}}}) == []


def test_an_unknown_part_of_a_body_hides_no_fault_of_another() -> None:
    body = {"paths": {"/v1/a": UNKNOWN, "/v1/b": {"get": {"security": UNKNOWN}}, "/v1/c": {"get": {}}}}

    assert [verdict(body)[0], verdict(body)[1][1], len(verdict(body))] == [open_method("/v1/c"), True, 2]


@pytest.mark.parametrize("rule", METHOD_RULES, ids=lambda rule: rule.id)
@pytest.mark.parametrize(
    "body",
    [
        UNKNOWN,
        "[1, 2]",
        "a: &a [*a]",
        "a: " + "[" * 5000,
        "{" * 5000,
        '{"paths": ' + '{"a":' * 500 + "1" + "}" * 501,
        "a: [unclosed",
        "!!python/object:os.system {}",
        "!!bool x: 1",
        "!!timestamp x",
        "!!int ''",
        "2001-99-99: 1",
        "just words",
        {"paths": 3},
        {"paths": {"/v1": [[]]}},
    ],
)
def test_a_body_that_cannot_be_read_is_undetermined(rule: Any, body: object) -> None:
    found = said([rule], rest(body))

    assert found
    assert all(undetermined and "defect" not in problem for _, _, problem, undetermined in found)


def test_aliases_do_not_blow_a_body_up() -> None:
    bomb = "a0: &a0 [x]\n" + "\n".join(f"a{n}: &a{n} [{f'*a{n - 1}, ' * 9}x]" for n in range(1, 12))

    with pytest.raises(ValueError, match="too deep or too big"):
        parse_markup(bomb)


def test_yaml_and_json_say_the_same() -> None:
    document = {"paths": {"/v1": {"get": {"responses": {"200": {}}}}}, "x": [True, None, 1.5, "on"]}

    assert parse_markup(yaml.safe_dump(document)) == parse_markup(json.dumps(document)) == document
    assert parse_markup("{200: {}}") == {"200": {}}


NAMES = """
    paths /v1 /{proxy+} get post x-amazon-apigateway-any-method $ref security staff requestBody content
    application/json schema parameters in components securitySchemes x-amazon-apigateway-authorizer servers
    x-amazon-apigateway-integration responses default responseParameters x-amazon-apigateway-cors variables
    allowOrigins x-amazon-apigateway-gateway-responses x-amazon-apigateway-request-validator
"""
NAMES = """
    paths /v1 /{proxy+} get post x-amazon-apigateway-any-method $ref security staff requestBody content
    application/json schema parameters in components securitySchemes x-amazon-apigateway-authorizer servers
    x-amazon-apigateway-integration responses default responseParameters x-amazon-apigateway-cors variables
    allowOrigins x-amazon-apigateway-gateway-responses x-amazon-apigateway-request-validator
"""
KEYS = st.sampled_from(NAMES.split())
REFERENCES = st.sampled_from(
    ["#/paths", "#/paths/~1v1", "#/components", "#/", "#", "x#/y", "#/paths/~1v1/get"]
)
BODIES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | REFERENCES | st.just(UNKNOWN),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=25,
)


@settings(deadline=None)  # a busy machine is no defect
@given(st.dictionaries(KEYS, BODIES), st.sampled_from([dict, json.dumps, yaml.safe_dump]))
def test_no_body_breaks_a_rule(document: dict[str, Any], form: Any) -> None:
    paths = {"paths": {"/v1": document}, **document}

    assert not [each for each in said(METHOD_RULES, rest(form(paths))) if "defect" in each[2]]


@settings(deadline=None)
@given(st.text() | st.text("{}[]:,&*!-? \n'\"a1#|>%@"))
def test_no_text_breaks_a_rule(text: str) -> None:
    assert not [each for each in said(METHOD_RULES, rest(text)) if "defect" in each[2]]


def test_paths_that_run_in_a_circle_are_undetermined() -> None:
    circle = stack(
        resource("apigateway.Resource", "a", sources={"parentId": ("b",)}, parentId=UNKNOWN, pathPart="a"),
        resource("apigateway.Resource", "b", sources={"parentId": ("a",)}, parentId=UNKNOWN, pathPart="b"),
        resource("apigateway.Method", "get", sources={"resourceId": ("a",)}, resourceId=UNKNOWN),
    )

    ((_, _, problem, undetermined),) = said([RULES["api-versioned-paths"]], circle)

    assert undetermined
    assert problem.endswith("is its own parent")


def test_a_path_below_what_another_stack_made_is_undetermined() -> None:
    method = stack(resource("apigateway.Method", "get", resourceId="x1y2"))

    ((_, _, problem, undetermined),) = said([RULES["api-versioned-paths"]], method)

    assert undetermined
    assert problem.endswith("is not part of this stack")


def test_known_ids_join_what_is_deployed_already() -> None:
    deployed = stack(
        resource("apigateway.RestApi", "api", outputs={"id": "a1b2", "rootResourceId": "root"}),
        resource(
            "apigateway.Resource",
            "v1",
            outputs={"id": "r1"},
            restApi="a1b2",
            parentId="root",
            pathPart="v1",
        ),
        resource("apigateway.Method", "get", restApi="a1b2", resourceId="r1"),
    )

    assert said([RULES["api-versioned-paths"]], deployed) == []
    assert said([RULES["api-versioned-paths"]], deployed.but("v1", pathPart="shop")) != []


def test_a_validator_that_comes_from_something_else_is_a_violation() -> None:
    method = stack(
        resource("lambda.Function", "function"),
        resource(
            "apigateway.Method",
            "post",
            sources={"requestValidatorId": ("function",)},
            httpMethod="POST",
            requestValidatorId=UNKNOWN,
            requestModels={"application/json": "Order"},
        ),
    )

    ((_, _, problem, undetermined),) = said([RULES["api-validation"]], method)

    assert problem.startswith('takes its requestValidatorId from "function" (aws:lambda/function:Function)')
    assert not undetermined


def test_a_web_socket_is_guarded_at_its_connection() -> None:
    socket = stack(resource("apigatewayv2.Api", "socket", protocolType="WEBSOCKET"))
    connect, message = (
        resource("apigatewayv2.Route", key, sources={"apiId": ("socket",)}, apiId=UNKNOWN, routeKey=key)
        for key in ("$connect", "order")
    )

    assert [name for _, name, _, _ in said([AUTHORIZATION], socket.plus(connect, message))] == ["$connect"]
