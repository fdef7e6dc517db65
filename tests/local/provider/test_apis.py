"""What API Gateway and Cognito do with what a program deploys, changes and drops."""

import base64
import json
from typing import Any

import pytest

from local.provider.api_documents import published
from tests.local.provider.apis import APIS, DOCUMENT, deploy_one
from tests.local.provider.caller import REGION, AbortedError, Caller, Managed

API, DEPLOYMENT = "aws:apigateway/restApi:RestApi", "aws:apigateway/deployment:Deployment"
STAGE, POOL = "aws:apigateway/stage:Stage", "aws:cognito/userPool:UserPool"
CLIENT = "aws:cognito/userPoolClient:UserPoolClient"
PASSWORD = "Correct-horse-9"


def stage_of(provider: Caller, it: Managed) -> dict[str, Any]:
    found = provider.aws("apigateway").get_stage(
        restApiId=it.state["restApi"], stageName=it.state["stageName"]
    )
    return dict(found)


def test_paths_methods_and_integrations_of_a_document_are_seen_by_any_client(provider):
    api = deploy_one(provider, API)

    listed = provider.aws("apigateway").get_resources(restApiId=api.id)["items"]

    methods = {one["path"]: sorted(one.get("resourceMethods", {})) for one in listed}
    assert methods == {"/": [], "/v1": [], "/v1/things": [], "/v1/things/{id}": ["GET", "OPTIONS"]}


def test_a_deployment_keeps_the_document_that_it_saw(provider):
    api = deploy_one(provider, API)
    first = provider.create(DEPLOYMENT, restApi=api.id)
    changed = DOCUMENT.replace("things", "others")

    provider.update(api, **api.inputs | {"body": changed})
    second = provider.create(DEPLOYMENT, restApi=api.id)

    folder = provider.cloud.code_folder
    assert published(folder, api.id, first.id) == DOCUMENT
    assert published(folder, api.id, second.id) == changed
    paths = [one["path"] for one in provider.aws("apigateway").get_resources(restApiId=api.id)["items"]]
    assert "/v1/others/{id}" in paths
    assert "/v1/things/{id}" not in paths


def test_a_document_without_methods_cannot_be_deployed(provider):
    api = provider.create(API, name="it", body=json.dumps(json.loads(DOCUMENT) | {"paths": {}}))

    with pytest.raises(AbortedError, match="doesn't contain any methods"):
        provider.create(DEPLOYMENT, restApi=api.id)


def test_a_deployment_that_a_stage_serves_is_not_deleted(provider):
    stage = deploy_one(provider, STAGE)
    deployment = Managed(
        urn="urn:pulumi:local::sandbox::aws:apigateway/deployment:Deployment::deployment",
        id=stage.state["deployment"],
        inputs={"restApi": stage.state["restApi"]},
        state={},
    )
    deployment.sent.update({"restApi": stage.state["restApi"]})

    with pytest.raises(AbortedError, match="Active stages pointing to this deployment"):
        provider.delete(deployment)
    provider.delete(stage)
    provider.delete(deployment)


def test_a_stage_without_settings_is_as_a_new_one(provider):
    it = deploy_one(provider, STAGE)
    plain = {name: it.inputs[name] for name in ("restApi", "deployment", "stageName")}

    provider.update(it, **plain)

    found = stage_of(provider, it)
    assert not found.get("variables")
    assert not found.get("accessLogSettings")
    assert not found.get("description")
    assert not found.get("tags")
    assert found["tracingEnabled"] is False


def test_a_stage_moves_on_to_another_deployment(provider):
    it = deploy_one(provider, STAGE)
    second = provider.create_named("second", DEPLOYMENT, restApi=it.state["restApi"])

    provider.update(it, **it.inputs | {"deployment": second.id})

    assert stage_of(provider, it)["deploymentId"] == second.id


def test_a_stage_is_called_where_the_front_serves_it_and_elsewhere_as_on_aws(cloud):
    assert cloud.api_url("abc", REGION, "live") == (f"https://abc.execute-api.{REGION}.amazonaws.com/live")
    served = type(cloud)(endpoint="", code_folder=cloud.code_folder, front="http://127.0.0.1:1")
    assert served.api_url("abc", REGION, "live") == "http://127.0.0.1:1/abc/live"


def test_a_usage_plan_that_drops_its_limits_and_stages_has_none(provider):
    plan = deploy_one(provider, "aws:apigateway/usagePlan:UsagePlan")

    provider.update(plan, name="it")

    found = provider.aws("apigateway").get_usage_plan(usagePlanId=plan.id)
    assert not found.get("quota")
    assert not found.get("throttle")
    assert found["apiStages"] == []


def signed_in(provider: Caller, pool: Managed, client: Managed) -> dict[str, Any]:
    """Register a user and return the claims of the two tokens that the user gets."""
    cognito = provider.aws("cognito-idp")
    who = {"UserPoolId": pool.id, "Username": "ann@example.com"}
    attributes = [
        {"Name": "email", "Value": "ann@example.com"},
        {"Name": "email_verified", "Value": "true"},
    ]
    cognito.admin_create_user(**who, UserAttributes=attributes)
    cognito.admin_set_user_password(**who, Password=PASSWORD, Permanent=True)
    found = cognito.admin_initiate_auth(
        UserPoolId=pool.id,
        ClientId=client.id,
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "ann@example.com", "PASSWORD": PASSWORD},
    )["AuthenticationResult"]
    return {name: claims(found[f"{name}Token"]) for name in ("Access", "Id")}


def claims(token: str) -> Any:
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def test_tokens_live_as_long_as_the_client_says_and_id_tokens_carry_the_users_attributes(provider):
    pool = deploy_one(provider, POOL)
    units = {"accessToken": "minutes", "idToken": "hours"}
    client = provider.create(
        CLIENT,
        name="it",
        userPoolId=pool.id,
        accessTokenValidity=5,
        idTokenValidity=2,
        tokenValidityUnits=units,
    )

    found = signed_in(provider, pool, client)

    assert found["Access"]["exp"] - found["Access"]["iat"] == 300
    assert found["Id"]["exp"] - found["Id"]["iat"] == 7200
    assert found["Id"]["email"] == "ann@example.com"
    assert found["Id"]["email_verified"] is True
    assert "email" not in found["Access"]


def test_users_sign_in_by_email_after_their_pool_has_changed(provider):
    pool = deploy_one(provider, POOL)
    inputs = APIS[POOL] | {"adminCreateUserConfig": {"allowAdminCreateUserOnly": False}}

    changed = provider.update(pool, **inputs)

    client = provider.create(CLIENT, name="it", userPoolId=pool.id)
    assert signed_in(provider, changed, client)["Access"]["token_use"] == "access"
