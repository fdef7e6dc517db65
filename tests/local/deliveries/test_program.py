"""The deployed program, with one statement of one policy taken away: what it was for stops, and only that."""

import json
from typing import Any

import pytest

from tests.local.deliveries.program import Program
from tests.local.deliveries.stage import arn

EVENTS = "events.amazonaws.com"
KEY = arn("kms", "key/objects")
KEY_POLICY, QUEUE_POLICY = "aws:kms/keyPolicy:KeyPolicy", "aws:sqs/queuePolicy:QueuePolicy"
BUCKET_POLICY, ROLE_POLICY = "aws:s3/bucketPolicy:BucketPolicy", "aws:iam/rolePolicy:RolePolicy"


def queue_of(program: Program, name: str) -> str:
    return str(program.resource("aws:sqs/queue:Queue", name).properties["name"])


def emptied(program: Program, name: str) -> list[dict[str, Any]]:
    """Return what is in a queue of the program, and leave nothing in it."""
    sqs = program.client("sqs")
    url = sqs.get_queue_url(QueueName=queue_of(program, name))["QueueUrl"]
    # A delivery is done when the call that causes it returns; the queues themselves would wait for 20 s.
    found = sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=0, MessageAttributeNames=["All"]
    )
    for message in found.get("Messages", []):
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return list(found.get("Messages", []))


def report(program: Program, status: str) -> None:
    """Emit a scan result for the intake bucket."""
    bucket = program.resource("aws:s3/bucket:Bucket", "objects-intake").properties["bucket"]
    detail = {
        "s3ObjectDetails": {"bucketName": bucket, "objectKey": "a"},
        "scanResultDetails": {"scanResultStatus": status},
    }
    kind = "GuardDuty Malware Protection Object Scan Result"
    entry = {"Source": "aws.guardduty", "DetailType": kind, "Detail": json.dumps(detail)}
    program.client("events").put_events(Entries=[entry])


@pytest.mark.parametrize(
    ("status", "queue"),
    [("NO_THREATS_FOUND", "objects-worker-queue"), ("THREATS_FOUND", "objects-quarantine-queue")],
)
class TestEventDelivery:
    def test_a_scan_result_reaches_its_queue(self, program, status, queue):
        report(program, status)

        assert len(emptied(program, queue)) == 1
        assert program.denials() == []

    @pytest.mark.parametrize(
        ("token", "policy", "sid", "action"),
        [
            (QUEUE_POLICY, None, "EventRules", "sqs:SendMessage"),
            (KEY_POLICY, "objects", "EventRules", "kms:GenerateDataKey"),
        ],
    )
    def test_without_the_statement_for_the_rules_it_does_not(
        self, program, status, queue, token, policy, sid, action
    ):
        program.without(token, policy or queue, sid)

        report(program, status)

        assert emptied(program, queue) == []
        resource = arn("sqs", queue_of(program, queue)) if token == QUEUE_POLICY else KEY
        assert (EVENTS, action, resource) in program.denials()
