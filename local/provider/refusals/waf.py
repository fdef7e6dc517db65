"""WAF: web ACLs and what they guard; kept in state alone, so their inputs are judged."""

from collections.abc import Iterator

from local.provider.refusals.constraints import arn, at_least, between, length, of_model, one_of, pattern
from local.provider.refusals.places import Inputs
from local.provider.refusals.registry import Fault, at_check, at_deploy, constrain
from local.provider.refusals.situation import Situation

ACL, ASSOCIATION = "aws:wafv2/webAcl:WebAcl", "aws:wafv2/webAclAssociation:WebAclAssociation"
CREATE, ASSOCIATE = "CreateWebACL - AWS WAFV2 API Reference", "AssociateWebACL - AWS WAFV2 API Reference"
_NAME = pattern(r"[\w-]{1,128}", "1 to 128 letters, digits, hyphens and underscores")
_RATE = "rules[].statement.rateBasedStatement"
_GROUP = "rules[].statement.managedRuleGroupStatement"

constrain(
    ACL,
    "CreateWebACL",
    error="WAFInvalidParameterException",
    page=CREATE,
    inputs={
        "name": _NAME,
        "description": length(1, 256),
        "scope": of_model("wafv2", "Scope"),
        "visibilityConfig.metricName": _NAME,
        "rules[].name": length(1, 128),
        "rules[].priority": at_least(0),
        "rules[].visibilityConfig.metricName": _NAME,
        f"{_RATE}.limit": between(10, 2_000_000_000),
        f"{_RATE}.aggregateKeyType": of_model("wafv2", "RateBasedStatementAggregateKeyType"),
        f"{_RATE}.evaluationWindowSec": one_of(60, 120, 300, 600),
        f"{_GROUP}.name": length(1, 128),
        f"{_GROUP}.vendorName": length(1, 128),
        "tokenDomains": length(1, 10, "domains"),
    },
)
constrain(
    ASSOCIATION,
    "AssociateWebACL",
    error="WAFInvalidParameterException",
    page=ASSOCIATE,
    inputs={"resourceArn": arn(), "webAclArn": arn("wafv2")},
)


@at_check(ACL, error="WAFInvalidParameterException", operation="CreateWebACL", page=CREATE)
def default_action(inputs: Inputs) -> Iterator[Fault]:
    """A web ACL allows or blocks by default, one of both."""
    actions = [name for name in ("allow", "block") if f"defaultAction.{name}" in inputs]
    if len(actions) != 1:
        yield (
            "defaultAction",
            f"needs exactly one of allow and block, and has {' and '.join(actions) or 'none'}",
        )


@at_check(ACL, error="WAFInvalidParameterException", operation="CreateWebACL", page=CREATE)
def rules_of_the_acl(inputs: Inputs) -> Iterator[Fault]:
    """Rules have priorities and names of their own, one statement, and an action, for groups an override."""
    seen: dict[str, set[object]] = {"priority": set(), "name": set()}
    for place, rule in inputs.each("rules"):
        for name, values in seen.items():
            if rule.get(name) in values:
                yield (
                    f"{place}.{name}",
                    f"{rule.get(name)!r} is used by another rule: WAFDuplicateItemException",
                )
            values.add(rule.get(name))
        statement = rule.get("statement") or {}
        if len(statement) != 1:
            yield f"{place}.statement", f"needs exactly one statement, and has {len(statement)}"
        group = any(
            name.endswith("RuleGroupStatement") or name == "ruleGroupReferenceStatement" for name in statement
        )
        wanted, other = ("overrideAction", "action") if group else ("action", "overrideAction")
        if wanted not in rule or other in rule:
            yield place, f"a rule with {' '.join(statement)} has {wanted} and not {other}"


@at_deploy(ACL, error="WAFInvalidParameterException", operation="CreateWebACL", page=CREATE)
def region_of_the_scope(situation: Situation) -> Iterator[str]:
    """A web ACL of scope CLOUDFRONT is in us-east-1."""
    if situation.inputs["scope"] == "CLOUDFRONT" and situation.region != "us-east-1":
        yield (
            "Error reason: The scope is not valid., field: SCOPE_VALUE, parameter: CLOUDFRONT: "
            f"the region is {situation.region}, not us-east-1"
        )


@at_check(ASSOCIATION, error="WAFInvalidParameterException", operation="AssociateWebACL", page=ASSOCIATE)
def associated_resource(inputs: Inputs) -> Iterator[Fault]:
    """A web ACL is associated with what it can guard in its region; a distribution names its ACL itself."""
    resource = str(inputs.get("resourceArn"))
    guarded = {"apigateway", "elasticloadbalancing", "appsync", "cognito-idp", "apprunner", "ec2", "amplify"}
    if resource.startswith("arn:") and resource.split(":")[2] not in guarded:
        yield (
            "resourceArn",
            f"The ARN isn't valid. A valid ARN is of one of {', '.join(sorted(guarded))}: {resource}",
        )
