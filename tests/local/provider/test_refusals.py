"""What the provider refuses before anything is created: inputs, and configurations."""

import json

import pytest

from local.provider.values import UNKNOWN

QUEUE, TABLE, FUNCTION = "aws:sqs/queue:Queue", "aws:dynamodb/table:Table", "aws:lambda/function:Function"
RECORDS = {"name": "records", "hashKey": "id", "billingMode": "PAY_PER_REQUEST"}


@pytest.mark.parametrize(
    ("token", "inputs", "path", "reason"),
    [
        (FUNCTION, {"name": "f"}, "role", "Missing required property 'role'"),
        (QUEUE, {"visibilityTimeoutSeconds": [5]}, "visibilityTimeoutSeconds", "a single value, not a list"),
        (QUEUE, {"name": ["q"]}, "name", "expected a single value, not a list"),
        (QUEUE, {"visibilityTimeoutSeconds": {"s": 5}}, "visibilityTimeoutSeconds", "not an object"),
        (TABLE, {"attributes": "id"}, "attributes", "expected a list, not a single value"),
        (TABLE, {"attributes": {"name": "id", "type": "S"}}, "attributes", "expected a list, not an object"),
        (TABLE, {"ttl": [{"attributeName": "t"}]}, "ttl", "expected a single value, not a list"),
        (TABLE, {"attributes": [{"name": ["id"], "type": "S"}]}, "attributes[0].name", "not a list"),
        (FUNCTION, {"role": "r", "layers": "arn"}, "layers", "expected a list, not a single value"),
    ],
)
def test_an_input_of_the_wrong_shape_is_refused_at_its_path(previewing, token, inputs, path, reason):
    assert reason in previewing.failures(token, inputs)[path]


def test_an_object_for_a_text_property_is_its_json(previewing):
    redrive = {"deadLetterTargetArn": "arn:aws:sqs:eu-central-1:123456789012:dead", "maxReceiveCount": 3}
    assert previewing.failures(QUEUE, {"name": "q", "redrivePolicy": redrive}) == {}


def test_a_provider_without_region_is_refused(provider):
    assert "aws:region" in provider.refusals(region="")["region"]


def test_a_deployment_that_may_not_use_the_emulated_account_is_refused(provider):
    refusals = provider.refusals(allowedAccountIds=json.dumps(["111111111111"]))

    assert "111111111111" in refusals["allowedAccountIds"]
    assert "123456789012" in refusals["allowedAccountIds"]


@pytest.mark.parametrize("accounts", [["123456789012"], [123456789012], ["111111111111", "123456789012"], []])
def test_a_deployment_that_may_use_the_emulated_account_is_accepted(provider, accounts):
    assert provider.refusals(allowedAccountIds=json.dumps(accounts)) == {}


def test_a_deployment_that_names_no_account_is_accepted(provider):
    assert provider.refusals() == {}


def test_accounts_that_are_no_list_are_refused(provider):
    assert "JSON list" in provider.refusals(allowedAccountIds="111111111111")["allowedAccountIds"]


def test_a_preview_may_be_of_any_account(previewing):
    assert previewing.refusals(allowedAccountIds=json.dumps(["111111111111"])) == {}


@pytest.mark.parametrize(
    ("token", "inputs", "path", "reason"),
    [
        (
            "aws:sqs/queue:Queue",
            {"visibilityTimeout": 5},
            "visibilityTimeout",
            "did you mean 'visibilityTimeoutSeconds' (visibility_timeout_seconds in Python)?",
        ),
        (
            "aws:dynamodb/table:Table",
            {"attributes": [{"name": "id", "typ": "S"}]},
            "attributes[0].typ",
            "did you mean 'type' (type in Python)?",
        ),
        (
            "aws:dynamodb/table:Table",
            {"attributes": [{"name": "id"}]},
            "attributes[0].type",
            "Missing required property 'attributes[0].type'; give type",
        ),
        (
            "aws:lambda/function:Function",
            {"role": "r", "runtime": "python3.31"},
            "runtime",
            "expected one of Runtime, such as python3.14",
        ),
        ("aws:sqs/queue:Queue", {"delaySeconds": "five"}, "delaySeconds", "expected a number"),
        ("aws:sqs/queue:Queue", {"fifoQueue": "perhaps"}, "fifoQueue", "expected true or false"),
        ("aws:sqs/queue:Queue", {"tags": {"a": ["b"]}}, 'tags["a"]', "expected a single value, not a list"),
        ("aws:dynamodb/table:Table", {"ttl": "expires"}, "ttl", "expected an object, not a single value"),
        ("aws:sqs/queue:Queue", {"name": "a", "namePrefix": "b"}, "name", "conflicts with namePrefix"),
    ],
)
def test_a_wrong_input_is_refused_with_its_path_and_what_would_be_right(
    previewing, token, inputs, path, reason
):
    assert reason in previewing.failures(token, inputs)[path]


@pytest.mark.parametrize(
    ("token", "inputs"),
    [
        ("aws:sqs/queue:Queue", {"delaySeconds": "5", "fifoQueue": "false", "name": 7}),
        (
            "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
            {"role": "r", "policyArn": "arn:aws:iam::123456789012:policy/p"},
        ),
        (
            FUNCTION,
            {
                "role": UNKNOWN,
                "runtime": UNKNOWN,
                "environment": UNKNOWN,
                "code": UNKNOWN,
                "handler": UNKNOWN,
            },
        ),
        (
            "aws:dynamodb/table:Table",
            RECORDS | {"attributes": [{"name": UNKNOWN, "type": UNKNOWN}], "tags": {"a": UNKNOWN}},
        ),
        ("aws:dynamodb/table:Table", RECORDS | {"attributes": [UNKNOWN], "ttl": UNKNOWN, "tags": UNKNOWN}),
    ],
)
def test_what_the_real_provider_converts_and_what_is_not_known_yet_is_accepted(previewing, token, inputs):
    assert previewing.failures(token, inputs) == {}


def test_what_is_not_known_yet_stays_so_in_a_preview(previewing):
    table = {"name": "t", "attributes": [{"name": UNKNOWN, "type": "S"}], "hashKey": UNKNOWN}

    checked = previewing.check("aws:dynamodb/table:Table", **table)
    previewed = previewing.preview("aws:dynamodb/table:Table", **checked)

    assert table.items() <= previewed.state.items()


def test_values_are_of_the_type_that_their_property_has_as_the_real_provider_makes_them(previewing):
    given = {
        "name": 7,
        "delaySeconds": "5",
        "fifoQueue": "false",
        "tags": {"n": 1, "b": True},
        "policy": {"a": 1},
    }

    assert previewing.check(QUEUE, **given) == {
        "name": "7",
        "delaySeconds": 5,
        "fifoQueue": False,
        "tags": {"n": "1", "b": "true"},
        "policy": '{"a": 1}',
    }
