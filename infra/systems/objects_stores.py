"""What the system `objects` keeps data in: three buckets and two tables."""

from dataclasses import dataclass

import pulumi

from infra.blocks.access_log_bucket import AccessLogBucket, AccessLogBucketArgs
from infra.blocks.bucket import Bucket, BucketArgs, StatementsOf
from infra.blocks.life_cycle import LifeCycle
from infra.blocks.table import Index, Table, TableArgs
from infra.naming import Scope
from infra.sections import ObjectsSettings

DAY_INDEX = "byProcessedDay"


@dataclass(frozen=True, kw_only=True)
class Stores:
    """The buckets and tables that the functions work on."""

    intake: Bucket
    quarantine: Bucket
    records: Table
    idempotency: Table


@dataclass(frozen=True, kw_only=True)
class StoresArgs:
    """What the stores are built from; the policies say who reads and writes the two buckets."""

    scope: Scope
    settings: ObjectsSettings
    key_arn: pulumi.Output[str]
    protect: bool
    intake_policy: StatementsOf
    quarantine_policy: StatementsOf


def build_stores(name: str, args: StoresArgs, opts: pulumi.ResourceOptions) -> Stores:
    """Create the stores of the system *name*."""
    days = args.settings
    access_logs = _access_logs(name, args, opts)
    intake = LifeCycle(
        expire_days=days.expire_days,
        noncurrent_days=days.noncurrent_days,
        infrequent_access_days=days.infrequent_access_days,
        archive_days=days.archive_days,
    )
    quarantine = LifeCycle(expire_days=days.quarantine_days, noncurrent_days=days.noncurrent_days)

    def bucket(purpose: str, life_cycle: LifeCycle, policy: StatementsOf) -> Bucket:
        bucket_args = BucketArgs(
            scope=args.scope,
            purpose=purpose,
            key_arn=args.key_arn,
            access_logs=access_logs,
            life_cycle=life_cycle,
            policy=policy,
            protect=args.protect,
        )
        return Bucket(f"{name}-{purpose}", bucket_args, opts)

    return Stores(
        intake=bucket("intake", intake, args.intake_policy),
        quarantine=bucket("quarantine", quarantine, args.quarantine_policy),
        records=_records(name, args, opts),
        idempotency=_idempotency(name, args, opts),
    )


def _access_logs(name: str, args: StoresArgs, opts: pulumi.ResourceOptions) -> AccessLogBucket:
    days = args.settings
    logs = AccessLogBucketArgs(
        scope=args.scope,
        purpose="logs",
        sources=["intake", "quarantine"],
        life_cycle=LifeCycle(expire_days=days.access_log_days, noncurrent_days=days.noncurrent_days),
        protect=args.protect,
    )
    return AccessLogBucket(f"{name}-logs", logs, opts)


def _records(name: str, args: StoresArgs, opts: pulumi.ResourceOptions) -> Table:
    records = TableArgs(
        scope=args.scope,
        purpose="records",
        key_arn=args.key_arn,
        partition_key="objectId",
        sort_key="versionId",
        # The day alone would be one hot partition; it is spread over shards.
        indexes=[Index(name=DAY_INDEX, partition_key="dayShard", sort_key="processedAt")],
        protect=args.protect,
    )
    return Table(f"{name}-records", records, opts)


def _idempotency(name: str, args: StoresArgs, opts: pulumi.ResourceOptions) -> Table:
    idempotency = TableArgs(
        scope=args.scope,
        purpose="idempotency",
        key_arn=args.key_arn,
        partition_key="id",
        ttl_attribute="expiration",
        protect=args.protect,
    )
    return Table(f"{name}-idempotency", idempotency, opts)
