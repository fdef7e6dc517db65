"""The part of a guarded bucket's policy that keeps objects shut until the malware scan found them clean."""

from collections.abc import Sequence
from typing import Final

import pulumi

from infra.permissions import Statement, deny

SCAN_TAG: Final = "GuardDutyMalwareScanStatus"
CLEAN: Final = "NO_THREATS_FOUND"
READS: Final = ("s3:GetObject", "s3:GetObjectVersion")


def clean_only(
    objects_arn: pulumi.Input[str],
    *,
    readers: Sequence[pulumi.Input[str]],
    exempt: Sequence[pulumi.Input[str]],
    scanner: pulumi.Input[str],
) -> list[Statement]:
    """Return the statements that keep a guarded bucket's objects shut until they are found clean.

    Parameters
    ----------
    objects_arn
        The ARN of the objects.
    readers
        ARNs of all roles that may read at all.
    exempt
        Those among them that may read what is not tagged clean. Exemption is by `aws:PrincipalArn` and not by
        NotPrincipal, which would deny the exempt role's sessions.
    scanner
        The role that alone sets the tag.

    Notes
    -----
    Only reads are denied: denying `s3:Get*` would also stop replication and who reads the tag.
    StringNotEquals holds for an absent tag, so that an object that was not yet scanned is denied too.
    A copy with TaggingDirective=COPY brings the tags of its source, clean or not, without naming any in the
    request: whoever sets tags names them, or is the scanner.
    """
    sets_tags = ("s3:PutObjectTagging", "s3:PutObjectVersionTagging")
    not_scanner = {"aws:PrincipalArn": scanner}
    return [
        deny(
            *READS,
            on=objects_arn,
            sid="CleanOnly",
            when={
                "StringNotEquals": {f"s3:ExistingObjectTag/{SCAN_TAG}": CLEAN},
                "ArnNotEquals": {"aws:PrincipalArn": list(exempt)},
            },
        ),
        deny(
            *READS,
            on=objects_arn,
            sid="NamedReadersOnly",
            when={"ArnNotEquals": {"aws:PrincipalArn": list(readers)}},
        ),
        deny(
            *sets_tags,
            on=objects_arn,
            sid="OnlyScannerTags",
            when={
                "ForAnyValue:StringEquals": {"s3:RequestObjectTagKeys": [SCAN_TAG]},
                "ArnNotEquals": not_scanner,
            },
        ),
        deny(
            *sets_tags,
            on=objects_arn,
            sid="OnlyScannerTagsUnnamed",
            when={"Null": {"s3:RequestObjectTagKeys": "true"}, "ArnNotEquals": not_scanner},
        ),
    ]
