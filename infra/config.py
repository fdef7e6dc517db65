"""The selected stack's configuration as the engine hands it over, before anything is checked."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pulumi
import pulumi.runtime.config
from pydantic import BaseModel

# What the settings read from the AWS provider's namespace; its other keys are the provider's own business.
PROVIDER_KEYS: Final = ("aws:region", "aws:allowedAccountIds")
STACK_KEY: Final = "pulumi:stack"


@dataclass(frozen=True, kw_only=True)
class Config:
    """Decoded values by key: the project's keys without its name, others in full."""

    project: str
    stack: str
    values: Mapping[str, Any]
    secrets: frozenset[str] = frozenset()

    def completed(self, model: type[BaseModel]) -> dict[str, Any]:
        """Return the values with an empty section for each missing one, so that each missing key is named."""
        return {**_with_sections(self.values, model), STACK_KEY: self.stack}

    def full_key(self, key: str) -> str:
        """Return *key* with its namespace."""
        return key if ":" in key else f"{self.project}:{key}"


def read(project: str, stack: str) -> Config:
    """Return every value of the project's namespace, and what the settings need of the provider's."""
    raw = {**pulumi.runtime.get_config_env(), **pulumi.runtime.config.CONFIG.get()}
    namespace = f"{project}:"
    keys = {
        key: key.removeprefix(namespace) for key in raw if key.startswith(namespace) or key in PROVIDER_KEYS
    }
    secret = set(pulumi.runtime.get_config_secret_keys_env())
    return Config(
        project=project,
        stack=stack,
        values={short: decode(raw[key]) for key, short in keys.items()},
        secrets=frozenset(
            short for key, short in keys.items() if key in secret or pulumi.runtime.is_config_secret(key)
        ),
    )


def decode(value: Any) -> Any:
    """Return the object or list that a value spells in JSON, or the value itself."""
    if isinstance(value, str) and value.startswith(("{", "[")):
        try:
            return json.loads(value)
        except json.JSONDecodeError:
            return value  # the settings refuse it where it stands, as text in place of an object or a list
    return value


def _with_sections(values: Mapping[str, Any], model: type[BaseModel]) -> dict[str, Any]:
    completed = dict(values)
    for name, field in model.model_fields.items():
        kind, key = field.annotation, field.alias or name
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            section = completed.get(key, {})
            completed[key] = _with_sections(section, kind) if isinstance(section, dict) else section
    return completed
