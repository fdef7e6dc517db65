"""The stand-in for GuardDuty's malware scan, on a moto of its own."""

import json
import threading
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.cloud import CloudProcess
from local.deployed import Deployed, Resource
from local.faults import Faults
from local.provider.emulation import Call, Cloud
from local.provider.resources.guardduty import MalwareProtectionPlan, scan_queue
from local.scan_plans import PLAN, Plans
from local.scan_work import EICAR, STATUS_TAG
from local.scanner import Scanner

REGION = "eu-central-1"
BUCKET = "uploads"
ACCOUNT = "123456789012"


@pytest.fixture
def cloud(tmp_path):
    process = CloudProcess("http://127.0.0.1:1/invoke", 2)
    yield Cloud(endpoint=process.endpoint, code_folder=tmp_path)
    process.stop()


class Scanned:
    """A bucket with a plan, and a queue that catches what the scan reports."""

    def __init__(self, cloud: Cloud) -> None:
        self.s3, self.sqs = cloud.client("s3", REGION), cloud.client("sqs", REGION)
        where = {"LocationConstraint": REGION}
        self.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=where)
        self.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        self.s3.put_bucket_notification_configuration(
            Bucket=BUCKET, NotificationConfiguration={"EventBridgeConfiguration": {}}
        )
        self.reports = self.sqs.create_queue(QueueName="reports")["QueueUrl"]
        events = cloud.client("events", REGION)
        events.put_rule(Name="reports", EventPattern=json.dumps({"source": ["aws.guardduty"]}))
        events.put_targets(
            Rule="reports", Targets=[{"Id": "q", "Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:reports"}]
        )
        inputs = {
            "role": f"arn:aws:iam::{ACCOUNT}:role/scan",
            "protectedResource": {"s3Bucket": {"bucketName": BUCKET}},
            "actions": [{"taggings": [{"status": "ENABLED"}]}],
        }
        self.plan, outputs = MalwareProtectionPlan().create(
            Call(cloud=cloud, region=REGION, inputs=inputs, tags={})
        )
        properties = inputs | outputs | {"region": REGION}
        self.resource = Resource(urn="plan", type=PLAN, id=self.plan, properties=properties)
        self.new_objects = self.sqs.get_queue_url(QueueName=scan_queue(self.plan))["QueueUrl"]
        self.deployed = Deployed()
        self.errors: list[str] = []
        self.faults = Faults()
        self.deployed.put(self.resource)
        self.scanner = Scanner(self.deployed, cloud, self.faults, self.errors.append)

    def put(self, key: str, body: bytes, **options: str) -> str:
        return str(self.s3.put_object(Bucket=BUCKET, Key=key, Body=body, **options)["VersionId"])

    def report(self) -> dict[str, Any]:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            for message in self.sqs.receive_message(QueueUrl=self.reports, WaitTimeSeconds=1).get(
                "Messages", []
            ):
                self.sqs.delete_message(QueueUrl=self.reports, ReceiptHandle=message["ReceiptHandle"])
                return dict(json.loads(message["Body"]))
        raise AssertionError(f"no scan result came; errors: {self.errors}")

    def tags(self, key: str, version: str) -> dict[str, str]:
        found = self.s3.get_object_tagging(Bucket=BUCKET, Key=key, VersionId=version)["TagSet"]
        return {tag["Key"]: tag["Value"] for tag in found}


@pytest.fixture
def scanned(cloud):
    scanned = Scanned(cloud)
    yield scanned
    scanned.scanner.stop()


def test_a_clean_object_is_tagged_and_reported_with_the_documented_fields(scanned):
    scanned.scanner.start()
    version = scanned.put("a b+ü.csv", b"1,2\n", Tagging="team=x")

    report = scanned.report()

    assert report["source"] == "aws.guardduty"
    assert report["detail-type"] == "GuardDuty Malware Protection Object Scan Result"
    assert report["resources"] == [
        f"arn:aws:guardduty:{REGION}:{ACCOUNT}:malware-protection-plan/{scanned.plan}"
    ]
    etag = report["detail"]["s3ObjectDetails"].pop("eTag")
    assert etag.strip('"')
    assert report["detail"] == {
        "schemaVersion": "1.0",
        "scanStatus": "COMPLETED",
        "resourceType": "S3_OBJECT",
        "s3ObjectDetails": {
            "bucketName": BUCKET,
            "objectKey": "a b+ü.csv",
            "versionId": version,
            "s3Throttled": False,
        },
        "scanResultDetails": {"scanResultStatus": "NO_THREATS_FOUND", "threats": None},
    }
    assert scanned.tags("a b+ü.csv", version) == {"team": "x", STATUS_TAG: "NO_THREATS_FOUND"}


def test_an_infected_object_is_tagged_and_reported_with_the_threat(scanned):
    scanned.scanner.start()
    version = scanned.put("x.csv", b"before" + EICAR + b"after")

    result = scanned.report()["detail"]["scanResultDetails"]

    assert result["scanResultStatus"] == "THREATS_FOUND"
    assert [threat["name"] for threat in result["threats"]] == ["EICAR-Test-File (not a virus)"]
    assert scanned.tags("x.csv", version) == {STATUS_TAG: "THREATS_FOUND"}


def test_an_object_that_is_gone_before_its_scan_is_reported_as_skipped(scanned):
    version = scanned.put("gone.csv", b"1\n")
    scanned.s3.delete_object(Bucket=BUCKET, Key="gone.csv", VersionId=version)

    scanned.scanner.start()

    detail = scanned.report()["detail"]
    assert (detail["scanStatus"], detail["scanResultDetails"]["scanResultStatus"]) == (
        "SKIPPED",
        "ACCESS_DENIED",
    )
    assert scanned.errors == []


def test_an_object_that_is_deleted_while_it_is_scanned_is_reported_as_skipped(scanned, monkeypatch):
    version = scanned.put("going.csv", b"1\n")
    read = scanned.s3.get_object

    def read_and_delete(**place):
        found = read(**place)
        scanned.s3.delete_object(Bucket=BUCKET, Key="going.csv", VersionId=version)
        return found

    monkeypatch.setattr(scanned.s3, "get_object", read_and_delete)

    scanned.scanner.start()

    assert scanned.report()["detail"]["scanStatus"] == "SKIPPED"


@pytest.mark.parametrize("body", ["not JSON", "[]", '{"detail": {}}', '{"detail": {"bucket": null}}'])
def test_an_event_that_is_not_s3s_is_reported_and_scanning_goes_on(scanned, body):
    scanned.sqs.send_message(QueueUrl=scanned.new_objects, MessageBody=body)
    scanned.scanner.start()

    scanned.put("next.csv", b"1\n")

    assert scanned.report()["detail"]["scanStatus"] == "COMPLETED"
    assert any("an event is not S3's" in error for error in scanned.errors)


def test_an_object_whose_scan_fails_is_scanned_when_its_message_comes_back(scanned, cloud):
    scanned.sqs.set_queue_attributes(QueueUrl=scanned.new_objects, Attributes={"VisibilityTimeout": "0"})
    failures = [ClientError({"Error": {"Code": "InternalException"}}, "PutEvents")]

    def fail_once(**_):
        if failures:
            raise failures.pop()

    cloud.client("events", REGION).meta.events.register("before-call.events.PutEvents", fail_once)
    version = scanned.put("a.csv", b"1\n")
    scanned.scanner.start()

    assert scanned.report()["detail"]["s3ObjectDetails"]["versionId"] == version
    assert len(scanned.errors) == 1
    assert "InternalException" in scanned.errors[0]


def test_a_plan_whose_queue_was_missing_is_served_when_the_queue_is_there(scanned, cloud):
    reported = threading.Event()
    scanned.scanner = Scanner(scanned.deployed, cloud, Faults(), lambda _: reported.set())
    scanned.sqs.delete_queue(QueueUrl=scanned.new_objects)
    scanned.scanner.start()
    assert reported.wait(30)

    scanned.sqs.create_queue(QueueName=scan_queue(scanned.plan))
    scanned.put("a.csv", b"1\n")

    assert scanned.report()["detail"]["scanStatus"] == "COMPLETED"


def test_a_plan_that_is_removed_ends_its_thread_and_is_no_problem(scanned):
    scanned.scanner.start()
    scanned.put("a.csv", b"1\n")
    scanned.report()
    (thread,) = [each for each in threading.enumerate() if each.name == f"scan {scanned.plan}"]

    scanned.deployed.remove(scanned.resource.urn, scanned.plan)
    thread.join(30)

    assert not thread.is_alive()
    assert scanned.errors == []


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_scan_thread_that_dies_is_followed_by_another_which_scans_what_it_had_taken(scanned, cloud):
    scanned.sqs.set_queue_attributes(QueueUrl=scanned.new_objects, Attributes={"VisibilityTimeout": "0"})
    deaths = [RuntimeError("killed in the middle of a scan")]

    def die_once(**_):
        if deaths:
            raise deaths.pop()

    cloud.client("events", REGION).meta.events.register("before-call.events.PutEvents", die_once)
    version = scanned.put("a.csv", b"1\n")
    scanned.scanner.start()

    assert scanned.report()["detail"]["s3ObjectDetails"]["versionId"] == version
    assert deaths == []


def test_an_error_of_the_scanners_watcher_is_reported_and_scanning_goes_on(scanned, monkeypatch):
    refresh, errors = Plans.refresh, [RuntimeError("killed while it looked for plans")]

    def fail_once(plans):
        if errors:
            raise errors.pop()
        return refresh(plans)

    monkeypatch.setattr(Plans, "refresh", fail_once)
    scanned.put("a.csv", b"1\n")
    scanned.scanner.start()

    assert scanned.report()["detail"]["scanStatus"] == "COMPLETED"
    assert scanned.errors == [
        "the scanner goes on after an error: RuntimeError: killed while it looked for plans"
    ]
