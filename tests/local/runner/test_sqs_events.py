"""Events as Lambda builds them from messages, and its reading of partial batch responses."""

import json

import pytest

from local.runner import InvokeResult
from local.runner.sqs_events import build_event, failed_messages

ARN = "arn:aws:sqs:eu-central-1:123456789012:work"
MESSAGE = {
    "MessageId": "m1",
    "ReceiptHandle": "r1",
    "Body": "hello",
    "MD5OfBody": "5d41402abc4b2a76b9719d911017c592",
    "Attributes": {"ApproximateReceiveCount": "2", "SentTimestamp": "1795262400000"},
}


def test_a_record_has_the_fields_that_lambda_documents() -> None:
    event = json.loads(build_event([MESSAGE], ARN))

    assert event == {
        "Records": [
            {
                "messageId": "m1",
                "receiptHandle": "r1",
                "body": "hello",
                "attributes": {"ApproximateReceiveCount": "2", "SentTimestamp": "1795262400000"},
                "messageAttributes": {},
                "md5OfBody": "5d41402abc4b2a76b9719d911017c592",
                "eventSource": "aws:sqs",
                "eventSourceARN": ARN,
                "awsRegion": "eu-central-1",
            }
        ]
    }


def test_message_attributes_are_in_camel_case_and_binary_ones_in_base64() -> None:
    attributes = {
        "who": {"DataType": "String", "StringValue": "cat"},
        "raw": {"DataType": "Binary", "BinaryValue": b"\x00\x01"},
    }
    message = {**MESSAGE, "MessageAttributes": attributes, "MD5OfMessageAttributes": "md5"}

    (record,) = json.loads(build_event([message], ARN))["Records"]

    empty: dict[str, list[str]] = {"stringListValues": [], "binaryListValues": []}
    assert record["md5OfMessageAttributes"] == "md5"
    assert record["messageAttributes"] == {
        "who": {**empty, "dataType": "String", "stringValue": "cat"},
        "raw": {**empty, "dataType": "Binary", "binaryValue": "AAE="},
    }


def result(payload: str, error: str | None = None) -> InvokeResult:
    return InvokeResult(payload=payload.encode(), function_error=error, log_tail="", request_id="request-1")


IDS = {"a", "b", "c"}


@pytest.mark.parametrize(
    "payload", ["", "null", "{}", '{"batchItemFailures": []}', '{"batchItemFailures": null}']
)
def test_an_empty_answer_is_success(payload: str) -> None:
    assert failed_messages(result(payload), IDS, reports_failures=True) == set()


def test_named_messages_have_failed_and_no_others() -> None:
    payload = '{"batchItemFailures": [{"itemIdentifier": "b"}, {"itemIdentifier": "b"}]}'

    assert failed_messages(result(payload), IDS, reports_failures=True) == {"b"}


@pytest.mark.parametrize(
    "payload",
    [
        "[]",
        '"done"',
        "not json",
        '{"batchItemFailures": "b"}',
        '{"batchItemFailures": ["b"]}',
        '{"batchItemFailures": [{"itemIdentifier": ""}]}',
        '{"batchItemFailures": [{"itemIdentifier": null}]}',
        '{"batchItemFailures": [{"messageId": "b"}]}',
        '{"batchItemFailures": [{"itemIdentifier": ["b"]}]}',
        '{"batchItemFailures": [{"itemIdentifier": "b"}, {"itemIdentifier": "unknown"}]}',
    ],
)
def test_an_answer_that_is_not_understood_fails_the_whole_batch(payload: str) -> None:
    assert failed_messages(result(payload), IDS, reports_failures=True) == IDS


def test_a_function_error_fails_the_whole_batch() -> None:
    for reports in (True, False):
        assert failed_messages(result("{}", "Unhandled"), IDS, reports_failures=reports) == IDS


def test_without_partial_responses_the_answer_is_not_read() -> None:
    payload = '{"batchItemFailures": [{"itemIdentifier": "b"}]}'

    assert failed_messages(result(payload), IDS, reports_failures=False) == set()
