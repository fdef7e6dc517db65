"""DynamoDB tables: on demand, encrypted with the system's key, restorable to a second of the last 35 days."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_aws as aws

from infra.naming import Kind, Scope


@dataclass(frozen=True, kw_only=True)
class Index:
    """A global secondary index over string attributes, which projects every attribute."""

    name: str
    partition_key: str
    sort_key: str


@dataclass(frozen=True, kw_only=True)
class TableArgs:
    """What a system may choose about its table; all key attributes are strings."""

    scope: Scope
    purpose: str
    key_arn: pulumi.Input[str]
    partition_key: str
    sort_key: str | None = None
    indexes: Sequence[Index] = ()
    ttl_attribute: str | None = None
    stream: Literal["NEW_AND_OLD_IMAGES"] | None = None
    protect: bool = True


class Table(pulumi.ComponentResource):
    """A table and its Contributor Insights, which name the keys behind a throttle."""

    def __init__(self, name: str, args: TableArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("guardrails:blocks:Table", name, {}, opts)
        scope = args.scope
        self.table = aws.dynamodb.Table(
            name,
            name=scope.name(Kind.TABLE, args.purpose),
            billing_mode="PAY_PER_REQUEST",
            hash_key=args.partition_key,
            range_key=args.sort_key,
            attributes=[aws.dynamodb.TableAttributeArgs(name=key, type="S") for key in key_attributes(args)],
            global_secondary_indexes=[_index(index) for index in args.indexes],
            server_side_encryption=aws.dynamodb.TableServerSideEncryptionArgs(
                enabled=True, kms_key_arn=args.key_arn
            ),
            point_in_time_recovery=aws.dynamodb.TablePointInTimeRecoveryArgs(enabled=True),
            ttl=_ttl(args.ttl_attribute),
            stream_enabled=args.stream is not None,
            stream_view_type=args.stream,
            deletion_protection_enabled=args.protect,
            tags=scope.tags,
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect, delete_before_replace=True),
        )
        self.name: pulumi.Output[str] = self.table.name
        self.arn = self.name.apply(scope.table_arn)
        aws.dynamodb.ContributorInsights(
            name, table_name=self.name, opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True)
        )
        self.register_outputs({"tableName": self.name, "tableArn": self.arn})


def key_attributes(args: TableArgs) -> list[str]:
    """Return each attribute that is a key of the table or of an index, once and sorted."""
    keys = {args.partition_key, args.sort_key}
    for index in args.indexes:
        keys |= {index.partition_key, index.sort_key}
    return sorted(key for key in keys if key is not None)


def _index(index: Index) -> aws.dynamodb.TableGlobalSecondaryIndexArgs:
    key = aws.dynamodb.TableGlobalSecondaryIndexKeySchemaArgs
    return aws.dynamodb.TableGlobalSecondaryIndexArgs(
        name=index.name,
        key_schemas=[
            key(attribute_name=index.partition_key, key_type="HASH"),
            key(attribute_name=index.sort_key, key_type="RANGE"),
        ],
        projection_type="ALL",
    )


def _ttl(attribute: str | None) -> aws.dynamodb.TableTtlArgs | None:
    return (
        aws.dynamodb.TableTtlArgs(enabled=True, attribute_name=attribute) if attribute is not None else None
    )
