"""Permissions on one S3 object, and the key with which S3 encrypts it."""

from collections.abc import Mapping

from local.permissions.calls import Call, Check, KeyUse, ObjectVersion
from local.permissions.errors import UnknownOperationError
from local.permissions.keys import Values

READ = ("kms:Decrypt",)
WRITE = ("kms:GenerateDataKey",)

_HEADERS = {
    "ACL": "s3:x-amz-acl",
    "CopySource": "s3:x-amz-copy-source",
    "MetadataDirective": "s3:x-amz-metadata-directive",
    "ServerSideEncryption": "s3:x-amz-server-side-encryption",
    "SSEKMSKeyId": "s3:x-amz-server-side-encryption-aws-kms-key-id",
    "StorageClass": "s3:x-amz-storage-class",
}
_LOCKS = {
    "ACL": "s3:PutObjectAcl",
    "ObjectLockMode": "s3:PutObjectRetention",
    "ObjectLockLegalHoldStatus": "s3:PutObjectLegalHold",
}


def bucket_arn(bucket: str) -> str:
    """Return the ARN of a bucket given by its name.

    Raises
    ------
    UnknownOperationError
        The bucket is addressed through an access point, which has a policy of its own.
    """
    if ":" in bucket:
        raise UnknownOperationError(f"s3: access point {bucket!r} cannot be judged; use the bucket's name")
    return f"arn:aws:s3:::{bucket}"


def versioned(template: str, call: Call) -> str:
    """Return the action for the object, or for the version where the call names one."""
    return template.format("ObjectVersion" if call.parameters.get("VersionId") else "Object")


def request_tags(tags: Mapping[str, str]) -> dict[str, Values]:
    """Return the context of a request that sets *tags*."""
    context: dict[str, Values] = {f"s3:RequestObjectTag/{key}": value for key, value in tags.items()}
    return {**context, "s3:RequestObjectTagKeys": tuple(tags)}


def key_use(bucket: str, key: str, actions: tuple[str, ...], chosen: str | None = None) -> KeyUse | None:
    """Return what S3 does with the key behind an object, None if it does nothing with one.

    The encryption context given here is the object's ARN; with an S3 bucket key S3 gives the bucket's.
    """
    if not actions:
        return None
    holder = bucket_arn(bucket)
    return KeyUse(
        holder=holder,
        via="s3",
        actions=actions,
        key=chosen,
        encryption_context={"aws:s3:arn": f"{holder}/{key}"},
    )


def on_object(
    call: Call,
    action: str,
    context: Mapping[str, Values] | None = None,
    *,
    tagged: bool = False,
    keys: tuple[str, ...] = (),
) -> Check:
    """Return the permission for *action* on the object that *call* names."""
    bucket, key, version = (call.parameters.get(name) for name in ("Bucket", "Key", "VersionId"))
    own: dict[str, Values] = {"s3:VersionId": version} if version else {}
    return Check(
        action=action,
        resource=f"{bucket_arn(str(bucket))}/{key}",
        context={**own, **(context or {})},
        tags_of=ObjectVersion(bucket=str(bucket), key=str(key), version=version) if tagged else None,
        key_use=key_use(str(bucket), str(key), keys),
    )


def write_object(call: Call, keys: tuple[str, ...], tags: Mapping[str, str]) -> list[Check]:
    """Return what writing an object needs: the write, and what comes with its tags, ACL, lock and key."""
    given = call.parameters
    headers: dict[str, Values] = {
        name: str(given[field]) for field, name in _HEADERS.items() if field in given
    }
    context = {**headers, **(request_tags(tags) if tags else {})}
    use = None
    if given.get("ServerSideEncryption") != "AES256":
        use = key_use(given["Bucket"], given["Key"], keys, given.get("SSEKMSKeyId"))
    resource = f"{bucket_arn(given['Bucket'])}/{given['Key']}"
    extra = ["s3:PutObjectTagging"] if tags else []
    extra += [action for field, action in _LOCKS.items() if field in given]
    return [
        Check(action="s3:PutObject", resource=resource, context=context, key_use=use),
        *(Check(action=action, resource=resource, context=context) for action in extra),
    ]
