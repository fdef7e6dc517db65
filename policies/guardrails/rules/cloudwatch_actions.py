"""The rule on what alarms do when they go off."""

from collections.abc import Iterator
from typing import Final

from guardrails.framework.alarms import acts
from guardrails.framework.examples import UNKNOWN, resource, stack
from guardrails.framework.graph import Graph
from guardrails.framework.joins import topics_told_by
from guardrails.framework.names import service_of
from guardrails.framework.node import Node
from guardrails.framework.rule import Severity, stack_rule

_TOPIC_ARN: Final = "arn:aws:sns:eu-west-1:111122223333:shop-alerts-dev"
_TOLD: Final = stack(
    resource("sns.Topic", "alerts", name="shop-alerts-dev"),
    resource(
        "cloudwatch.MetricAlarm",
        "alarm",
        name="shop-slow-dev",
        actionsEnabled=True,
        alarmActions=[_TOPIC_ARN],
    ),
)
_COMPOSED: Final = _TOLD.but("alarm", alarmActions=None).plus(
    resource(
        "cloudwatch.CompositeAlarm",
        "composite",
        alarmRule='ALARM("shop-slow-dev")',
        actionsEnabled=True,
        alarmActions=[_TOPIC_ARN],
    )
)
_KINDS: Final = ("cloudwatch.MetricAlarm", "cloudwatch.CompositeAlarm")


@stack_rule(
    severity=Severity.HIGH,
    findings=("OP-2.5", "CC-OPS-3"),
    fixes=dict.fromkeys(_KINDS, "alarm_actions=[topic.arn]"),
    reads=(
        "cloudwatch.CompositeAlarm.actionsEnabled",
        "cloudwatch.CompositeAlarm.alarmActions",
        "cloudwatch.CompositeAlarm.alarmName",
        "cloudwatch.CompositeAlarm.alarmRule",
        "cloudwatch.MetricAlarm.actionsEnabled",
        "cloudwatch.MetricAlarm.alarmActions",
        "cloudwatch.MetricAlarm.name",
        "sns.Topic.name",
    ),
    passes={
        "an alarm that tells a topic": _TOLD,
        "no action of its own: a composite alarm over it has one": _COMPOSED,
        "no action, and none of the alarm over it: a third one above has it": _COMPOSED.but(
            "composite", alarmName="shop-part-dev", alarmActions=None
        ).plus(
            resource(
                "cloudwatch.CompositeAlarm",
                "whole",
                alarmRule="ALARM(shop-part-dev)",
                actionsEnabled=True,
                alarmActions=[_TOPIC_ARN],
            )
        ),
        "an action unknown until the update: it comes from a topic": stack(
            resource("sns.Topic", "alerts"),
            resource(
                "cloudwatch.MetricAlarm",
                "alarm",
                sources={"alarmActions": ("alerts",)},
                alarmActions=[UNKNOWN],
                actionsEnabled=True,
            ),
        ),
        "no topic: it scales, as it should": stack(
            resource(
                "cloudwatch.MetricAlarm",
                "busy",
                alarmActions=["arn:aws:autoscaling:eu-west-1:111122223333:scalingPolicy:4f:policyName/up"],
                actionsEnabled=True,
            )
        ),
    },
    fails={
        "does nothing when it goes off": _TOLD.but("alarm", alarmActions=None),
        "does nothing": _TOLD.but("alarm", actionsEnabled=False),
        "does nothing when": _COMPOSED.but("composite", alarmRule="ALARM(shop-other-dev)"),
        "tells no SNS topic": _TOLD.but(
            "alarm", alarmActions=["arn:aws:lambda:eu-west-1:111122223333:function:shop-worker-dev"]
        ),
    },
)
def alarm_actions(alarm: Node, graph: Graph) -> Iterator[str]:
    """Alarms tell a topic when they go off, by themselves or by a composite alarm over them.

    An alarm without an action turns red on a page that nobody looks at.
    """
    if not acts(alarm, graph):
        yield "does nothing when it goes off"
    elif alarm.inputs.count("alarmActions") and not topics_told_by(alarm, graph) and not _scales(alarm):
        told = [action for action in alarm.inputs.texts("alarmActions") if service_of(action) == "sns"]
        for topic in told:
            graph.elsewhere(topic, "the topic that it tells")
        if not told:
            yield "tells no SNS topic when it goes off"


def _scales(alarm: Node) -> bool:
    """Tell whether all that an alarm does is to scale something: nobody needs to hear of it."""
    return {service_of(action) for action in alarm.inputs.texts("alarmActions")} == {"autoscaling"}
