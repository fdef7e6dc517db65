"""Stands in for GuardDuty Malware Protection: looks for the EICAR test string, tags the object, reports.

EICAR's string is a file that every scanner agrees to call infected, and that does no harm
(https://www.eicar.org/download-anti-malware-testfile/). The event has the fields that AWS documents
under "Monitoring S3 object scans with Amazon EventBridge".
"""

import json
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.deployed import Deployed, Resource
from local.faults import Faults
from local.faults.passage import passage
from local.permissions.errors import PermissionsError
from local.provider.emulation import Cloud
from local.provider.resources.guardduty import scan_queue
from local.scan_plans import PLAN, Plans
from local.scan_role import PlanStatus
from local.scan_work import Place, ScanWork

LONG_POLL_SECONDS = 1
SCANS_AT_ONCE = 4
GONE = ("NoSuchKey", "NoSuchVersion", "MethodNotAllowed")
"""Codes of an object version that is not there (any more)."""


class Scanner:
    """Scans what is created in the buckets of the deployed plans, one thread for each plan."""

    def __init__(
        self, deployed: Deployed, cloud: Cloud, faults: Faults, on_error: Callable[[str], None]
    ) -> None:
        self._plans = Plans(deployed, cloud, on_error)
        self._deployed = deployed
        self._cloud = cloud
        self._faults = faults
        self._on_error = on_error
        self._stop = threading.Event()
        self._threads: dict[str, threading.Thread] = {}
        self._watcher = threading.Thread(target=self._watch, name="scanner", daemon=True)

    def start(self) -> None:
        """Begin to watch for plans."""
        self._watcher.start()

    def plans(self) -> list[PlanStatus]:
        """Return the status of every plan."""
        return self._plans.all()

    def stop(self) -> None:
        """End every thread; each finishes the objects it has taken."""
        self._stop.set()
        self._watcher.join()  # from here on no thread is started
        for thread in self._threads.values():
            thread.join(timeout=10)

    def _watch(self) -> None:
        """Give each plan a thread, and another one if it ended; a plan that is gone ends its own."""
        while not self._stop.wait(0.2):
            try:
                self._give_threads()
            except Exception as error:  # noqa: BLE001 - without this thread no new object would be scanned
                traceback.print_exception(error)
                self._on_error(f"the scanner goes on after an error: {type(error).__name__}: {error}")

    def _give_threads(self) -> None:
        for plan in self._plans.refresh():
            if plan.id not in self._threads or not self._threads[plan.id].is_alive():
                thread = threading.Thread(
                    target=self._serve, args=(plan,), name=f"scan {plan.id}", daemon=True
                )
                self._threads[plan.id] = thread
                thread.start()

    def _serve(self, plan: Resource) -> None:
        sqs = self._cloud.client("sqs", plan.properties["region"])
        with ThreadPoolExecutor(SCANS_AT_ONCE) as pool:
            try:
                url = sqs.get_queue_url(QueueName=scan_queue(plan.id))["QueueUrl"]
                while self._is_wanted(plan):
                    self._faults.wait_unpaused(scan_queue(plan.id), self._stop)
                    found = sqs.receive_message(
                        QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=LONG_POLL_SECONDS
                    )
                    list(pool.map(partial(self._work_off, plan, url), found.get("Messages", [])))
            except (ClientError, BotoCoreError) as error:
                self._report(plan, f"new objects could not be received: {error}")

    def _is_wanted(self, plan: Resource) -> bool:
        return not self._stop.is_set() and any(known.id == plan.id for known in self._deployed.of_type(PLAN))

    def _report(self, plan: Resource, problem: str) -> None:
        if self._is_wanted(plan):  # what fails while the plan is being deleted is no problem
            self._on_error(f"scan plan {plan.id}: {problem}")

    def _work_off(self, plan: Resource, url: str, message: dict[str, Any]) -> None:
        """Scan one new object; a message whose scan fails comes back after its visibility timeout."""
        sqs = self._cloud.client("sqs", plan.properties["region"])
        try:
            detail = json.loads(message["Body"])["detail"]
            self._scan(plan, detail["bucket"]["name"], detail["object"])
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        except (ClientError, BotoCoreError, PermissionsError) as error:
            self._report(plan, f"an object could not be scanned: {error}")
        except (KeyError, TypeError, ValueError) as error:
            self._report(
                plan, f"an event is not S3's ({type(error).__name__}: {error}): {message['Body'][:200]}"
            )

    def _scan(self, plan: Resource, bucket: str, item: dict[str, Any]) -> None:
        place = Place(
            bucket=bucket,
            key=item["key"],
            version=item.get("version-id") or "null",
            etag=item.get("etag") or item.get("eTag", ""),  # AWS's name, and moto's
        )
        work = ScanWork(self._cloud, plan, place)
        try:
            status, result = work.look()
            failure = work.tag(result["scanResultStatus"])
        except ClientError as error:
            if error.response["Error"]["Code"] not in GONE:
                raise
            (status, result), failure = work.denied(), ""
        self._emit(
            plan,
            "GuardDuty Malware Protection Object Scan Result",
            {
                "schemaVersion": "1.0",
                "scanStatus": status,
                "resourceType": "S3_OBJECT",
                "s3ObjectDetails": {**place.plain(), "s3Throttled": False},
                "scanResultDetails": result,
            },
        )
        if failure:
            self._emit(
                plan,
                "GuardDuty Malware Protection Post Scan Action Failed",
                {
                    "schemaVersion": "1.0",
                    "eventTime": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
                    "s3ObjectDetails": place.plain(),
                    "postScanActions": [{"actionType": "TAGGING", "failureReason": failure}],
                },
            )

    def _emit(self, plan: Resource, kind: str, detail: dict[str, Any]) -> None:
        entry = {
            "Source": "aws.guardduty",
            "DetailType": kind,
            "Resources": [plan.properties["arn"]],
            "Detail": json.dumps(detail),
        }
        found = passage(self._faults, "scans", source=detail["s3ObjectDetails"]["bucketName"])
        self._stop.wait(found.delay)
        events = self._cloud.client("events", plan.properties["region"])
        for _ in range(found.copies):
            events.put_events(Entries=[entry])
