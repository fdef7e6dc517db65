"""Rules on the TLS that whatever faces callers speaks."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from guardrails.framework.examples import resource, stack
from guardrails.framework.node import Node
from guardrails.framework.rule import Severity, resource_rule


@dataclass(frozen=True, kw_only=True)
class Policy:
    """Where a kind states its TLS policy, which ones are up to date, and the one to take."""

    path: tuple[str, ...]
    safe: re.Pattern[str]
    best: str


_LISTENER: Final = Policy(
    path=("sslPolicy",),
    safe=re.compile(r"ELBSecurityPolicy-(TLS13|TLS|FS)-1-[23]-.*"),
    best="ELBSecurityPolicy-TLS13-1-2-2021-06",
)
POLICIES: Final[Mapping[str, Policy]] = {
    "apigateway.DomainName": Policy(
        path=("securityPolicy",), safe=re.compile(r"TLS_1_2|SecurityPolicy_.*"), best="TLS_1_2"
    ),
    "apigatewayv2.DomainName": Policy(
        path=("domainNameConfiguration", "securityPolicy"), safe=re.compile(r"TLS_1_2"), best="TLS_1_2"
    ),
    "cloudfront.Distribution": Policy(
        path=("viewerCertificate", "minimumProtocolVersion"),
        safe=re.compile(r"TLSv1\.2_20(2[1-9]|[3-9]\d)|TLSv1\.3_.*"),
        best="TLSv1.2_2021",
    ),
    "alb.Listener": _LISTENER,
    "lb.Listener": _LISTENER,
}

_DOMAIN: Final = stack(resource("apigateway.DomainName", "domain", securityPolicy="TLS_1_2"))
_NEWER: Final = stack(
    resource("apigateway.DomainName", "domain", securityPolicy="SecurityPolicy_TLS13_1_3_2025_09")
)
_HTTP_DOMAIN: Final = stack(
    resource("apigatewayv2.DomainName", "domain", domainNameConfiguration={"securityPolicy": "TLS_1_2"})
)
_SITE: Final = stack(
    resource(
        "cloudfront.Distribution",
        "site",
        viewerCertificate={"acmCertificateArn": "arn", "minimumProtocolVersion": "TLSv1.2_2021"},
    )
)
_LISTENERS: Final = stack(
    resource("lb.Listener", "https", protocol="HTTPS", sslPolicy="ELBSecurityPolicy-TLS13-1-2-Res-2021-06"),
    resource("alb.Listener", "tls", protocol="TLS", sslPolicy="ELBSecurityPolicy-TLS13-1-3-2021-06"),
    resource("lb.Listener", "redirect", protocol="HTTP"),
)


@resource_rule(
    severity=Severity.MEDIUM,
    findings=(),
    fixes={
        "apigateway.DomainName": 'security_policy="TLS_1_2"',
        "apigatewayv2.DomainName": 'domain_name_configuration={…, "security_policy": "TLS_1_2"}',
        "cloudfront.Distribution": 'viewer_certificate={"acm_certificate_arn": certificate.arn, '
        '"ssl_support_method": "sni-only", "minimum_protocol_version": "TLSv1.2_2021"}',
        "alb.Listener": 'ssl_policy="ELBSecurityPolicy-TLS13-1-2-2021-06"',
        "lb.Listener": 'ssl_policy="ELBSecurityPolicy-TLS13-1-2-2021-06"',
    },
    reads=(
        "alb.Listener.protocol",
        "alb.Listener.sslPolicy",
        "apigateway.DomainName.securityPolicy",
        "apigatewayv2.DomainName.domainNameConfiguration",
        "cloudfront.Distribution.viewerCertificate",
        "lb.Listener.protocol",
        "lb.Listener.sslPolicy",
    ),
    passes=[_DOMAIN, _NEWER, _HTTP_DOMAIN, _SITE, _LISTENERS],
    fails={
        "does not state the least version of TLS": _DOMAIN.but("domain", securityPolicy=None),
        "takes outdated versions or ciphers of TLS, by policy TLS_1_0": _DOMAIN.but(
            "domain", securityPolicy="TLS_1_0"
        ),
        "does not state": _HTTP_DOMAIN.but("domain", domainNameConfiguration={}),
        "takes outdated versions": _SITE.but(
            "site", viewerCertificate={"acmCertificateArn": "arn", "minimumProtocolVersion": "TLSv1.2_2019"}
        ),
        "uses CloudFront's own certificate, which takes TLS 1.0": _SITE.but(
            "site",
            viewerCertificate={
                "cloudfrontDefaultCertificate": True,
                "minimumProtocolVersion": "TLSv1.2_2021",
            },
        ),
        "does not state the least": _LISTENERS.but("https", sslPolicy=None),
        "by policy ELBSecurityPolicy-2016-08": _LISTENERS.but("https", sslPolicy="ELBSecurityPolicy-2016-08"),
    },
)
def tls_version(subject: Node) -> Iterator[str]:
    """Whatever faces callers takes TLS 1.2 or newer, and says so.

    Older versions have known weaknesses, by which what passes can be read.
    """
    if subject.kind in ("alb.Listener", "lb.Listener") and subject.inputs.text("protocol") not in (
        "HTTPS",
        "TLS",
    ):
        return
    policy = POLICIES[subject.kind]
    *steps, last = policy.path
    props = subject.inputs
    for step in steps:
        props = props.block(step)
    if subject.kind == "cloudfront.Distribution" and props.flag("cloudfrontDefaultCertificate"):
        yield "uses CloudFront's own certificate, which takes TLS 1.0"
        return
    stated = props.text(last)
    if not stated:
        yield "does not state the least version of TLS that it takes"
    elif not policy.safe.fullmatch(stated):
        yield f"takes outdated versions or ciphers of TLS, by policy {stated}"
