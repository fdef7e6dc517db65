"""`guardrails.yaml`: how hard each rule speaks on each stack.

The file stands beside the Pulumi.yaml of the program that is judged::

    stacks:
      dev:
        levels:
          all: mandatory        # every rule that is not named below
          tags: advisory
        undetermined: advisory  # what a rule could neither pass nor fail

A stack that is not named, or a program without the file, has everything mandatory.
"""

import difflib
from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Literal

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from guardrails.framework.errors import ConfigError

FILE: Final[str] = "guardrails.yaml"
_EVERY: Final[str] = "all"


class Level(StrEnum):
    """What a violation does: stop the deployment, advise, or nothing because the rule does not run."""

    MANDATORY = "mandatory"
    ADVISORY = "advisory"
    DISABLED = "disabled"


@dataclass(frozen=True, kw_only=True)
class StackLevels:
    """The levels of one stack."""

    levels: Mapping[str, Level]
    undetermined: Level

    def of(self, rule: str) -> Level:
        """Return a rule's level."""
        return self.levels.get(rule, self.levels.get(_EVERY, Level.MANDATORY))


MANDATORY: Final[StackLevels] = StackLevels(levels={}, undetermined=Level.MANDATORY)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class _StackSection(_Strict):
    levels: dict[str, Level] = {}
    undetermined: Literal[Level.MANDATORY, Level.ADVISORY] = Level.MANDATORY


class _File(_Strict):
    stacks: dict[str, _StackSection] = {}


def load_levels(folder: Path, stack: str, rules: Collection[str]) -> StackLevels:
    """Read the levels of *stack* for the program in *folder*.

    Raises
    ------
    ConfigError
        The file has a key, rule name or value that does not exist; the message names the nearest.
    """
    path = program_root(folder) / FILE
    if not path.exists():
        return MANDATORY
    settings = _validated(_read(path), rules)
    section = settings.stacks.get(stack)
    if section is None:
        return MANDATORY
    return StackLevels(levels=section.levels, undetermined=section.undetermined)


def program_root(folder: Path) -> Path:
    """Return where the program's Pulumi.yaml is: *folder* or the nearest above it; else *folder*."""
    for candidate in (folder, *folder.parents):
        if any((candidate / name).exists() for name in ("Pulumi.yaml", "Pulumi.yml")):
            return candidate
    return folder


def check_names(names: Collection[str], rules: Collection[str], where: str) -> None:
    """Refuse rule names that do not exist.

    Raises
    ------
    ConfigError
        For the first of them, with the nearest existing name.
    """
    for name in sorted(set(names) - set(rules) - {_EVERY}):
        raise ConfigError(f"{where}: there is no rule {name!r}; {_nearest(name, [*rules, _EVERY])}")


def _validated(content: Any, rules: Collection[str]) -> _File:
    try:
        settings = _File.model_validate(content or {})
    except ValidationError as invalid:
        error = invalid.errors()[0]
        where = ".".join(str(step) for step in error["loc"])
        raise ConfigError(f"{FILE}: {where or 'the file'}: {_explained(dict(error))}") from None
    for stack, section in settings.stacks.items():
        check_names(section.levels, rules, f"{FILE}: stacks.{stack}.levels")
    return settings


def _explained(error: dict[str, Any]) -> str:
    """Put a validation error in words: what is there, what may be there, the nearest of it."""
    last, given = str(error["loc"][-1]) if error["loc"] else "", error["input"]
    if error["type"] == "extra_forbidden":
        allowed = list((_File if len(error["loc"]) == 1 else _StackSection).model_fields)
        return f"unknown key {last!r}; {_nearest(last, allowed)}"
    if error["type"] in ("enum", "literal_error"):
        allowed = [level.value for level in Level if error["type"] == "enum" or level is not Level.DISABLED]
        return f"{given!r} is not a level; {_nearest(str(given), allowed)}"
    return f"{error['msg']}, not {type(given).__name__}"


def _nearest(name: str, allowed: Collection[str]) -> str:
    near = difflib.get_close_matches(name, allowed, n=1)
    return f"did you mean {near[0]!r}?" if near else f"there are {', '.join(sorted(allowed))}"


class _UniqueKeys(yaml.SafeLoader):
    """Refuses a key given twice, of which YAML would silently keep the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                line = node.start_mark.line + 1
                raise ConfigError(
                    f"{FILE}: key {key!r} stands twice in the mapping that begins in line {line}"
                )
        return super().construct_mapping(node, deep)


def _read(path: Path) -> Any:
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_UniqueKeys)  # noqa: S506  a safe loader
    except yaml.YAMLError as broken:
        raise ConfigError(f"{FILE} is not YAML: {' '.join(str(broken).split())}") from None
