"""S3: what becomes of objects with time."""

from collections.abc import Iterator
from itertools import pairwise

from local.provider.refusals.constraints import at_least, between, length, one_of
from local.provider.refusals.places import Inputs
from local.provider.refusals.registry import Fault, at_check, constrain

LIFECYCLES = (
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2",
)
PAGE = "Transitioning objects using Amazon S3 Lifecycle"
PUT = "PutBucketLifecycleConfiguration - Amazon S3 API Reference"
_CLASSES = ("STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE")
_RARELY_READ = ("STANDARD_IA", "ONEZONE_IA")

for _token in LIFECYCLES:
    constrain(
        _token,
        "PutBucketLifecycleConfiguration",
        error="InvalidArgument",
        page=PUT,
        inputs={
            "bucket": length(1, 63),
            "rules": length(1, 1000, "rules"),
            "rules[].id": length(1, 255),
            "rules[].status": one_of("Enabled", "Disabled"),
            "rules[].expiration.days": at_least(0),
            "rules[].transitions[].days": at_least(0),
            "rules[].transitions[].storageClass": one_of(*_CLASSES),
            "rules[].noncurrentVersionExpiration.noncurrentDays": at_least(1),
            "rules[].noncurrentVersionExpiration.newerNoncurrentVersions": between(1, 100),
            "rules[].noncurrentVersionTransitions[].noncurrentDays": at_least(0),
            "rules[].noncurrentVersionTransitions[].storageClass": one_of(*_CLASSES),
            "rules[].abortIncompleteMultipartUpload.daysAfterInitiation": at_least(1),
        },
    )


@at_check(*LIFECYCLES, error="InvalidRequest", operation="PutBucketLifecycleConfiguration", page=PUT)
def lifecycle_actions(inputs: Inputs) -> Iterator[Fault]:
    """Every lifecycle rule does something, and its id stands once."""
    seen: set[str] = set()
    kinds = ("expiration", "transitions", "noncurrentVersionExpiration", "noncurrentVersionTransitions")
    for place, rule in inputs.each("rules"):
        if not any(name in rule for name in (*kinds, "abortIncompleteMultipartUpload")):
            yield place, "At least one action needs to be specified in a rule"
        if rule.get("id") in seen:
            yield (
                f"{place}.id",
                f"Rule ID must be unique. Found same ID for more than one rule: {rule.get('id')}",
            )
        seen.add(rule.get("id"))


@at_check(*LIFECYCLES, error="InvalidArgument", operation="PutBucketLifecycleConfiguration", page=PUT)
def lifecycle_expiration(inputs: Inputs) -> Iterator[Fault]:
    """Expiration is by days, by date, or of delete markers, and days are 1 or more."""
    for place, rule in inputs.each("rules"):
        if "expiration" not in rule:
            continue
        days, date = rule.get("expiration.days"), rule.get("expiration.date")
        marker = rule.get("expiration.expiredObjectDeleteMarker")
        if days is not None and days < 1 and not marker:
            yield (
                f"{place}.expiration.days",
                f"'Days' for Expiration action must be a positive integer: {days}",
            )
        if sum(map(bool, (days, date, marker))) > 1:
            yield f"{place}.expiration", "takes one of days, date and expiredObjectDeleteMarker"


@at_check(*LIFECYCLES, error="InvalidArgument", operation="PutBucketLifecycleConfiguration", page=PAGE)
def lifecycle_transitions(inputs: Inputs) -> Iterator[Fault]:
    """Transitions go to colder classes with time, to infrequent access after 30 days, before expiration."""
    for place, rule in inputs.each("rules"):
        steps = [(one.get("days"), one.get("storageClass"), at) for at, one in rule.each("transitions")]
        expires = rule.get("expiration.days")
        for days, storage, at in steps:
            if days is None:
                continue
            if storage in _RARELY_READ and days < 30:
                yield (
                    f"{place}.{at}.days",
                    (
                        "'Days' in Transition action must be greater than or equal to 30 for storageClass "
                        f"'{storage}'"
                    ),
                )
            if expires and days >= expires:
                yield (
                    f"{place}.expiration.days",
                    f"'Days' in the Expiration action must be greater than 'Days' in the Transition action: "
                    f"{expires} and {days}",
                )
        yield from _order(place, [step for step in steps if step[0] is not None])


def _order(place: str, steps: list[tuple[int, str, str]]) -> Iterator[Fault]:
    """Yield the transitions to a class that is not colder than the class before."""
    ordered = sorted(steps)
    for (earlier, warm, _), (later, cold, at) in pairwise(ordered):
        if earlier == later or _CLASSES.index(cold) <= _CLASSES.index(warm):
            yield (
                f"{place}.{at}",
                f"'Days' in the Transition action: {cold} after {later} days, {warm} after {earlier}",
            )
        elif warm in _RARELY_READ and later - earlier < 30:
            yield (
                f"{place}.{at}.days",
                f"{later} is less than 30 days after the transition to {warm} at {earlier}",
            )
