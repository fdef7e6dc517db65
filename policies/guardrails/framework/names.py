"""How AWS names what it deploys: enough to tell that a name, URL or ARN means a given resource.

Physical names are often known in a first preview where ARNs and ids are not, and ARNs are made of names.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, kw_only=True)
class Naming:
    """Where a kind's physical name stands in its properties and in its ARN."""

    name: str = "name"
    service: str
    prefix: str = ""


NAMINGS: Final[Mapping[str, Naming]] = {
    "apigateway.RestApi": Naming(service="apigateway"),
    "cloudwatch.EventRule": Naming(service="events", prefix="rule/"),
    "cloudwatch.LogGroup": Naming(service="logs", prefix="log-group:"),
    "dynamodb.Table": Naming(service="dynamodb", prefix="table/"),
    "iam.Policy": Naming(service="iam", prefix="policy/"),
    "iam.Role": Naming(service="iam", prefix="role/"),
    "kms.Alias": Naming(service="kms"),
    "lambda.Function": Naming(service="lambda", prefix="function:"),
    "s3.Bucket": Naming(name="bucket", service="s3"),
    "sns.Topic": Naming(service="sns"),
    "sqs.Queue": Naming(service="sqs"),
}

PART_OF: Final[Mapping[str, tuple[str, str]]] = {
    **dict.fromkeys(
        (
            *("s3.BucketAcl", "s3.BucketCorsConfiguration", "s3.BucketLifecycleConfiguration"),
            *("s3.BucketLogging", "s3.BucketNotification", "s3.BucketOwnershipControls", "s3.BucketPolicy"),
            *("s3.BucketPublicAccessBlock", "s3.BucketServerSideEncryptionConfiguration"),
            "s3.BucketVersioning",
        ),
        ("bucket", "s3.Bucket"),
    ),
    "kms.KeyPolicy": ("keyId", "kms.Key"),
    "sns.TopicPolicy": ("arn", "sns.Topic"),
    "sqs.QueuePolicy": ("queueUrl", "sqs.Queue"),
    "sqs.RedrivePolicy": ("queueUrl", "sqs.Queue"),
}
"""Kinds that set one thing of a resource, the property that names it, and its kind."""


def kind_of(token: str) -> str:
    """Return the short kind of an AWS type token, `s3.Bucket`; other tokens stay as they are.

    The `V2` types of pulumi-aws 6, still in old states, are the same resources.
    """
    parts = token.split(":")
    if len(parts) != 3 or parts[0] != "aws" or "/" not in parts[1]:
        return token
    module, name = parts[1].split("/")[0], parts[2]
    return f"{module}.{name.removesuffix('V2') if module == 's3' else name}"


def token_of(kind: str) -> str:
    """Return the type token of a kind: `s3.Bucket` is `aws:s3/bucket:Bucket`; others are tokens already."""
    if ":" in kind:
        return kind
    module, name = kind.split(".")
    return f"aws:{module}/{name[0].lower()}{name[1:]}:{name}"


def service_of(arn: str) -> str | None:
    """Return the service that an ARN is of, None if *arn* is none."""
    parts = arn.split(":", 5)
    return parts[2] if len(parts) == 6 and parts[0] == "arn" else None


def region_of(arn: str) -> str:
    """Return the region that an ARN is in, empty if it names none or *arn* is no ARN."""
    return arn.split(":", 5)[3] if service_of(arn) else ""


def name_in(reference: str, kind: str) -> str | None:
    """Return the physical name that *reference* would mean if it meant a resource of *kind*.

    None if it is an ARN of something else.
    """
    naming = NAMINGS[kind]
    service = service_of(reference)
    if service is None:
        return _bare_name(reference, kind)
    resource = reference.split(":", 5)[5]
    if service != naming.service or not resource.startswith(naming.prefix):
        return None
    return _without_parts(resource.removeprefix(naming.prefix), kind)


def _bare_name(reference: str, kind: str) -> str:
    if kind == "sqs.Queue" and reference.startswith("https://"):
        return reference.rsplit("/", 1)[-1]
    if kind == "lambda.Function":
        return reference.split("function:")[-1].split(":")[0]
    return reference


def _without_parts(resource: str, kind: str) -> str:
    """Cut off what follows the name: a version, a stream, an index, log streams; or the path before it."""
    if kind in ("lambda.Function", "cloudwatch.LogGroup"):
        return resource.split(":")[0]
    if kind == "dynamodb.Table":
        return resource.split("/")[0]
    if kind in ("iam.Role", "iam.Policy", "cloudwatch.EventRule"):
        return resource.rsplit("/", 1)[-1]
    return resource
