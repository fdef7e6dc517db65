"""What arrives as a secret leaves as a secret, in whatever it was put into."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local.provider.secrets import wrapped
from local.provider.values import plain
from tests.local.provider.caller import AbortedError, Managed
from tests.local.provider.test_dropped import CODE, FUNCTION, POLICY, TABLE, TRUST

HUSH = "hush-hush"
API = json.dumps({"openapi": "3.0.1", "info": {"title": "it", "version": "2012-10-17"}, "paths": {}})

PROGRAM: dict[str, dict[str, Any]] = {
    "aws:sqs/queue:Queue": {"name": "it", "tags": {"a": "b", "c": "d"}},
    "aws:sns/topic:Topic": {"name": "it", "displayName": "x", "tags": {"a": "b"}},
    "aws:cloudwatch/logGroup:LogGroup": {"name": "it", "retentionInDays": 7, "tags": {"a": "b"}},
    "aws:iam/rolePolicy:RolePolicy": {"name": "it", "role": "of-function", "policy": POLICY},
    "aws:iam/role:Role": {"name": "it", "assumeRolePolicy": TRUST, "description": "x", "tags": {"a": "b"}},
    "aws:dynamodb/table:Table": {**TABLE, "tags": {"a": "b"}},
    "aws:sqs/queuePolicy:QueuePolicy": {"queueUrl": "u", "policy": "p"},
    "aws:apigateway/restApi:RestApi": {"name": "it", "body": API, "description": "x", "tags": {"a": "b"}},
    "aws:wafv2/webAcl:WebAcl": {
        "name": "it",
        "scope": "REGIONAL",
        "defaultAction": {
            "block": {"customResponse": {"responseCode": 403, "responseHeaders": [{"name": "n"}]}}
        },
        "rules": [{"name": "r", "priority": 1}, {"name": "s", "priority": 2}],
    },
}
"""Valid inputs; those that make the id stay as they are, since Pulumi knows no secret id."""
MADE_OF_IDS = {("name",), ("role",), ("hashKey",), ("attributes", 0, "name"), ("attributes", 0, "type")}


def texts(value: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the places of all texts."""
    if isinstance(value, dict):
        return [found for key, item in value.items() for found in texts(item, (*place, key))]
    if isinstance(value, list):
        return [found for index, item in enumerate(value) for found in texts(item, (*place, index))]
    return [place] if isinstance(value, str) and place not in MADE_OF_IDS else []


def with_value(value: Any, place: tuple[Any, ...], put: Any) -> Any:
    """Return *value* with *put* applied to what stands at *place*."""
    if not place:
        return put(value)
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[place[0]] = with_value(value[place[0]], place[1:], put)
    return copy


def with_secret(text: str, hidden: str) -> str:
    """Return a secret text; a document, which moto reads, keeps its form."""
    return text.replace("2012-10-17", f'2012-10-17", "Id": "{hidden}') if "2012-10-17" in text else hidden


@st.composite
def programs(draw):
    """Draw a type and its inputs with one text, or something around it, made secret."""
    token = draw(st.sampled_from(sorted(PROGRAM)))
    inputs = PROGRAM[token]
    place = draw(st.sampled_from(texts(inputs)))
    hidden = draw(st.text(st.sampled_from("aZ0 %'ä€"), max_size=9)) + "%HIDDEN%"
    inputs = with_value(inputs, place, lambda old: with_secret(old, hidden))
    depth = draw(st.integers(min_value=1, max_value=len(place)))
    return token, with_value(inputs, place[:depth], wrapped), hidden


@pytest.fixture(autouse=True)
def role_of_function(cloud):
    iam = cloud.client("iam", "eu-central-1")
    iam.create_role(RoleName="of-function", AssumeRolePolicyDocument=TRUST)


def shown(resource: Managed) -> str:
    """Return everything that the state shows."""
    return json.dumps(resource.in_the_clear, ensure_ascii=False)


@given(program=programs())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_text_that_arrived_as_a_secret_is_left_in_the_clear(previewing, program):
    token, inputs, hidden = program

    previewed = previewing.preview(token, **inputs)

    assert plain(inputs).items() <= previewed.state.items()
    assert hidden not in shown(previewed)


@given(program=programs())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_neither_creation_nor_update_shows_a_secret(provider, program):
    token, inputs, hidden = program
    it = provider.create(token, **inputs)
    again = provider.update(it, **inputs)
    provider.delete(again)

    assert hidden not in shown(it)
    assert hidden not in shown(again)


def test_a_secret_tag_is_secret_in_the_tags_that_the_provider_computes(provider):
    queue = provider.create("aws:sqs/queue:Queue", name="it", tags={"open": "yes", "pin": wrapped("12")})

    assert queue.state["tagsAll"] == {"open": "yes", "pin": "12"}
    assert queue.in_the_clear["tagsAll"] == {"open": "yes", "pin": "[secret]"}


def test_secret_default_tags_are_secret_on_every_resource(provider):
    provider.configure(Owner=wrapped("12"))

    queue = provider.create("aws:sqs/queue:Queue", name="it", tags={"open": "yes"})

    assert queue.state["tagsAll"] == {"open": "yes", "Owner": "12"}
    assert queue.in_the_clear["tagsAll"] == {"open": "yes", "Owner": "[secret]"}


def test_hashes_of_secret_code_are_secret(provider):
    function = provider.create("aws:lambda/function:Function", **FUNCTION | {"code": wrapped(CODE)})

    assert function.state["codeSha256"]
    assert function.in_the_clear["codeSha256"] == "[secret]"


def test_a_document_with_a_secret_in_it_is_a_secret_text(provider):
    statement = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": wrapped("arn:aws:sqs:::hush")}

    checked = provider.check(
        "aws:iam/rolePolicy:RolePolicy", name="it", role="r", policy={"Statement": [statement]}
    )

    assert json.loads(plain(checked["policy"]))["Statement"][0]["Resource"] == "arn:aws:sqs:::hush"
    assert checked["policy"] != plain(checked["policy"])


def test_an_error_of_aws_does_not_show_a_secret(provider):
    with pytest.raises(AbortedError, match=r"\[secret\]") as error:
        provider.create("aws:iam/rolePolicy:RolePolicy", name="it", role=wrapped(HUSH), policy=POLICY)

    assert HUSH not in str(error.value)


def test_what_becomes_a_secret_without_another_change_is_updated_in_the_state(provider):
    topic = provider.create("aws:sns/topic:Topic", name="it", displayName=HUSH)

    assert provider.changes(topic, name="it", displayName=HUSH) == set()
    assert provider.changes(topic, name="it", displayName=wrapped(HUSH)) == {"displayName"}
    hidden = provider.update(topic, name="it", displayName=wrapped(HUSH))
    assert hidden.in_the_clear["displayName"] == "[secret]"
    assert provider.changes(hidden, name="it", displayName=wrapped(HUSH)) == set()


def test_what_is_no_longer_a_secret_is_shown_again(provider):
    topic = provider.create(
        "aws:sns/topic:Topic", name="it", displayName=wrapped(HUSH), tags={"a": wrapped("b")}
    )

    topic = provider.update(topic, name="it", displayName=HUSH, tags={"a": "b"})

    assert topic.in_the_clear["displayName"] == HUSH
    assert topic.in_the_clear["tagsAll"] == {"a": "b"}


def test_a_check_that_fails_does_not_show_a_secret(provider):
    # Of a property that a failure names, the engine shows the value.
    refused = provider.refusals(allowedAccountIds=wrapped(HUSH))

    assert list(refused) == [""]
    assert refused[""].startswith("allowedAccountIds: ")
    assert HUSH not in refused[""]
    assert "[secret]" in refused[""]
