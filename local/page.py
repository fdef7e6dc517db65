"""Write docs/local-stack.md: what of AWS is emulated here, what is only recorded, what is not checked.

Run as `python -m local.page FOLDER [--check]`. Everything on the page comes from the code that does it: the
emulations and their docstrings, the tables of deliveries and refusals, the kinds of faults, what is corrected
in moto, and `NOT_CHECKED` of each module.
"""

import importlib
import inspect
import pkgutil
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType

import local
import local.provider.resources
from local import moto_corrections
from local.deliveries.kinds import DELIVERIES
from local.faults.fault import SITES
from local.provider.emulation import ACCOUNT, EMULATIONS
from local.provider.refusals import REFUSALS, sentence
from local.provider.schema import UnknownTypeError, resource_type
from local.stack import TIME_SCALE
from local.toolchain import ROOT

NAME = "local-stack.md"
_USED = re.compile(r"\baws\.(\w+?)_?\.([A-Z]\w+)\(")


def page() -> str:
    """Return the whole page."""
    parts = [
        _head(),
        _emulated(),
        _recorded(),
        _delivered(),
        _refused(),
        _faults(),
        _corrected(),
        _not_checked(),
    ]
    return "\n\n".join(parts) + "\n"


def _head() -> str:
    return f"""\
# What the local stack is, and what it is not

Written by `make docs` from the code of `local/`. Account {ACCOUNT}, one process for the cloud (moto, in
memory), one for everything else, one for each function that is warm. Waits of the cloud are divided by
{TIME_SCALE:g} unless `up --time-scale` says otherwise; timeouts of functions are not."""


def _emulated() -> str:
    by_class: dict[type, list[str]] = defaultdict(list)
    for token, emulation in EMULATIONS.items():
        by_class[type(emulation)].append(token)
    rows = sorted((sorted(tokens)[0], _summary(cls)) for cls, tokens in by_class.items())
    return _section(
        f"Emulated: {len(rows)} kinds of resources exist in moto",
        "They are created, changed and deleted there by the provider, and any AWS client sees them.",
        ["type", "what it is here"],
        [(f"`{_short(token)}`", text) for token, text in rows],
    )


def _recorded() -> str:
    names = ", ".join(f"`{_short(token)}`" for token in sorted(_used() - EMULATIONS.keys()))
    return f"""\
## Recorded: every other type of pulumi-aws

Names and shapes of its inputs are checked, and it is kept in state; nothing of it exists in moto. Policies
of buckets, queues, topics, functions and keys and event source mappings are such types on purpose: the
permission judge and the runner read them from there. Of this program: {names}."""


def _delivered() -> str:
    rows = [
        (
            kind.source,
            kind.target,
            ", ".join(f"`{action}`" for action in kind.actions) or "nothing",
            kind.refused,
        )
        for kind in DELIVERIES.values()
    ]
    return _section(
        "Delivered between services, and judged",
        "Each delivery is judged by the policies of the target and of the key behind it, as deployed.",
        ["from", "to", "must be allowed", "when it is not"],
        rows,
    )


def _refused() -> str:
    rows = [
        (
            ", ".join(map(_kinds, one.types)),
            sentence(one),
            f"`{one.operation}`",
            f"`{one.error or '-'}`",
            one.when.value,
        )
        for one in REFUSALS
    ]
    return _section(
        f"Refused as AWS refuses it: {len(rows)} checks",
        "What moto would take. At Check means already in a preview; what only fails in use is a warning at\n"
        "the deployment. The page of AWS that says so stands beside each check in the code.",
        ["type", "what holds", "operation", "error", "judged at"],
        sorted(rows),
    )


def _faults() -> str:
    rows = [(f"`{kind}`", ", ".join(sites)) for kind, sites in SITES.items()]
    return _section(
        "Faults on demand",
        "`python -m local fault --help` says how; nothing goes wrong unless somebody asks for it.",
        ["kind", "where it can strike"],
        rows,
    )


def _not_checked() -> str:
    lines = [f"- {text}" for module in _modules() for text in getattr(module, "NOT_CHECKED", ())]
    return "## Neither emulated nor checked\n\n" + "\n".join(lines)


def _corrected() -> str:
    corrections = [
        function
        for name, function in inspect.getmembers(moto_corrections, inspect.isfunction)
        if name.startswith("_") and function.__module__ == moto_corrections.__name__ and function.__doc__
    ]
    lines = [f"- {_summary(function)}." for function in corrections]
    return "## Corrected in moto 5.2.5\n\n" + "\n".join(lines)


def _modules() -> Iterator[ModuleType]:
    for found in sorted(pkgutil.walk_packages(local.__path__, "local."), key=lambda one: one.name):
        if not found.name.endswith(("__main__", "bootstrap", "program_executor")):
            yield importlib.import_module(found.name)


def _used() -> set[str]:
    """Return the types that the program's sources name."""
    named = {
        match.groups()
        for file in (ROOT / "infra").rglob("*.py")
        for match in _USED.finditer(file.read_text())
    }
    return {token for module, cls in named if (token := _token(module, cls))}


def _token(module: str, cls: str) -> str | None:
    token = f"aws:{module}/{cls[0].lower()}{cls[1:]}:{cls}"
    try:
        resource_type(token)
    except UnknownTypeError:
        return None
    return token


def _kinds(named: str) -> str:
    return "every type" if named == "*" else f"`{_short(named)}`"


def _short(token: str) -> str:
    _, module, cls = token.split(":")
    return f"{module.split('/')[0]}.{cls}"


def _summary(thing: object) -> str:
    return _first_sentence(thing.__doc__ or "")


def _first_sentence(text: str) -> str:
    return " ".join(text.strip().split("\n\n")[0].split()).removesuffix(".")


def _section(title: str, intro: str, columns: list[str], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [f"## {title}", "", intro, "", f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    cells = ([cell.replace("|", "\\|") for cell in row] for row in rows)
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in cells)])


def main() -> int:
    """Write the page, or with --check tell whether it is what it would be."""
    target, text = Path(sys.argv[1]) / NAME, page()
    if "--check" in sys.argv[2:]:
        if target.exists() and target.read_text() == text:
            return 0
        sys.stderr.write(f"{target} is stale; write it with: make docs\n")
        return 1
    target.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
