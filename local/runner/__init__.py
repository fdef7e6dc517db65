"""Runs the deployed functions, as Lambda does."""

from local.runner.pool import InvokeResult
from local.runner.runner import Runner

__all__ = ["InvokeResult", "Runner"]
