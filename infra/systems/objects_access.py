"""Who may do what in the system `objects`: key use, bucket policies, and what the functions' roles allow."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from infra.blocks.bucket import Bucket
from infra.blocks.clean_only import READS, clean_only
from infra.blocks.function import log_group_name
from infra.blocks.key import logs_use, role_use, service_use
from infra.blocks.role import Role
from infra.naming import Scope
from infra.permissions import Statement, allow, deny
from infra.systems.objects_stores import Stores


@dataclass(frozen=True, kw_only=True)
class Roles:
    """Who acts in the system."""

    worker: Role
    quarantine: Role
    scanner: Role


def key_uses(scope: Scope, roles: Roles) -> list[Statement]:
    """Return who uses the system's key beside the account: each through what it works with."""
    reads = ("dynamodb", "lambda", "s3", "sqs")
    return [
        role_use("kms:Decrypt", scope=scope, sid="Worker", role_arn=roles.worker.arn, services=reads),
        role_use("kms:Decrypt", scope=scope, sid="Quarantine", role_arn=roles.quarantine.arn, services=reads),
        role_use(
            "kms:GenerateDataKey",
            scope=scope,
            sid="QuarantineWrites",
            role_arn=roles.quarantine.arn,
            services=["s3"],
        ),
        role_use(
            *("kms:Decrypt", "kms:GenerateDataKey"),
            scope=scope,
            sid="Scanner",
            role_arn=roles.scanner.arn,
            services=["s3"],
        ),
        # No source: AWS documents no aws:SourceArn for what EventBridge asks of KMS when it sends to
        # encrypted queues, and a wrong guess loses events. The queues' own policies bind the exact rules.
        service_use(scope, sid="EventRules", by="events.amazonaws.com"),
        logs_use(scope, [log_group_name(scope, purpose) for purpose in ("worker", "quarantine")]),
    ]


def intake_policy(roles: Roles, objects_arn: pulumi.Output[str]) -> Sequence[Statement]:
    """Return who reads what was taken in: the worker what is clean, scanner and quarantine anything."""
    exempt = [roles.scanner.arn, roles.quarantine.arn]
    return clean_only(
        objects_arn, readers=[roles.worker.arn, *exempt], exempt=exempt, scanner=roles.scanner.arn
    )


def quarantine_policy(roles: Roles, objects_arn: pulumi.Output[str]) -> Sequence[Statement]:
    """Return that only the quarantine fills its bucket; nobody reads there until this policy admits them."""
    return [
        deny(
            *("s3:PutObject", *READS),
            on=objects_arn,
            sid="OnlyQuarantine",
            when={"ArnNotEquals": {"aws:PrincipalArn": roles.quarantine.arn}},
        )
    ]


def worker_permissions(stores: Stores) -> list[Statement]:
    """Return what the worker does beside receiving: read clean versions, order them, record them once."""
    return [
        *_look_up(stores.intake),
        allow("s3:GetObjectVersionTagging", on=stores.intake.objects_arn, sid="ReadScanStatus"),
        *_record_once(stores),
    ]


def quarantine_permissions(stores: Stores, topic_arn: pulumi.Input[str]) -> list[Statement]:
    """Return what the quarantine does beside receiving: move infected versions, record, notify."""
    return [
        *_look_up(stores.intake),
        allow("s3:DeleteObjectVersion", on=stores.intake.objects_arn, sid="RemoveFromIntake"),
        allow(
            "s3:PutObject", "s3:PutObjectTagging", on=stores.quarantine.objects_arn, sid="KeepInQuarantine"
        ),
        *_record_once(stores),
        allow("sns:Publish", on=topic_arn, sid="Notify"),
    ]


def _look_up(intake: Bucket) -> list[Statement]:
    """Return reading a version, and listing, which tells a missing version from one that may not be read."""
    return [
        allow("s3:GetObjectVersion", on=intake.objects_arn, sid="ReadVersions"),
        allow("s3:ListBucketVersions", on=intake.arn, sid="ListVersions"),
    ]


def _record_once(stores: Stores) -> list[Statement]:
    return [
        allow("dynamodb:PutItem", on=stores.records.arn, sid="Record"),
        allow(
            *("dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:UpdateItem"),
            on=stores.idempotency.arn,
            sid="RememberWork",
        ),
    ]
