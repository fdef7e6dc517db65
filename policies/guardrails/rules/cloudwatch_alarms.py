"""Rules on the alarms that queues and rules must have."""

from collections.abc import Iterator
from functools import partial
from typing import Any, Final

from guardrails.framework.alarms import ALARM_READS, Watched, alarms_on
from guardrails.framework.examples import UNKNOWN, Sample, resource, stack
from guardrails.framework.fixes import alarm
from guardrails.framework.functions import mappings_reading
from guardrails.framework.graph import Graph
from guardrails.framework.node import Node
from guardrails.framework.rule import Severity, stack_rule


def _alarm(name: str, namespace: str, metric: str, **changes: Any) -> Sample:
    told = {"alarmActions": [UNKNOWN], **changes}
    return resource("cloudwatch.MetricAlarm", name, namespace=namespace, metricName=metric, **told)


def _query(metric: str, namespace: str, **dimensions: str) -> dict[str, Any]:
    return {"metric": {"namespace": namespace, "metricName": metric, "dimensions": dimensions}}


_AGE: Final = "ApproximateAgeOfOldestMessage"
_AGED: Final = stack(
    resource("sqs.Queue", "work", name="shop-work-dev"),
    resource(
        "lambda.EventSourceMapping",
        "feed",
        eventSourceArn="arn:aws:sqs:eu-west-1:111122223333:shop-work-dev",
    ),
    _alarm("old", "AWS/SQS", _AGE, dimensions={"QueueName": "shop-work-dev"}),
)


@stack_rule(
    severity=Severity.HIGH,
    findings=("CC-OPS-3",),
    fixes={
        "sqs.Queue": alarm(
            "orders-age", "AWS/SQS", _AGE, "QueueName", "queue.name", statistic="Maximum", limit=600
        )
    },
    reads=("lambda.EventSourceMapping.eventSourceArn", "sqs.Queue.name", *ALARM_READS),
    passes={
        "an alarm on the age of the oldest message": _AGED,
        "a queue without alarm: it feeds no function": stack(
            resource("sqs.Queue", "plain", name="shop-plain-dev")
        ),
        "an alarm without metricName: it has the metric in a query": _AGED.without("old").plus(
            resource(
                "cloudwatch.MetricAlarm",
                "old",
                metricQueries=[_query(_AGE, "AWS/SQS", QueueName="shop-work-dev")],
                alarmActions=[UNKNOWN],
                actionsEnabled=True,
            )
        ),
        "an alarm without action: a composite alarm over it acts": _AGED.but(
            "old", name="shop-old-dev", alarmActions=None
        ).plus(
            resource(
                "cloudwatch.CompositeAlarm",
                "late",
                alarmRule="ALARM(shop-old-dev)",
                alarmActions=[UNKNOWN],
                actionsEnabled=True,
            )
        ),
    },
    fails={
        f"feeds a function and has no alarm with an action on its {_AGE}": _AGED.without("old"),
        "has no alarm with an action": _AGED.but("old", dimensions={"QueueName": "shop-work-dlq-dev"}),
        "no alarm with an action": _AGED.but("old", metricName="ApproximateNumberOfMessagesVisible"),
        "no alarm with": _AGED.but("old", name="shop-old-dev", alarmActions=None).plus(
            resource("cloudwatch.CompositeAlarm", "mute", alarmRule="ALARM(shop-old-dev)")
        ),
    },
)
def queue_age_alarms(queue: Node, graph: Graph) -> Iterator[str]:
    """Alarms act on the age of what waits in each queue that feeds a function.

    Work that is not taken up raises no error anywhere: only its age tells.
    """
    if not mappings_reading(queue, graph):
        return
    if not alarms_on(queue, graph, namespace="AWS/SQS", metric=_AGE, dimension="QueueName"):
        yield f"feeds a function and has no alarm with an action on its {_AGE}"


_RULED: Final = stack(
    resource("cloudwatch.EventRule", "uploads", name="shop-uploads-dev"),
    resource("cloudwatch.EventTarget", "target", rule="shop-uploads-dev"),
    _alarm("lost", "AWS/Events", "FailedInvocations", dimensions={"RuleName": "shop-uploads-dev"}),
)


@stack_rule(
    severity=Severity.MEDIUM,
    findings=("CC-OPS-3",),
    fixes={
        "cloudwatch.EventRule": alarm(
            "failed-deliveries", "AWS/Events", "FailedInvocations", "RuleName", "rule.name"
        )
    },
    reads=(
        "cloudwatch.EventRule.eventBusName",
        "cloudwatch.EventRule.name",
        "cloudwatch.EventTarget.rule",
        *ALARM_READS,
    ),
    passes={
        "an alarm on failed invocations": _RULED,
        "a rule without alarm: it has no target": stack(
            resource("cloudwatch.EventRule", "idle", name="shop-idle-dev")
        ),
        "an alarm without action: a composite alarm over it acts": _RULED.but(
            "lost", name="shop-lost-dev", alarmActions=None
        ).plus(
            resource(
                "cloudwatch.CompositeAlarm",
                "trouble",
                alarmRule="ALARM(shop-lost-dev)",
                alarmActions=[UNKNOWN],
                actionsEnabled=True,
            )
        ),
        "an alarm without metricName: it has the metric in a query": _RULED.without("lost").plus(
            resource(
                "cloudwatch.MetricAlarm",
                "lost",
                metricQueries=[_query("FailedInvocations", "AWS/Events", RuleName="shop-uploads-dev")],
                alarmActions=[UNKNOWN],
                actionsEnabled=True,
            )
        ),
    },
    fails={
        "has targets and no alarm with an action on its FailedInvocations": _RULED.without("lost"),
        "no alarm with an action on its FailedInvocations": _RULED.but(
            "lost", dimensions={"RuleName": "shop-other-dev"}
        ),
        "by RuleName and EventBusName": _RULED.but("uploads", eventBusName="shop-events-dev"),
        "no alarm": _RULED.but("lost", name="shop-lost-dev", alarmActions=None).plus(
            resource("cloudwatch.CompositeAlarm", "mute", alarmRule="ALARM(shop-lost-dev)")
        ),
    },
)
def event_rule_alarms(rule: Node, graph: Graph) -> Iterator[str]:
    """Alarms act on the events that a rule could not deliver.

    EventBridge gives up on an event that a target refuses for good, and counts it: nothing else tells. For
    rules of the default bus it counts by RuleName alone, for others by EventBusName as well.
    """
    if not graph.companions(rule, "cloudwatch.EventTarget", "rule"):
        return
    metric = "FailedInvocations"
    buses = ("cloudwatch.EventBus",)
    bus = graph.origin(rule, "eventBusName", partial(rule.inputs.text, "eventBusName"), kinds=buses)
    wanted = _bus_name(bus)
    wanted = "" if wanted == "default" else wanted

    def on_bus(watched: Watched) -> bool:
        read = partial(watched.dimension, "EventBusName")
        beside = ("cloudwatch.EventRule",)
        return wanted == _bus_name(
            graph.origin(watched.alarm, watched.prop, read, kinds=buses, beside=beside)
        )

    found = alarms_on(
        rule,
        graph,
        namespace="AWS/Events",
        metric=metric,
        dimension="RuleName",
        where=on_bus,
        beside=buses,
    )
    if not found:
        by = " by RuleName and EventBusName" if wanted else ""
        yield f"has targets and no alarm with an action on its {metric}{by}"


def _bus_name(bus: Node | str) -> Node | str:
    """Return the name of a bus, the bus itself where AWS will make its name up."""
    return bus.rsplit("/", 1)[-1] if isinstance(bus, str) else bus.inputs.known_text("name") or bus
