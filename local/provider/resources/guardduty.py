"""GuardDuty Malware Protection for S3.

As the service does, a plan turns the bucket's events on, puts a validation object into the bucket, and a
managed rule on the default bus that catches what is created in the bucket; here it feeds a queue that the
local scanner reads. All of it only as far as the plan's role may.
"""

import json
import secrets
from collections.abc import Mapping
from typing import Any

from local.provider.emulation import ACCOUNT, Call, Cloud, Emulation, emulates
from local.provider.values import Properties
from local.scan_role import (
    NO_EVENTS,
    NO_RULE,
    NO_TEST_OBJECT,
    UNTRUSTED,
    VALIDATION_OBJECT,
    PlanStatus,
    ScanRole,
)

NOT_CHECKED = ("GuardDuty: the malware scan finds the EICAR test string and nothing else.",)
"""For the page docs/local-stack.md."""

MANAGED = "DO-NOT-DELETE-AmazonGuardDutyMalwareProtectionS3"


def scan_queue(plan_id: str) -> str:
    """Return the name of a plan's managed rule, and of the queue from which the scanner takes new objects."""
    return f"{MANAGED}-{plan_id}"


@emulates("aws:guardduty/malwareProtectionPlan:MalwareProtectionPlan")
class MalwareProtectionPlan(Emulation):
    """A plan for one bucket."""

    replaces = frozenset({"protectedResource"})
    changing = frozenset({"status"})
    identified_by = "its plan id"

    def create(self, call: Call) -> tuple[str, Properties]:
        """Put the queue, and what the role allows."""
        plan = secrets.token_hex(10)
        arn = call.arn("guardduty", f"malware-protection-plan/{plan}")
        call.aws("sqs").create_queue(QueueName=scan_queue(plan), Attributes={"VisibilityTimeout": "300"})
        return plan, {
            "arn": arn,
            "status": set_up(call.cloud, call.region, plan, role_of(call.cloud, arn, call.inputs)).name,
        }

    def update(self, call: Call) -> Properties:
        """Try the role again; actions and tags are read from state."""
        role = role_of(call.cloud, call.before["arn"], call.inputs)
        return {"status": set_up(call.cloud, call.region, call.id, role).name}

    def read(self, call: Call) -> Properties:
        """Tell that its queue is there, and by the managed rule the bucket; the rest is in state alone."""
        name = scan_queue(call.id)
        call.aws("sqs").get_queue_url(QueueName=name)
        told: Properties = {"arn": call.arn("guardduty", f"malware-protection-plan/{call.id}")}
        for rule in call.aws("events").list_rules(NamePrefix=name)["Rules"]:
            bucket = json.loads(rule["EventPattern"])["detail"]["bucket"]["name"][0]
            protected = call.before.get("protectedResource", {}).get("s3Bucket", {})
            told["protectedResource"] = {"s3Bucket": {**protected, "bucketName": bucket}}
        return told

    def delete(self, call: Call) -> None:
        """Remove queue, and rule if the role allows it; AWS leaves it behind otherwise."""
        name = scan_queue(call.id)
        events, sqs = call.aws("events"), call.aws("sqs")
        role = role_of(call.cloud, call.before["arn"], call.before)
        if role.may_remove(name) and events.list_rules(NamePrefix=name)["Rules"]:
            events.remove_targets(Rule=name, Ids=["scanner"])
            events.delete_rule(Name=name)
        sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName=name)["QueueUrl"])


def role_of(cloud: Cloud, arn: str, plan: Mapping[str, Any]) -> ScanRole:
    """Return the role of the plan with *arn* and the properties *plan*."""
    bucket = plan["protectedResource"]["s3Bucket"]["bucketName"]
    return ScanRole(judge=cloud.judge, plan=arn, arn=plan["role"], bucket=bucket)


def set_up(cloud: Cloud, region: str, plan_id: str, role: ScanRole) -> PlanStatus:
    """Do what GuardDuty does when a plan is made, as far as the role may; return the plan's status."""
    name, s3 = scan_queue(plan_id), cloud.client("s3", region)
    flaws = {flaw.code: flaw for flaw in role.flaws(name)}
    if UNTRUSTED not in flaws:
        if _receives_events(s3, role.bucket, may_turn_on=NO_EVENTS not in flaws):
            flaws.pop(NO_EVENTS, None)
        there = s3.list_objects_v2(Bucket=role.bucket, Prefix=VALIDATION_OBJECT)["KeyCount"]
        if NO_TEST_OBJECT not in flaws and not there:  # before the rule: it is not scanned like an upload
            s3.put_object(Bucket=role.bucket, Key=VALIDATION_OBJECT, Body=b"")
        if NO_RULE not in flaws:
            _put_rule(cloud, region, name, role.bucket)
    return PlanStatus(plan=plan_id, bucket=role.bucket, flaws=tuple(flaws.values()))


def _receives_events(s3: Any, bucket: str, *, may_turn_on: bool) -> bool:
    """Tell whether the bucket tells EventBridge what happens in it, after it was turned on if it may be."""
    configuration = s3.get_bucket_notification_configuration(Bucket=bucket)
    configuration.pop("ResponseMetadata")
    if "EventBridgeConfiguration" not in configuration and may_turn_on:
        configuration["EventBridgeConfiguration"] = {}
        s3.put_bucket_notification_configuration(
            Bucket=bucket, NotificationConfiguration=configuration, SkipDestinationValidation=True
        )
    return "EventBridgeConfiguration" in configuration


def _put_rule(cloud: Cloud, region: str, name: str, bucket: str) -> None:
    pattern = {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {"bucket": {"name": [bucket]}},
    }
    events = cloud.client("events", region)
    events.put_rule(Name=name, EventPattern=json.dumps(pattern), State="ENABLED")
    target = {"Id": "scanner", "Arn": f"arn:aws:sqs:{region}:{ACCOUNT}:{name}"}
    events.put_targets(Rule=name, Targets=[target])
