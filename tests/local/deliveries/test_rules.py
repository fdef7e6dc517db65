"""Event rules deliver what the target's policy and the key behind it admit, and nothing else."""

import json

import pytest

from local.deliveries.messages import Delivery, Verdict
from local.provider.emulation import ACCOUNT
from tests.local.deliveries.stage import KEY, Stage, allow, arn, on_behalf_of

EVENTS = "events.amazonaws.com"
RULE = arn("events", "rule/sales")
QUEUE, TOPIC, DEAD = arn("sqs", "work"), arn("sns", "news"), arn("sqs", "undelivered")
ADMITTED = allow(EVENTS, "sqs:SendMessage", on=QUEUE, Condition=on_behalf_of(RULE))
USE = allow(EVENTS, "kms:GenerateDataKey", "kms:Decrypt", Condition=on_behalf_of(RULE))


def details(stage: Stage, queue: str) -> list[object]:
    return [json.loads(message["Body"])["detail"] for message in stage.messages(queue)]


def test_an_event_reaches_the_queue_whose_policy_and_key_admit_the_rule(stage: Stage) -> None:
    stage.key(USE)
    stage.rule("sales", stage.queue("work", ADMITTED, key="k1"))

    stage.emit(number=1)

    assert details(stage, QUEUE) == [{"number": 1}]
    assert stage.denials() == []
    assert {(who, action) for who, action, _ in stage.judge.allowed()} == {
        (EVENTS, "sqs:SendMessage"),
        (EVENTS, "kms:GenerateDataKey"),
        (EVENTS, "kms:Decrypt"),
    }


@pytest.mark.parametrize(
    "statements",
    [
        (),
        (allow("s3.amazonaws.com", "sqs:SendMessage", on=QUEUE),),
        (allow(EVENTS, "sqs:SendMessage", on=QUEUE, Condition=on_behalf_of(RULE + "2")),),
        (ADMITTED, {**ADMITTED, "Effect": "Deny"}),
    ],
    ids=["no statement", "another service", "another rule", "explicit deny"],
)
def test_an_event_that_the_queue_does_not_admit_is_dropped_and_the_denial_says_why(stage, statements) -> None:
    stage.rule("sales", stage.queue("work", *statements))

    stage.emit(number=1)

    assert stage.messages(QUEUE) == []
    assert stage.denials() == [(EVENTS, "sqs:SendMessage", QUEUE)]
    assert "queue policy of 'work'" in stage.judge.denials()[0].reason
    (count,) = stage.deliveries.counts()
    assert (count.kind, count.source, count.target) == ("rule-to-queue", RULE, QUEUE)
    assert (count.delivered, count.refused, count.reason) == (0, 1, stage.judge.denials()[0].reason)


@pytest.mark.parametrize("missing", ["kms:GenerateDataKey", "kms:Decrypt"])
def test_an_event_for_a_queue_whose_key_the_rule_may_not_use_is_dropped(stage: Stage, missing: str) -> None:
    stage.key({**USE, "Action": [action for action in USE["Action"] if action != missing]})
    stage.rule("sales", stage.queue("work", ADMITTED, key=KEY))

    stage.emit(number=1)

    assert stage.messages(QUEUE) == []
    assert stage.denials() == [(EVENTS, missing, KEY)]


def test_no_service_sends_to_a_queue_with_the_key_that_aws_manages(stage: Stage) -> None:
    stage.rule("sales", stage.queue("work", ADMITTED, key="alias/aws/sqs"))

    stage.emit(number=1)

    assert stage.messages(QUEUE) == []
    assert stage.denials() == [(EVENTS, "kms:GenerateDataKey", arn("kms", "alias/aws/sqs"))]


def test_what_is_not_admitted_goes_to_the_dead_letter_queue_with_the_documented_attributes(stage) -> None:
    stage.queue("undelivered", {**ADMITTED, "Resource": DEAD})
    stage.rule("sales", stage.queue("work"), DeadLetterConfig={"Arn": DEAD})

    stage.emit(number=1)

    (message,) = stage.messages(DEAD)
    assert json.loads(message["Body"])["detail"] == {"number": 1}
    attributes = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    assert attributes.pop("ERROR_MESSAGE").startswith(f"sqs:SendMessage on {QUEUE} by {EVENTS}")
    assert attributes == {
        "RULE_ARN": RULE,
        "TARGET_ARN": QUEUE,
        "ERROR_CODE": "NO_PERMISSIONS",
        "RETRY_ATTEMPTS": "0",
    }


def test_a_dead_letter_queue_that_does_not_admit_the_rule_keeps_nothing(stage: Stage) -> None:
    stage.queue("undelivered")
    stage.rule("sales", stage.queue("work"), DeadLetterConfig={"Arn": DEAD})

    stage.emit(number=1)

    assert stage.messages(DEAD) == []
    assert stage.denials() == [(EVENTS, "sqs:SendMessage", DEAD), (EVENTS, "sqs:SendMessage", QUEUE)]


def test_a_target_that_is_gone_is_told_apart_and_keeps_the_event_from_no_other(stage: Stage) -> None:
    gone = stage.queue("gone", {**ADMITTED, "Resource": "*"})
    stage.queue("undelivered", {**ADMITTED, "Resource": DEAD})
    stage.rule("sales", gone, DeadLetterConfig={"Arn": DEAD})
    second = {"Id": "second", "Arn": stage.queue("work", ADMITTED)}
    stage.client("events").put_targets(Rule="sales", Targets=[second])
    stage.client("sqs").delete_queue(QueueUrl=stage.client("sqs").get_queue_url(QueueName="gone")["QueueUrl"])

    stage.emit(number=1)

    assert details(stage, QUEUE) == [{"number": 1}]
    (message,) = stage.messages(DEAD)
    assert message["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "NO_RESOURCE"


def test_a_rule_that_is_disabled_delivers_nothing(stage: Stage) -> None:
    stage.rule("sales", stage.queue("work", ADMITTED))
    stage.client("events").disable_rule(Name="sales")

    stage.emit(number=1)

    assert stage.messages(QUEUE) == []
    assert stage.deliveries.counts() == []


def test_an_event_reaches_a_topic_and_its_queue_with_two_permissions(stage: Stage) -> None:
    queue = stage.queue("work", allow("sns.amazonaws.com", "sqs:SendMessage", Condition=on_behalf_of(TOPIC)))
    topic = stage.topic("news", allow(EVENTS, "sns:Publish", on=TOPIC, Condition=on_behalf_of(RULE)))
    stage.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
    stage.rule("sales", topic)

    stage.emit(number=1)

    (message,) = stage.messages(queue)
    assert json.loads(json.loads(message["Body"])["Message"])["detail"] == {"number": 1}
    assert stage.denials() == []


def test_the_key_of_a_topic_does_not_learn_which_rule_publishes(stage: Stage) -> None:
    """AWS supports no source in the key's policy for events that go to an encrypted topic."""
    stage.key(USE)
    stage.rule("sales", stage.topic("news", allow(EVENTS, "sns:Publish", on=TOPIC), key="k1"))
    stage.emit(number=1)
    assert stage.denials() == [(EVENTS, "kms:GenerateDataKey", KEY)]

    bound = {"StringEquals": {"kms:EncryptionContext:aws:sns:topicArn": TOPIC}}
    stage.key({**USE, "Condition": bound})
    stage.emit(number=2)
    assert [(one.delivered, one.refused) for one in stage.deliveries.counts()] == [(1, 1)]


def test_a_policy_that_is_not_understood_refuses_and_is_noted_as_an_error(stage: Stage) -> None:
    stage.rule("sales", stage.queue("work", {**ADMITTED, "Condition": {"Bool": {"aws:Unheard": "true"}}}))

    stage.emit(number=1)

    assert stage.messages(QUEUE) == []
    assert "aws:Unheard" in stage.judge.errors()[0]


def test_a_change_of_the_policy_counts_from_the_next_event(stage: Stage) -> None:
    stage.rule("sales", stage.queue("work"))
    stage.emit(number=1)

    stage.queue("work", ADMITTED)
    stage.emit(number=2)

    assert details(stage, QUEUE) == [{"number": 2}]


def test_every_refusal_is_counted_however_quickly_they_come(stage: Stage) -> None:
    stage.rule("sales", stage.queue("work"))

    for number in range(20):
        stage.emit(number=number)

    assert [one.times for one in stage.judge.denials()] == [20]
    assert [one.refused for one in stage.deliveries.counts()] == [20]


def test_deliveries_can_be_lost_doubled_and_delayed_on_purpose(stage: Stage) -> None:
    stage.rule("sales", stage.queue("work", ADMITTED))
    verdicts = [Verdict(copies=2), Verdict(copies=0), Verdict(delay=0.1)]
    seen: list[Delivery] = []

    def disturb(delivery: Delivery) -> Verdict:
        seen.append(delivery)
        return verdicts[len(seen) - 1]

    stage.deliveries.disturb = disturb
    for number in (1, 2):
        stage.emit(number=number)
    assert details(stage, QUEUE) == [{"number": 1}, {"number": 1}]

    stage.emit(number=3)
    while len(stage.messages(QUEUE)) < 3:
        pass
    assert details(stage, QUEUE)[2] == {"number": 3}
    expected = Delivery(
        kind="rule-to-queue", source=RULE, target=QUEUE, account=ACCOUNT, region=RULE.split(":")[3]
    )
    assert seen == [expected] * 3


def test_a_log_group_without_a_key_needs_no_permission(stage: Stage) -> None:
    stage.client("logs").create_log_group(logGroupName="/plain")

    assert stage.judge.allowed() == []
    assert stage.denials() == []
