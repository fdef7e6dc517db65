"""The command `guardrails`: the pack's rules without a Pulumi run, and its reports in other formats."""
