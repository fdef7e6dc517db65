"""The resource types that exist in moto, by service."""

from local.provider.resources import (
    events,
    guardduty,
    identity,
    keys,
    lambda_,
    messaging,
    monitoring,
    storage,
    tables,
)

__all__ = [
    "events",
    "guardduty",
    "identity",
    "keys",
    "lambda_",
    "messaging",
    "monitoring",
    "storage",
    "tables",
]
