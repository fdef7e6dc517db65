"""A small deployment on a cloud of its own, in which every delivery between services is judged."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from local.cloud import CloudProcess
from local.deliveries.deliveries import Deliveries
from local.deliveries.service import Decide, DeliveryService
from local.deployed import Deployed, Resource
from local.permissions.judge import Judge
from local.provider.emulation import ACCOUNT, Cloud

REGION = "eu-central-1"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/k1"

type Statement = Mapping[str, Any]


def arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"


def allow(service: str, *actions: str, on: str = "*", **more: Any) -> Statement:
    """Return a statement that admits a service of AWS."""
    return {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": list(actions),
        "Resource": on,
        **more,
    }


def on_behalf_of(source: str) -> Statement:
    """Return the condition that binds a service to one source of this account."""
    return {"StringEquals": {"aws:SourceAccount": ACCOUNT}, "ArnEquals": {"aws:SourceArn": source}}


def document(statements: Iterable[Statement]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


class Judged:
    """A cloud that lasts for many tests; *decide* says whose policies count."""

    def __init__(self, folder: Path) -> None:
        self.decide: Decide
        self._service = DeliveryService(lambda delivery: self.decide(delivery))
        self._process = CloudProcess("http://127.0.0.1:1/invoke", 2, self._service.url)
        self.cloud = Cloud(endpoint=self._process.endpoint, code_folder=folder)

    def reset(self) -> None:
        reset = Request(f"{self.cloud.endpoint}/moto-api/reset", method="POST")  # noqa: S310 - loopback
        urlopen(reset).close()  # noqa: S310

    def stop(self) -> None:
        self._process.stop()
        self._service.stop()


class Stage:
    """An empty deployment; what is put there counts in the *judged* cloud, which is emptied."""

    def __init__(self, judged: Judged) -> None:
        self.deployed = Deployed()
        self.judge = Judge(self.deployed, tags_of=lambda *_: {})
        self.deliveries = Deliveries(self.judge)
        self.cloud = judged.cloud
        judged.decide = self.deliveries.decide
        judged.reset()

    def client(self, service: str) -> Any:
        return self.cloud.client(service, REGION)

    def put(self, token: str, title: str, **properties: Any) -> None:
        """Deploy a resource; *title* is its id unless another is given."""
        identity = properties.pop("id", title)
        self.deployed.put(Resource(urn=f"{token}::{title}", type=token, id=identity, properties=properties))

    def key(self, *statements: Statement) -> None:
        self.put("aws:kms/key:Key", "k1", keyId="k1", arn=KEY)
        self.put("aws:kms/keyPolicy:KeyPolicy", "k1", keyId="k1", policy=document(statements))

    def queue(self, name: str, *statements: Statement, key: str | None = None) -> str:
        """Create a queue with a policy, and with a key where given; return its ARN."""
        url = self.client("sqs").create_queue(QueueName=name)["QueueUrl"]
        self.put(
            "aws:sqs/queue:Queue", name, id=url, name=name, arn=arn("sqs", name), url=url, kmsMasterKeyId=key
        )
        self.put("aws:sqs/queuePolicy:QueuePolicy", name, queueUrl=url, policy=document(statements))
        return arn("sqs", name)

    def topic(self, name: str, *statements: Statement, key: str | None = None) -> str:
        """Create a topic with a policy, and with a key where given; return its ARN."""
        topic = str(self.client("sns").create_topic(Name=name)["TopicArn"])
        self.put("aws:sns/topic:Topic", name, id=topic, name=name, arn=topic, kmsMasterKeyId=key)
        self.put("aws:sns/topicPolicy:TopicPolicy", name, arn=topic, policy=document(statements))
        return topic

    def rule(self, name: str, target: str, **more: Any) -> str:
        """Create a rule for every event with source `shop`; return its ARN."""
        events = self.client("events")
        rule = str(events.put_rule(Name=name, EventPattern='{"source": ["shop"]}')["RuleArn"])
        events.put_targets(Rule=name, Targets=[{"Id": "target", "Arn": target, **more}])
        return rule

    def emit(self, **detail: Any) -> None:
        entry = {"Source": "shop", "DetailType": "sold", "Detail": json.dumps(detail)}
        self.client("events").put_events(Entries=[entry])

    def messages(self, queue: str) -> list[dict[str, Any]]:
        """Return what is in a queue now."""
        sqs = self.client("sqs")
        url = sqs.get_queue_url(QueueName=queue.rpartition(":")[2])["QueueUrl"]
        found = sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0, MessageAttributeNames=["All"]
        )
        return list(found.get("Messages", []))

    def denials(self) -> list[tuple[str, str, str]]:
        return [(one.principal, one.action, one.resource) for one in self.judge.denials()]
