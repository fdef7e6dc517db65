"""The rule on topics that alarms tell."""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import partial
from typing import Any, Final

from guardrails.framework.documents import Statement, statements
from guardrails.framework.examples import UNKNOWN, resource, stack
from guardrails.framework.graph import Graph
from guardrails.framework.joins import alarms_telling, key_behind
from guardrails.framework.node import Node
from guardrails.framework.resource_policies import refuses
from guardrails.framework.rule import Severity, stack_rule

_ARN: Final = "arn:aws:sns:eu-west-1:111122223333:shop-alerts-dev"
_KEYS: Final = ("kms.Key", "kms.Alias", "kms.ReplicaKey")
_CLOUDWATCH: Final = "cloudwatch.amazonaws.com"


def _grant(*actions: str, to: Any = _CLOUDWATCH, effect: str = "Allow") -> dict[str, Any]:
    principal = to if to == "*" else {"Service": to}
    return {
        "Statement": [{"Effect": effect, "Principal": principal, "Action": list(actions), "Resource": "*"}]
    }


_TOLD: Final = stack(
    resource("kms.Key", "key", policy=_grant("kms:Decrypt", "kms:GenerateDataKey*")),
    resource(
        "sns.Topic",
        "alerts",
        sources={"kmsMasterKeyId": ("key",)},
        name="shop-alerts-dev",
        kmsMasterKeyId=UNKNOWN,
    ),
    resource("sns.TopicPolicy", "policy", arn=_ARN, policy=_grant("sns:Publish")),
    resource("sns.TopicSubscription", "mail", topic=_ARN, protocol="email", endpoint="ops@example.com"),
    resource("cloudwatch.MetricAlarm", "alarm", alarmActions=[_ARN]),
)
_SPLIT: Final = (
    _TOLD.without("key", "policy", "alarm")
    .but("alerts", kmsMasterKeyId="alias/shop-dev")
    .plus(
        resource("kms.Key", "key"),
        resource(
            "kms.KeyPolicy", "opened", sources={"keyId": ("key",)}, keyId=UNKNOWN, policy=_grant("kms:*")
        ),
        resource(
            "kms.Alias",
            "alias",
            sources={"targetKeyId": ("key",)},
            name="alias/shop-dev",
            targetKeyId=UNKNOWN,
        ),
        resource("cloudwatch.CompositeAlarm", "alarm", alarmActions=[_ARN]),
    )
)


@stack_rule(
    severity=Severity.HIGH,
    findings=("OP-2.5", "CC-OPS-3"),
    fixes={
        "sns.Topic": (
            'topic = aws.sns.Topic("alerts", kms_master_key_id=key.arn)\n'
            'aws.sns.TopicSubscription("alerts", topic=topic.arn, protocol="email", endpoint=address)\n'
            "# in the topic's policy (aws.sns.TopicPolicy):\n"
            '{"Effect": "Allow", "Principal": {"Service": "cloudwatch.amazonaws.com"},\n'
            ' "Action": "sns:Publish", "Resource": topic_arn,\n'
            ' "Condition": {"StringEquals": {"aws:SourceAccount": account_id}}}\n'
            "# in the key's policy:\n"
            '{"Effect": "Allow", "Principal": {"Service": "cloudwatch.amazonaws.com"},\n'
            ' "Action": ["kms:Decrypt", "kms:GenerateDataKey*"], "Resource": "*",\n'
            ' "Condition": {"StringEquals": {"aws:SourceAccount": account_id}}}'
        )
    },
    reads=(
        "cloudwatch.CompositeAlarm.alarmActions",
        "cloudwatch.MetricAlarm.alarmActions",
        "kms.Alias.name",
        "kms.Alias.targetKeyId",
        "kms.Key.policy",
        "kms.KeyPolicy.keyId",
        "kms.KeyPolicy.policy",
        "sns.Topic.kmsMasterKeyId",
        "sns.Topic.name",
        "sns.Topic.policy",
        "sns.TopicPolicy.arn",
        "sns.TopicPolicy.policy",
        "sns.TopicSubscription.topic",
    ),
    passes={
        "a topic that CloudWatch may use, key and all": _TOLD,
        "no policy of key and topic: KeyPolicy opens the one, and AWS's own the other": _SPLIT,
        "sns:* for everyone: CloudWatch is among them, and the rest is for another rule": _TOLD.but(
            "policy", policy=_grant("sns:*", to="*")
        ),
        "no policy of the topic: AWS's own lets its account's alarms in": _TOLD.without("policy"),
        "no key and no subscription: no alarm tells this topic": stack(
            resource("sns.Topic", "orders", name="shop-orders-dev")
        ),
    },
    fails={
        "receives alarms and is not encrypted": _TOLD.but("alerts", kmsMasterKeyId=None),
        "is under the AWS-managed key alias/aws/sns, with which no alarm arrives": _TOLD.but(
            "alerts", kmsMasterKeyId="alias/aws/sns"
        ),
        "whose policy does not let CloudWatch use it": _TOLD.but("key", policy=_grant("kms:Decrypt")),
        "does not let CloudWatch": _SPLIT.without("opened"),
        "has a policy that does not let CloudWatch publish": _TOLD.but(
            "policy", policy=_grant("sns:Publish", to="events.amazonaws.com")
        ),
        "a policy that does not let": _TOLD.but("policy", policy=_grant("sns:Publish", effect="Deny")),
        "has no subscription": _TOLD.without("mail"),
    },
)
def alarm_topics(topic: Node, graph: Graph) -> Iterator[str]:
    """Topics that alarms tell are encrypted, have a subscriber, and let CloudWatch in.

    CloudWatch says nothing when it may not publish, or not use the key: the alarm rings in an empty room.
    """
    if not alarms_telling(topic, graph):
        return
    yield from _key_problems(topic, graph)
    policies = [policy.inputs for policy in graph.companions(topic, "sns.TopicPolicy", "arn")]
    rules = [rule for holder in [topic.inputs, *policies] for rule in statements(holder, "policy")]
    if rules and not _admits(rules, "sns:publish"):
        yield "has a policy that does not let CloudWatch publish"
    if not graph.companions(topic, "sns.TopicSubscription", "topic"):
        yield "has no subscription: nobody hears the alarms"


def _key_problems(topic: Node, graph: Graph) -> Iterator[str]:
    prop = "kmsMasterKeyId"
    found = graph.origin(topic, prop, partial(topic.inputs.text, prop), kinds=_KEYS)
    if found == "":
        yield "receives alarms and is not encrypted"
        return
    if isinstance(found, str):
        if found.endswith("alias/aws/sns"):
            yield "is under the AWS-managed key alias/aws/sns, with which no alarm arrives"
            return
        named = graph.named(found, *_KEYS, near=topic)
        if named is None:
            graph.elsewhere(found, "its key")
            return
        found = named
    key = key_behind(found, graph)
    holders = [key.inputs, *(each.inputs for each in graph.companions(key, "kms.KeyPolicy", "keyId"))]
    rules = [rule for holder in holders for rule in statements(holder, "policy")]
    if not (_admits(rules, "kms:decrypt") and _admits(rules, "kms:generatedatakey")):
        yield f"is under {key}, whose policy does not let CloudWatch use it"


def _admits(rules: list[Statement], action: str) -> bool:
    """Tell whether CloudWatch, or everyone, is allowed *action* (in lower case)."""
    if any(refuses(rule, _CLOUDWATCH, action) for rule in rules):
        return False
    return any(
        rule.allows
        and (rule.everyone or _CLOUDWATCH in rule.principals)
        and any(fnmatchcase(action, allowed.lower()) for allowed in rule.actions)
        for rule in rules
    )
