"""`guardrails.yaml`: which rules run on a stack, how hard they speak, and what they let pass for a while.

The file stands beside the Pulumi.yaml of the program that is judged::

    profile: findings           # or strict: also the rules that no documented finding asks for
    docs: https://…/rules.md    # where messages send their readers; docs/rules.md by default
    stacks:
      dev:                      # a name, or a glob such as pr-*; an exact name goes before a glob
        levels:
          all: mandatory        # every rule of the profile that is not named below
          tags: advisory
        undetermined: advisory  # what a rule could neither pass nor fail
        settings:
          log-retention: {minimumDays: 7}
    exemptions:
      - rule: s3-access-logs
        resource: "*-scratch"   # a glob on the URN or on the name in the program
        stacks: [dev]           # all if absent
        reason: holds nothing that anybody reads
        owner: platform
        expires: 2027-01-31     # the last day (UTC) on which it holds

A stack that is not named, or a program without the file, has everything mandatory.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from guardrails.framework.configuration_errors import checked, nearest
from guardrails.framework.errors import ConfigError
from guardrails.framework.levels import Level, Profile
from guardrails.framework.report import Exemption
from guardrails.framework.rule import Rule, Settings
from guardrails.framework.yaml_file import read_yaml

FILE: Final[str] = "guardrails.yaml"
DOCS: Final[str] = "docs/rules.md"
EVERY: Final[str] = "all"


@dataclass(frozen=True, kw_only=True)
class StackConfiguration:
    """What guardrails.yaml says for one stack; without the file, everything is mandatory."""

    profile: Profile = Profile.FINDINGS
    docs: str = DOCS
    levels: Mapping[str, Level] = field(default_factory=dict)
    undetermined: Level = Level.MANDATORY
    settings: Mapping[str, Settings] = field(default_factory=dict)
    exemptions: tuple[Exemption, ...] = ()

    def level_of(self, rule: Rule) -> Level:
        """Return a rule's level: its own, else that of all, if the profile has the rule."""
        if rule.id in self.levels:
            return self.levels[rule.id]
        if not (rule.findings or self.profile is Profile.STRICT):
            return Level.DISABLED
        return able(rule, self.levels.get(EVERY, Level.MANDATORY))

    def settings_of(self, rule: Rule) -> Settings:
        """Return a rule's settings, by default its own."""
        return self.settings.get(rule.id) or rule.settings()


def able(rule: Rule, level: Level) -> Level:
    """Return *level*, or mandatory where a rule that mends nothing is asked to remediate among all."""
    return Level.MANDATORY if level is Level.REMEDIATE and not rule.remedies else level


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True, defer_build=True)


class _StackSection(_Strict):
    profile: Profile | None = None
    levels: dict[str, Level] = {}
    undetermined: Literal[Level.MANDATORY, Level.ADVISORY] = Level.MANDATORY
    settings: dict[str, dict[str, object]] = {}


class _ExemptionSection(Exemption):
    model_config = ConfigDict(str_strip_whitespace=True)

    reason: str = Field(min_length=1)
    owner: str = Field(min_length=1)
    stacks: list[str] | None = None


class _File(_Strict):
    profile: Profile = Profile.FINDINGS
    docs: str = DOCS
    stacks: dict[str, _StackSection] = {}
    exemptions: list[_ExemptionSection] = []


def load_configuration(folder: Path, stack: str, rules: Sequence[Rule]) -> StackConfiguration:
    """Read what holds for *stack* of the program in *folder*.

    Raises
    ------
    ConfigError
        The file has a key, rule name or value that does not exist; the message names the nearest.
    """
    path = program_root(folder) / FILE
    return read_configuration(path, stack, rules) if path.exists() else StackConfiguration()


def read_configuration(path: Path, stack: str, rules: Sequence[Rule]) -> StackConfiguration:
    """Read what the file at *path* says for *stack*.

    Raises
    ------
    ConfigError
        As `load_configuration`; or there is no such file.
    """
    by_id = {rule.id: rule for rule in rules}
    content = checked(_File, read_yaml(path), path.name)
    settings = {
        name: _checked_section(section, f"{path.name}: stacks.{name}", by_id)
        for name, section in content.stacks.items()
    }
    for number, exemption in enumerate(content.exemptions):
        check_name(exemption.rule, by_id, f"{path.name}: exemptions.{number}.rule")
    name = _section_for(stack, content.stacks)
    section = content.stacks[name] if name else _StackSection()
    return StackConfiguration(
        profile=section.profile or content.profile,
        docs=content.docs,
        levels=section.levels,
        undetermined=section.undetermined,
        settings=settings[name] if name else {},
        exemptions=tuple(_plain(each) for each in content.exemptions if _is_for(each, stack)),
    )


def program_root(folder: Path) -> Path:
    """Return where the program's Pulumi.yaml is: *folder* or the nearest above it; else *folder*."""
    for candidate in (folder, *folder.parents):
        if any((candidate / name).exists() for name in ("Pulumi.yaml", "Pulumi.yml")):
            return candidate
    return folder


def check_name(name: str, rules: Mapping[str, Rule], where: str) -> Rule:
    """Return the rule called *name*.

    Raises
    ------
    ConfigError
        There is none; the message has the nearest existing name.
    """
    if name not in rules:
        raise ConfigError(f"{where}: there is no rule {name!r}; {nearest(name, rules)}")
    return rules[name]


def check_level(rule: Rule, level: Level, where: str) -> None:
    """Refuse to ask a rule for a remediation that it does not have.

    Raises
    ------
    ConfigError
        The rule mends nothing.
    """
    if able(rule, level) is not level:
        raise ConfigError(f"{where}: rule {rule.id!r} mends nothing; use mandatory or advisory")


def check_settings(rule: Rule, values: Mapping[str, object], where: str) -> Settings:
    """Return a rule's settings.

    Raises
    ------
    ConfigError
        The rule has no such setting, or not with that value.
    """
    if not rule.settings.model_fields:
        raise ConfigError(f"{where}: rule {rule.id!r} has no settings but its level")
    return checked(rule.settings, values, where)


def _checked_section(section: _StackSection, where: str, rules: Mapping[str, Rule]) -> Mapping[str, Settings]:
    """Check the rule names and levels of a stack's section, and return its settings."""
    for name, level in section.levels.items():
        if name != EVERY:
            place = f"{where}.levels"
            if name not in rules:
                raise ConfigError(f"{place}: there is no rule {name!r}; {nearest(name, [*rules, EVERY])}")
            check_level(rules[name], level, place)
    return {
        name: check_settings(check_name(name, rules, f"{where}.settings"), values, f"{where}.settings.{name}")
        for name, values in section.settings.items()
    }


def _section_for(stack: str, names: Mapping[str, object]) -> str | None:
    if stack in names:
        return stack
    return next((name for name in names if fnmatchcase(stack, name)), None)


def _is_for(exemption: _ExemptionSection, stack: str) -> bool:
    return exemption.stacks is None or any(fnmatchcase(stack, name) for name in exemption.stacks)


def _plain(section: _ExemptionSection) -> Exemption:
    return Exemption(**section.model_dump(by_alias=False, exclude={"stacks"}))
