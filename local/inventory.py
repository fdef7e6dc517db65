"""What commands need to know of what is deployed: the queues with what redrives into them, the log groups."""

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.deployed import Deployed

QUEUE = "aws:sqs/queue:Queue"


@dataclass(frozen=True, kw_only=True)
class QueueFacts:
    """A deployed queue; *sources* are the ARNs of those whose failed messages it keeps."""

    name: str
    url: str
    arn: str
    region: str
    sources: tuple[str, ...]
    """Queues that redrive into it: its messages can go back there."""
    keeps_failures: bool
    """Whether a queue, a rule's target or a function sends it what failed."""


@dataclass(frozen=True, kw_only=True)
class LogGroupFacts:
    """A deployed log group; *function* is the function that writes there, if one does."""

    name: str
    region: str
    function: str


def queues(deployed: Deployed) -> list[QueueFacts]:
    """Return every deployed queue, by name."""
    known = deployed.of_type(QUEUE)
    sources: dict[str, list[str]] = defaultdict(list)
    for queue in known:
        policy = queue.properties.get("redrivePolicy")
        if policy:
            sources[json.loads(policy)["deadLetterTargetArn"]].append(queue.properties["arn"])
    failing = set(sources) | {
        arn
        for one in deployed.all()
        if (arn := (one.properties.get("deadLetterConfig") or {}).get("arn") or _on_failure(one.properties))
    }
    return sorted(
        (
            QueueFacts(
                name=queue.properties["name"],
                url=queue.properties["url"],
                arn=queue.properties["arn"],
                region=queue.properties["region"],
                sources=tuple(sources.get(queue.properties["arn"], ())),
                keeps_failures=queue.properties["arn"] in failing,
            )
            for queue in known
        ),
        key=lambda one: one.name,
    )


def _on_failure(properties: Mapping[str, Any]) -> str | None:
    """Return where a function's asynchronous failures go."""
    destination = properties.get("destinationConfig") or {}
    found = (destination.get("onFailure") or {}).get("destination")
    return str(found) if found else None


def log_groups(deployed: Deployed) -> list[LogGroupFacts]:
    """Return every deployed log group, by name."""
    functions = {
        (one.properties.get("loggingConfig") or {}).get("logGroup")
        or f"/aws/lambda/{one.properties['name']}": one.properties["name"]
        for one in deployed.of_type("aws:lambda/function:Function")
    }
    return sorted(
        (
            LogGroupFacts(
                name=one.properties["name"],
                region=one.properties["region"],
                function=functions.get(one.properties["name"], ""),
            )
            for one in deployed.of_type("aws:cloudwatch/logGroup:LogGroup")
        ),
        key=lambda one: one.name,
    )
