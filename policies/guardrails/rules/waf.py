"""Rules on firewalls before the web."""

from collections.abc import Iterator
from functools import partial
from itertools import chain
from typing import Annotated, Any, Final

from msgspec import Meta

from guardrails.framework.errors import UndeterminedError
from guardrails.framework.examples import UNKNOWN, resource, stack
from guardrails.framework.graph import Graph
from guardrails.framework.names import service_of
from guardrails.framework.node import Node
from guardrails.framework.openapi import parse_markup
from guardrails.framework.props import Props
from guardrails.framework.rule import Settings, Severity, stack_rule

_STOPS: Final = ("block", "captcha", "challenge")
_MANAGED_RULE: Final = {
    "name": "common",
    "overrideAction": {"none": {}},
    "statement": {"managedRuleGroupStatement": {"vendorName": "AWS", "name": "AWSManagedRulesCommonRuleSet"}},
}
_RATE_RULE: Final = {
    "name": "rate",
    "action": {"block": {}},
    "statement": {"rateBasedStatement": {"aggregateKeyType": "IP", "limit": 1000}},
}
_RULES_AS_JSON: Final = (
    '[{"Name": "common", "OverrideAction": {"None": {}}, "Statement": {"ManagedRuleGroupStatement": '
    '{"VendorName": "AWS", "Name": "AWSManagedRulesCommonRuleSet"}}}, {"Name": "rate", "Action": '
    '{"Captcha": {}}, "Statement": {"RateBasedStatement": {"AggregateKeyType": "IP", "Limit": 100}}}]'
)


_LOGS: Final = {
    "logs": "cloudwatch.LogGroup",
    "s3": "s3.Bucket",
    "firehose": "kinesis.FirehoseDeliveryStream",
}


class WafSettings(Settings):
    """How many requests a web ACL lets through."""

    maximum_requests: Annotated[
        int,
        Meta(
            ge=10,
            le=2_000_000_000,
            description="The highest limit of a rate-based rule: requests of one caller in its window.",
        ),
    ] = 10_000


def _changed(rule: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {**rule, **changes}


_PROTECTED: Final = stack(
    resource("wafv2.WebAcl", "acl", rules=[_MANAGED_RULE, _RATE_RULE]),
    resource(
        "wafv2.WebAclLoggingConfiguration",
        "logging",
        sources={"resourceArn": ("acl",), "logDestinationConfigs": ()},
        resourceArn=UNKNOWN,
        logDestinationConfigs=["arn:aws:logs:eu-west-1:111122223333:log-group:aws-waf-logs-shop"],
    ),
)
_JSON: Final = _PROTECTED.but("acl", rules=None, ruleJson=_RULES_AS_JSON)
_GROUPED: Final = _PROTECTED.but("acl", rules=None).plus(
    resource(
        "wafv2.WebAclRuleGroupAssociation",
        "common",
        sources={"webAclArn": ("acl",)},
        webAclArn=UNKNOWN,
        managedRuleGroup=[{"vendorName": "AWS", "name": "AWSManagedRulesCommonRuleSet"}],
    ),
    resource(
        "wafv2.WebAclRule",
        "rate",
        sources={"webAclArn": ("acl",)},
        webAclArn=UNKNOWN,
        action={"challenge": {}},
        statement=_RATE_RULE["statement"],
    ),
)
_OWN_GROUP: Final = (
    _PROTECTED.but("acl", rules=None)
    .plus(
        resource("wafv2.RuleGroup", "limits", rules=[_RATE_RULE]),
        resource("cloudwatch.LogGroup", "logs", name="aws-waf-logs-shop"),
        resource(
            "wafv2.WebAcl",
            "grouped",
            sources={"rules": ("limits",)},
            rules=[_MANAGED_RULE, {"statement": {"ruleGroupReferenceStatement": {"arn": UNKNOWN}}}],
        ),
        resource(
            "wafv2.WebAclLoggingConfiguration",
            "grouped_logging",
            sources={"resourceArn": ("grouped",), "logDestinationConfigs": ("logs",)},
            resourceArn=UNKNOWN,
            logDestinationConfigs=[UNKNOWN],
        ),
    )
    .without("acl", "logging")
)


@stack_rule(
    severity=Severity.HIGH,
    findings=("CC-SEC-8", "CC-SEC-9"),
    fixes={
        "wafv2.WebAcl": (
            "rules=[\n"
            '    {"name": "common", "priority": 0, "override_action": {"none": {}},\n'
            '     "visibility_config": visibility,\n'
            '     "statement": {"managed_rule_group_statement": {\n'
            '         "vendor_name": "AWS", "name": "AWSManagedRulesCommonRuleSet"}}},\n'
            '    {"name": "rate", "priority": 1, "action": {"block": {}}, "visibility_config": visibility,\n'
            '     "statement": {"rate_based_statement": {"aggregate_key_type": "IP", "limit": 1000}}},\n'
            "]\n"
            "# and aws.wafv2.WebAclLoggingConfiguration(\n"
            '#     "web", resource_arn=acl.arn, log_destination_configs=[log_group.arn])'
        )
    },
    reads=(
        "wafv2.RuleGroup.rules",
        "wafv2.WebAcl.ruleJson",
        "wafv2.WebAcl.rules",
        "wafv2.WebAclLoggingConfiguration.logDestinationConfigs",
        "wafv2.WebAclLoggingConfiguration.resourceArn",
        "wafv2.WebAclRule.action",
        "wafv2.WebAclRule.overrideAction",
        "wafv2.WebAclRule.statement",
        "wafv2.WebAclRule.webAclArn",
        "wafv2.WebAclRuleGroupAssociation.managedRuleGroup",
        "wafv2.WebAclRuleGroupAssociation.overrideAction",
        "wafv2.WebAclRuleGroupAssociation.webAclArn",
    ),
    passes={
        "a managed group, and a limit on each caller": _PROTECTED,
        "no rules: they stand in ruleJson": _JSON,
        "a web ACL that is empty: resources of their own add its rules": _GROUPED,
        "no limit among its rules: a rule group that it refers to has one": _OWN_GROUP,
    },
    fails={
        "has no managed rule group that acts": _PROTECTED.but("acl", rules=[_RATE_RULE]),
        "has no managed rule group": _PROTECTED.but(
            "acl", rules=[_changed(_MANAGED_RULE, overrideAction={"count": {}}), _RATE_RULE]
        ),
        "no managed rule group": _GROUPED.but("common", overrideAction="count"),
        "managed rule group that acts": _GROUPED.without("common").plus(
            resource(
                "wafv2.WebAclRule",
                "counted",
                sources={"webAclArn": ("acl",)},
                webAclArn=UNKNOWN,
                overrideAction={"count": {}},
                statement=_MANAGED_RULE["statement"],
            )
        ),
        "has no rate-based rule that stops a caller": _PROTECTED.but("acl", rules=[_MANAGED_RULE]),
        "has no rate-based rule": _PROTECTED.but(
            "acl", rules=[_MANAGED_RULE, _changed(_RATE_RULE, action={"count": {}})]
        ),
        "no rate-based rule that stops a caller at 10000 requests": _PROTECTED.but(
            "acl",
            rules=[_MANAGED_RULE, _changed(_RATE_RULE, statement={"rateBasedStatement": {"limit": 10_001}})],
        ),
        "no rate-based rule that": _JSON.but("acl", ruleJson=_RULES_AS_JSON.replace("Captcha", "Count")),
        "writes its log to what is no log group, bucket or delivery stream": _PROTECTED.but(
            "logging", logDestinationConfigs=["arn:aws:sqs:eu-west-1:111122223333:aws-waf-logs-shop"]
        ),
        "writes no log": _PROTECTED.without("logging"),
    },
    settings=WafSettings,
)
def waf_rules(acl: Node, graph: Graph, settings: WafSettings) -> Iterator[str]:
    """Each web ACL has managed rule groups and a rate-based rule that act, and writes a log.

    A web ACL without rules lets everything through; one that nobody can look into is no help in an attack.
    """
    if not any(map(_is_managed, _rules(acl, graph))) and not _has_managed_group(acl, graph):
        yield "has no managed rule group that acts"
    if not any(_limits(rule, settings) for rule in chain(_rules(acl, graph), _grouped(acl, graph))):
        yield f"has no rate-based rule that stops a caller at {settings.maximum_requests} requests or before"
    logs = graph.companions(acl, "wafv2.WebAclLoggingConfiguration", "resourceArn")
    if not any(log.inputs.count("logDestinationConfigs") for log in logs):
        yield "writes no log"
    for log in logs:
        yield from _log_problems(log, graph)


def _log_problems(log: Node, graph: Graph) -> Iterator[str]:
    """Judge where the log goes: to one of what AWS WAF writes to ("Logging AWS WAF web ACL traffic")."""
    prop = "logDestinationConfigs"
    for named in log.inputs.known_texts(prop):
        if named is None:
            graph.origin(log, prop, lambda: log.inputs.texts(prop)[0], kinds=tuple(_LOGS.values()))
        elif service_of(named) not in _LOGS:
            yield "writes its log to what is no log group, bucket or delivery stream"


def _rules(acl: Node, graph: Graph) -> Iterator[Props]:
    """Yield the rules of *acl*: its own as objects or JSON, and those that are resources."""
    yield from acl.inputs.blocks("rules")
    if acl.inputs.has("ruleJson"):
        yield from _from_json(acl)
    yield from (rule.inputs for rule in graph.companions(acl, "wafv2.WebAclRule", "webAclArn"))


def _grouped(acl: Node, graph: Graph) -> Iterator[Props]:
    """Yield the rules of the rule groups of ours that *acl* refers to."""
    for rule in acl.inputs.blocks("rules"):
        reference = rule.block("statement").block("ruleGroupReferenceStatement")
        if reference.has("arn") and not rule.block("overrideAction").has("count"):
            group = graph.traced(acl, "rules", partial(reference.text, "arn"), kinds=("wafv2.RuleGroup",))
            if group is None:
                raise UndeterminedError("a rule group that it refers to is not part of this stack")
            yield from group.inputs.blocks("rules")


def _has_managed_group(acl: Node, graph: Graph) -> bool:
    groups = graph.companions(acl, "wafv2.WebAclRuleGroupAssociation", "webAclArn")
    return any(
        group.inputs.blocks("managedRuleGroup") and group.inputs.text("overrideAction") != "count"
        for group in groups
    )


def _from_json(acl: Node) -> list[Props]:
    try:
        rules = _lowered(parse_markup(acl.inputs.text("ruleJson")))
    except ValueError:
        raise UndeterminedError("property ruleJson is not JSON") from None
    return Props.of({"rules": rules}, str(acl), "ruleJson").blocks("rules")


def _lowered(value: Any) -> Any:
    """Return AWS's form of rules as the provider spells it: names begin with a small letter."""
    if isinstance(value, dict):
        return {key[:1].lower() + key[1:]: _lowered(inner) for key, inner in value.items()}
    return [_lowered(inner) for inner in value] if isinstance(value, list) else value


def _is_managed(rule: Props) -> bool:
    managed = rule.block("statement").sets("managedRuleGroupStatement")
    return managed and not rule.block("overrideAction").has("count")


def _limits(rule: Props, settings: WafSettings) -> bool:
    rate = rule.block("statement").block("rateBasedStatement")
    stops = any(rule.block("action").sets(action) for action in _STOPS)
    return stops and 0 < rate.number("limit") <= settings.maximum_requests
