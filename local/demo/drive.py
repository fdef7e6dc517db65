"""Put the demo's input into the cloud and wait until it has been worked off."""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote_plus

from local.demo.inputs import UNPARSABLE, Expected, Plan, Upload
from local.demo.readback import Found, Names, read
from local.stack import LocalStack

UPLOADERS = 8


def put_all(stack: LocalStack, names: Names, plan: Plan, on_progress: Callable[[int], None]) -> None:
    """Put every object, then replay events, late and again, and send the message that nobody can read."""
    s3 = stack.client("s3", names.region)
    sqs = stack.client("sqs", names.region)
    versions: list[str] = [""] * len(plan.uploads)

    def put(index: int, upload: Upload) -> None:
        done = s3.put_object(
            Bucket=names.intake, Key=upload.key, Body=upload.body, ContentType=upload.content_type
        )
        versions[index] = done["VersionId"]
        on_progress(1)

    by_key: dict[str, list[int]] = {}
    for index, upload in enumerate(plan.uploads):
        by_key.setdefault(upload.key, []).append(index)

    def put_versions(indexes: list[int]) -> None:
        """Put the versions of one key one after the other."""
        for index in indexes:
            put(index, plan.uploads[index])

    with ThreadPoolExecutor(UPLOADERS) as pool:
        list(pool.map(put_versions, by_key.values()))
    for index in plan.replayed:
        event = _notification(names.intake, plan.uploads[index].key, versions[index])
        sqs.send_message(QueueUrl=names.work_queue, MessageBody=json.dumps(event))
    sqs.send_message(QueueUrl=names.work_queue, MessageBody=UNPARSABLE)


def _notification(bucket: str, key: str, version: str) -> dict[str, Any]:
    """Return an S3 event notification as an operator replays it; keys are URL-encoded in this shape."""
    item = {"key": quote_plus(key, safe="/"), "versionId": version, "sequencer": "0"}
    record = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "s3": {"s3SchemaVersion": "1.0", "bucket": {"name": bucket}, "object": item},
    }
    return {"Records": [record]}


def wait_for(
    stack: LocalStack,
    names: Names,
    expected: Expected,
    on_progress: Callable[[Found], None],
    seconds: float,
) -> Found:
    """Return what is found once the queues are empty and as much is recorded as must be, or the time is up."""
    sqs = stack.client("sqs", names.region)
    deadline = time.monotonic() + seconds
    total = sum(expected.statuses.values())
    while True:
        waiting = sqs.get_queue_attributes(QueueUrl=names.work_queue, AttributeNames=["All"])["Attributes"]
        idle = not any(
            int(waiting[f"ApproximateNumberOfMessages{kind}"]) for kind in ("", "NotVisible", "Delayed")
        )
        found = read(stack, names)
        on_progress(found)
        complete = sum(found.statuses.values()) >= total and found.dead_letters >= expected.dead_letters
        if (idle and complete) or time.monotonic() > deadline:
            return found
        time.sleep(0.3)
