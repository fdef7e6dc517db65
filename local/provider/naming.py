"""Physical names of resources that the program leaves unnamed, as the real provider makes them up.

Facts: "Autonaming" in Pulumi's documentation (logical name, a hyphen, 7 random hexadecimal digits), and the
exceptions of pulumi-aws.
"""

import hashlib

from local.provider.schema import ResourceType
from local.provider.values import Properties

NAMES = {
    "aws:s3/bucket:Bucket": "bucket",
    "aws:s3/bucketV2:BucketV2": "bucket",
    "aws:cloudwatch/eventTarget:EventTarget": "targetId",
    "aws:lambda/permission:Permission": "statementId",
}
"""Types whose physical name is not called `name`."""

LOWER_CASE = {"aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2"}
"""Types whose names AWS takes in lower case alone."""

KEY_ALIAS = {"aws:kms/alias:Alias"}
"""Types whose name begins with alias/."""

FIFO = {"aws:sqs/queue:Queue": "fifoQueue", "aws:sns/topic:Topic": "fifoTopic"}
"""Types whose name ends in .fifo when this input is true."""


def name_property(token: str) -> str:
    """Return the input that is the physical name."""
    return NAMES.get(token, "name")


def made_up_name(
    kind: ResourceType, inputs: Properties, olds: Properties, urn: str, seed: bytes
) -> Properties:
    """Return the physical name where the program gives none: the one from before, or a new one."""
    name = name_property(kind.token)
    if name not in kind.computed & kind.inputs or inputs.get(name):
        return {}
    logical, suffix = urn.rsplit("::", 1)[1], hashlib.sha256(seed).hexdigest()[:7]
    made_up = inputs.get(f"{name}Prefix", f"{logical}-") + suffix
    if kind.token in LOWER_CASE:
        made_up = made_up.lower()
    if kind.token in KEY_ALIAS and not made_up.startswith("alias/"):
        made_up = f"alias/{made_up}"
    if inputs.get(FIFO.get(kind.token, "")) is True:
        made_up += ".fifo"
    return {name: olds.get(name) or made_up}
