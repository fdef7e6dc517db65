"""`guardrails.yaml`: which rules run on a stack, how hard they speak, and what they let pass for a while.

The file stands beside the Pulumi.yaml of the program that is judged::

    profile: findings           # or strict: also the rules that no documented finding asks for
    docs: https://…/rules.md    # where messages send their readers, if not to `guardrails explain`
    stacks:
      dev:                      # a name, or a glob such as pr-*; an exact name goes before a glob
        levels:
          all: mandatory        # every rule of the profile that is not named below
          tags: advisory
        undetermined: advisory  # what a rule could neither pass nor fail
        elsewhere:              # what other stacks, judged by themselves, answer for: ARNs or globs on them
          - arn:aws:kms:eu-west-1:111122223333:key/*
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
from dataclasses import dataclass, field, replace
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec

from guardrails.framework.configuration_errors import checked, nearest
from guardrails.framework.errors import ConfigError
from guardrails.framework.levels import Level, Profile
from guardrails.framework.report import Exemption
from guardrails.framework.rule import Rule, Settings
from guardrails.framework.yaml_file import read_yaml

FILE: Final[str] = "guardrails.yaml"
EVERY: Final[str] = "all"


@dataclass(frozen=True, kw_only=True)
class StackConfiguration:
    """What guardrails.yaml says for one stack; without the file, everything is mandatory."""

    profile: Profile | None = None
    docs: str = ""
    levels: Mapping[str, Level] = field(default_factory=dict)
    undetermined: Level = Level.MANDATORY
    settings: Mapping[str, Settings] = field(default_factory=dict)
    elsewhere: tuple[str, ...] = ()
    exemptions: tuple[Exemption, ...] = ()

    def level_of(self, rule: Rule) -> Level:
        """Return a rule's level: its own, else that of all, if the profile has the rule."""
        if rule.id in self.levels:
            return self.levels[rule.id]
        if not (rule.findings or self.profile is Profile.STRICT):
            return Level.DISABLED
        return able(rule, self.levels.get(EVERY, Level.MANDATORY))

    def docs_of(self, rule: Rule) -> str:
        """Return where a rule is described: on the page that the file names, else by a command."""
        return f"{self.docs}#{rule.id}" if self.docs else f"guardrails explain {rule.id}"

    def settings_of(self, rule: Rule) -> Settings:
        """Return a rule's settings, by default its own."""
        return self.settings.get(rule.id) or rule.settings()


def able(rule: Rule, level: Level) -> Level:
    """Return *level*, or mandatory where a rule that mends nothing is asked to remediate among all."""
    return Level.MANDATORY if level is Level.REMEDIATE and not rule.remedies else level


class _Strict(msgspec.Struct, forbid_unknown_fields=True):
    """Refuses keys that do not exist."""


class StackSection(_Strict):
    """What holds for a stack."""

    profile: Profile | None = None
    levels: dict[str, Any] = {}
    undetermined: Level = Level.MANDATORY
    settings: dict[str, dict[str, Any]] = {}
    elsewhere: list[Annotated[str, msgspec.Meta(pattern=r"^arn:")]] = []


class ExemptionSection(_Strict, kw_only=True):
    """A pair of rule and resource that may pass until a day."""

    rule: str
    resource: Annotated[str, msgspec.Meta(pattern=r"\S")]
    reason: Annotated[str, msgspec.Meta(pattern=r"\S")]
    owner: Annotated[str, msgspec.Meta(pattern=r"\S")]
    expires: date
    stacks: list[str] | None = None


class FileSection(_Strict):
    """The file as a whole; a section may have a name and nothing in it yet."""

    profile: Profile = Profile.FINDINGS
    docs: str = ""
    stacks: dict[str, Any] | None = None
    exemptions: list[Any] | None = None


def load_configuration(folder: Path, stack: str, rules: Sequence[Rule]) -> StackConfiguration:
    """Read what holds for *stack* of the program in *folder*.

    Raises
    ------
    ConfigError
        The file has a key, rule name or value that does not exist; the message names the nearest. Or it is
        called guardrails.yml.
    """
    path = program_root(folder) / FILE
    if (other := path.with_suffix(".yml")).exists():
        raise ConfigError(f"{other.name} is never read; rename it to {FILE}")
    return read_configuration(path, stack, rules) if path.exists() else StackConfiguration()


def read_configuration(path: Path, stack: str, rules: Sequence[Rule]) -> StackConfiguration:
    """Read what the file at *path* says for *stack*.

    Raises
    ------
    ConfigError
        As `load_configuration`; or there is no such file.
    """
    by_id = {rule.id: rule for rule in rules}
    content = checked(FileSection, read_yaml(path), path.name)
    sections = {
        name: _section(section, f"{path.name}: stacks.{name}", by_id)
        for name, section in (content.stacks or {}).items()
    }
    exemptions = [
        _exemption(exemption, f"{path.name}: exemptions[{number}]", by_id)
        for number, exemption in enumerate(content.exemptions or [])
    ]
    matching = [name for name in sections if name == stack] or [
        name for name in sections if fnmatchcase(stack, name)
    ]
    chosen = sections[matching[0]] if matching else StackConfiguration()
    return replace(
        chosen,
        profile=chosen.profile or content.profile,
        docs=content.docs,
        exemptions=tuple(each for each, stacks in exemptions if _is_for(stacks, stack)),
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
    if not msgspec.structs.fields(rule.settings):
        raise ConfigError(f"{where}: rule {rule.id!r} has no settings but its level")
    return checked(rule.settings, values, where)


def _section(given: Any, where: str, rules: Mapping[str, Rule]) -> StackConfiguration:
    """Return what a stack's section says; it takes its profile from the file where it names none."""
    section = checked(StackSection, given, where)
    levels = {name: checked(Level, level, f"{where}.levels.{name}") for name, level in section.levels.items()}
    for name in levels:
        if name != EVERY and name not in rules:
            raise ConfigError(f"{where}.levels: there is no rule {name!r}; {nearest(name, [*rules, EVERY])}")
        if name != EVERY:
            check_level(rules[name], levels[name], f"{where}.levels")
    if section.undetermined not in (Level.MANDATORY, Level.ADVISORY):
        allowed = (Level.MANDATORY, Level.ADVISORY)
        given = section.undetermined.value
        raise ConfigError(f"{where}.undetermined: {given!r} is not a level here; {nearest(given, allowed)}")
    settings = {
        name: check_settings(check_name(name, rules, f"{where}.settings"), values, f"{where}.settings.{name}")
        for name, values in section.settings.items()
    }
    return StackConfiguration(
        profile=section.profile,
        levels=levels,
        undetermined=section.undetermined,
        settings=settings,
        elsewhere=tuple(section.elsewhere),
    )


def _exemption(given: Any, where: str, rules: Mapping[str, Rule]) -> tuple[Exemption, list[str] | None]:
    """Return an exemption and the stacks that it is for."""
    section = checked(ExemptionSection, given, where)
    check_name(section.rule, rules, f"{where}.rule")
    exemption = Exemption(
        rule=section.rule,
        resource=section.resource,
        reason=section.reason,
        owner=section.owner,
        expires=section.expires,
    )
    return exemption, section.stacks


def _is_for(stacks: list[str] | None, stack: str) -> bool:
    return stacks is None or any(fnmatchcase(stack, name) for name in stacks)
