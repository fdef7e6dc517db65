"""GuardDuty: malware protection plans of buckets."""

from collections.abc import Iterator

from local.provider.refusals.constraints import length, of_model
from local.provider.refusals.principals import trusts
from local.provider.refusals.registry import at_deploy, constrain
from local.provider.refusals.s3_buckets import BUCKETS
from local.provider.refusals.situation import Situation

PLAN = "aws:guardduty/malwareProtectionPlan:MalwareProtectionPlan"
CREATE = "CreateMalwareProtectionPlan - Amazon GuardDuty API Reference"
ROLE_PAGE = "Create or update IAM role policy for Malware Protection for S3"
SERVICE = "malware-protection-plan.guardduty.amazonaws.com"

constrain(
    PLAN,
    "CreateMalwareProtectionPlan",
    error="BadRequestException",
    page=CREATE,
    inputs={
        "role": of_model("lambda", "RoleArn"),
        "protectedResource.s3Bucket.bucketName": length(3, 63),
        "protectedResource.s3Bucket.objectPrefixes": length(0, 5, "prefixes"),
        "actions[].taggings[].status": of_model("guardduty", "MalwareProtectionPlanTaggingActionStatus"),
    },
)


def _bucket(situation: Situation) -> str:
    return str(situation.inputs["protectedResource"]["s3Bucket"]["bucketName"])


@at_deploy(PLAN, error="ResourceNotFoundException", operation="CreateMalwareProtectionPlan", page=CREATE)
def bucket_of_the_plan(situation: Situation) -> Iterator[str]:
    """The bucket of a plan exists, in the plan's own region."""
    name = _bucket(situation)
    known = next((one for one in situation.of_type(*BUCKETS) if one.get("bucket") == name), None)
    if known and known.get("bucketRegion", situation.region) != situation.region:
        yield (
            f"The request was rejected because bucket {name} is in {known['bucketRegion']}, not "
            f"{situation.region}."
        )
    elif not known:
        s3 = situation.client("s3")
        try:
            s3.head_bucket(Bucket=name)
        except s3.exceptions.ClientError:
            yield f"The request was rejected because bucket {name} does not exist."


@at_deploy(PLAN, error="BadRequestException", operation="CreateMalwareProtectionPlan", page=ROLE_PAGE)
def role_of_the_plan(situation: Situation) -> Iterator[str]:
    """The role of a plan exists and lets the service assume it."""
    if not trusts(situation.inputs["role"], SERVICE, situation):
        yield "The request was rejected because the provided role can't be assumed by the service."


@at_deploy(PLAN, error="ConflictException", operation="CreateMalwareProtectionPlan", page=CREATE)
def one_plan_of_a_bucket(situation: Situation) -> Iterator[str]:
    """A bucket has one plan."""
    name = _bucket(situation)
    for other in situation.of_type(PLAN):
        if situation.creates and other["protectedResource"]["s3Bucket"]["bucketName"] == name:
            yield f"The request was rejected because bucket {name} already has a malware protection plan."
