"""S3: names of buckets, their policies and public access."""

import re
from collections.abc import Iterator
from typing import Any

from local.permissions.documents import Kind
from local.provider.refusals.constraints import length, one_of, shown
from local.provider.refusals.documents import grammar_fault, statements, texts
from local.provider.refusals.places import Inputs
from local.provider.refusals.principals import missing_principal
from local.provider.refusals.registry import Fault, at_check, at_deploy, constrain
from local.provider.refusals.situation import Situation

BUCKETS = ("aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2")
POLICY = "aws:s3/bucketPolicy:BucketPolicy"
VERSIONINGS = ("aws:s3/bucketVersioning:BucketVersioning", "aws:s3/bucketVersioningV2:BucketVersioningV2")
PUBLIC = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
OWNERSHIP = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
NAMES = "General purpose bucket naming rules"
POLICIES = "PutBucketPolicy - Amazon S3 API Reference"
_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")
_PREFIXES = ("xn--", "sthree-", "amzn-s3-demo-")
_SUFFIXES = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")
_MAX_POLICY = 20 * 1024
_NARROWING = frozenset(
    """aws:principalorgid aws:sourcearn aws:sourceaccount aws:principalarn aws:principalaccount aws:userid
    aws:sourcevpc aws:sourcevpce aws:sourceip aws:sourceowner aws:sourceorgid s3:dataaccesspointarn
    s3:dataaccesspointaccount""".split()  # noqa: SIM905 - a list would take thirteen lines
)

for _token in VERSIONINGS:
    constrain(
        _token,
        "PutBucketVersioning",
        error="MalformedXML",
        page="PutBucketVersioning - Amazon S3 API Reference",
        inputs={
            "bucket": length(1, 63),
            "versioningConfiguration.status": one_of("Enabled", "Suspended", "Disabled"),
            "versioningConfiguration.mfaDelete": one_of("Enabled", "Disabled"),
        },
    )
constrain(
    OWNERSHIP,
    "PutBucketOwnershipControls",
    error="MalformedXML",
    page="PutBucketOwnershipControls - Amazon S3 API Reference",
    inputs={
        "bucket": length(1, 63),
        "rule.objectOwnership": one_of("BucketOwnerPreferred", "ObjectWriter", "BucketOwnerEnforced"),
    },
)


@at_check(*BUCKETS, error="InvalidBucketName", operation="CreateBucket", page=NAMES)
def bucket_name(inputs: Inputs) -> Iterator[Fault]:
    """A bucket's name has 3 to 63 lower-case letters, digits, dots and hyphens, and is not reserved."""
    name = inputs.get("bucket")
    if name is None:
        return
    wrong = [
        (not re.fullmatch(r"[a-z0-9.-]{3,63}", name), "has other than 3 to 63 of a-z, 0-9, dot and hyphen"),
        (not re.fullmatch(r"[a-z0-9](.*[a-z0-9])?", name), "does not begin and end with a letter or digit"),
        (".." in name, "has two dots side by side"),
        (bool(_ADDRESS.fullmatch(name)), "has the form of an IP address"),
        (name.startswith(_PREFIXES), f"begins with a prefix that is reserved: {', '.join(_PREFIXES)}"),
        (name.endswith(_SUFFIXES), f"ends with a suffix that is reserved: {', '.join(_SUFFIXES)}"),
    ]
    for is_wrong, why in wrong:
        if is_wrong:
            yield "bucket", f"The specified bucket is not valid: {shown(name)} {why}"
            return


@at_deploy(*BUCKETS, error="BucketAlreadyOwnedByYou", operation="CreateBucket", page=NAMES)
def bucket_exists_once(situation: Situation) -> Iterator[str]:
    """A bucket's name is free, in every region and account."""
    name = situation.get("bucket")
    if situation.creates and any(one.get("bucket") == name for one in situation.of_type(*BUCKETS)):
        yield ("Your previous request to create the named bucket succeeded and you already own it.")


@at_check(POLICY, error="MalformedPolicy", operation="PutBucketPolicy", page=POLICIES)
def bucket_policy(inputs: Inputs) -> Iterator[Fault]:
    """A bucket's policy keeps to the grammar of resource policies and has at most 20 KB."""
    document = inputs.get("policy")
    if fault := grammar_fault(document, Kind.RESOURCE):
        yield "policy", f"Policies must be valid JSON and keep to their grammar: {fault}"
    elif len(str(document).encode()) > _MAX_POLICY:
        yield (
            "policy",
            f"Policy exceeds the maximum allowed document size: {len(document)} of {_MAX_POLICY} bytes",
        )


@at_check(POLICY, error="MalformedPolicy", operation="PutBucketPolicy", page=POLICIES)
def resources_of_the_bucket(inputs: Inputs) -> Iterator[Fault]:
    """A bucket's policy is about this bucket and its objects, and about actions of S3."""
    bucket, document = inputs.get("bucket"), inputs.get("policy")
    if grammar_fault(document, Kind.RESOURCE):
        return
    arn = f"arn:aws:s3:::{bucket}"
    for statement in statements(document):
        for resource in texts(statement.get("Resource") or statement.get("NotResource")):
            if resource != arn and not resource.startswith(f"{arn}/"):
                yield "policy", f"Policy has invalid resource: {resource} is not {arn} or beneath it"
        for action in texts(statement.get("Action") or statement.get("NotAction")):
            if action != "*" and not action.lower().startswith("s3:"):
                yield "policy", f"Policy has invalid action: {action}"


@at_check(POLICY, error="MalformedPolicy", operation="PutBucketPolicy", page=POLICIES)
def actions_fit_resources(inputs: Inputs) -> Iterator[Fault]:
    """An action on objects stands with a resource for objects, an action on the bucket with the bucket."""
    document = inputs.get("policy")
    if grammar_fault(document, Kind.RESOURCE):
        return
    for statement in statements(document):
        resources = texts(statement.get("Resource"))
        objects, buckets = any("/" in one for one in resources), any("/" not in one for one in resources)
        for action in texts(statement.get("Action")) if resources else ():
            on_objects = re.fullmatch(r"s3:(Get|Put|Delete|Restore)Object(Version)?(Tagging|Acl)?", action)
            on_bucket = action in ("s3:ListBucket", "s3:ListBucketVersions", "s3:GetBucketLocation")
            if (on_objects and not objects) or (on_bucket and not buckets):
                yield "policy", f"Action does not apply to any resource(s) in statement: {action}"


@at_deploy(POLICY, error="MalformedPolicy", operation="PutBucketPolicy", page=POLICIES)
def principals_of_the_bucket_policy(situation: Situation) -> Iterator[str]:
    """Every role that a bucket's policy names exists."""
    if missing_principal(situation.inputs["policy"], situation):
        yield "Invalid principal in policy"


def is_public(document: Any) -> bool:
    """Tell whether a policy admits everybody, in the sense of block public access."""
    for statement in statements(document):
        principal = statement.get("Principal")
        names = texts(principal.get("AWS")) if isinstance(principal, dict) else texts(principal)
        keys = {
            key.lower()
            for keys in statement.get("Condition", {}).values()
            for key, values in keys.items()
            if not any("*" in value for value in texts(values))
        }
        if statement.get("Effect") == "Allow" and "*" in names and not keys & _NARROWING:
            return True
    return False


@at_deploy(
    POLICY,
    error="AccessDenied",
    operation="PutBucketPolicy",
    page="Blocking public access to your Amazon S3 storage",
)
def public_policy(situation: Situation) -> Iterator[str]:
    """A policy that admits everybody is refused while the bucket blocks public policies, as new ones do."""
    bucket = situation.inputs["bucket"]
    block = situation.find(PUBLIC, bucket=bucket)
    blocked = block.get("blockPublicPolicy", False) if block else True
    if blocked and is_public(situation.inputs["policy"]):
        yield (
            f'User is not authorized to perform: s3:PutBucketPolicy on resource: "arn:aws:s3:::{bucket}" '
            "because public policies are prevented by the BlockPublicPolicy setting in S3 Block Public "
            "Access."
        )
