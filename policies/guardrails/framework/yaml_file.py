"""Reading YAML that people write."""

from pathlib import Path
from typing import Any, Final

import yaml

from guardrails.framework.errors import ConfigError
from guardrails.framework.nesting import is_excessive

_MAX_VALUES: Final = 100_000
_MERGE: Final = "tag:yaml.org,2002:merge"


class _UniqueKeys(yaml.SafeLoader):
    """Refuses a key given twice, of which YAML would silently keep the last; a merge (`<<`) gives none."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._flat: set[yaml.MappingNode] = set()

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Put what is merged into *node* before its own keys, which go over it."""
        if node in self._flat:
            return
        keys = [self.construct_object(key, deep=True) for key, _ in node.value if key.tag != _MERGE]
        for key in keys:
            if keys.count(key) > 1:
                line = node.start_mark.line + 1
                raise ConfigError(f"key {key!r} stands twice in the mapping that begins in line {line}")
        super().flatten_mapping(node)
        if len(node.value) > _MAX_VALUES:
            raise ConfigError("it is too deep or too large")
        self._flat.add(node)


def read_yaml(path: Path) -> Any:
    """Return what the file at *path* holds.

    Raises
    ------
    ConfigError
        It cannot be read, is not YAML, gives a key twice, or is too deep or too large.
    """
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_UniqueKeys)  # noqa: S506  a safe loader
    except ConfigError as refused:
        raise ConfigError(f"{path.name}: {refused}") from None
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as broken:
        raise ConfigError(f"{path.name} is not YAML: {' '.join(str(broken).split())}") from None
    except OSError as unreadable:
        raise ConfigError(f"{path} cannot be read: {unreadable.strerror}") from None
    if is_excessive(content, values=_MAX_VALUES):
        raise ConfigError(f"{path.name}: it is too deep or too large")
    return content
