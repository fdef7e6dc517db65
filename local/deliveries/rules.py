"""Deliveries of event rules, in the moto process."""

import copy
import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

from moto.core.exceptions import JsonRESTError, ServiceException
from moto.events.models import Rule
from moto.events.utils import EventTemplateParser
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from local.deliveries.messages import Delivery
from local.deliveries.seam import Seam
from local.provider.resources.guardduty import MANAGED

type Event = dict[str, Any]


def attach(seam: Seam) -> None:
    """Make every delivery of a rule to a queue or a topic ask first.

    Each target is served by itself: one that fails does not keep the event from the others. What may not be
    delivered, or cannot, is given up at once, as on AWS, and goes to the target's dead-letter queue if it has
    one. Archives, other buses and API destinations are left to moto.
    """
    moto_rule: Any = Rule
    moto_send: Callable[..., None] = moto_rule.send_to_targets

    def send_to_targets(rule: Any, original_event: Event, transform_input: Any = True) -> None:
        if rule.state == "DISABLED" or not rule.event_pattern.matches_event(original_event):
            return
        for target in list(rule.targets):
            alone = copy.copy(rule)
            alone.targets = [target]
            service = target["Arn"].split(":")[2]
            if service == "sqs":
                send = partial(moto_send, alone, original_event, transform_input)
                kind = "rule-to-scanner" if rule.name.startswith(MANAGED) else "rule-to-queue"
                _deliver(seam, _delivery(kind, rule, target["Arn"]), send, target, original_event)
            elif service == "sns":
                send = partial(_publish, rule, target, original_event, transform_input)
                _deliver(seam, _delivery("rule-to-topic", rule, target["Arn"]), send, target, original_event)
            else:
                moto_send(alone, original_event, transform_input)

    moto_rule.send_to_targets = send_to_targets


def _delivery(kind: str, rule: Any, target: str) -> Delivery:
    return Delivery(
        kind=kind, source=rule.arn, target=target, account=rule.account_id, region=rule.region_name
    )


def _deliver(
    seam: Seam, delivery: Delivery, send: Callable[[], None], target: dict[str, Any], event: Event
) -> None:
    try:
        refused = seam.deliver(delivery, send)
        failure = {"ERROR_CODE": "NO_PERMISSIONS", "ERROR_MESSAGE": refused} if refused else {}
    except (ServiceException, JsonRESTError) as error:
        failure = {"ERROR_CODE": "NO_RESOURCE", "ERROR_MESSAGE": str(error)}
    queue = (target.get("DeadLetterConfig") or {}).get("Arn")
    if not failure or not queue:
        return
    # As documented for an event that is not tried again: no exhausted condition.
    texts = {"RULE_ARN": delivery.source, "TARGET_ARN": delivery.target, "RETRY_ATTEMPTS": "0", **failure}
    attributes = {name: {"DataType": "String", "StringValue": text} for name, text in texts.items()}
    set_aside = Delivery(
        kind="rule-to-dead-letters",
        source=delivery.source,
        target=queue,
        account=delivery.account,
        region=delivery.region,
    )
    backend = sqs_backends[delivery.account][delivery.region]
    name = queue.rpartition(":")[2]
    seam.deliver(set_aside, lambda: backend.send_message(name, _text(event), message_attributes=attributes))


def _publish(rule: Any, target: dict[str, Any], event: Event, transform_input: Any) -> None:
    transformer = target.get("InputTransformer", {})
    content: Any = event
    if transform_input:
        content = EventTemplateParser.parse(
            transformer.get("InputTemplate"), transformer.get("InputPathsMap", {}), content
        )
    sns_backends[rule.account_id][rule.region_name].publish(_text(content), target["Arn"])


def _text(event: Event) -> str:
    """Return the event as JSON, with its time as EventBridge writes it."""
    if "time" in event:
        moment = datetime.fromtimestamp(float(event["time"]), UTC)
        event = {**event, "time": f"{moment:%Y-%m-%dT%H:%M:%SZ}"}
    return json.dumps(event)
