"""The KMS key behind a bucket, table, queue, topic or function, and the policy of that key."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from local.permissions.documents import Kind, Policy
from local.permissions.errors import PolicyError
from local.permissions.snapshot import Snapshot, read_document

_SSE = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"


@dataclass(frozen=True, kw_only=True)
class Key:
    """A customer-managed key with its policy."""

    arn: str
    policy: Policy


@dataclass(frozen=True, kw_only=True)
class Encryption:
    """How a resource is encrypted: key id, ARN or alias, None for a key of AWS; S3 bucket key; KMS at all."""

    key: str | None
    bucket_key: bool = False
    kms: bool = False


class Keys:
    """Finds keys in *snapshot*."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def behind(self, holder: str) -> Encryption:
        """Return how the resource with ARN *holder* is encrypted."""
        service = holder.split(":")[2]
        if service == "s3":
            return self._bucket(holder.rpartition(":")[2])
        for token, read in (
            ("aws:dynamodb/table:Table", _table_key),
            ("aws:sqs/queue:Queue", lambda one: one.get("kmsMasterKeyId")),
            ("aws:sns/topic:Topic", lambda one: one.get("kmsMasterKeyId")),
            ("aws:lambda/function:Function", lambda one: one.get("kmsKeyArn")),
            ("aws:cloudwatch/logGroup:LogGroup", lambda one: one.get("kmsKeyId")),
        ):
            for one in self._snapshot.of_type(token):
                if one["arn"] == holder:
                    return Encryption(key=read(one) or None, kms=bool(read(one)))
        return Encryption(key=None)

    def find(self, reference: str) -> Key | None:
        """Return the key that an id, ARN, alias or alias ARN names; None for AWS's own (`alias/aws/…`).

        Raises
        ------
        PolicyError
            No such key is deployed.
        """
        name = reference.split(":", 5)[-1] if reference.startswith("arn:") else reference
        if name.startswith("alias/aws/"):
            return None
        wanted = self._alias_target(name) if name.startswith("alias/") else name
        wanted = wanted.rpartition("/")[2]
        for key in self._snapshot.of_type("aws:kms/key:Key"):
            if wanted in (key["id"], key.get("keyId")):
                return Key(arn=key["arn"], policy=self._policy(key))
        raise PolicyError(f"KMS key {reference!r} is not deployed")

    def behind_for_services(self, holder: str, key: str = "") -> Key | None:
        """Return the key that a service in its own name needs for *holder*, None if none of KMS is behind it.

        A key that AWS manages is one: its policy admits principals of the account alone, and so no service.
        """
        reference = key or self.behind(holder).key
        return (self.find(reference) or _managed_by_aws(reference, holder)) if reference else None

    def all_policies(self) -> Iterator[Policy]:
        """Yield the policy of every key."""
        for key in self._snapshot.of_type("aws:kms/key:Key"):
            yield self._policy(key)

    def _bucket(self, bucket: str) -> Encryption:
        for one in self._snapshot.of_type(_SSE):
            if one["bucket"] == bucket:
                rule = one["rules"][0]
                default = rule.get("applyServerSideEncryptionByDefault") or {}
                kms = default.get("sseAlgorithm", "AES256") != "AES256"
                chosen = default.get("kmsMasterKeyId") if kms else None
                return Encryption(key=chosen or None, bucket_key=bool(rule.get("bucketKeyEnabled")), kms=kms)
        return Encryption(key=None)

    def _alias_target(self, alias: str) -> str:
        for one in self._snapshot.of_type("aws:kms/alias:Alias"):
            if one["name"] == alias:
                return str(one["targetKeyId"])
        raise PolicyError(f"KMS alias {alias!r} is not deployed")

    def _policy(self, key: Mapping[str, Any]) -> Policy:
        document = key.get("policy") or _default_policy(key["arn"])
        for one in self._snapshot.of_type("aws:kms/keyPolicy:KeyPolicy"):
            if one["keyId"] in (key["id"], key.get("keyId"), key["arn"]):
                document = one["policy"]
        aliases = [
            one["name"]
            for one in self._snapshot.of_type("aws:kms/alias:Alias")
            if one["targetKeyId"] in (key["id"], key["arn"])
        ]
        return read_document(document, f"key policy of {(aliases or [key['id']])[0]!r}", Kind.RESOURCE)


def _table_key(table: Mapping[str, Any]) -> str | None:
    encryption = table.get("serverSideEncryption") or {}
    return encryption.get("kmsKeyArn") if encryption.get("enabled") else None


def _managed_by_aws(alias: str, holder: str) -> Key:
    """Return a key `alias/aws/…` with its policy (AWS KMS Developer Guide, AWS managed keys)."""
    _, _, service, region, account, _ = holder.split(":", 5)
    through = {"kms:CallerAccount": account, "kms:ViaService": f"{service}.{region}.amazonaws.com"}
    allow = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "kms:*", "Resource": "*"}
    document = {
        "Version": "2012-10-17",
        "Statement": [{**allow, "Condition": {"StringEquals": through}}],
    }
    name = alias.rpartition(":")[2]
    return Key(
        arn=f"arn:aws:kms:{region}:{account}:{name}",
        policy=read_document(document, f"key policy of {name!r}", Kind.RESOURCE),
    )


def _default_policy(key_arn: str) -> dict[str, Any]:
    """Return what KMS gives a key that was created without a policy: identity policies decide."""
    root = f"arn:aws:iam::{key_arn.split(':')[4]}:root"
    allow = {"Effect": "Allow", "Principal": {"AWS": root}, "Action": "kms:*", "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [allow]}
