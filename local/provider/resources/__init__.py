"""The resource types that exist in moto, by service."""

from local.provider.resources import (
    cognito,
    events,
    guardduty,
    identity,
    keys,
    lambda_,
    messaging,
    monitoring,
    rest_api_parts,
    rest_apis,
    stages,
    storage,
    tables,
    usage_plans,
)

__all__ = [
    "cognito",
    "events",
    "guardduty",
    "identity",
    "keys",
    "lambda_",
    "messaging",
    "monitoring",
    "rest_api_parts",
    "rest_apis",
    "stages",
    "storage",
    "tables",
    "usage_plans",
]
