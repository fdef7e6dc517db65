"""Whose tokens are accepted: those that the authorizer's pool issued for its use, while they last."""

import base64
import json
import time
from typing import Any

import pytest
from joserfc import jwk, jwt

from local.front.tokens import ExpiredError, Pools, TokenError
from local.provider.emulation import ACCOUNT, Cloud
from tests.local.front.stage import REGION, Shop, document, operation

PASSWORD, WHO = "Correct-horse-9", "ann@example.com"


class Pool:
    """A user pool in the emulated cloud, with a client and a user."""

    def __init__(self, cloud: Cloud) -> None:
        self._cognito = cloud.client("cognito-idp", REGION)
        made = self._cognito.create_user_pool(PoolName="shop", UsernameAttributes=["email"])["UserPool"]
        self.id = made["Id"]
        self.arn = f"arn:aws:cognito-idp:{REGION}:{ACCOUNT}:userpool/{self.id}"
        self.client = self._cognito.create_user_pool_client(UserPoolId=self.id, ClientName="page")[
            "UserPoolClient"
        ]["ClientId"]
        who = {"UserPoolId": self.id, "Username": WHO}
        self._cognito.admin_create_user(**who, UserAttributes=[{"Name": "email", "Value": WHO}])
        self._cognito.admin_set_user_password(**who, Password=PASSWORD, Permanent=True)
        for group in ("staff", "admins"):
            self._cognito.create_group(UserPoolId=self.id, GroupName=group)
            self._cognito.admin_add_user_to_group(**who, GroupName=group)

    def token(self, use: str) -> str:
        found = self._cognito.admin_initiate_auth(
            UserPoolId=self.id,
            ClientId=self.client,
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": WHO, "PASSWORD": PASSWORD},
        )["AuthenticationResult"]
        return str(found[f"{use.capitalize()}Token"])


@pytest.fixture(scope="module")
def pool(cloud: Cloud) -> Pool:
    return Pool(cloud)


@pytest.fixture
def guarded(shop: Shop, pool: Pool) -> Shop:
    """An API with a method for identity tokens, and one for access tokens with a scope."""
    provider = f"arn:aws:cognito-idp:{REGION}:{ACCOUNT}:userpool/${{stageVariables.pool}}"
    scheme = {
        "type": "apiKey",
        "name": "Authorization",
        "in": "header",
        "x-amazon-apigateway-authtype": "cognito_user_pools",
        "x-amazon-apigateway-authorizer": {"type": "cognito_user_pools", "providerARNs": [provider]},
    }
    paths = {
        "/mine": {"get": operation(security=[{"users": []}])},
        "/scoped": {"get": operation(security=[{"users": ["aws.cognito.signin.user.admin"]}])},
        "/other": {"get": operation(security=[{"users": ["orders/write"]}])},
        "/open": {"get": operation(security=[])},
    }
    found = document(paths, components={"securitySchemes": {"users": scheme}}, security=[{"users": []}])
    shop.deploy(found, variables={"pool": pool.id})
    return shop


def called(shop: Shop, path: str, token: str | None) -> Any:
    return shop.call("GET", path, headers={} if token is None else {"authorization": token})


@pytest.mark.parametrize("spelled", ["{}", "Bearer {}", "bearer {}"])
def test_the_claims_of_an_identity_token_reach_the_function_as_texts(guarded, pool, spelled):
    reply = called(guarded, "/mine", spelled.format(pool.token("id")))

    assert reply.status == 200
    claims = reply.json["requestContext"]["authorizer"]["claims"]
    assert claims["email"] == WHO
    assert sorted(claims["cognito:groups"].split(",")) == ["admins", "staff"]
    assert claims["iss"].endswith(pool.id)
    assert claims["exp"].endswith(time.strftime("UTC %Y", time.gmtime()))
    assert all(isinstance(value, str) for value in claims.values())


@pytest.mark.parametrize(
    ("path", "use", "status"),
    [
        ("/mine", "id", 200),
        ("/mine", "access", 401),
        ("/scoped", "access", 200),
        ("/scoped", "id", 401),
        ("/other", "access", 401),
        ("/open", "id", 200),
    ],
)
def test_scopes_ask_for_an_access_token_that_has_one_of_them(guarded, pool, path, use, status):
    reply = called(guarded, path, pool.token(use))

    assert reply.status == status
    if status == 401:
        assert reply.json == {"message": "Unauthorized"}
        assert reply.header("x-amzn-ErrorType") == "UnauthorizedException"


@pytest.mark.parametrize(
    "token", [None, "", "Bearer", "Bearer x", "a.b.c", "Basic YTpi", "x" * 5000, "....."]
)
def test_what_is_no_token_is_unauthorized(guarded, token):
    assert called(guarded, "/mine", token).status == 401


def parts(token: str) -> list[Any]:
    head, body, _ = token.split(".")
    return [json.loads(base64.urlsafe_b64decode(part + "==")) for part in (head, body)]


def encoded(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def unsigned(head: dict[str, Any], body: dict[str, Any]) -> str:
    return f"{encoded(head | {'alg': 'none'})}.{encoded(body)}."


def by_another_key(head: dict[str, Any], body: dict[str, Any]) -> str:
    return jwt.encode(head, body, jwk.RSAKey.generate_key(2048))


def by_the_public_key(head: dict[str, Any], body: dict[str, Any]) -> str:
    secret = jwk.OctKey.import_key("dummy" * 10)
    return jwt.encode(head | {"alg": "HS256"}, body, secret)


@pytest.mark.parametrize("forge", [unsigned, by_another_key, by_the_public_key])
def test_a_forged_token_is_unauthorized(guarded, pool, forge):
    assert called(guarded, "/mine", forge(*parts(pool.token("id")))).status == 401


def test_a_changed_token_is_unauthorized(guarded, pool):
    head, _, signature = (token := pool.token("id")).split(".")
    changed = parts(token)[1] | {"sub": "somebody-else"}

    assert called(guarded, "/mine", f"{head}.{encoded(changed)}.{signature}").status == 401


def test_a_token_of_another_pool_is_unauthorized(guarded, cloud):
    assert called(guarded, "/mine", Pool(cloud).token("id")).status == 401


def test_an_authorizer_whose_pool_is_not_there_is_a_fault_of_the_configuration(guarded):
    guarded.put(
        "aws:apigateway/stage:Stage",
        "live",
        restApi="abc123",
        deployment="d1",
        stageName="live",
        variables={"pool": f"{REGION}_gone"},
    )

    reply = called(guarded, "/mine", "x.y.z")

    assert reply.status == 500
    assert "gone" in guarded.front.problems()[0]


@pytest.mark.parametrize(("seconds", "accepted"), [(0, True), (3599, True), (3601, False)])
def test_a_token_is_good_until_it_expires(cloud, pool, seconds, accepted):
    token = pool.token("id")
    pools = Pools(
        cloud.endpoint, lambda region: cloud.client("cognito-idp", region), lambda: time.time() + seconds
    )

    if accepted:
        assert pools.claims(token, pool.arn, "id")["email"] == WHO
    else:
        with pytest.raises(ExpiredError):
            pools.claims(token, pool.arn, "id")


def test_an_expired_token_is_told_so(guarded, pool, monkeypatch):
    token = pool.token("id")
    later = time.time() + 4000
    monkeypatch.setattr(guarded.front._gateway.pools, "_clock", lambda: later)

    reply = called(guarded, "/mine", token)

    assert (reply.status, reply.json) == (401, {"message": "The incoming token has expired"})


@pytest.mark.parametrize(("expression", "accepted"), [("{client}", True), (".*", True), ("other.*", False)])
def test_an_authorizer_may_ask_for_an_audience(cloud, pool, expression, accepted):
    pools = Pools(cloud.endpoint, lambda region: cloud.client("cognito-idp", region))
    token, audience = pool.token("id"), expression.format(client=pool.client)

    if accepted:
        assert pools.claims(token, pool.arn, "id", audience)
    else:
        with pytest.raises(TokenError, match="another audience"):
            pools.claims(token, pool.arn, "id", audience)
