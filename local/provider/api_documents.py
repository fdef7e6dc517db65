"""The OpenAPI documents of REST APIs: as they are now, and as each deployment found them.

A stage serves what its deployment saw, however the API has changed since ("Deploy REST APIs in API Gateway");
moto keeps neither, so the documents lie in the folder of the code archives.
"""

import json
from pathlib import Path
from typing import Any

import yaml

ANY = "x-amazon-apigateway-any-method"
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", ANY)
"""What a path of a document may hold operations for."""
_NAME = "api-{}.json"
_PUBLISHED = "deployment-{}-{}.json"


def read_document(body: str) -> Any:
    """Return an OpenAPI document, JSON or YAML; ValueError where it is neither."""
    try:
        return json.loads(body)
    except ValueError:
        try:
            return yaml.safe_load(body)
        except yaml.YAMLError as error:
            raise ValueError(f"neither JSON nor YAML: {error}") from None


def keep(folder: Path, api_id: str, body: str) -> None:
    """Keep *body* as the document of an API."""
    folder.mkdir(parents=True, exist_ok=True)
    scratch = folder / f"{_NAME.format(api_id)}.part"
    scratch.write_text(body)
    scratch.rename(folder / _NAME.format(api_id))


def publish(folder: Path, api_id: str, deployment_id: str) -> None:
    """Keep the API's document of now as that of a deployment."""
    folder.mkdir(parents=True, exist_ok=True)
    current = folder / _NAME.format(api_id)
    text = current.read_text() if current.exists() else ""
    (folder / _PUBLISHED.format(api_id, deployment_id)).write_text(text)


def published(folder: Path, api_id: str, deployment_id: str) -> str:
    """Return the document of a deployment, nothing where the API had none."""
    path = folder / _PUBLISHED.format(api_id, deployment_id)
    return path.read_text() if path.exists() else ""
