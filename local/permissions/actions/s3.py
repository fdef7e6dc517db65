"""S3: objects and their versions, tags, listings, multipart uploads; copies live in `copies`."""

from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl

from local.permissions.actions.copies import copy_object, upload_part_copy
from local.permissions.actions.objects import (
    READ,
    WRITE,
    bucket_arn,
    on_object,
    request_tags,
    versioned,
    write_object,
)
from local.permissions.calls import Call, Check

_LIST_KEYS = {"Prefix": "s3:prefix", "Delimiter": "s3:delimiter", "MaxKeys": "s3:max-keys"}


def _get(call: Call) -> list[Check]:
    return [on_object(call, versioned("s3:Get{}", call), tagged=True, keys=READ)]


def _head(call: Call) -> list[Check]:
    # A HEAD decrypts nothing, unless it asks for the checksum, which is stored encrypted.
    keys = READ if call.parameters.get("ChecksumMode") == "ENABLED" else ()
    return [on_object(call, versioned("s3:Get{}", call), tagged=True, keys=keys)]


def _attributes(call: Call) -> list[Check]:
    return [*_get(call), on_object(call, versioned("s3:Get{}Attributes", call), tagged=True)]


def _tagging(template: str) -> Callable[[Call], list[Check]]:
    def needs(call: Call) -> list[Check]:
        tags = call.parameters.get("Tagging") or {}
        context = request_tags({tag["Key"]: tag["Value"] for tag in tags.get("TagSet", [])})
        return [on_object(call, versioned(template, call), context, tagged=True)]

    return needs


def _put(call: Call) -> list[Check]:
    tags = dict(parse_qsl(call.parameters.get("Tagging", ""), keep_blank_values=True))
    return write_object(call, WRITE, tags)


def _part(call: Call) -> list[Check]:
    # Parts are written with the upload's own data key, which has to be decrypted first.
    return [on_object(call, "s3:PutObject", keys=(*READ, *WRITE))]


def _delete(call: Call) -> list[Check]:
    return [on_object(call, versioned("s3:Delete{}", call))]


def _delete_many(call: Call) -> list[Check]:
    needs = []
    for entry in call.parameters["Delete"]["Objects"]:
        one = Call(
            service=call.service,
            operation="DeleteObject",
            parameters={**entry, "Bucket": call.parameters["Bucket"]},
            account=call.account,
            region=call.region,
        )
        needs += _delete(one)
    return needs


def _plain_object(action: str) -> Callable[[Call], list[Check]]:
    return lambda call: [on_object(call, action)]


def _bucket(action: str) -> Callable[[Call], list[Check]]:
    def needs(call: Call) -> list[Check]:
        given = call.parameters
        context = {key: str(given[name]) for name, key in _LIST_KEYS.items() if name in given}
        return [Check(action=action, resource=bucket_arn(given["Bucket"]), context=context)]

    return needs


OPERATIONS: Mapping[str, Callable[[Call], list[Check]]] = {
    "GetObject": _get,
    "HeadObject": _head,
    "GetObjectAttributes": _attributes,
    "GetObjectTagging": _tagging("s3:Get{}Tagging"),
    "PutObjectTagging": _tagging("s3:Put{}Tagging"),
    "DeleteObjectTagging": _tagging("s3:Delete{}Tagging"),
    "PutObject": _put,
    "CreateMultipartUpload": _put,
    "UploadPart": _part,
    "CompleteMultipartUpload": _part,
    "AbortMultipartUpload": _plain_object("s3:AbortMultipartUpload"),
    "ListParts": _plain_object("s3:ListMultipartUploadParts"),
    "CopyObject": copy_object,
    "UploadPartCopy": upload_part_copy,
    "DeleteObject": _delete,
    "DeleteObjects": _delete_many,
    "HeadBucket": _bucket("s3:ListBucket"),
    "ListObjects": _bucket("s3:ListBucket"),
    "ListObjectsV2": _bucket("s3:ListBucket"),
    "ListObjectVersions": _bucket("s3:ListBucketVersions"),
    "ListMultipartUploads": _bucket("s3:ListBucketMultipartUploads"),
    "GetBucketLocation": _bucket("s3:GetBucketLocation"),
    "GetBucketNotificationConfiguration": _bucket("s3:GetBucketNotification"),
    "PutBucketNotificationConfiguration": _bucket("s3:PutBucketNotification"),
}
