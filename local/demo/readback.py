"""Read back from the cloud what became of the demo's input, by boto3, and compare it with what must have."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from local.demo.inputs import Expected
from local.stack import LocalStack


@dataclass(frozen=True, kw_only=True)
class Names:
    """Where the system keeps what it did, from the outputs of the deployed stack."""

    region: str
    intake: str
    quarantine: str
    records: str
    work_queue: str
    infected_queue: str
    dead_letters: str
    undelivered: str
    worker: str
    quarantine_worker: str

    @classmethod
    def of(cls, stack: LocalStack) -> "Names":
        """Read the outputs."""
        objects = stack.outputs()["objects"]
        worker = objects["worker"]
        return cls(
            region=worker["queueArn"].split(":")[3],
            intake=objects["intakeBucket"],
            quarantine=objects["quarantineBucket"],
            records=objects["recordsTable"],
            work_queue=worker["queueUrl"],
            infected_queue=objects["quarantine"]["queueUrl"],
            dead_letters=worker["dlqUrl"],
            undelivered=objects["undelivered"]["queueUrl"],
            worker=worker["functionName"],
            quarantine_worker=objects["quarantine"]["functionName"],
        )


@dataclass(frozen=True, kw_only=True)
class Found:
    """What is in the cloud."""

    statuses: Counter[str]
    latest: dict[str, str]
    """For each key: the SHA-256 recorded for the version that the pointer names."""
    quarantined: int
    dead_letters: int
    left_in_intake: int
    """Versions in the intake bucket that were recorded as quarantined."""


def _items(dynamodb: Any, table: str) -> Iterator[dict[str, Any]]:
    for page in dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True):
        yield from page["Items"]


def count_records(stack: LocalStack, names: Names) -> int:
    """Count the recorded versions."""
    scan = stack.client("dynamodb", names.region).get_paginator("scan")
    pages = scan.paginate(
        TableName=names.records,
        Select="COUNT",
        FilterExpression="versionId <> :pointer",
        ExpressionAttributeValues={":pointer": {"S": "#latest"}},
    )
    return sum(page["Count"] for page in pages)


def read(stack: LocalStack, names: Names) -> Found:
    """Read records, pointers, quarantine and dead letters."""
    versions: dict[tuple[str, str], dict[str, Any]] = {}
    pointers: dict[str, str] = {}
    for item in _items(stack.client("dynamodb", names.region), names.records):
        object_id, version = item["objectId"]["S"], item["versionId"]["S"]
        if version == "#latest":
            pointers[object_id] = item["latestVersionId"]["S"]
        else:
            versions[object_id, version] = item
    s3 = stack.client("s3", names.region)
    intake = {
        (f"{names.intake}#{version['Key']}", version["VersionId"])
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=names.intake)
        for version in page.get("Versions", [])
    }
    infected = {place for place, item in versions.items() if item["status"]["S"] == "QUARANTINED"}
    quarantine = s3.get_paginator("list_objects_v2").paginate(Bucket=names.quarantine)
    dead = stack.client("sqs", names.region).get_queue_attributes(
        QueueUrl=names.dead_letters, AttributeNames=["ApproximateNumberOfMessages"]
    )
    return Found(
        statuses=Counter(item["status"]["S"] for item in versions.values()),
        latest={
            object_id.split("#", 1)[1]: versions[object_id, version]["sha256"]["S"]
            for object_id, version in pointers.items()
        },
        quarantined=sum(page["KeyCount"] for page in quarantine),
        dead_letters=int(dead["Attributes"]["ApproximateNumberOfMessages"]),
        left_in_intake=len(infected & intake),
    )


def differences(expected: Expected, found: Found) -> list[str]:
    """Say in words what is not as it must be; nothing for a sound run."""
    wrong = [
        f"{status}: {found.statuses[status]} records, must be {expected.statuses[status]}"
        for status in sorted(expected.statuses.keys() | found.statuses.keys())
        if found.statuses[status] != expected.statuses[status]
    ]
    digests = {key: hashlib.sha256(body).hexdigest() for key, body in expected.latest.items()}
    wrong += [
        f"{key}: the latest version is {'not recorded' if key not in found.latest else 'another one'}"
        for key in sorted(digests.keys() | found.latest.keys())
        if digests.get(key) != found.latest.get(key)
    ]
    for what, is_, must in (
        ("objects in quarantine", found.quarantined, expected.quarantined),
        ("messages in the dead-letter queue", found.dead_letters, expected.dead_letters),
        ("infected versions left in the intake bucket", found.left_in_intake, 0),
    ):
        if is_ != must:
            wrong.append(f"{what}: {is_}, must be {must}")
    return wrong
