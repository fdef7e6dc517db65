"""The rules on data stores through the engine: one preview of the real program with a fault for each."""

import json
from typing import Any

import pulumi


def faulty_stores(kind: str, name: str, props: dict[str, Any]) -> dict[str, Any] | None:
    """Break one thing about each kind of store; transformations see the SDK's own names."""

    def without_readers(text: str) -> str:
        policy = json.loads(text)
        kept = [part for part in policy["Statement"] if "GetObject" not in json.dumps(part)]
        return json.dumps(policy | {"Statement": kept})

    everybody = [{"allowed_methods": ["GET"], "allowed_origins": ["*"]}]
    default = {"sse_algorithm": "aws:kms", "kms_master_key_id": "alias/sg-objects-prod"}
    rule = {
        "id": "everything",
        "status": "Enabled",
        "expiration": {"days": 2555},
        "noncurrent_version_expiration": {"noncurrent_days": 60},
    }
    capacity = {"read_capacity": 1, "write_capacity": 1}
    changes: dict[tuple[str, str], dict[str, Any]] = {
        ("Bucket", "objects-intake"): {"cors_rules": everybody},
        ("Bucket", "objects-quarantine"): {"force_destroy": True},
        ("BucketLifecycleConfiguration", "objects-intake"): {"rules": [rule]},
        ("BucketLogging", "objects-intake"): {"target_bucket": props.get("bucket")},
        ("BucketOwnershipControls", "objects-logs"): {"rule": {"object_ownership": "ObjectWriter"}},
        ("BucketServerSideEncryptionConfiguration", "objects-intake"): {
            "rules": [{"apply_server_side_encryption_by_default": default, "bucket_key_enabled": False}]
        },
        ("Table", "objects-idempotency"): {"ttl": None, "billing_mode": None} | capacity,
        ("ContributorInsights", "objects-records"): {"index_name": "byProcessedDay"},
        ("Key", "foundation"): {"is_enabled": False},
        ("Alias", "foundation"): {"target_key_id": "another"},
        ("Dashboard", "objects"): {"dashboard_name": "sg-objects"},
        ("Role", "objects-worker"): {"description": None},
    }
    if kind == "aws:s3/bucketPolicy:BucketPolicy" and name == "objects-quarantine":
        return props | {"policy": pulumi.Output.from_input(props["policy"]).apply(without_readers)}
    change = changes.get((kind.rsplit(":", 1)[-1], name)) if kind.startswith("aws:") else None
    return props | change if change else None


EXPECTED = {
    "creation-order",
    "descriptions",
    "dynamodb-access-paths",
    "dynamodb-billing-mode",
    "dynamodb-contributor-insights",
    "dynamodb-ttl",
    "kms-alias",
    "kms-key-life",
    "names",
    "s3-access-logs",
    "s3-cors",
    "s3-life-cycle",
    "bucket-named-readers",
    "s3-no-acls",
    "s3-versioning",
}


def test_a_fault_in_each_store_is_stopped_by_the_rule_on_it(previewed):
    run, report = previewed("prod", faulty_stores)

    assert run.status != 0, run.output
    assert {result.rule for result in report.blocking} == EXPECTED
    assert {result.outcome for result in report.results} == {"violation"}
