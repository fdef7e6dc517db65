"""Serves deployed REST APIs over HTTP on loopback, as API Gateway does."""

NOT_CHECKED = (
    "API Gateway: WAF rules, custom domains, mutual TLS, resource policies of APIs, caching, canaries, "
    "compression, client certificates, edge optimisation and X-Ray change no request; execution logs are "
    "not written; formats in models (`date-time`) are not checked. Plain HTTP counts as made over TLS.",
    "API Gateway: integrations other than Lambda proxies and mocks are answered 500, as are authorizers "
    "other than user pools; mapping templates in Velocity are not run: a mock answers its template as it is.",
    "API Gateway: what comes first when several things would refuse a request is not documented by AWS; here "
    "it is throttling, API keys, authorization, validation.",
)
"""For the page docs/local-stack.md."""
