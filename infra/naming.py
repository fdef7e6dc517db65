"""Physical names, ARNs and tags: built in one place, known before anything is deployed.

A name is `<prefix>-<system>-<purpose>-<stack>`; a bucket's name is unique in the world and ends with account
and region. ARNs follow from names by pure functions, so that `queue.name.apply(scope.queue_arn)` is a known
string in a first preview and still carries the dependency on the queue.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from infra.errors import NameTooLongError

PROJECT: Final = "serverless-guardrails"


class Kind(Enum):
    """A kind of physical name: its label, the AWS limit, and how much of it `<system>-<purpose>` may take.

    Both limits are in characters. The second is what settings are checked against: whatever a system calls
    its resources, they fit every stack whose settings were accepted.
    """

    BUCKET = ("bucket", 63, 18)
    FUNCTION = ("function", 64, 32)
    ROLE = ("role", 64, 32)
    RULE = ("event rule", 64, 32)
    LAYER = ("layer", 64, 32)
    QUEUE = ("queue", 80, 32)
    TABLE = ("table", 255, 32)
    TOPIC = ("topic", 256, 32)
    ALIAS = ("key alias", 250, 32)
    ALARM = ("alarm", 255, 64)
    DASHBOARD = ("dashboard", 255, 32)

    def __init__(self, label: str, limit: int, share: int) -> None:
        self.label = label
        self.limit = limit
        self.share = share


def too_long(prefix: str, stack: str, region: str) -> list[str]:
    """Return, per kind of name that cannot fit, a sentence that names the limit and what is too much."""
    sentences = []
    for kind in Kind:
        suffix = f"-{'0' * 12}-{region}" if kind is Kind.BUCKET else ""
        length = len(f"{prefix}-{'x' * kind.share}-{stack}{suffix}")
        if length > kind.limit:
            sentences.append(
                f"{kind.label} names would have up to {length} characters, the limit is {kind.limit}: "
                f"shorten prefix or stack name by {length - kind.limit}"
            )
    return sentences


@dataclass(frozen=True, kw_only=True)
class Scope:
    """One system in one stack: where the names, ARNs and tags of its resources come from."""

    prefix: str
    system: str
    stack: str
    account_id: str
    region: str
    environment: str
    owner: str
    cost_center: str
    data_classification: str

    def name(self, kind: Kind, purpose: str = "") -> str:
        """Return the physical name of this system's *purpose*; without one, the system's own.

        Raises
        ------
        NameTooLongError
            `<system>-<purpose>` takes more than its share of the kind's limit.
        """
        role = f"{self.system}-{purpose}" if purpose else self.system
        if len(role) > kind.share:
            raise NameTooLongError(
                f"{role!r} has {len(role)} characters, {kind.label} names leave {kind.share} for system and "
                f"purpose (limit {kind.limit}): shorten {purpose!r}"
            )
        name = f"{self.prefix}-{role}-{self.stack}"
        return f"{name}-{self.account_id}-{self.region}" if kind is Kind.BUCKET else name

    @property
    def tags(self) -> dict[str, str]:
        """The tags of every taggable resource of this system."""
        return {
            "Project": PROJECT,
            "System": self.system,
            "Environment": self.environment,
            "Owner": self.owner,
            "CostCenter": self.cost_center,
            "DataClassification": self.data_classification,
        }

    @property
    def metrics_namespace(self) -> str:
        """The CloudWatch namespace of what the functions of this stack measure themselves."""
        return f"{self.prefix}-{self.stack}"

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of *resource* in this account and region."""
        return f"arn:aws:{service}:{self.region}:{self.account_id}:{resource}"

    def bucket_arn(self, name: str) -> str:
        """Return a bucket's ARN."""
        return f"arn:aws:s3:::{name}"

    def objects_arn(self, bucket: str) -> str:
        """Return the ARN of every object in *bucket*."""
        return f"arn:aws:s3:::{bucket}/*"

    def table_arn(self, name: str) -> str:
        """Return a table's ARN."""
        return self.arn("dynamodb", f"table/{name}")

    def queue_arn(self, name: str) -> str:
        """Return a queue's ARN."""
        return self.arn("sqs", name)

    def topic_arn(self, name: str) -> str:
        """Return a topic's ARN."""
        return self.arn("sns", name)

    def rule_arn(self, name: str) -> str:
        """Return the ARN of a rule on the default event bus."""
        return self.arn("events", f"rule/{name}")

    def log_group_arn(self, name: str) -> str:
        """Return a log group's ARN, without the `:*` that stands for its streams."""
        return self.arn("logs", f"log-group:{name}")

    def log_streams_arn(self, log_group: str) -> str:
        """Return the ARN of every stream in *log_group*."""
        return f"{self.log_group_arn(log_group)}:*"

    def alarm_arn(self, name: str) -> str:
        """Return an alarm's ARN."""
        return self.arn("cloudwatch", f"alarm:{name}")

    def role_arn(self, name: str) -> str:
        """Return a role's ARN."""
        return f"arn:aws:iam::{self.account_id}:role/{name}"

    def via(self, *services: str) -> list[str]:
        """Return the `kms:ViaService` names of *services* in this region, sorted."""
        return sorted(f"{service}.{self.region}.amazonaws.com" for service in services)
