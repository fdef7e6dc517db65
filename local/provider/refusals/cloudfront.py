"""CloudFront: distributions, origin access and response headers, which are kept in state alone."""

from collections.abc import Iterator

from local.provider.refusals.constraints import between, length, of_model, one_of
from local.provider.refusals.places import Inputs
from local.provider.refusals.registry import Fault, at_check, constrain

DISTRIBUTION = "aws:cloudfront/distribution:Distribution"
ACCESS_CONTROL = "aws:cloudfront/originAccessControl:OriginAccessControl"
HEADERS = "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy"
REFERENCE = "{} - Amazon CloudFront API Reference"
_BEHAVIOURS = ("defaultCacheBehavior", "orderedCacheBehaviors[]")

constrain(
    DISTRIBUTION,
    "CreateDistribution",
    error="InvalidArgument",
    page=REFERENCE.format("CreateDistribution"),
    inputs={
        "comment": length(0, 128),
        "httpVersion": one_of("http1.1", "http2", "http3", "http2and3"),
        "priceClass": of_model("cloudfront", "PriceClass"),
        "origins": length(1, 100, "origins"),
        "origins[].originId": length(1, 128),
        "origins[].domainName": length(1, 253),
        "origins[].originAccessControlId": length(1, 64),
        "origins[].connectionAttempts": between(1, 3),
        "origins[].connectionTimeout": between(1, 10),
        "restrictions.geoRestriction.restrictionType": of_model("cloudfront", "GeoRestrictionType"),
        "viewerCertificate.minimumProtocolVersion": of_model("cloudfront", "MinimumProtocolVersion"),
        "viewerCertificate.sslSupportMethod": of_model("cloudfront", "SSLSupportMethod"),
        **{
            f"{path}.viewerProtocolPolicy": of_model("cloudfront", "ViewerProtocolPolicy")
            for path in _BEHAVIOURS
        },
        **{f"{path}.allowedMethods[]": of_model("cloudfront", "Method") for path in _BEHAVIOURS},
        **{f"{path}.cachedMethods[]": one_of("GET", "HEAD", "OPTIONS") for path in _BEHAVIOURS},
    },
)
constrain(
    ACCESS_CONTROL,
    "CreateOriginAccessControl",
    error="InvalidArgument",
    page=REFERENCE.format("CreateOriginAccessControl"),
    inputs={
        "name": length(1, 64),
        "description": length(0, 256),
        "originAccessControlOriginType": of_model("cloudfront", "OriginAccessControlOriginTypes"),
        "signingBehavior": of_model("cloudfront", "OriginAccessControlSigningBehaviors"),
        "signingProtocol": of_model("cloudfront", "OriginAccessControlSigningProtocols"),
    },
)
constrain(
    HEADERS,
    "CreateResponseHeadersPolicy",
    error="InvalidArgument",
    page=REFERENCE.format("CreateResponseHeadersPolicy"),
    inputs={
        "name": length(1, 128),
        "securityHeadersConfig.frameOptions.frameOption": of_model("cloudfront", "FrameOptionsList"),
        "securityHeadersConfig.referrerPolicy.referrerPolicy": of_model("cloudfront", "ReferrerPolicyList"),
        "securityHeadersConfig.strictTransportSecurity.accessControlMaxAgeSec": between(0, 2_147_483_647),
    },
)


def _behaviours(inputs: Inputs) -> list[tuple[str, Inputs]]:
    """Return path and content of every cache behaviour, the default one first."""
    default = ("defaultCacheBehavior", inputs.part("defaultCacheBehavior"))
    return [default, *inputs.each("orderedCacheBehaviors")]


@at_check(
    DISTRIBUTION,
    error="NoSuchOrigin",
    operation="CreateDistribution",
    page=REFERENCE.format("CreateDistribution"),
)
def origins_of_behaviours(inputs: Inputs) -> Iterator[Fault]:
    """Every cache behaviour leads to an origin that the distribution has."""
    known = {one.get("originId") for _, one in inputs.each("origins")}
    known |= {one.get("originId") for _, one in inputs.each("originGroups")}
    for place, behaviour in _behaviours(inputs):
        target = behaviour.get("targetOriginId")
        if target is not None and target not in known:
            yield (
                f"{place}.targetOriginId",
                f"One or more of your origins or origin groups do not exist: {target}",
            )


@at_check(
    DISTRIBUTION,
    error="InvalidViewerCertificate",
    operation="CreateDistribution",
    page=REFERENCE.format("CreateDistribution"),
)
def certificate(inputs: Inputs) -> Iterator[Fault]:
    """A distribution has CloudFront's own certificate or another, and names of its own only with another."""
    sources = ("cloudfrontDefaultCertificate", "acmCertificateArn", "iamCertificateId")
    given = [name for name in sources if inputs.get(f"viewerCertificate.{name}")]
    if len(given) > 1:
        yield "viewerCertificate", f"has more than one of {', '.join(sources)}"
    if given == ["cloudfrontDefaultCertificate"] and inputs.get("aliases"):
        yield (
            "aliases",
            "To add an alternate domain name, you must attach a trusted certificate that covers it",
        )
    arn = inputs.get("viewerCertificate.acmCertificateArn")
    if arn and arn.split(":")[3] != "us-east-1":
        yield "viewerCertificate.acmCertificateArn", f"The certificate must be in us-east-1: {arn}"


@at_check(
    DISTRIBUTION,
    error="InvalidArgument",
    operation="CreateDistribution",
    page=REFERENCE.format("CreateDistribution"),
)
def methods_of_behaviours(inputs: Inputs) -> Iterator[Fault]:
    """Allowed methods are GET and HEAD, those with OPTIONS, or all seven; cached methods are among them."""
    sets = ({"GET", "HEAD"}, {"GET", "HEAD", "OPTIONS"})
    everything = sets[1] | {"PUT", "POST", "PATCH", "DELETE"}
    for place, behaviour in _behaviours(inputs):
        allowed = set(behaviour.get("allowedMethods") or [])
        if allowed and allowed not in (*sets, everything):
            yield (
                f"{place}.allowedMethods",
                f"{', '.join(sorted(allowed))} is no set of methods that is supported",
            )
        if extra := set(behaviour.get("cachedMethods") or []) - allowed:
            yield f"{place}.cachedMethods", f"{', '.join(sorted(extra))} is not among the allowed methods"
