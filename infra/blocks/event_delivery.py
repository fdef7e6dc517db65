"""The delivery of a rule's events to a queue; what cannot be delivered is kept."""

from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from infra.blocks.queue import DeadLetterQueue, Queue

# Most retries that EventBridge knows, within an hour: a queue that is gone for longer needs somebody's hands.
MAXIMUM_AGE_SECONDS: Final = 3600
MAXIMUM_RETRIES: Final = 185


@dataclass(frozen=True, kw_only=True)
class EventDeliveryArgs:
    """From which rule to which queue, and where events go that cannot be delivered."""

    rule_name: pulumi.Input[str]
    queue: Queue
    undelivered: DeadLetterQueue


class EventDelivery(pulumi.ComponentResource):
    """An EventBridge target, made once both queues admit the rule."""

    def __init__(
        self, name: str, args: EventDeliveryArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("guardrails:blocks:EventDelivery", name, {}, opts)
        aws.cloudwatch.EventTarget(
            name,
            rule=args.rule_name,
            target_id="queue",
            arn=args.queue.arn,
            retry_policy=aws.cloudwatch.EventTargetRetryPolicyArgs(
                maximum_event_age_in_seconds=MAXIMUM_AGE_SECONDS,
                maximum_retry_attempts=MAXIMUM_RETRIES,
            ),
            dead_letter_config=aws.cloudwatch.EventTargetDeadLetterConfigArgs(arn=args.undelivered.arn),
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[args.queue.policy, args.undelivered.policy],
                delete_before_replace=True,
            ),
        )
        self.register_outputs({})
