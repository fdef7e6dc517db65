"""Where firewalls have to stand."""

from collections.abc import Iterator
from functools import partial
from typing import Final

from guardrails.framework.api import HTTP, REST, Api, api_named, api_of, apis_within, is_quick, stage_name
from guardrails.framework.errors import UndeterminedError
from guardrails.framework.examples import UNKNOWN, resource, stack
from guardrails.framework.graph import Graph
from guardrails.framework.names import service_of
from guardrails.framework.node import Node
from guardrails.framework.rule import Severity, stack_rule

_PROTECTABLE: Final = (
    *("apigateway.Stage", "apigateway.RestApi", "apigateway.Deployment", "lb.LoadBalancer"),
    *("alb.LoadBalancer", "appsync.GraphQLApi", "cognito.UserPool", "apprunner.Service"),
    *("verifiedaccess.Instance", "amplify.App"),
)
"""What a regional web ACL can stand before, or the ARN of such is made of ("AssociateWebACL", AWS WAFV2)."""

_ACL_ARN: Final = "arn:aws:wafv2:eu-west-1:111122223333:regional/webacl/shop/5f3c"

_ASSOCIATED: Final = stack(
    resource("wafv2.WebAcl", "acl", name="shop-dev"),
    resource(REST, "api", name="shop-orders-dev"),
    resource("apigateway.Stage", "stage", sources={"restApi": ("api",)}, restApi=UNKNOWN, stageName="dev"),
    resource(
        "wafv2.WebAclAssociation",
        "association",
        sources={"resourceArn": ("api", "stage"), "webAclArn": ("acl",)},
        resourceArn=UNKNOWN,
        webAclArn=UNKNOWN,
    ),
)
_BY_ARN: Final = stack(
    resource(
        REST,
        "api",
        outputs={"id": "a1b2"},
        endpointConfiguration={"types": "REGIONAL"},
        name="shop-orders-dev",
    ),
    resource("apigateway.Stage", "stage", restApi="a1b2", stageName="dev"),
    resource(
        "wafv2.WebAclAssociation",
        "association",
        resourceArn="arn:aws:apigateway:eu-west-1::/restapis/a1b2/stages/dev",
        webAclArn=_ACL_ARN,
    ),
)
_PRIVATE: Final = _ASSOCIATED.without("association").but("api", endpointConfiguration={"types": "PRIVATE"})
_FRONTED: Final = stack(
    resource("wafv2.WebAcl", "acl", name="shop-dev"),
    resource(HTTP, "http", protocolType="HTTP"),
    resource("apigatewayv2.Stage", "stage", sources={"apiId": ("http",)}, apiId=UNKNOWN, name="$default"),
    resource("s3.Bucket", "site", bucket="shop-site-dev"),
    resource(
        "cloudfront.Distribution",
        "front",
        sources={"origins": ("site", "http"), "webAclId": ("acl",)},
        origins=[{"domainName": UNKNOWN}, {"domainName": UNKNOWN}],
        webAclId=UNKNOWN,
    ),
)
_CUSTOM_DOMAIN: Final = _FRONTED.but(
    "front", origins=[{"domainName": "api.shop.example"}], webAclId=_ACL_ARN
).plus(
    resource(
        "apigatewayv2.ApiMapping",
        "mapping",
        sources={"apiId": ("http",)},
        apiId=UNKNOWN,
        domainName="api.shop.example",
    )
)


@stack_rule(
    severity=Severity.HIGH,
    findings=("CC-SEC-8",),
    fixes={
        "apigateway.Stage": 'aws.wafv2.WebAclAssociation("api", resource_arn=stage.arn, web_acl_arn=acl.arn)',
        "apigatewayv2.Stage": (
            "aws.cloudfront.Distribution(..., web_acl_id=acl.arn)  # with the API as an origin\n"
            "# or an aws.apigateway.RestApi, whose stages take a web ACL themselves"
        ),
        HTTP: (
            'aws.apigatewayv2.Stage("live", api_id=api.id, name="live")  # and no target= on the API\n'
            "aws.cloudfront.Distribution(..., web_acl_id=acl.arn)  # with that stage as an origin"
        ),
        "cloudfront.Distribution": "web_acl_id=acl.arn",
    },
    reads=(
        "apigateway.RestApi.endpointConfiguration",
        "apigateway.Stage.restApi",
        "apigateway.Stage.stageName",
        "apigatewayv2.Api.target",
        "apigatewayv2.ApiMapping.apiId",
        "apigatewayv2.ApiMapping.domainName",
        "apigatewayv2.Stage.apiId",
        "cloudfront.Distribution.origins",
        "cloudfront.Distribution.webAclId",
        "wafv2.WebAclAssociation.resourceArn",
        "wafv2.WebAclAssociation.webAclArn",
    ),
    passes={
        "a stage with a web ACL": _ASSOCIATED,
        "a web ACL by its ARN: AWS knows it, and the stage's is that of this one": _BY_ARN,
        "an API without web ACL: it is private": _PRIVATE,
        "an HTTP stage, which cannot have a web ACL: the distribution before it has": _FRONTED,
        "a distribution whose origin is no API by name: the domain is mapped to this one": _CUSTOM_DOMAIN,
    },
    fails={
        "has no web ACL": _ASSOCIATED.without("association"),
        "has no web": _BY_ARN.but(
            "association", resourceArn="arn:aws:apigateway:eu-west-1::/restapis/a1b2/stages/prod"
        ),
        "cannot have a web ACL, and no distribution of the stack stands before it": _CUSTOM_DOMAIN.but(
            "front", origins=[{"domainName": "shop.example"}]
        ),
        "has a web ACL that is none of WAFv2": _CUSTOM_DOMAIN.but("front", webAclId="5f3c-11"),
        "no web ACL": _FRONTED.but("front", webAclId=None).without("stage"),
        "has a quick-created stage, which cannot have a web ACL": stack(
            resource(HTTP, "http", target=UNKNOWN)
        ),
    },
)
def waf_associations(subject: Node, graph: Graph) -> Iterator[str]:
    """Every public stage and distribution has a WAFv2 web ACL before it.

    Known attacks reach the functions otherwise. AWS WAF cannot stand before stages of HTTP and WebSocket
    APIs; a distribution before them can.
    """
    if subject.kind == "cloudfront.Distribution":
        yield from _acl_problems(subject, "webAclId", graph)
    elif subject.kind == "apigateway.Stage":
        found = graph.matching("wafv2.WebAclAssociation", partial(_is_on, subject, graph))
        if not found and not _is_private(subject, graph):
            yield "has no web ACL"
        for association in found:
            yield from _acl_problems(association, "webAclArn", graph)
    elif subject.kind == HTTP:
        if is_quick(subject) and not _is_fronted(subject, graph):
            yield "has a quick-created stage, which cannot have a web ACL"
    elif not _is_fronted(api_of(subject, graph), graph):
        yield "cannot have a web ACL, and no distribution of the stack stands before it"


def _acl_problems(node: Node, prop: str, graph: Graph) -> Iterator[str]:
    """Judge what names a web ACL; one of another stack is judged there."""
    found = graph.origin(node, prop, partial(node.inputs.text, prop), kinds=("wafv2.WebAcl",))
    if isinstance(found, Node):
        return
    if not found:
        yield "has no web ACL"
    elif service_of(found) != "wafv2":
        yield "has a web ACL that is none of WAFv2"


def _is_on(stage: Node, graph: Graph, association: Node) -> bool:
    try:
        arn = association.inputs.text("resourceArn")
    except UndeterminedError:
        sources = graph.sources(association, "resourceArn")
        graph.expect(association, "resourceArn", sources, _PROTECTABLE)
        stages = [source for source in sources if source.kind == stage.kind]
        if len(stages) != 1 or len(apis_within(association, "resourceArn", graph)) > 1:
            raise
        return stages[0] is stage
    api = api_of(stage, graph)
    id_ = api.outputs.known_text("id") if isinstance(api, Node) else api
    return arn.endswith(f"/restapis/{id_}/stages/{stage_name(stage)}")


def _is_private(stage: Node, graph: Graph) -> bool:
    api = api_of(stage, graph)
    return isinstance(api, Node) and "PRIVATE" in api.inputs.block("endpointConfiguration").texts("types")


def _is_fronted(api: Api, graph: Graph) -> bool:
    """Tell whether a distribution has *api* as an origin, by its own host or by a domain mapped to it."""
    return bool(graph.matching("cloudfront.Distribution", partial(_fronts, api, graph)))


def _fronts(api: Api, graph: Graph, distribution: Node) -> bool:
    if api in apis_within(distribution, "origins", graph):
        return True
    origins = distribution.inputs.blocks("origins")
    told = bool(graph.sources(distribution, "origins"))
    hosts = [
        origin.text("domainName") for origin in origins if not (told and origin.is_unknown("domainName"))
    ]
    id_ = api.outputs.known_text("id") if isinstance(api, Node) else api
    mappings = graph.matching("apigatewayv2.ApiMapping", partial(_maps, api, graph)) if hosts else []
    names = [mapping.inputs.text("domainName") for mapping in mappings]
    return any(host in names or host.startswith(f"{id_}.execute-api.") for host in hosts)


def _maps(api: Api, graph: Graph, mapping: Node) -> bool:
    return api_named(mapping, "apiId", partial(mapping.inputs.text, "apiId"), graph) == api
