"""Rules on descriptions."""

from collections.abc import Iterator
from typing import Final

from guardrails.framework.examples import Sample, stack
from guardrails.framework.node import Node
from guardrails.framework.rule import Severity, resource_rule

_PROPS: Final = {
    **dict.fromkeys(
        (
            "apigateway.ApiKey",
            "apigateway.Model",
            "apigateway.RestApi",
            "apigateway.UsagePlan",
            "apigatewayv2.Api",
            "appconfig.Application",
            "appconfig.ConfigurationProfile",
            "appconfig.DeploymentStrategy",
            "appconfig.Environment",
            "cloudfront.OriginAccessControl",
            "cloudwatch.EventApiDestination",
            "cloudwatch.EventArchive",
            "cloudwatch.EventBus",
            "cloudwatch.EventConnection",
            "cloudwatch.EventRule",
            "cognito.UserGroup",
            "ec2.SecurityGroup",
            "ec2.SecurityGroupRule",
            "iam.Policy",
            "iam.Role",
            "kms.ExternalKey",
            "kms.Key",
            "kms.ReplicaKey",
            "lambda.Alias",
            "lambda.Function",
            "lambda.LayerVersion",
            "pipes.Pipe",
            "scheduler.Schedule",
            "secretsmanager.Secret",
            "ssm.Parameter",
            "vpc.SecurityGroupEgressRule",
            "vpc.SecurityGroupIngressRule",
            "wafv2.IpSet",
            "wafv2.RegexPatternSet",
            "wafv2.RuleGroup",
            "wafv2.WebAcl",
        ),
        "description",
    ),
    "cloudwatch.CompositeAlarm": "alarmDescription",
    "cloudwatch.MetricAlarm": "alarmDescription",
}
_DEFAULTS: Final = ("managed by pulumi", "managed by terraform")
"""What providers write where the program says nothing; some of these texts can never be changed."""
_RULES: Final = ("ingress", "egress")

_DESCRIBED: Final = stack(
    *(Sample(kind=kind, name=kind, inputs={prop: "Records clean objects"}) for kind, prop in _PROPS.items())
)
_INLINE_RULES: Final = _DESCRIBED.but(
    "ec2.SecurityGroup", ingress=[{"fromPort": 443, "description": "HTTPS from the web"}], egress=[]
)
_ABOUT_PULUMI: Final = _DESCRIBED.but("iam.Role", description="Managed by Pulumi: deploys the shop")


@resource_rule(
    severity=Severity.LOW,
    findings=("OP-8.5",),
    fixes={
        kind: 'alarm_description="What is wrong, and what to do"'
        if "Alarm" in kind
        else 'description="What it is for"'
        for kind in _PROPS
    },
    reads=(
        *(f"{kind}.{prop}" for kind, prop in _PROPS.items()),
        *(f"ec2.SecurityGroup.{rules}" for rules in _RULES),
    ),
    passes={
        "a description of each": _DESCRIBED,
        "a rule of a security group: it has a description of its own": _INLINE_RULES,
        "Managed by Pulumi: the text goes on, and says what for": _ABOUT_PULUMI,
    },
    fails={
        "has no description": _DESCRIBED.but("iam.Role", description=None),
        "no description": _DESCRIBED.but("cloudwatch.MetricAlarm", alarmDescription=" "),
        "says only that it is managed by a tool": _DESCRIBED.but(
            "lambda.Function", description="Managed by Pulumi"
        ),
        "only that it is managed": _DESCRIBED.but(
            "ec2.SecurityGroup", description="Managed by Terraform", __defaults=["description"]
        ),
        "has an ingress rule without description": _INLINE_RULES.but(
            "ec2.SecurityGroup", ingress=[{"fromPort": 443}]
        ),
    },
)
def descriptions(subject: Node) -> Iterator[str]:
    """Resources that take a description have one.

    It tells what a resource is for where its name cannot: in the console, in audits, in an alarm at night.
    """
    prop = _PROPS[subject.kind]
    text = subject.inputs.text(prop).strip()
    if not text:
        yield "has no description"
    elif text.lower() in _DEFAULTS or subject.inputs.filled_in(prop):
        yield "has a description that says only that it is managed by a tool"
    for rules in _RULES if subject.kind == "ec2.SecurityGroup" else ():
        if not all(rule.text("description").strip() for rule in subject.inputs.blocks(rules)):
            yield f"has an {rules} rule without description"
