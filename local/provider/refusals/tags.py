"""Tags, of every type that has them."""

from collections.abc import Iterator

from local.provider.refusals.places import Inputs
from local.provider.refusals.registry import Fault, at_check, at_deploy
from local.provider.refusals.situation import Situation

PAGE = "Tagging your AWS resources and Tag Editor User Guide"
LIMIT = 50


@at_check("*", error="ValidationException", operation="TagResource", page=PAGE)
def tag_keys(inputs: Inputs) -> Iterator[Fault]:
    """A tag's key has 1 to 128 characters and does not begin with `aws:`, its value has at most 256."""
    tags = inputs.raw.get("tags")
    for key, value in tags.items() if isinstance(tags, dict) else ():
        if not 1 <= len(key) <= 128:
            yield f"tags.{key}", f"the key has {len(key)} characters, 1 to 128 are allowed"
        if key.lower().startswith("aws:"):
            yield f"tags.{key}", "aws: prefixed tag key names are not allowed for external use."
        if isinstance(value, str) and len(value) > 256:
            yield f"tags.{key}", f"the value has {len(value)} characters, 256 are allowed"


@at_deploy("*", error="TooManyTagsException", operation="TagResource", page=PAGE)
def number_of_tags(situation: Situation) -> Iterator[str]:
    """A resource has at most 50 tags, with those that the provider adds by default."""
    if "tags" in situation.inputs and len(situation.tags) > LIMIT:
        yield f"The number of tags exceeds the limit of {LIMIT}: {len(situation.tags)}"
