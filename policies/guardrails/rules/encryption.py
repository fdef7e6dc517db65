"""Rules on encryption with customer-managed keys."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from guardrails.framework.buckets import encryption_rules, takes_access_logs
from guardrails.framework.examples import UNKNOWN, resource, stack
from guardrails.framework.graph import Graph
from guardrails.framework.joins import key_behind
from guardrails.framework.names import service_of
from guardrails.framework.node import Node
from guardrails.framework.rule import Severity, stack_rule

_KEY: Final = resource("kms.Key", "key", enableKeyRotation=True)
_BUCKET: Final = resource("s3.Bucket", "media", bucket="shop-media-dev")
_QUEUE: Final = resource("sqs.Queue", "work", sources={"kmsMasterKeyId": ("key",)}, kmsMasterKeyId=UNKNOWN)
_LURED: Final = resource("sqs.Queue", "lured", sources={"kmsMasterKeyId": ("work",)}, kmsMasterKeyId=UNKNOWN)

_BY_KEY: Final = stack(
    _KEY,
    resource(
        "kms.Alias", "alias", sources={"targetKeyId": ("key",)}, name="alias/shop-dev", targetKeyId=UNKNOWN
    ),
    _QUEUE,
    resource("sns.Topic", "alerts", kmsMasterKeyId="alias/shop-dev"),
    resource(
        "dynamodb.Table",
        "records",
        sources={"serverSideEncryption": ("key",)},
        serverSideEncryption={"enabled": True, "kmsKeyArn": UNKNOWN},
    ),
    resource("cloudwatch.LogGroup", "logs", sources={"kmsKeyId": ("key",)}, kmsKeyId=UNKNOWN),
    resource(
        "lambda.Function",
        "worker",
        sources={"kmsKeyArn": ("key",)},
        kmsKeyArn=UNKNOWN,
        environment={"variables": {"STAGE": "dev"}},
    ),
    resource("lambda.Function", "bare"),
    resource("dynamodb.TableReplica", "abroad", sources={"kmsKeyArn": ("key",)}, kmsKeyArn=UNKNOWN),
)
_ENCRYPTED_BUCKET: Final = stack(
    _KEY,
    _BUCKET,
    resource(
        "s3.BucketServerSideEncryptionConfiguration",
        "encryption",
        sources={"rules": ("key",)},
        bucket="shop-media-dev",
        rules=[
            {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": UNKNOWN}}
        ],
    ),
)
_S3_OWN_KEY: Final = [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]
_LOG_TARGET: Final = _ENCRYPTED_BUCKET.plus(
    resource("s3.Bucket", "log", bucket="shop-logs-dev"),
    resource(
        "s3.BucketServerSideEncryptionConfiguration",
        "log-encryption",
        bucket="shop-logs-dev",
        rules=_S3_OWN_KEY,
    ),
    resource("s3.BucketLogging", "logging", bucket="shop-media-dev", targetBucket="shop-logs-dev"),
)
_DEPLOYED: Final = stack(
    resource(
        "kms.Key", "key", outputs={"arn": "arn:aws:kms:eu-west-1:111122223333:key/4f"}, enableKeyRotation=True
    ),
    resource("sqs.Queue", "work", kmsMasterKeyId="arn:aws:kms:eu-west-1:111122223333:key/4f"),
)
_REFERENCES: Final = {
    "cloudwatch.LogGroup": "kmsKeyId",
    "dynamodb.TableReplica": "kmsKeyArn",
    "lambda.Function": "kmsKeyArn",
    "sns.Topic": "kmsMasterKeyId",
    "sqs.Queue": "kmsMasterKeyId",
}


@stack_rule(
    severity=Severity.HIGH,
    findings=("CC-SEC-2", "OP-1.1", "OP-1.2", "OP-1.7", "SP-6", "IP-2.3", "UA-8.2"),
    fixes={
        "s3.Bucket": (
            "aws.s3.BucketServerSideEncryptionConfiguration(\n"
            '    "media", bucket=bucket.bucket, rules=[{\n'
            '        "bucket_key_enabled": True,\n'
            '        "apply_server_side_encryption_by_default": {\n'
            '            "sse_algorithm": "aws:kms", "kms_master_key_id": key.arn},\n'
            "    }],\n"
            ")"
        ),
        "dynamodb.Table": 'server_side_encryption={"enabled": True, "kms_key_arn": key.arn}',
        "dynamodb.TableReplica": "kms_key_arn=key_in_its_region.arn",
        "sqs.Queue": "kms_master_key_id=key.arn",
        "sns.Topic": "kms_master_key_id=key.arn",
        "cloudwatch.LogGroup": "kms_key_id=key.arn",
        "lambda.Function": "kms_key_arn=key.arn",
    },
    reads=(
        "cloudwatch.LogGroup.kmsKeyId",
        "dynamodb.Table.replicas",
        "dynamodb.Table.serverSideEncryption",
        "dynamodb.TableReplica.kmsKeyArn",
        "kms.Alias.name",
        "kms.Alias.targetKeyId",
        "kms.Key.enableKeyRotation",
        "lambda.Function.environment",
        "lambda.Function.kmsKeyArn",
        "s3.Bucket.bucket",
        "s3.Bucket.logging",
        "s3.Bucket.loggings",
        "s3.Bucket.serverSideEncryptionConfiguration",
        "s3.Bucket.serverSideEncryptionConfigurations",
        "s3.BucketLogging.bucket",
        "s3.BucketLogging.targetBucket",
        "s3.BucketServerSideEncryptionConfiguration.bucket",
        "s3.BucketServerSideEncryptionConfiguration.rules",
        "sns.Topic.kmsMasterKeyId",
        "sqs.Queue.kmsMasterKeyId",
    ),
    passes={
        "keys unknown until the update, and a function without: all come from one, or hold nothing": _BY_KEY,
        "a bucket without encryption: a resource of its own gives it the key": _ENCRYPTED_BUCKET,
        "S3's own key: to this bucket access logs are delivered, which takes no other": _LOG_TARGET,
        "an ARN as a mere text: it is that of a key of the stack": _DEPLOYED,
    },
    fails={
        "uses no customer-managed key": stack(resource("sqs.Queue", "work")),
        "uses the AWS-managed key alias/aws/sqs": stack(
            resource("sqs.Queue", "work", kmsMasterKeyId="alias/aws/sqs")
        ),
        "which is no KMS key": stack(_KEY, _QUEUE, _LURED),
        "is no KMS key": _BY_KEY.traced("records", serverSideEncryption=("alerts",)),
        "names as its key something that is none": stack(
            resource("sqs.Queue", "work", kmsMasterKeyId="arn:aws:sqs:eu-west-1:111122223333:other")
        ),
        "which does not rotate": stack(_QUEUE, resource("kms.Key", "key")),
        "which does not": stack(
            resource("kms.ExternalKey", "key"),
            resource(
                "kms.Alias",
                "alias",
                sources={"targetKeyId": ("key",)},
                name="alias/shop",
                targetKeyId=UNKNOWN,
            ),
            resource("sqs.Queue", "work", kmsMasterKeyId="alias/shop"),
        ),
        "has no explicit default encryption": _ENCRYPTED_BUCKET.without("encryption"),
        "is encrypted with S3's own key": _ENCRYPTED_BUCKET.but("encryption", rules=_S3_OWN_KEY),
    },
)
def customer_managed_keys(store: Node, graph: Graph) -> Iterator[str]:
    """Everything at rest is encrypted with customer-managed keys that rotate.

    Only such a key has a policy of one's own, an audit trail, and can be taken away from a stolen credential.
    """
    if store.kind == "s3.Bucket":
        yield from _bucket_problems(store, graph)
    elif store.kind == "dynamodb.Table":
        yield from _table_problems(store, graph)
    elif store.kind != "lambda.Function" or store.inputs.block("environment").count("variables"):
        prop = _REFERENCES[store.kind]
        yield from _key_problems(store, prop, partial(store.inputs.text, prop), graph)


def _table_problems(table: Node, graph: Graph) -> Iterator[str]:
    encryption = table.inputs.block("serverSideEncryption")
    if not encryption.flag("enabled"):
        yield "uses no customer-managed key"
    else:
        yield from _key_problems(table, "serverSideEncryption", partial(encryption.text, "kmsKeyArn"), graph)
    for replica in table.inputs.blocks("replicas"):
        for problem in _key_problems(table, "replicas", partial(replica.text, "kmsKeyArn"), graph):
            yield f"{problem} in its replica in {replica.text('regionName')}"


def _bucket_problems(bucket: Node, graph: Graph) -> Iterator[str]:
    names = ("applyServerSideEncryptionByDefault", "applyServerSideEncryptionByDefaults")
    defaults = [
        (node, prop, default)
        for node, prop, rule in encryption_rules(bucket, graph)
        for default in rule.any_blocks(*names)
        if default.has("sseAlgorithm")
    ]
    if not defaults:
        yield "has no explicit default encryption"
    for node, prop, default in defaults:
        if default.text("sseAlgorithm") in ("aws:kms", "aws:kms:dsse"):
            yield from _key_problems(node, prop, partial(default.text, "kmsMasterKeyId"), graph)
        elif not takes_access_logs(bucket, graph):  # to a bucket under SSE-KMS S3 cannot deliver them
            yield "is encrypted with S3's own key, no customer-managed one"


def _key_problems(node: Node, prop: str, read: Callable[[], str], graph: Graph) -> Iterator[str]:
    """Yield what is wrong with the key that *read* finds inside *prop*."""
    found = graph.origin(node, prop, read)
    if isinstance(found, str):
        if not found:
            yield "uses no customer-managed key"
            return
        if "alias/aws/" in found:
            yield f"uses the AWS-managed key alias/aws/{found.rsplit('/', 1)[-1]}"
            return
        if service_of(found) not in (None, "kms"):
            yield "names as its key something that is none"
            return
        named = graph.named(found, *_KINDS, near=node)
        if named is None:
            graph.elsewhere(found, "its key")
            return
        found = named
    if found.kind not in _KINDS:
        yield f"takes its key from {found}, which is no KMS key"
        return
    key = key_behind(found, graph)
    if key.kind != "kms.Key" or not key.inputs.flag("enableKeyRotation"):
        yield f"uses the key {key}, which does not rotate"


_KINDS: Final = ("kms.Key", "kms.Alias", "kms.ExternalKey", "kms.ReplicaExternalKey", "kms.ReplicaKey")
