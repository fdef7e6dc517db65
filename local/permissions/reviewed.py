"""Parts of deployed policies that no call on the local stack can need, each with its reason.

An entry that is needed after all is an error, too, so that this table only shrinks.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

PLAN: Final = (
    "AWS asks it of the role of every plan (GuardDuty User Guide, Create or update IAM role policy), but "
    "only objects without versions need it, and the bucket keeps versions"
)
PLAN_ENDS: Final = "the plan's own rule is taken down when the plan is destroyed, and its role right after it"

REVIEWED: Final = (
    ("action s3:GetObjectTagging in statement 'TagObjects' of inline policy 'scan' of *", PLAN),
    ("action s3:PutObjectTagging in statement 'TagObjects' of inline policy 'scan' of *", PLAN),
    ("action s3:GetObject in statement 'ReadObjects' of inline policy 'scan' of *", PLAN),
    ("action events:DeleteRule in statement 'ManageOwnRule' of inline policy 'scan' of *", PLAN_ENDS),
    ("action events:RemoveTargets in statement 'ManageOwnRule' of inline policy 'scan' of *", PLAN_ENDS),
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
