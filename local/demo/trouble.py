"""What goes wrong on purpose: only then some of the permissions are needed, and some denials speak.

Everything happens to objects below `trouble/`, and each ends with a record that is known beforehand.
"""

import json
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from local.demo.readback import Names
from local.errors import LocalStackError
from local.faults import Fault
from local.scan_work import EICAR
from local.stack import LocalStack

PREFIX = "trouble"
GONE_QUEUE = f"{PREFIX}-gone"
CLEAN, INFECTED = "NO_THREATS_FOUND", "THREATS_FOUND"
ALL_ATTEMPTS = {"HeadObject": 4, "CopyObject": 2}
"""So often the functions' clients try these calls; then their work has failed, and is forgotten."""


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """Makes trouble in a running stack; *seconds* bound each wait."""

    stack: LocalStack
    names: Names
    seconds: float

    def make(self) -> list[str]:
        """Go through every trouble; say what did not end as it must."""
        self._alarm()
        done = [
            *self._gone_before_it_was_handled(),
            *self._failed_after_the_work_was_begun(),
            *self._undeliverable(),
        ]
        wrong = []
        for key, version, expected in done:
            status = self._wait(f"a record of {key}", lambda k=key, v=version: self._status(k, v))  # type: ignore[misc]
            if status != expected:
                wrong.append(f"{key} is recorded as {status}, must be {expected}")
        return wrong

    def _alarm(self) -> None:
        """Let one alarm tell its topic, and calm down again."""
        watch = self._client("cloudwatch")
        name = watch.describe_alarms()["MetricAlarms"][0]["AlarmName"]
        for state in ("ALARM", "OK"):
            watch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="tried by the demo")

    def _gone_before_it_was_handled(self) -> Iterator[tuple[str, str, str]]:
        """Report scans of versions that were deleted meanwhile: both functions look among the versions left.

        To the worker such a version looks like one that was never scanned, which the bucket keeps shut.
        """
        reports = ((self.names.work_queue, CLEAN), (self.names.infected_queue, INFECTED))
        for queue, result in reports:
            key, version = f"{PREFIX}/gone-{result.lower()}.csv", str(uuid.uuid4())
            self._client("sqs").send_message(QueueUrl=queue, MessageBody=self._report(key, version, result))
            yield key, version, "REJECTED"

    def _failed_after_the_work_was_begun(self) -> Iterator[tuple[str, str, str]]:
        """Let each function fail once all attempts at a call: it forgets that it began, and is repeated."""
        for function, operation, body, expected in (
            (self.names.worker, "HeadObject", b"1,2\n", "PROCESSED"),
            (self.names.quarantine_worker, "CopyObject", EICAR, "QUARANTINED"),
        ):
            fault = Fault(
                kind="error",
                on="calls",
                function=function,
                service="s3",
                operation=operation,
                limit=ALL_ATTEMPTS[operation],
            )
            name = self.stack.faults.add(fault)
            key = f"{PREFIX}/failed-{operation}.csv"
            version = self._put(key, body)
            self._wait(f"a record of {key}", lambda k=key, v=version: self._status(k, v))  # type: ignore[misc]
            self.stack.faults.clear(name)
            yield key, version, expected

    def _undeliverable(self) -> Iterator[tuple[str, str, str]]:
        """Aim each rule at a queue that does not exist, and redrive what was set aside."""
        keys = {"clean": b"1,2\n", "infected": EICAR}
        with self._misdirected_rules():
            versions = {
                name: self._put(f"{PREFIX}/undelivered-{name}.csv", body) for name, body in keys.items()
            }
            set_aside = self._wait("undelivered events", self._receiver(len(keys)))
        for event in set_aside.values():
            infected = json.loads(event)["detail"]["scanResultDetails"]["scanResultStatus"] == INFECTED
            queue = self.names.infected_queue if infected else self.names.work_queue
            self._client("sqs").send_message(QueueUrl=queue, MessageBody=event)
        yield f"{PREFIX}/undelivered-clean.csv", versions["clean"], "PROCESSED"
        yield f"{PREFIX}/undelivered-infected.csv", versions["infected"], "QUARANTINED"

    @contextmanager
    def _misdirected_rules(self) -> Iterator[None]:
        events = self._client("events")
        aside = self.names.undelivered.rpartition("/")[2]
        targets = [
            (rule["Name"], target)
            for rule in events.list_rules()["Rules"]
            for target in events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
            if target.get("DeadLetterConfig", {}).get("Arn", "").endswith(f":{aside}")
        ]
        try:
            for rule, target in targets:
                nowhere = f"{target['Arn'].rpartition(':')[0]}:{GONE_QUEUE}"
                events.put_targets(Rule=rule, Targets=[{**target, "Arn": nowhere}])
            yield
        finally:
            for rule, target in targets:
                events.put_targets(Rule=rule, Targets=[target])

    def _receiver(self, number: int) -> Callable[[], Mapping[str, str] | None]:
        """Return a function that takes from the queue of undelivered events until it has *number* of them."""
        taken: dict[str, str] = {}

        def receive() -> Mapping[str, str] | None:
            sqs, url = self._client("sqs"), self.names.undelivered
            for message in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages", []):
                taken[message["MessageId"]] = message["Body"]
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            return taken if len(taken) >= number else None

        return receive

    def _report(self, key: str, version: str, result: str) -> str:
        scanned = {"bucketName": self.names.intake, "objectKey": key, "versionId": version}
        threats = [{"name": "EICAR-Test-File (not a virus)"}] if result == INFECTED else None
        detail = {
            "scanStatus": "COMPLETED",
            "resourceType": "S3_OBJECT",
            "s3ObjectDetails": scanned,
            "scanResultDetails": {"scanResultStatus": result, "threats": threats},
        }
        event = {
            "id": str(uuid.uuid4()),
            "source": "aws.guardduty",
            "detail-type": "GuardDuty Malware Protection Object Scan Result",
            "detail": detail,
        }
        return json.dumps(event)

    def _put(self, key: str, body: bytes) -> str:
        done = self._client("s3").put_object(
            Bucket=self.names.intake, Key=key, Body=body, ContentType="text/csv"
        )
        return str(done["VersionId"])

    def _status(self, key: str, version: str) -> str | None:
        place = {"objectId": {"S": f"{self.names.intake}#{key}"}, "versionId": {"S": version}}
        found = self._client("dynamodb").get_item(
            TableName=self.names.records, Key=place, ConsistentRead=True
        )
        return str(found["Item"]["status"]["S"]) if "Item" in found else None

    def _client(self, service: str) -> Any:
        return self.stack.client(service, self.names.region)

    def _wait[T](self, what: str, look: Callable[[], T | None]) -> T:
        deadline = time.monotonic() + self.seconds
        while (found := look()) is None:
            if time.monotonic() > deadline:
                raise LocalStackError(f"after {self.seconds:g} s there is no trace of {what}")
            time.sleep(0.1)
        return found


def is_on_purpose(denial: Mapping[str, Any]) -> bool:
    """Tell whether a denial is part of the trouble."""
    resource = str(denial["resource"])
    return f"/{PREFIX}/" in resource or resource.endswith(f":{GONE_QUEUE}")
