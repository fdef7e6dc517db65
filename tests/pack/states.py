"""Example stacks as `pulumi stack export` would write their state."""

import json
from collections.abc import Callable
from typing import Any

from guardrails.framework.examples import UNKNOWN, Stack
from guardrails.framework.names import token_of
from tests.pack.engine_side import PROJECT, SECRET_SIGNATURE, urn_of

PARENT = f"urn:pulumi:dev::{PROJECT}::shop:systems:Media::media-system"


def plain(value: Any) -> Any:
    return value


def ciphertext(value: Any) -> dict[str, Any]:
    """Return a secret as a state keeps it."""
    return {**SECRET_SIGNATURE, "ciphertext": "v1:Zm9v:YmFy"}


def plaintext(value: Any) -> dict[str, Any]:
    """Return a secret as `pulumi stack export --show-secrets` writes it."""
    return {**SECRET_SIGNATURE, "plaintext": json.dumps(value)}


def deployment_of(example: Stack, wrap: Callable[[Any], Any] = plain, stack: str = "dev") -> dict[str, Any]:
    """Return the state of *example* once it is deployed, every input passed through *wrap*."""
    urns = {sample.name: urn_of(sample.kind, sample.name, stack) for sample in example.samples}
    provider = f"urn:pulumi:{stack}::{PROJECT}::pulumi:providers:aws::default"
    resources: list[dict[str, Any]] = [
        {
            "urn": provider,
            "type": "pulumi:providers:aws",
            "custom": True,
            "id": "7d3f",
            "inputs": {"region": "eu-west-1"},
        }
    ]
    for sample in example.samples:
        inputs = {key: wrap(value) for key, value in known(dict(sample.inputs)).items()}
        resources.append(
            {
                "urn": urns[sample.name],
                "type": token_of(sample.kind),
                "custom": True,
                "id": f"id-of-{sample.name}",
                "inputs": inputs,
                "outputs": {"id": f"id-of-{sample.name}", **known(dict(sample.outputs)), **inputs},
                "parent": PARENT,
                "provider": f"{provider}::7d3f",
                "dependencies": [urns[name] for names in sample.sources.values() for name in names],
                "propertyDependencies": {
                    prop: [urns[name] for name in names] for prop, names in sample.sources.items()
                },
                "sourcePosition": "project:///infra/media.py#12,5",
            }
        )
    return {"version": 3, "deployment": {"manifest": {}, "resources": resources}}


def known(value: Any) -> Any:
    """Return a value as it is after the deployment: what was unknown is some ARN."""
    if value == UNKNOWN:
        return "arn:aws:service:eu-west-1:111122223333:made-up"
    if isinstance(value, dict):
        return {key: known(member) for key, member in value.items()}
    return [known(member) for member in value] if isinstance(value, list) else value
