"""Stands in for GuardDuty Malware Protection: looks for the EICAR test string, tags the object, reports.

EICAR's string is a file that every scanner agrees to call infected, and that does no harm
(https://www.eicar.org/download-anti-malware-testfile/). The event has the fields that AWS documents
under "Monitoring S3 object scans with Amazon EventBridge".
"""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.deployed import Deployed, Resource
from local.provider.emulation import Cloud
from local.provider.resources.guardduty import scan_queue

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
"""Put together from two parts, so that no scanner takes this file for infected."""

PLAN = "aws:guardduty/malwareProtectionPlan:MalwareProtectionPlan"
STATUS_TAG = "GuardDutyMalwareScanStatus"
LONG_POLL_SECONDS = 1
SCANS_AT_ONCE = 4


def verdict(content: bytes) -> dict[str, Any]:
    """Return the `scanResultDetails` for an object's content."""
    if EICAR in content:
        return {"scanResultStatus": "THREATS_FOUND", "threats": [{"name": "EICAR-Test-File (not a virus)"}]}
    return {"scanResultStatus": "NO_THREATS_FOUND", "threats": None}


class Scanner:
    """Scans what is created in the buckets of the deployed plans, one thread for each plan."""

    def __init__(self, deployed: Deployed, cloud: Cloud, on_error: Any) -> None:
        self._deployed = deployed
        self._cloud = cloud
        self._on_error = on_error
        self._stop = threading.Event()
        self._threads: dict[str, threading.Thread] = {}
        self._watcher = threading.Thread(target=self._watch, name="scanner", daemon=True)

    def start(self) -> None:
        """Begin to watch for plans."""
        self._watcher.start()

    def stop(self) -> None:
        """End every thread; each finishes the objects it has taken."""
        self._stop.set()
        for thread in [self._watcher, *self._threads.values()]:
            thread.join(timeout=10)

    def _watch(self) -> None:
        """Give each plan a thread; a plan that is gone ends its own."""
        while not self._stop.wait(0.2):
            for plan in self._deployed.of_type(PLAN):
                if plan.id not in self._threads:
                    thread = threading.Thread(
                        target=self._serve, args=(plan,), name=f"scan {plan.id}", daemon=True
                    )
                    self._threads[plan.id] = thread
                    thread.start()

    def _serve(self, plan: Resource) -> None:
        region = plan.properties["region"]
        sqs = self._cloud.client("sqs", region)
        pool = ThreadPoolExecutor(SCANS_AT_ONCE)
        try:
            url = sqs.get_queue_url(QueueName=scan_queue(plan.id))["QueueUrl"]
            while not self._stop.is_set() and any(
                known.id == plan.id for known in self._deployed.of_type(PLAN)
            ):
                found = sqs.receive_message(
                    QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=LONG_POLL_SECONDS
                )
                list(pool.map(partial(self._work_off, plan, url), found.get("Messages", [])))
        except (ClientError, BotoCoreError) as error:
            still_there = any(known.id == plan.id for known in self._deployed.of_type(PLAN))
            if still_there and not self._stop.is_set():
                self._on_error(f"scanner of plan {plan.id} ended: {error}")
        finally:
            pool.shutdown()

    def _work_off(self, plan: Resource, url: str, message: dict[str, Any]) -> None:
        self._scan(plan, json.loads(message["Body"]))
        sqs = self._cloud.client("sqs", plan.properties["region"])
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    def _scan(self, plan: Resource, event: dict[str, Any]) -> None:
        region = plan.properties["region"]
        s3 = self._cloud.client("s3", region)
        bucket, item = event["detail"]["bucket"]["name"], event["detail"]["object"]
        key, version = item["key"], item.get("version-id") or "null"
        try:
            content = s3.get_object(Bucket=bucket, Key=key, VersionId=version)["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("NoSuchKey", "NoSuchVersion"):
                raise
            status, result = "SKIPPED", {"scanResultStatus": "ACCESS_DENIED", "threats": None}
        else:
            status, result = "COMPLETED", verdict(content)
            tag = {"Key": STATUS_TAG, "Value": result["scanResultStatus"]}
            old = s3.get_object_tagging(Bucket=bucket, Key=key, VersionId=version)["TagSet"]
            tags = [known for known in old if known["Key"] != STATUS_TAG]
            s3.put_object_tagging(Bucket=bucket, Key=key, VersionId=version, Tagging={"TagSet": [*tags, tag]})
        detail = {
            "schemaVersion": "1.0",
            "scanStatus": status,
            "resourceType": "S3_OBJECT",
            "s3ObjectDetails": {
                "bucketName": bucket,
                "objectKey": key,
                "eTag": item.get("etag", ""),
                "versionId": version,
                "s3Throttled": False,
            },
            "scanResultDetails": result,
        }
        entry = {
            "Source": "aws.guardduty",
            "DetailType": "GuardDuty Malware Protection Object Scan Result",
            "Resources": [plan.properties["arn"]],
            "Detail": json.dumps(detail),
        }
        self._cloud.client("events", region).put_events(Entries=[entry])
