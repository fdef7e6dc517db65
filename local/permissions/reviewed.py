"""Parts of deployed policies that no call on the local stack can need, each with its reason.

An entry that is needed after all is an error, too, so that this table only shrinks.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

SCANNER: Final = "the local scanner does not act with the role of its plan yet"
SERVICES: Final = "alarms, log groups and access logs are deployed, but deliver nothing here yet"
ACCOUNT: Final = "calls of who deploys and operates are not judged here yet"

REVIEWED: Final = (
    ("* of trust policy of role '*-scan-*'", SCANNER),
    ("* of inline policy 'scan' of role '*-scan-*'", SCANNER),
    (
        "value *-scan-* of ArnNotEquals aws:PrincipalArn in statement 'CleanOnly' of bucket policy of *",
        SCANNER,
    ),
    ("value *-scan-* of ArnNotEquals aws:PrincipalArn in statement 'NamedReadersOnly' of bucket *", SCANNER),
    ("statement 'Scanner' of key policy of *", SCANNER),
    ("statement 'AccessLogDelivery' of bucket policy of *", SERVICES),
    ("statement 'Alarms' of topic policy of *", SERVICES),
    ("statement 'Alarms' of key policy of *", SERVICES),
    ("statement 'Logs' of key policy of *", SERVICES),
    ("statement 'Administration' of key policy of *", ACCOUNT),
    ("statement 'AccountThroughServices' of key policy of *", ACCOUNT),
    ("statement 'AccountGrantsForServices' of key policy of *", ACCOUNT),
)


@dataclass(frozen=True, kw_only=True)
class Review:
    """What is left of the survivors of a proof: parts nobody has reviewed, and reviews of nothing."""

    unneeded: tuple[str, ...]
    outdated: tuple[str, ...]


def review(survivors: Iterable[str], reviewed: Iterable[tuple[str, str]] = REVIEWED) -> Review:
    """Compare the survivors of a full run with the table."""
    left, patterns = list(survivors), [pattern for pattern, _ in reviewed]
    return Review(
        unneeded=tuple(one for one in left if not any(fnmatchcase(one, pattern) for pattern in patterns)),
        outdated=tuple(pattern for pattern in patterns if not any(fnmatchcase(one, pattern) for one in left)),
    )
