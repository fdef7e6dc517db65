"""Rules on the TLS that whatever faces callers speaks."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from guardrails.framework.examples import resource, stack
from guardrails.framework.node import Node
from guardrails.framework.rule import Settings, Severity, resource_rule


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


def _raised(subject: Node, _settings: Settings) -> dict[str, Any]:
    """Set the TLS policy to one of TLS 1.2 where it is outdated or not stated.

    CloudFront's own certificate takes no other version, one on dedicated addresses none above TLS 1.0; and
    whoever chose a FIPS policy needs another of those.
    """
    props = subject.inputs
    if _is_plain(subject) or props.is_list(POLICIES[subject.kind].path[0]):
        return {}
    if subject.kind == "cloudfront.Distribution":
        certificate = props.block("viewerCertificate")
        if _is_clouds_own(subject) or certificate.text("sslSupportMethod") != "sni-only":
            return {}
    if subject.kind == "apigatewayv2.DomainName" and not props.has("domainNameConfiguration"):
        return {}
    policy, stated = POLICIES[subject.kind], _stated(subject)
    if policy.safe.fullmatch(stated) or "FIPS" in stated:
        return {}
    changes: Any = policy.best
    for step in reversed(policy.path):
        changes = {step: changes}
    return dict(changes)


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
        "apigatewayv2.DomainName": (
            "domain_name_configuration={\n"
            '    "certificate_arn": certificate.arn, "endpoint_type": "REGIONAL",\n'
            '    "security_policy": "TLS_1_2",\n'
            "}"
        ),
        "cloudfront.Distribution": (
            "viewer_certificate={\n"
            '    "acm_certificate_arn": certificate.arn, "ssl_support_method": "sni-only",\n'
            '    "minimum_protocol_version": "TLSv1.2_2021",\n'
            "}"
        ),
        "alb.Listener": 'ssl_policy="ELBSecurityPolicy-TLS13-1-2-2021-06"',
        "lb.Listener": 'ssl_policy="ELBSecurityPolicy-TLS13-1-2-2021-06"',
    },
    remedies=dict.fromkeys(POLICIES, _raised),
    reads=(
        "alb.Listener.protocol",
        "alb.Listener.sslPolicy",
        "apigateway.DomainName.securityPolicy",
        "apigatewayv2.DomainName.domainNameConfiguration",
        "cloudfront.Distribution.viewerCertificate",
        "lb.Listener.protocol",
        "lb.Listener.sslPolicy",
    ),
    passes={
        "TLS 1.2": _DOMAIN,
        "a policy by another name: it is newer": _NEWER,
        "a policy within a block: that of HTTP domains": _HTTP_DOMAIN,
        "TLSv1.2_2021, which names a year: the one whose ciphers are up to date": _SITE,
        "a listener without a policy: it speaks no TLS, and redirects": _LISTENERS,
    },
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
    if _is_plain(subject):
        return
    if _is_clouds_own(subject):
        yield "uses CloudFront's own certificate, which takes TLS 1.0"
        return
    stated = _stated(subject)
    if not stated:
        yield "does not state the least version of TLS that it takes"
    elif not POLICIES[subject.kind].safe.fullmatch(stated):
        yield f"takes outdated versions or ciphers of TLS, by policy {stated}"


def _is_plain(subject: Node) -> bool:
    """Tell whether it is a listener that speaks no TLS at all."""
    is_listener = subject.kind in ("alb.Listener", "lb.Listener")
    return is_listener and subject.inputs.text("protocol") not in ("HTTPS", "TLS")


def _is_clouds_own(subject: Node) -> bool:
    """Tell whether it is a distribution under the certificate of CloudFront itself."""
    is_site = subject.kind == "cloudfront.Distribution"
    return is_site and subject.inputs.block("viewerCertificate").flag("cloudfrontDefaultCertificate")


def _stated(subject: Node) -> str:
    """Return the TLS policy that a resource states."""
    *steps, last = POLICIES[subject.kind].path
    props = subject.inputs
    for step in steps:
        props = props.block(step)
    return props.text(last)
