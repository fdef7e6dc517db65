"""The facts that the package carries in files of its own."""

from importlib import resources
from typing import Any, Final

import yaml

_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""They are read whenever the pack starts: by the parser in C, where PyYAML has it."""


def own_data(name: str) -> Any:
    """Return what the package's YAML file *name* holds."""
    text = resources.files("guardrails").joinpath(name).read_text(encoding="utf-8")
    return yaml.load(text, Loader=_LOADER)  # noqa: S506  a safe loader
