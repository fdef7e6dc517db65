"""What Lambda hands to the functions: batches of both event shapes, and the invocation's context."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus

from objects.events import CLEAN
from objects.models import ObjectVersion

REGION = "eu-central-1"
INTAKE, QUARANTINE = "test-intake", "test-quarantine"
RECORDS, IDEMPOTENCY = "test-records", "test-idempotency"
MAX_BYTES = 1000

type Invoke = Callable[..., list[str]]


@dataclass
class Context:
    """An invocation with `milliseconds` left, which a test may change."""

    milliseconds: int = 60_000
    function_name: str = "objects"
    memory_limit_in_mb: int = 128
    invoked_function_arn: str = "arn:aws:lambda:eu-central-1:123456789012:function:objects"
    aws_request_id: str = "request-1"

    def get_remaining_time_in_millis(self) -> int:
        return self.milliseconds


def scan_event(
    version: ObjectVersion, status: str = CLEAN, *, threats: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Return the event of a finished scan as EventBridge puts it into the queue."""
    scan_status = "COMPLETED" if status in {CLEAN, "THREATS_FOUND"} else "SKIPPED"
    return {
        "version": "0",
        "id": f"event-of-{version.version_id}",
        "detail-type": "GuardDuty Malware Protection Object Scan Result",
        "source": "aws.guardduty",
        "account": "123456789012",
        "time": "2026-11-21T09:30:00Z",
        "region": REGION,
        "resources": [],
        "detail": {
            "schemaVersion": "1.0",
            "scanStatus": scan_status,
            "resourceType": "S3_OBJECT",
            "s3ObjectDetails": {
                "bucketName": version.bucket,
                "objectKey": version.key,
                "eTag": "ASIAI44QH8DHBEXAMPLE",
                "versionId": version.version_id,
                "s3Throttled": False,
            },
            "scanResultDetails": {
                "scanResultStatus": status,
                "threats": [{"name": name} for name in threats] or None,
            },
        },
    }


def notification(*versions: ObjectVersion) -> dict[str, Any]:
    """Return the notification that S3 would have sent for *versions*."""
    return {
        "Records": [
            {
                "eventVersion": "2.1",
                "eventSource": "aws:s3",
                "awsRegion": REGION,
                "eventName": "ObjectCreated:Put",
                "s3": {
                    "s3SchemaVersion": "1.0",
                    "bucket": {"name": version.bucket, "arn": f"arn:aws:s3:::{version.bucket}"},
                    "object": {
                        "key": quote_plus(version.key, safe="/"),
                        "size": 1,
                        "eTag": "d41d8cd98f00b204e9800998ecf8427e",
                        "versionId": version.version_id,
                        "sequencer": "0055AED6DCD90281E5",
                    },
                },
            }
            for version in versions
        ]
    }


def sqs_batch(*bodies: object) -> dict[str, Any]:
    """Return what Lambda gets for messages with *bodies*, their ids `message-0`, `message-1` and so on."""
    return {
        "Records": [
            {
                "messageId": f"message-{number}",
                "receiptHandle": f"handle-{number}",
                "body": body if isinstance(body, str) else json.dumps(body),
                "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1795253400000"},
                "messageAttributes": {},
                "md5OfBody": "",
                "eventSource": "aws:sqs",
                "eventSourceARN": f"arn:aws:sqs:{REGION}:123456789012:work",
                "awsRegion": REGION,
            }
            for number, body in enumerate(bodies)
        ]
    }
