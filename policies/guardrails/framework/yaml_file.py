"""Reading YAML that people write."""

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from guardrails.framework.errors import ConfigError


class _UniqueKeys(yaml.SafeLoader):
    """Refuses a key given twice, of which YAML would silently keep the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                line = node.start_mark.line + 1
                raise ConfigError(f"key {key!r} stands twice in the mapping that begins in line {line}")
        return super().construct_mapping(node, deep)


def read_yaml(path: Path) -> Any:
    """Return what the file at *path* holds.

    Raises
    ------
    ConfigError
        It cannot be read, is not YAML, or gives a key twice.
    """
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_UniqueKeys)  # noqa: S506  a safe loader
    except ConfigError as twice:
        raise ConfigError(f"{path.name}: {twice}") from None
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as broken:
        raise ConfigError(f"{path.name} is not YAML: {' '.join(str(broken).split())}") from None
    except OSError as unreadable:
        raise ConfigError(f"{path} cannot be read: {unreadable.strerror}") from None
