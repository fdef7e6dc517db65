"""Which resources an ARN with wildcards reaches."""

import re
from typing import Final

from guardrails.framework.actions import has_wildcard

RULES_OF_AWS: Final = ("rule/DO-NOT-DELETE-AmazonGuardDutyMalwareProtectionS3*",)
"""Names that AWS alone completes: GuardDuty's managed rule for malware protection of S3."""

_NAME_COMES_FIRST: Final = {"execute-api", "s3", "sns", "sqs"}
"""Services whose ARNs begin with the name; the others put the type before it, `table/NAME`."""

_NAMES_WITH_SLASHES: Final = {"logs", "secretsmanager"}
"""Services whose names hold slashes, so that nothing but a colon ends them."""

_NOTHING_BENEATH: Final = {"iam", "kms"}
"""Services whose resources hold no others: what stands before a slash is a path, no name."""

_COMPLETED_BY_AWS: Final = "-??????"
"""What Secrets Manager puts after a secret's name."""


def reaches_unnamed(arn: str) -> bool:
    """Tell whether an ARN has a wildcard that does not stand beneath a named resource."""
    if not has_wildcard(arn):
        return False
    parts = arn.split(":", 5)
    if len(parts) < 6 or has_wildcard(":".join(parts[:5])):
        return True
    service, path = parts[2], parts[5].removesuffix(_COMPLETED_BY_AWS).removeprefix("/")
    if path in RULES_OF_AWS:
        return False
    if service in _NOTHING_BENEATH:
        return has_wildcard(path)
    typed = service not in _NAME_COMES_FIRST or (service == "s3" and parts[4])  # an access point has a type
    segments = re.split(":" if service in _NAMES_WITH_SLASHES else "[/:]", path)
    return any(map(has_wildcard, segments[: 2 if typed else 1]))
