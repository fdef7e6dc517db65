"""Starts the command `guardrails`: what it stands on is verified when it is imported, and may be refused."""

import sys

from guardrails.framework.errors import SdkChangedError

REFUSED = 2


def main() -> None:
    """Run the command; a policy SDK that the pack does not know is one sentence, never a traceback."""
    try:
        from guardrails.cli.app import main as run  # another SDK is refused by this import
    except SdkChangedError as refusal:
        sys.stderr.write(f"error: {refusal}\n")
        sys.exit(REFUSED)
    run()
