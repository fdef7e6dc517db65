"""SQS messages as Lambda hands them to a function, and which of them its answer says have failed."""

import base64
import json
from collections.abc import Iterable, Mapping
from typing import Any

from local.runner.pool import InvokeResult


def build_event(messages: Iterable[Mapping[str, Any]], source_arn: str) -> bytes:
    """Return the event for *messages*, as ReceiveMessage gave them, of the queue with ARN *source_arn*."""
    return json.dumps({"Records": [_record(message, source_arn) for message in messages]}).encode()


def failed_messages(result: InvokeResult, ids: set[str], *, reports_failures: bool) -> set[str]:
    """Return the ids of the messages that must come back.

    With partial batch responses an empty answer means that all went well; an answer that is not understood,
    or names a message that was not in the batch, means that all failed.
    """
    if result.function_error:
        return ids
    if not reports_failures:
        return set()
    try:
        answer = json.loads(result.payload or b"null")
    except ValueError:
        return ids
    if answer is None:
        return set()
    if not isinstance(answer, dict):
        return ids
    failures = answer.get("batchItemFailures") or []
    if not isinstance(failures, list) or not all(isinstance(failure, dict) for failure in failures):
        return ids
    named = [failure.get("itemIdentifier") for failure in failures]
    return set(named) if all(isinstance(one, str) and one in ids for one in named) else ids


def _record(message: Mapping[str, Any], source_arn: str) -> dict[str, Any]:
    record = {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": dict(message.get("Attributes", {})),
        "messageAttributes": {
            name: _attribute(value) for name, value in message.get("MessageAttributes", {}).items()
        },
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": source_arn,
        "awsRegion": source_arn.split(":")[3],
    }
    if "MD5OfMessageAttributes" in message:
        record["md5OfMessageAttributes"] = message["MD5OfMessageAttributes"]
    return record


def _attribute(value: Mapping[str, Any]) -> dict[str, Any]:
    attribute: dict[str, Any] = {
        "stringListValues": [],
        "binaryListValues": [],
        "dataType": value["DataType"],
    }
    if "StringValue" in value:
        attribute["stringValue"] = value["StringValue"]
    if "BinaryValue" in value:
        attribute["binaryValue"] = base64.b64encode(value["BinaryValue"]).decode()
    return attribute
