"""GuardDuty Malware Protection for S3.

As the service does, a plan puts a managed rule on the default bus that catches what is created in the
bucket; here it feeds a queue that the local scanner reads.
"""

import json
import secrets

from local.provider.emulation import Call, Emulation, emulates
from local.provider.values import Properties

MANAGED = "DO-NOT-DELETE-AmazonGuardDutyMalwareProtectionS3"


def scan_queue(plan_id: str) -> str:
    """Return the name of the queue from which the scanner takes a plan's new objects."""
    return f"{MANAGED}-{plan_id}"


@emulates("aws:guardduty/malwareProtectionPlan:MalwareProtectionPlan")
class MalwareProtectionPlan(Emulation):
    """A plan for one bucket."""

    replaces = frozenset({"protectedResource"})

    def create(self, call: Call) -> tuple[str, Properties]:
        """Put the managed rule, its queue and its target."""
        plan = secrets.token_hex(10)
        name = scan_queue(plan)
        bucket = call.inputs["protectedResource"]["s3Bucket"]["bucketName"]
        pattern = {
            "source": ["aws.s3"],
            "detail-type": ["Object Created"],
            "detail": {"bucket": {"name": [bucket]}},
        }
        call.aws("sqs").create_queue(QueueName=name, Attributes={"VisibilityTimeout": "300"})
        events = call.aws("events")
        events.put_rule(Name=name, EventPattern=json.dumps(pattern), State="ENABLED")
        events.put_targets(Rule=name, Targets=[{"Id": "scanner", "Arn": call.arn("sqs", name)}])
        arn = call.arn("guardduty", f"malware-protection-plan/{plan}")
        return plan, {"arn": arn, "status": "ACTIVE"}

    def update(self, call: Call) -> Properties:
        """Role, actions and tags are read from state."""
        return {}

    def delete(self, call: Call) -> None:
        """Remove target, rule and queue."""
        name = scan_queue(call.id)
        events, sqs = call.aws("events"), call.aws("sqs")
        events.remove_targets(Rule=name, Ids=["scanner"])
        events.delete_rule(Name=name)
        sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName=name)["QueueUrl"])
