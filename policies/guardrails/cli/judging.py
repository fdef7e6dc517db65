"""From a state to a report, as `check` and `baseline` need it."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from guardrails.cli.errors import InputError
from guardrails.cli.inputs import read_text
from guardrails.cli.pulumi import export_stack
from guardrails.cli.state import read_state
from guardrails.framework.configuration import (
    FILE,
    StackConfiguration,
    load_configuration,
    program_root,
    read_configuration,
)
from guardrails.framework.levels import Profile
from guardrails.framework.report import Report
from guardrails.framework.rule import Rule
from guardrails.framework.run import judge_state
from guardrails.rules import all_rules


def state_text(state: str | None, stack: str | None, folder: Path, *, decrypt: bool = False) -> str:
    """Return the state that the options name: a file, or what Pulumi exports of a stack.

    Raises
    ------
    InputError
        Both are named, or neither.
    """
    if (state is None) == (stack is None):
        raise InputError("name what to judge: either --state FILE or --stack NAME")
    if state is not None:
        return read_text(state, "the state")
    return export_stack(stack or "", folder, decrypt=decrypt)


def judged(text: str, folder: Path, config: Path | None = None, profile: Profile | None = None) -> Report:
    """Judge an exported state as the program's guardrails.yaml asks, or the one at *config*.

    Raises
    ------
    GuardrailsError
        State or configuration cannot be used.
    """
    state, rules = read_state(text), all_rules()
    configuration = _configuration(folder, config, state.stack, rules)
    if profile is not None:
        configuration = replace(configuration, profile=profile)
    with _inside(folder):
        report = judge_state(state.nodes, rules, configuration, project=state.project, stack=state.stack)
    return state.completed(report)


@contextmanager
def _inside(folder: Path) -> Iterator[None]:
    """Stand where the engine runs program and pack: a state names the files of archives from there.

    Raises
    ------
    InputError
        There is no such folder; what stands in the shell's is another program's.
    """
    before, program = Path.cwd(), program_root(folder.resolve())
    try:
        os.chdir(program)
    except OSError as why:
        raise InputError(f"the program's folder {program} cannot be entered: {why.strerror}") from None
    try:
        yield
    finally:
        os.chdir(before)


def _configuration(
    folder: Path, config: Path | None, stack: str, rules: Sequence[Rule]
) -> StackConfiguration:
    if config is None:
        return load_configuration(folder.resolve(), stack, rules)
    path = config / FILE if config.is_dir() else config
    if not path.exists():
        raise InputError(f"there is no {path}; --config takes a {FILE} or the folder of one")
    return read_configuration(path, stack, rules)
