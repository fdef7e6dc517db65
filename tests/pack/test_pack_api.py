"""One API, declared in every form there is: the same verdicts from every rule that looks at methods."""

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardrails.framework.examples import UNKNOWN, Stack, resource
from guardrails.rules import all_rules
from tests.pack.api_forms import (
    ANY_ORIGIN,
    FORMS,
    HTTP_FORMS,
    OPEN,
    UNMODELLED,
    UNVALIDATED,
    UNVERSIONED,
    Api,
    Method,
)
from tests.pack.api_side import said

RULES = {rule.id: rule for rule in all_rules()}
METHOD_RULES = [
    RULES[id_] for id_ in ("api-authorization", "api-cors", "api-validation", "api-versioned-paths")
]


def problems(example: Stack) -> set[tuple[str, str, str]]:
    """Return rule, method and sentence of all that the rules on methods say."""
    found = set()
    for rule, name, problem, undetermined in said(METHOD_RULES, example):
        assert not undetermined, problem
        placed = re.fullmatch(r"has the method (\S+ \S+), which (.*)", problem)
        method, sentence = placed.groups() if placed else (name.removesuffix("#answer"), problem)
        found.add((rule, method, sentence))
    return found


def expected(api: Api) -> set[tuple[str, str, str]]:
    return {(rule, f"{method.verb} {method.path}", text) for method in api for rule, text in method.problems}


METHODS = st.builds(
    Method,
    verb=st.sampled_from(["GET", "POST", "PUT", "DELETE", "OPTIONS", "ANY"]),
    path=st.sampled_from(["/v1/orders", "/v1/orders/{id}", "/v12", "/orders", "/version/v1", "/v1orders"]),
    auth=st.sampled_from(["authorizer", "iam", "key", "none"]),
    validated=st.booleans(),
    modelled=st.booleans(),
    origin=st.sampled_from(["https://shop.example", "*"]),
)
APIS = st.lists(METHODS, min_size=1, max_size=5, unique_by=lambda method: (method.verb, method.path))


@settings(deadline=None)  # a busy machine is no defect
@given(APIS)
def test_a_rest_api_earns_the_same_verdicts_in_every_form(api: Api) -> None:
    assert {form: problems(declare(api)) for form, declare in FORMS.items()} == dict.fromkeys(
        FORMS, expected(api)
    )


@settings(deadline=None)
@given(APIS)
def test_an_http_api_earns_the_same_verdicts_in_every_form(api: Api) -> None:
    """HTTP APIs know neither API keys nor validation; their CORS is no matter of integrations."""
    known = [replace(m, auth="none" if m.auth == "key" else m.auth, origin="") for m in api]
    wanted = {each for each in expected(known) if each[0] != "api-validation"}

    found = {
        form: {each for each in problems(declare(api)) if each[0] != "api-cors"}
        for form, declare in HTTP_FORMS.items()
    }

    assert found == dict.fromkeys(HTTP_FORMS, wanted)


SOUND = Method(verb="POST", path="/v1/orders")
PREFLIGHT = Method(verb="OPTIONS", path="/v1/orders", auth="none")
FAULTS = {
    OPEN: replace(SOUND, auth="none"),
    UNVALIDATED: replace(SOUND, validated=False),
    UNMODELLED: replace(SOUND, modelled=False),
    ANY_ORIGIN: replace(SOUND, origin="*"),
    UNVERSIONED: replace(SOUND, path="/orders"),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_sound_api_passes_in_every_form(form: str) -> None:
    keyed = replace(SOUND, verb="PUT", auth="key")

    assert problems(FORMS[form]([SOUND, PREFLIGHT, keyed])) == set()


@pytest.mark.finding("CC-SEC-1", "UA-1.2", "OP-7.1", "UA-1.1", "OP-7.2", "UA-6.1", "UA-9.1")
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("form", FORMS)
def test_each_fault_is_reported_in_every_form(form: str, fault: str) -> None:
    assert {problem for _, _, problem in problems(FORMS[form]([FAULTS[fault], PREFLIGHT]))} == {fault}


@pytest.mark.parametrize("form", FORMS)
def test_an_api_key_without_a_usage_plan_is_reported_in_every_form(form: str) -> None:
    api = FORMS[form]([replace(SOUND, auth="key")]).without("plan")

    assert {problem for _, _, problem in problems(api)} == {
        "asks for an API key, but no usage plan covers the stage dev"
    }


def test_a_usage_plan_for_two_apis_covers_both() -> None:
    api = FORMS["OpenAPI object"]([replace(SOUND, auth="key")])
    second = [
        resource("apigateway.RestApi", "second", name="shop-uploads-dev"),
        resource(
            "apigateway.UsagePlan",
            "both",
            sources={"apiStages": ("second", "api", "stage")},
            apiStages=[{"apiId": UNKNOWN, "stage": "dev"}, {"apiId": UNKNOWN, "stage": "dev"}],
        ),
    ]

    assert problems(api.without("plan").plus(*second)) == set()


@pytest.mark.parametrize("form", FORMS)
def test_a_usage_plan_for_another_stage_covers_nothing_here(form: str) -> None:
    api = FORMS[form]([replace(SOUND, auth="key")]).without("plan")
    plan = resource(
        "apigateway.UsagePlan",
        "plan",
        sources={"apiStages": ("api",)},
        apiStages=[{"apiId": UNKNOWN, "stage": "prod"}],
    )

    assert [problem for _, _, problem in problems(api.plus(plan))] == [
        "asks for an API key, but no usage plan covers the stage dev"
    ]


def test_a_usage_plan_that_comes_from_another_api_is_none() -> None:
    api = FORMS["resources"]([replace(SOUND, auth="key")]).without("plan")
    other = resource("apigateway.RestApi", "other", name="shop-uploads-dev")
    plan = resource(
        "apigateway.UsagePlan",
        "plan",
        sources={"apiStages": ("other",)},
        apiStages=[{"apiId": UNKNOWN, "stage": "dev"}],
    )

    assert [problem for _, _, problem in problems(api.plus(other, plan))] == [
        "asks for an API key, but no usage plan covers the stage dev"
    ]
