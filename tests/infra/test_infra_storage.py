"""Keys, buckets and tables, one by one."""

from collections.abc import Sequence
from dataclasses import replace

import pulumi
import pytest

from infra.blocks.access_log_bucket import AccessLogBucket, AccessLogBucketArgs
from infra.blocks.bucket import Bucket, BucketArgs
from infra.blocks.clean_only import clean_only
from infra.blocks.key import Key, KeyArgs, KeyPolicy, KeyPolicyArgs, role_use
from infra.blocks.life_cycle import LifeCycle
from infra.blocks.role import Role, RoleArgs
from infra.blocks.table import Index, Table, TableArgs
from infra.naming import Scope
from infra.permissions import Statement
from tests.mocks import Deployment, deploy, statements

KEY_ARN = "arn:aws:kms:eu-central-1:123456789012:key/shop"
LOGS = "sg-shop-logs-dev-123456789012-eu-central-1"
FILES = "sg-shop-files-dev-123456789012-eu-central-1"
LIFE_CYCLE = LifeCycle(expire_days=365, noncurrent_days=30, infrequent_access_days=30, archive_days=90)


def role_arn(name: str) -> str:
    return f"arn:aws:iam::123456789012:role/{name}"


def guarded(objects_arn: pulumi.Output[str]) -> Sequence[Statement]:
    scanner, mover, reader = role_arn("scanner"), role_arn("mover"), role_arn("reader")
    return clean_only(objects_arn, readers=[reader, scanner, mover], exempt=[scanner, mover], scanner=scanner)


def buckets(scope: Scope, *, protect: bool = True) -> Deployment:
    def program() -> None:
        logs = AccessLogBucket(
            "logs",
            AccessLogBucketArgs(
                scope=scope,
                purpose="logs",
                sources=["files"],
                life_cycle=LifeCycle(expire_days=90, noncurrent_days=30),
                protect=protect,
            ),
        )
        args = BucketArgs(
            scope=scope,
            purpose="files",
            key_arn=KEY_ARN,
            access_logs=logs,
            life_cycle=LIFE_CYCLE,
            policy=guarded,
            protect=protect,
        )
        Bucket("files", args)

    return deploy(program)


@pytest.mark.finding("IP-1.1")
@pytest.mark.parametrize("name", ["files", "logs"])
def test_a_bucket_is_closed_to_the_public_in_all_four_ways(name: str, scope: Scope) -> None:
    block = buckets(scope).inputs("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", name)

    assert {key: value for key, value in block.items() if key != "bucket"} == {
        "blockPublicAcls": True,
        "blockPublicPolicy": True,
        "ignorePublicAcls": True,
        "restrictPublicBuckets": True,
    }


@pytest.mark.finding("IP-1.3")
@pytest.mark.parametrize("name", ["files", "logs"])
def test_a_bucket_has_no_acls_and_keeps_versions(name: str, scope: Scope) -> None:
    made = buckets(scope)

    controls = made.inputs("aws:s3/bucketOwnershipControls:BucketOwnershipControls", name)
    versioning = made.inputs("aws:s3/bucketVersioning:BucketVersioning", name)
    assert controls["rule"] == {"objectOwnership": "BucketOwnerEnforced"}
    assert versioning["versioningConfiguration"] == {"status": "Enabled"}


@pytest.mark.finding("CC-SEC-2", "IP-2.3")
def test_a_bucket_is_encrypted_with_the_system_key_by_way_of_a_bucket_key(scope: Scope) -> None:
    made = buckets(scope).inputs(
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration", "files"
    )

    assert made["rules"] == [
        {
            "applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": KEY_ARN},
            "bucketKeyEnabled": True,
        }
    ]


def test_the_access_log_bucket_is_encrypted_by_s3_since_logs_reach_no_other(scope: Scope) -> None:
    made = buckets(scope).inputs(
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration", "logs"
    )

    assert made["rules"] == [
        {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}, "bucketKeyEnabled": False}
    ]


@pytest.mark.finding("CC-REL-9", "IP-1.3", "UA-4.1", "CC-GOV-1")
def test_objects_move_to_cheaper_storage_and_expire_with_their_versions(scope: Scope) -> None:
    made = buckets(scope).inputs("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", "files")

    assert made["rules"] == [
        {
            "id": "everything",
            "status": "Enabled",
            "filter": {"prefix": ""},
            "transitions": [
                {"days": 30, "storageClass": "STANDARD_IA"},
                {"days": 90, "storageClass": "GLACIER_IR"},
            ],
            "expiration": {"days": 365},
            "noncurrentVersionExpiration": {"noncurrentDays": 30},
            "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7},
        }
    ]


def test_access_goes_to_the_log_bucket_which_does_not_log_itself(scope: Scope) -> None:
    (logging,) = buckets(scope).of("aws:s3/bucketLogging:BucketLogging")

    assert logging.inputs == {"bucket": FILES, "targetBucket": LOGS, "targetPrefix": "files/"}


def test_logging_starts_once_the_log_bucket_admits_it(scope: Scope) -> None:
    made = buckets(scope)

    (logging,) = made.of("aws:s3/bucketLogging:BucketLogging")

    assert made.one("aws:s3/bucketPolicy:BucketPolicy", "logs").urn in logging.dependencies


def test_the_log_bucket_admits_log_delivery_for_named_buckets_of_this_account(scope: Scope) -> None:
    delivery = buckets(scope).document("aws:s3/bucketPolicy:BucketPolicy", "logs")["AccessLogDelivery"]

    assert delivery == {
        "Sid": "AccessLogDelivery",
        "Effect": "Allow",
        "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{LOGS}/*",
        "Condition": {
            "StringEquals": {"aws:SourceAccount": "123456789012"},
            "ArnLike": {"aws:SourceArn": [f"arn:aws:s3:::{FILES}"]},
        },
    }


@pytest.mark.finding("IP-1.2")
@pytest.mark.parametrize(("name", "bucket"), [("files", FILES), ("logs", LOGS)])
def test_a_bucket_refuses_requests_without_tls(name: str, bucket: str, scope: Scope) -> None:
    assert buckets(scope).document("aws:s3/bucketPolicy:BucketPolicy", name)["TlsOnly"] == {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


@pytest.mark.finding("CC-SEC-6")
def test_nobody_reads_what_is_not_tagged_clean_but_scanner_and_quarantine(scope: Scope) -> None:
    denial = buckets(scope).document("aws:s3/bucketPolicy:BucketPolicy", "files")["CleanOnly"]

    assert denial == {
        "Sid": "CleanOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": ["s3:GetObject", "s3:GetObjectVersion"],
        "Resource": f"arn:aws:s3:::{FILES}/*",
        "Condition": {
            "StringNotEquals": {"s3:ExistingObjectTag/GuardDutyMalwareScanStatus": "NO_THREATS_FOUND"},
            "ArnNotEquals": {"aws:PrincipalArn": [role_arn("scanner"), role_arn("mover")]},
        },
    }


@pytest.mark.finding("UA-1.3")
def test_only_named_roles_read_at_all(scope: Scope) -> None:
    denial = buckets(scope).document("aws:s3/bucketPolicy:BucketPolicy", "files")["NamedReadersOnly"]

    assert denial["Effect"] == "Deny"
    assert denial["Action"] == ["s3:GetObject", "s3:GetObjectVersion"]
    assert denial["Condition"] == {
        "ArnNotEquals": {"aws:PrincipalArn": [role_arn("reader"), role_arn("scanner"), role_arn("mover")]}
    }


def test_only_the_scanner_sets_the_scan_tag(scope: Scope) -> None:
    denial = buckets(scope).document("aws:s3/bucketPolicy:BucketPolicy", "files")["OnlyScannerTags"]

    assert denial["Effect"] == "Deny"
    assert denial["Action"] == ["s3:PutObjectTagging", "s3:PutObjectVersionTagging"]
    assert denial["Condition"] == {
        "ForAnyValue:StringEquals": {"s3:RequestObjectTagKeys": ["GuardDutyMalwareScanStatus"]},
        "ArnNotEquals": {"aws:PrincipalArn": role_arn("scanner")},
    }


def test_only_the_scanner_sets_tags_that_the_request_does_not_name(scope: Scope) -> None:
    denial = buckets(scope).document("aws:s3/bucketPolicy:BucketPolicy", "files")["OnlyScannerTagsUnnamed"]

    assert denial["Effect"] == "Deny"
    assert denial["Action"] == ["s3:PutObjectTagging", "s3:PutObjectVersionTagging"]
    assert denial["Condition"] == {
        "Null": {"s3:RequestObjectTagKeys": "true"},
        "ArnNotEquals": {"aws:PrincipalArn": role_arn("scanner")},
    }


@pytest.mark.parametrize("name", ["files", "logs"])
@pytest.mark.parametrize("protect", [True, False])
def test_a_protected_bucket_is_never_emptied_by_a_destroy(name: str, protect: bool, scope: Scope) -> None:
    bucket = buckets(scope, protect=protect).one("aws:s3/bucket:Bucket", name)

    assert (bucket.protect, bucket.inputs["forceDestroy"]) == (protect, not protect)


def table(args: TableArgs) -> dict[str, object]:
    """Return the inputs of the table that the block makes."""
    inputs: dict[str, object] = deploy(lambda: Table("table", args)).inputs(
        "aws:dynamodb/table:Table", "table"
    )
    return inputs


@pytest.fixture
def table_args(scope: Scope) -> TableArgs:
    return TableArgs(
        scope=scope,
        purpose="records",
        key_arn=KEY_ARN,
        partition_key="objectId",
        sort_key="versionId",
        indexes=[Index(name="byDay", partition_key="dayShard", sort_key="processedAt")],
    )


@pytest.mark.finding("CC-REL-10")
def test_a_table_has_composite_keys_and_an_index_over_declared_attributes(table_args: TableArgs) -> None:
    made = table(table_args)

    assert (made["name"], made["hashKey"], made["rangeKey"]) == (
        "sg-shop-records-dev",
        "objectId",
        "versionId",
    )
    assert made["globalSecondaryIndexes"] == [
        {
            "name": "byDay",
            "keySchemas": [
                {"attributeName": "dayShard", "keyType": "HASH"},
                {"attributeName": "processedAt", "keyType": "RANGE"},
            ],
            "projectionType": "ALL",
        }
    ]
    assert made["attributes"] == [
        {"name": name, "type": "S"} for name in ("dayShard", "objectId", "processedAt", "versionId")
    ]


@pytest.mark.finding(
    "CC-REL-8", "CC-SEC-2", "SP-6", "SP-8", "SP-15", "OP-1.1", "OP-4.2", "OP-5.6", "IP-2.2", "UA-7.2"
)
def test_a_table_is_encrypted_restorable_and_billed_by_request(table_args: TableArgs) -> None:
    made = table(table_args)

    assert made["serverSideEncryption"] == {"enabled": True, "kmsKeyArn": KEY_ARN}
    assert made["pointInTimeRecovery"] == {"enabled": True}
    assert made["billingMode"] == "PAY_PER_REQUEST"


def test_a_table_has_neither_ttl_nor_stream_unless_asked(table_args: TableArgs) -> None:
    made = table(table_args)

    assert "ttl" not in made
    assert made["streamEnabled"] is False


def test_a_table_expires_items_and_streams_changes_where_asked(table_args: TableArgs) -> None:
    made = table(replace(table_args, ttl_attribute="expiration", stream="NEW_AND_OLD_IMAGES"))

    assert made["ttl"] == {"enabled": True, "attributeName": "expiration"}
    assert (made["streamEnabled"], made["streamViewType"]) == (True, "NEW_AND_OLD_IMAGES")


@pytest.mark.parametrize("protect", [True, False])
def test_a_protected_table_can_be_deleted_neither_by_pulumi_nor_by_hand(
    protect: bool, table_args: TableArgs
) -> None:
    made = deploy(lambda: Table("table", replace(table_args, protect=protect))).one(
        "aws:dynamodb/table:Table", "table"
    )

    assert (made.protect, made.inputs["deletionProtectionEnabled"]) == (protect, protect)


@pytest.mark.finding("OP-3.3")
def test_a_tables_hot_keys_are_named_by_contributor_insights(table_args: TableArgs) -> None:
    made = deploy(lambda: Table("table", table_args))

    insights = made.inputs("aws:dynamodb/contributorInsights:ContributorInsights", "table")

    assert insights["tableName"] == "sg-shop-records-dev"


def key_program(scope: Scope) -> Deployment:
    def program() -> None:
        key = Key("key", KeyArgs(scope=scope, description="Encrypts the shop", deletion_window_days=30))
        role = Role(
            "worker",
            RoleArgs(scope=scope, purpose="worker", description="Works", service="lambda.amazonaws.com"),
        )
        use = role_use("kms:Decrypt", scope=scope, sid="Worker", role_arn=role.arn, services=["sqs", "s3"])
        KeyPolicy(
            "key",
            KeyPolicyArgs(
                scope=scope,
                key=key,
                account_services=["s3", "dynamodb"],
                grant_services=["dynamodb"],
                uses=[use],
            ),
        )

    return deploy(program)


@pytest.mark.finding("CC-SEC-2", "OP-5.5")
def test_a_key_rotates_has_an_alias_and_is_kept_for_a_while_when_deleted(scope: Scope) -> None:
    made = key_program(scope)

    key = made.inputs("aws:kms/key:Key", "key")
    alias = made.inputs("aws:kms/alias:Alias", "key")
    assert (key["enableKeyRotation"], key["deletionWindowInDays"]) == (True, 30)
    assert (alias["name"], alias["targetKeyId"]) == ("alias/sg-shop-dev", "key-of-key")


def test_a_keys_policy_comes_after_the_roles_that_it_names(scope: Scope) -> None:
    made = key_program(scope)

    policy = made.one("aws:kms/keyPolicy:KeyPolicy", "key")

    assert made.one("aws:iam/role:Role", "worker").urn in policy.property_dependencies["policy"]


@pytest.mark.finding("OP-1.6")
def test_administrators_of_a_key_never_use_it(scope: Scope) -> None:
    administration = key_program(scope).document("aws:kms/keyPolicy:KeyPolicy", "key")["Administration"]

    uses = {"kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:CreateGrant"}
    assert administration["Principal"] == {"AWS": "arn:aws:iam::123456789012:root"}
    assert {"kms:PutKeyPolicy", "kms:DescribeKey", "kms:ScheduleKeyDeletion"} <= set(administration["Action"])
    assert uses.isdisjoint(administration["Action"])


@pytest.mark.finding("OP-1.6")
def test_the_account_uses_a_key_only_through_services(scope: Scope) -> None:
    document = key_program(scope).document("aws:kms/keyPolicy:KeyPolicy", "key")

    assert document["AccountThroughServices"]["Condition"] == {
        "StringEquals": {
            "kms:ViaService": ["dynamodb.eu-central-1.amazonaws.com", "s3.eu-central-1.amazonaws.com"],
            "kms:CallerAccount": "123456789012",
        }
    }
    assert document["AccountSetsUpServices"]["Condition"] == {
        "StringEquals": {
            "kms:ViaService": ["dynamodb.eu-central-1.amazonaws.com"],
            "kms:CallerAccount": "123456789012",
        }
    }
    assert document["AccountGrantsForServices"]["Condition"] == {
        "StringEquals": {
            "kms:ViaService": ["dynamodb.eu-central-1.amazonaws.com"],
            "kms:CallerAccount": "123456789012",
        },
        "Bool": {"kms:GrantIsForAWSResource": "true"},
    }


@pytest.mark.finding("OP-1.6")
def test_a_role_uses_a_key_only_through_its_services(scope: Scope) -> None:
    assert key_program(scope).document("aws:kms/keyPolicy:KeyPolicy", "key")["Worker"] == {
        "Sid": "Worker",
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::123456789012:role/sg-shop-worker-dev"},
        "Action": "kms:Decrypt",
        "Resource": "*",
        "Condition": {
            "StringEquals": {
                "kms:ViaService": ["s3.eu-central-1.amazonaws.com", "sqs.eu-central-1.amazonaws.com"],
                "kms:CallerAccount": "123456789012",
            }
        },
    }


def test_grants_are_allowed_only_where_a_service_works_with_them(scope: Scope) -> None:
    def program() -> None:
        key = Key("key", KeyArgs(scope=scope, description="Encrypts the shop"))
        KeyPolicy("key", KeyPolicyArgs(scope=scope, key=key, account_services=["sns"]))

    document = statements(deploy(program).inputs("aws:kms/keyPolicy:KeyPolicy", "key")["policy"])

    assert set(document) == {"Administration", "AccountThroughServices"}
    assert document["AccountThroughServices"]["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
