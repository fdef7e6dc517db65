"""The foundation: one encrypted topic, which alarms and named roles can publish to."""

import pytest

from tests.mocks import deployed

ACCOUNT = "111111111111"


@pytest.mark.finding("OP-2.5")
def test_the_alerts_topic_is_encrypted_with_the_foundations_key_and_tells_the_configured_address() -> None:
    made = deployed("dev")

    topic = made.inputs("aws:sns/topic:Topic", "foundation-alerts")
    subscription = made.inputs("aws:sns/topicSubscription:TopicSubscription", "foundation-alerts")
    assert topic["name"] == "sg-foundation-alerts-dev"
    assert topic["kmsMasterKeyId"].endswith(":key/foundation")
    assert subscription["endpoint"] == "alerts@example.com"


def test_alarms_use_the_foundations_key() -> None:
    document = deployed("dev").document("aws:kms/keyPolicy:KeyPolicy", "foundation")

    assert document["Alarms"]["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert document["Alarms"]["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
    assert document["Alarms"]["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnLike": {"aws:SourceArn": [f"arn:aws:cloudwatch:eu-central-1:{ACCOUNT}:alarm:*"]},
    }


def test_each_publisher_uses_the_foundations_key_through_sns_alone() -> None:
    document = deployed("dev").document("aws:kms/keyPolicy:KeyPolicy", "foundation")

    publishers = {sid: statement for sid, statement in document.items() if sid.startswith("Publisher")}
    assert {statement["Principal"]["AWS"] for statement in publishers.values()} == {
        f"arn:aws:iam::{ACCOUNT}:role/sg-objects-quarantine-dev"
    }
    for statement in publishers.values():
        assert statement["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
        assert statement["Condition"]["StringEquals"]["kms:ViaService"] == ["sns.eu-central-1.amazonaws.com"]


def test_everything_that_publishes_may_use_the_foundations_key() -> None:
    made = deployed("dev")
    admitted = {
        statement["Principal"].get("AWS")
        for statement in made.document("aws:kms/keyPolicy:KeyPolicy", "foundation").values()
    }

    for policy in made.of("aws:iam/rolePolicy:RolePolicy"):
        if '"sns:Publish"' in policy.inputs["policy"]:
            assert f"arn:aws:iam::{ACCOUNT}:role/{policy.inputs['role']}" in admitted


@pytest.mark.finding("OP-8.3")
def test_the_foundations_outputs_serve_other_stacks() -> None:
    assert set(deployed("dev").exports["foundation"]) == {"alertsTopicArn", "keyArn", "keyAlias"}
