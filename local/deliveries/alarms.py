"""What alarms do when their state changes, in the moto process: they tell their topics.

moto evaluates no metric; SetAlarmState changes a state, as on AWS until the next evaluation. Other actions
than topics (Lambda, EC2, Auto Scaling, Systems Manager) are not emulated.
"""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from moto.cloudwatch.models import CloudWatchBackend
from moto.sns.models import sns_backends

from local.deliveries.messages import Delivery
from local.deliveries.seam import Seam

_ACTIONS = {
    "ALARM": "alarm_actions",
    "OK": "ok_actions",
    "INSUFFICIENT_DATA": "insufficient_data_actions",
}


def attach(seam: Seam) -> None:
    """Make each change of an alarm's state run the actions for the new state."""
    moto_backend: Any = CloudWatchBackend
    moto_set: Callable[..., None] = moto_backend.set_alarm_state

    def set_alarm_state(backend: Any, alarm_name: str, *args: Any, **kwargs: Any) -> None:
        alarm = backend.alarms.get(alarm_name)
        before = alarm and alarm.state_value
        moto_set(backend, alarm_name, *args, **kwargs)
        if before == alarm.state_value or not alarm.actions_enabled:
            return
        for topic in getattr(alarm, _ACTIONS[alarm.state_value]):
            if topic.startswith("arn:aws:sns:"):
                delivery = Delivery(
                    kind="alarm-to-topic",
                    source=alarm.alarm_arn,
                    target=topic,
                    account=backend.account_id,
                    region=backend.region_name,
                )
                seam.deliver(delivery, partial(_publish, backend, alarm, topic, before))

    moto_backend.set_alarm_state = set_alarm_state


def _publish(backend: Any, alarm: Any, topic: str, before: str) -> None:
    subject = f'{alarm.state_value}: "{alarm.name}" in {backend.region_name}'[:100]
    message = json.dumps(_message(backend, alarm, before))
    sns_backends[backend.account_id][topic.split(":")[3]].publish(message, topic, subject=subject)


def _message(backend: Any, alarm: Any, before: str) -> dict[str, Any]:
    """Return what CloudWatch tells a topic; the region stands there by its code and not by its long name."""
    return {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.description,
        "AWSAccountId": backend.account_id,
        "NewStateValue": alarm.state_value,
        "NewStateReason": alarm.state_reason,
        "StateChangeTime": f"{alarm.state_updated_timestamp:%Y-%m-%dT%H:%M:%S}.000+0000",
        "Region": backend.region_name,
        "AlarmArn": alarm.alarm_arn,
        "OldStateValue": before,
        "OKActions": alarm.ok_actions,
        "AlarmActions": alarm.alarm_actions,
        "InsufficientDataActions": alarm.insufficient_data_actions,
        "Trigger": {
            "MetricName": alarm.metric_name,
            "Namespace": alarm.namespace,
            "Statistic": alarm.statistic,
            "Dimensions": [{"name": one.name, "value": one.value} for one in alarm.dimensions],
            "Period": alarm.period,
            "EvaluationPeriods": alarm.evaluation_periods,
            "ComparisonOperator": alarm.comparison_operator,
            "Threshold": alarm.threshold,
            "TreatMissingData": alarm.treat_missing_data,
        },
    }
