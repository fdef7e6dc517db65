"""S3 copies: a read of the source and a write of the destination, each with its tags."""

from typing import Any
from urllib.parse import parse_qsl, unquote

from local.permissions.actions.objects import READ, WRITE, bucket_arn, key_use, on_object, write_object
from local.permissions.calls import Call, Check, ObjectVersion


def copy_object(call: Call) -> list[Check]:
    """Return what CopyObject needs; tags that are copied need both tagging permissions."""
    source = copy_source(call.parameters["CopySource"])
    if call.parameters.get("TaggingDirective", "COPY") == "REPLACE":
        tags = dict(parse_qsl(call.parameters.get("Tagging", ""), keep_blank_values=True))
        return [_read(source), *write_object(call, WRITE, tags)]
    resource = f"{bucket_arn(call.parameters['Bucket'])}/{call.parameters['Key']}"
    return [
        _read(source),
        Check(
            action=_versioned("s3:Get{}Tagging", source),
            resource=_arn(source),
            context=_context(source),
            tags_of=source,
            only_if_tagged=True,
        ),
        *write_object(call, WRITE, {}),
        Check(action="s3:PutObjectTagging", resource=resource, tags_of=source, only_if_tagged=True),
    ]


def upload_part_copy(call: Call) -> list[Check]:
    """Return what UploadPartCopy needs."""
    source = copy_source(call.parameters["CopySource"])
    return [_read(source), on_object(call, "s3:PutObject", keys=(*READ, *WRITE))]


def copy_source(source: str | dict[str, Any]) -> ObjectVersion:
    """Read a CopySource: a mapping, or `bucket/key?versionId=…` in URL encoding."""
    if not isinstance(source, str):
        return ObjectVersion(bucket=source["Bucket"], key=source["Key"], version=source.get("VersionId"))
    path, _, version = source.removeprefix("/").partition("?versionId=")
    bucket, _, key = path.partition("/")
    return ObjectVersion(bucket=bucket, key=unquote(key), version=version or None)


def _read(source: ObjectVersion) -> Check:
    return Check(
        action=_versioned("s3:Get{}", source),
        resource=_arn(source),
        context=_context(source),
        tags_of=source,
        key_use=key_use(source.bucket, source.key, READ),
    )


def _versioned(template: str, source: ObjectVersion) -> str:
    return template.format("ObjectVersion" if source.version else "Object")


def _arn(source: ObjectVersion) -> str:
    return f"{bucket_arn(source.bucket)}/{source.key}"


def _context(source: ObjectVersion) -> dict[str, str]:
    return {"s3:VersionId": source.version} if source.version else {}
