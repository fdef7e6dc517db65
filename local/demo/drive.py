"""Put the demo's input into the cloud and wait until it has been worked off."""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote_plus

from local.demo.inputs import UNPARSABLE, Plan
from local.demo.readback import Found, Names, count_records, read
from local.errors import LocalStackError
from local.provider.resources.guardduty import MANAGED
from local.stack import LocalStack

UPLOADERS = 8


def put_all(stack: LocalStack, names: Names, plan: Plan, on_progress: Callable[[int], None]) -> list[str]:
    """Send the unreadable message and put every object; return the versions in the plan's order."""
    s3 = stack.client("s3", names.region)
    stack.client("sqs", names.region).send_message(QueueUrl=names.work_queue, MessageBody=UNPARSABLE)
    versions: list[str] = [""] * len(plan.uploads)

    def put_versions(indexes: list[int]) -> None:
        """Put the versions of one key one after the other."""
        for index in indexes:
            upload = plan.uploads[index]
            done = s3.put_object(
                Bucket=names.intake, Key=upload.key, Body=upload.body, ContentType=upload.content_type
            )
            versions[index] = done["VersionId"]
            on_progress(1)

    by_key: dict[str, list[int]] = {}
    for index, upload in enumerate(plan.uploads):
        by_key.setdefault(upload.key, []).append(index)
    with ThreadPoolExecutor(UPLOADERS) as pool:
        list(pool.map(put_versions, by_key.values()))
    return versions


def replay(stack: LocalStack, names: Names, plan: Plan, versions: list[str]) -> None:
    """Deliver events again, in S3's own shape: some of versions that newer ones have overtaken long ago."""
    sqs = stack.client("sqs", names.region)
    for index in plan.replayed:
        event = _notification(names.intake, plan.uploads[index].key, versions[index])
        sqs.send_message(QueueUrl=names.work_queue, MessageBody=json.dumps(event))


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


def wait_for(stack: LocalStack, names: Names, on_progress: Callable[[int], None], seconds: float) -> Found:
    """Return what is found once no event is on its way any more; LocalStackError after *seconds*.

    *on_progress* is told how many versions are recorded. A dropped event does not keep this waiting: what
    counts is that the queues are empty. They are read in the order in which an event passes them, so that
    none slips by between two of them.
    """
    sqs = stack.client("sqs", names.region)
    scans = sqs.list_queues(QueueNamePrefix=MANAGED).get("QueueUrls", [])
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        waiting = [_messages(sqs, url) for url in (*scans, names.work_queue, names.infected_queue)]
        on_progress(count_records(stack, names))
        if not any(waiting):
            return read(stack, names)
        time.sleep(0.2)
    raise LocalStackError(f"after {seconds:g} s there are still events on their way: {waiting}")


def _messages(sqs: Any, url: str) -> int:
    """Count the messages of a queue, those in flight and delayed included."""
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return sum(
        int(attributes[f"ApproximateNumberOfMessages{kind}"]) for kind in ("", "NotVisible", "Delayed")
    )
