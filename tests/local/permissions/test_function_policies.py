"""Who may invoke a function is judged by the permissions that a program adds to it, each on its own ARN."""

import pytest

from local.deployed import Deployed, Resource
from local.permissions.calls import ServiceCall
from local.permissions.judge import Judge

ACCOUNT, REGION = "123456789012", "eu-central-1"
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:shop"
API = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:abc"
POST = f"{API}/live/POST/v1/orders"


def permission(**changes):
    given = {
        "action": "lambda:InvokeFunction",
        "function": "shop",
        "qualifier": "live",
        "principal": "apigateway.amazonaws.com",
        "sourceArn": f"{API}/*/POST/v1/orders",
        "statementId": "ApiPost",
    }
    return {key: value for key, value in (given | changes).items() if value is not None}


def judge(*permissions) -> Judge:
    deployed = Deployed()
    function = {"name": "shop", "arn": FUNCTION, "role": f"arn:aws:iam::{ACCOUNT}:role/shop"}
    deployed.put(Resource(urn="f", type="aws:lambda/function:Function", id="shop", properties=function))
    for number, one in enumerate(permissions):
        deployed.put(
            Resource(urn=f"p{number}", type="aws:lambda/permission:Permission", id="p", properties=one)
        )
    return Judge(deployed, tags_of=lambda *_: {})


def asked(judge: Judge, **changes):
    call = {
        "principal": "apigateway.amazonaws.com",
        "account": ACCOUNT,
        "region": REGION,
        "source": POST,
        "action": "lambda:InvokeFunction",
        "resource": f"{FUNCTION}:live",
    }
    return judge.service(ServiceCall(**call | changes))


@pytest.mark.parametrize(
    "granted",
    [
        permission(),
        permission(function=FUNCTION),
        permission(function=f"{FUNCTION}:live", qualifier=None),
        permission(function="shop:live", qualifier=None),
        permission(sourceArn=f"{API}/*"),
        permission(sourceArn=None, sourceAccount=ACCOUNT),
    ],
)
def test_an_api_invokes_the_alias_that_it_was_admitted_to(granted):
    assert asked(judge(granted)) is None


@pytest.mark.parametrize(
    ("granted", "call"),
    [
        (permission(qualifier=None), {}),
        (permission(), {"resource": FUNCTION}),
        (permission(qualifier="7"), {}),
        (permission(), {"source": f"{API}/live/GET/v1/orders"}),
        (permission(), {"source": POST.replace("abc", "xyz")}),
        (permission(), {"principal": "events.amazonaws.com"}),
        (permission(sourceAccount="210987654321"), {}),
        (permission(function="other"), {}),
        (permission(action="lambda:GetFunction"), {}),
        (permission(principal="210987654321"), {}),
    ],
)
def test_nothing_else_is_admitted(granted, call):
    denied = asked(judge(granted), **call)

    assert denied
    assert "lambda:InvokeFunction" in denied.reason


def test_a_permission_is_unused_until_it_was_needed():
    one = judge(permission(), permission(statementId="ApiGet", sourceArn=f"{API}/*/GET/v1/orders"))

    asked(one)

    assert one.proof().survivors == ("statement 'ApiGet' of policy of function 'shop:live'",)
