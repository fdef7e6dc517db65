"""Deliveries of bucket notifications and of topics, in the moto process."""

import copy
import json
from collections.abc import Callable
from functools import partial
from typing import Any

import moto.s3.notifications
from moto.core.exceptions import ServiceException
from moto.sns.models import Subscription

from local.deliveries.messages import Delivery
from local.deliveries.seam import Seam


def attach(seam: Seam) -> None:
    """Make every notification of a bucket, and every message of a topic to a queue, ask first."""
    _attach_buckets(seam)
    _attach_topics(seam)


def _attach_buckets(seam: Seam) -> None:
    s3: Any = moto.s3.notifications
    moto_queue: Callable[..., None] = s3._send_sqs_message
    moto_topic: Callable[..., None] = s3._send_sns_message

    def to_queue(account: str, event: Any, name: str, region: str) -> None:
        arn = f"arn:aws:sqs:{region}:{account}:{name}"
        delivery = _of_bucket("bucket-to-queue", event, arn, account, region)
        seam.deliver(delivery, partial(moto_queue, account, event, name, region))

    def to_topic(account: str, event: Any, arn: str, region: str) -> None:
        delivery = _of_bucket("bucket-to-topic", event, arn, account, region)
        seam.deliver(delivery, partial(moto_topic, account, event, arn, region))

    s3._send_sqs_message, s3._send_sns_message = to_queue, to_topic


def _of_bucket(kind: str, event: Any, target: str, account: str, region: str) -> Delivery:
    """Return the delivery of a notification, or of the test event that S3 sends when one is configured."""
    bucket = event["Records"][0]["s3"]["bucket"]["name"] if "Records" in event else event["Bucket"]
    return Delivery(kind=kind, source=f"arn:aws:s3:::{bucket}", target=target, account=account, region=region)


def _attach_topics(seam: Seam) -> None:
    moto_subscription: Any = Subscription
    moto_publish: Callable[..., None] = moto_subscription.publish

    def publish(subscription: Any, *args: Any, **kwargs: Any) -> None:
        if subscription.protocol != "sqs":
            moto_publish(subscription, *args, **kwargs)
            return
        try:
            send = partial(moto_publish, subscription, *args, **kwargs)
            given_up = bool(seam.deliver(_of_topic("topic-to-queue", subscription), send))
        except ServiceException:
            given_up = True  # there is no such queue
        redrive = json.loads(subscription.attributes.get("RedrivePolicy") or "{}")
        if given_up and redrive:
            aside = copy.copy(subscription)
            aside.endpoint = redrive["deadLetterTargetArn"]
            send = partial(moto_publish, aside, *args, **kwargs)
            seam.deliver(_of_topic("topic-to-dead-letters", aside), send)

    moto_subscription.publish = publish


def _of_topic(kind: str, subscription: Any) -> Delivery:
    return Delivery(
        kind=kind,
        source=subscription.topic.arn,
        target=subscription.endpoint,
        account=subscription.account_id,
        region=subscription.topic.arn.split(":")[3],
    )
