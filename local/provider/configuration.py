"""What an `aws` provider resource is configured with, and what follows from that alone."""

import json
from dataclasses import dataclass
from typing import Any, Self

from local.provider.emulation import ACCOUNT
from local.provider.inputs import Problem
from local.provider.schema import ResourceType
from local.provider.secrets import Secrets
from local.provider.values import UNKNOWN, Properties, has_unknown


@dataclass(frozen=True)
class Configuration:
    """Region and default tags of one provider resource."""

    region: str
    default_tags: dict[str, str]
    secrets: Secrets
    """What of it a resource must not show: secret default tags."""

    @classmethod
    def load(cls, arguments: Properties, secrets: Secrets) -> Self:
        """Read the configuration as it arrives, where complex values are JSON text."""
        tags = (_parsed(arguments.get("defaultTags")) or {}).get("tags", {})
        hidden = any(place[0] == "defaultTags" for place in secrets.places)
        places = frozenset(("tagsAll", key) for key in tags) if hidden else frozenset()
        return cls(
            arguments["region"], tags, Secrets(places, frozenset(tags.values()) if hidden else frozenset())
        )

    def tags(self, inputs: Properties) -> Any:
        """Return a resource's own tags over the default tags, or that they are not known yet."""
        own = inputs.get("tags") or {}
        return UNKNOWN if has_unknown(own) else {**self.default_tags, **own}

    def known_outputs(self, kind: ResourceType, inputs: Properties) -> Properties:
        """Return the outputs that need no cloud, already in a preview."""
        outputs = {"tagsAll": self.tags(inputs), "region": inputs.get("region") or self.region}
        return {name: value for name, value in outputs.items() if name in kind.outputs}

    def lookups(self) -> dict[str, Properties]:
        """Return the answers to the functions that need no cloud, by token."""
        account = {"accountId": ACCOUNT, "arn": f"arn:aws:iam::{ACCOUNT}:user/local", "userId": "AIDALOCAL"}
        return {
            "aws:index/getCallerIdentity:getCallerIdentity": account | {"id": ACCOUNT},
            "aws:index/getRegion:getRegion": {"name": self.region, "region": self.region, "id": self.region},
            "aws:index/getPartition:getPartition": {
                "partition": "aws",
                "dnsSuffix": "amazonaws.com",
                "id": "aws",
            },
        }


def problems(arguments: Properties, *, deploys: bool) -> list[Problem]:
    """Return what is refused: no region, and a deployment to other accounts than the emulated one."""
    found = [] if arguments.get("region") else [Problem("region", "set aws:region in the stack's config")]
    allowed = arguments.get("allowedAccountIds")
    if deploys and allowed and not has_unknown(allowed):
        found += _account_problems(allowed)
    return found


def _account_problems(allowed: Any) -> list[Problem]:
    try:
        accounts = _parsed(allowed)
    except ValueError:
        accounts = None
    if not isinstance(accounts, list):
        return [Problem("allowedAccountIds", f"expected a JSON list of account ids, not {allowed!r}")]
    if not accounts or ACCOUNT in map(str, accounts):
        return []
    reason = (
        f"the local stack deploys to the emulated account {ACCOUNT} alone, and aws:allowedAccountIds allows "
        f"only {', '.join(map(str, accounts))}; add {ACCOUNT} there, or deploy this stack to AWS"
    )
    return [Problem("allowedAccountIds", reason)]


def _parsed(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value
