"""Policy documents that the program has built by the provider's own function."""

import json

import pytest

from tests.local.provider.caller import AbortedError

TOKEN = "aws:iam/getPolicyDocument:getPolicyDocument"


def test_statements_become_a_document(previewing):
    statement = {
        "sid": "Send",
        "actions": ["sqs:SendMessage", "sqs:GetQueueUrl"],
        "resources": ["arn:aws:sqs:::q"],
        "principals": [{"type": "Service", "identifiers": ["events.amazonaws.com"]}],
        "conditions": [{"test": "StringEquals", "variable": "aws:SourceAccount", "values": ["1"]}],
    }

    answer = previewing.invoke(TOKEN, statements=[statement])

    assert json.loads(answer["json"]) == json.loads(answer["minifiedJson"])
    assert json.loads(answer["json"]) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Send",
                "Effect": "Allow",
                "Action": ["sqs:SendMessage", "sqs:GetQueueUrl"],
                "Resource": "arn:aws:sqs:::q",
                "Principal": {"Service": "events.amazonaws.com"},
                "Condition": {"StringEquals": {"aws:SourceAccount": "1"}},
            }
        ],
    }


def test_everybody_is_one_star(previewing):
    everybody = {"effect": "Deny", "principals": [{"type": "*", "identifiers": ["*"]}]}

    document = json.loads(previewing.invoke(TOKEN, statements=[everybody])["json"])

    assert document["Statement"] == [{"Effect": "Deny", "Principal": "*"}]


def test_documents_to_merge_are_refused(previewing):
    with pytest.raises(AbortedError, match="sourcePolicyDocuments"):
        previewing.invoke(TOKEN, sourcePolicyDocuments=["{}"])
