"""Runs the deployed functions, as Lambda does."""

from local.runner.pool import InvokeResult
from local.runner.runner import Runner

NOT_CHECKED = (
    "Lambda: memory limits, cold start times, SnapStart, provisioned concurrency, VPCs, file "
    "systems, ephemeral storage and processor architectures make no difference.",
    "Lambda: destinations of asynchronous invocations receive nothing.",
    "Lambda: the account's own concurrency limit and burst rates; reserved concurrency is kept.",
)
"""For the page docs/local-stack.md."""

__all__ = ["InvokeResult", "Runner"]
