"""A small deployment on an emulated cloud: queues, a role, functions from source text."""

import io
import itertools
import json
import textwrap
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3

from local.deployed import Deployed, Resource

ACCOUNT, REGION = "123456789012", "eu-central-1"
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/worker"
TRUST = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
    },
}


def allow(*actions: str, on: str = "*") -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": on}


QUEUE_AND_LOGS = (
    allow("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"),
    allow("logs:CreateLogStream", "logs:PutLogEvents"),
)


@dataclass
class Stage:
    """Deploys into *deployed* what tests need, and into the cloud at *endpoint* what holds data."""

    deployed: Deployed
    endpoint: str
    folder: Path
    numbers: Any = field(default_factory=itertools.count)

    def client(self, service: Any) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id="local",
            aws_secret_access_key="local",
        )

    def put(self, token: str, name: str, properties: dict[str, Any]) -> None:
        self.deployed.put(Resource(urn=f"urn:{token}::{name}", type=token, id=name, properties=properties))

    def role(self, *statements: dict[str, Any]) -> None:
        self.put(
            "aws:iam/role:Role", "worker", {"name": "worker", "arn": ROLE_ARN, "assumeRolePolicy": TRUST}
        )
        document = {"Version": "2012-10-17", "Statement": list(statements)}
        inline = {"name": "work", "role": "worker", "policy": json.dumps(document)}
        self.put("aws:iam/rolePolicy:RolePolicy", "work", inline)

    def archive(self, files: dict[str, str]) -> Path:
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as archive:
            for name, text in files.items():
                archive.writestr(name, text)
        path = self.folder / f"archive-{next(self.numbers)}.zip"
        path.write_bytes(content.getvalue())
        return path

    def function(
        self, source: str, *, version: int = 1, alias_version: int | None = None, **properties: Any
    ) -> Path:
        """Deploy a function `echo` with alias `live`; return the path of its stored archive."""
        archive = self.archive({"app.py": textwrap.dedent(source)})
        name = properties.setdefault("name", "echo")
        given = {
            "arn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}",
            "handler": "app.handler",
            "runtime": "python3.13",
            "role": ROLE_ARN,
            "timeout": 20,
            "memorySize": 256,
            "publish": True,
            "version": str(version),
            "code": str(archive),
        }
        self.put("aws:lambda/function:Function", name, given | properties)
        target = str(alias_version or version)
        self.put(
            "aws:lambda/alias:Alias",
            f"{name}-live",
            {"name": "live", "functionName": name, "functionVersion": target},
        )
        return archive

    def queue(self, name: str, *, dlq: str | None = None, receives: int = 2) -> str:
        """Create a queue in the cloud, with a dead-letter queue where given; return its URL."""
        sqs = self.client("sqs")
        attributes = {"VisibilityTimeout": "120"}
        if dlq:
            self.queue(dlq)
            target = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{dlq}"
            attributes["RedrivePolicy"] = json.dumps(
                {"deadLetterTargetArn": target, "maxReceiveCount": receives}
            )
        return str(sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"])

    def mapping(self, queue: str, function: str = "echo:live", **properties: Any) -> None:
        given = {
            "eventSourceArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}",
            "functionName": function,
            "batchSize": 10,
            "functionResponseTypes": ["ReportBatchItemFailures"],
            "enabled": True,
        }
        self.put("aws:lambda/eventSourceMapping:EventSourceMapping", f"{queue}-mapping", given | properties)

    def send(self, url: str, bodies: Iterable[str]) -> None:
        sqs = self.client("sqs")
        for body in bodies:
            sqs.send_message(QueueUrl=url, MessageBody=body)
