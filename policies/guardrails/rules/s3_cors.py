"""The rule on which sites' pages reach S3 buckets."""

from collections.abc import Iterator
from typing import Final

from guardrails.framework.examples import resource, stack
from guardrails.framework.node import Node
from guardrails.framework.rule import Severity, resource_rule

_CALLED: Final = stack(
    resource(
        "s3.BucketCorsConfiguration",
        "cors",
        bucket="shop-media-dev",
        corsRules=[
            {
                "allowedMethods": ["GET"],
                "allowedOrigins": ["https://shop.example.com"],
                "allowedHeaders": ["content-type"],
            }
        ],
    ),
    resource(
        "s3.Bucket",
        "media",
        corsRules=[{"allowedMethods": ["PUT"], "allowedOrigins": ["https://*.example.com"]}],
    ),
    resource("s3.Bucket", "silent"),
)
_BY_PREFIX: Final = _CALLED.but(
    "cors", corsRules=[{"allowedOrigins": ["https://example.com"], "allowedHeaders": ["x-amz-*"]}]
)


@resource_rule(
    severity=Severity.HIGH,
    findings=("UA-1.1",),
    fixes=dict.fromkeys(
        ("s3.Bucket", "s3.BucketCorsConfiguration"),
        'cors_rules=[{"allowed_origins": ["https://shop.example.com"], "allowed_headers": ["content-type"], '
        '"allowed_methods": ["PUT"]}]',
    ),
    reads=("s3.Bucket.corsRules", "s3.BucketCorsConfiguration.corsRules"),
    passes={
        "a wildcard in an origin: all are below one domain": _CALLED,
        "a wildcard in a header: all begin with x-amz-": _BY_PREFIX,
    },
    fails={
        "admits every origin by CORS": _CALLED.but("cors", corsRules=[{"allowedOrigins": ["*"]}]),
        "every origin by CORS": _CALLED.but("media", corsRules=[{"allowedOrigins": ["https://*"]}]),
        "admits every header by CORS": _CALLED.but(
            "cors", corsRules=[{"allowedOrigins": ["https://example.com"], "allowedHeaders": ["*"]}]
        ),
    },
)
def s3_cors(subject: Node) -> Iterator[str]:
    """CORS of a bucket names the origins and headers that it admits.

    With a wildcard any site that a user visits can read and write with what the user's browser is given.
    """
    rules = subject.inputs.blocks("corsRules")
    if any({"*", "http://*", "https://*"} & set(rule.texts("allowedOrigins")) for rule in rules):
        yield "admits every origin by CORS"
    if any("*" in rule.texts("allowedHeaders") for rule in rules):
        yield "admits every header by CORS"
