"""Writing today's results into guardrails.yaml as exemptions that end, so that a team can start and tighten.

The file is only ever added to: what stands in it, comments and layout too, stays as it is.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

import yaml

from guardrails.cli.errors import InputError
from guardrails.cli.inputs import read_text, replace_text
from guardrails.framework.nesting import is_excessive
from guardrails.framework.report import Report
from guardrails.reports.groups import number

_SECTION: Final = "exemptions"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One exemption as guardrails.yaml has it."""

    rule: str
    resource: str
    stack: str
    reason: str
    owner: str
    expires: date

    def lines(self, indent: str) -> list[str]:
        """Return the entry as an item of a YAML list."""
        written = [
            f"rule: {self.rule}",
            f"resource: {_quoted(self.resource)}",
            f"stacks: [{_quoted(self.stack)}]",
            f"reason: {_quoted(self.reason)}",
            f"owner: {_quoted(self.owner)}",
            f"expires: {self.expires.isoformat()}",
        ]
        return [f"{indent}{'  ' if index else '- '}{line}" for index, line in enumerate(written)]


def _quoted(text: str) -> str:
    """Return *text* as YAML on one line."""
    return yaml.safe_dump(text, default_style='"', width=math.inf, allow_unicode=True).rstrip("\n")


def exempt(report: Report, path: Path, *, reason: str, owner: str, expires: date) -> str:
    """Write what stops *report*'s deployment into the file at *path*; return what was done, in words.

    Raises
    ------
    InputError
        Owner or reason is empty, or the file cannot be read, written or added to.
    """
    for name, value in {"--owner": owner, "--reason": reason}.items():
        if not value.strip():
            raise InputError(f"{name} is empty; say it to those who will read the file")
    text = read_text(str(path), "the configuration") if path.exists() else ""
    entries = entries_of(report, reason=reason, owner=owner, expires=expires)
    longer, added = extended(text, entries)
    if added:
        replace_text(path, longer)
    lines = [f"{number(len(added), 'exemption')} added to {path}"]
    lines[0] += f", until {expires.isoformat()}" if added else ""
    lines += [f"{number(len(entries) - len(added), 'exemption')} already there"] * (len(added) < len(entries))
    if report.expired:
        count = number(len(report.expired), "exemption")
        lines.append(
            f"{count} expired and still stop(s) the deployment: mend the cause, or move the day by hand"
        )
    return "\n".join(lines)


def entries_of(report: Report, *, reason: str, owner: str, expires: date) -> list[Entry]:
    """Return one exemption for each pair of rule and resource that stops the deployment."""
    pairs = sorted({(result.rule, result.urn) for result in report.blocking})
    return [
        Entry(
            rule=rule,
            resource=_literal(urn),
            stack=report.stack,
            reason=reason,
            owner=owner,
            expires=expires,
        )
        for rule, urn in pairs
    ]


def _literal(urn: str) -> str:
    """Return a glob that matches *urn* alone."""
    return "".join(f"[{each}]" if each in "*?[" else each for each in urn)


def extended(text: str, entries: Sequence[Entry]) -> tuple[str, list[Entry]]:
    """Return the file's text with the entries that it lacks, and those.

    Raises
    ------
    InputError
        The file is no YAML mapping, or is written in a way that cannot be added to.
    """
    content = _content(text)
    missing = [entry for entry in entries if not _there(entry, content.get(_SECTION))]
    if not missing:
        return text, []
    longer = _inserted(text, missing)
    added = [yaml.safe_load("\n".join(entry.lines("")))[0] for entry in missing]
    expected = content | {_SECTION: [*(content.get(_SECTION) or []), *added]}
    if _content(longer) != expected:
        raise InputError(
            "guardrails.yaml has its exemptions in a form that cannot be added to; "
            "write them as a block list (one '- rule: …' below another)"
        )
    return longer, missing


def _content(text: str) -> dict[str, Any]:
    try:
        content = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as broken:
        raise InputError(f"guardrails.yaml is not YAML: {' '.join(str(broken).split())}") from None
    if is_excessive(content):
        raise InputError("guardrails.yaml is too deep or too large")
    if content is not None and not isinstance(content, dict):
        raise InputError("guardrails.yaml is not a mapping")
    return content or {}


def _there(entry: Entry, exemptions: object) -> bool:
    """Tell whether an exemption in the file covers *entry*, also one that has expired."""
    for each in exemptions if isinstance(exemptions, list) else []:
        if isinstance(each, dict) and each.get("rule") == entry.rule:
            stacks = each.get("stacks")
            here = stacks is None or any(fnmatchcase(entry.stack, str(name)) for name in stacks)
            if here and str(each.get("resource")) == entry.resource:
                return True
    return False


def _inserted(text: str, entries: Iterable[Entry]) -> str:
    """Add the entries after the last exemption, or as a new section at the end."""
    end = "\r\n" if "\r\n" in text else "\n"
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith(("\n", "\r")):
        lines[-1] += end
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    section = next(
        ((key, value) for key, value in (root.value if root else []) if key.value == _SECTION), None
    )
    if section is None:
        gap = [""] if lines and lines[-1].strip() else []
        new = [*gap, f"{_SECTION}:", *(line for each in entries for line in each.lines("  "))]
        return "".join([*lines, *(f"{line}{end}" for line in new)])
    key, value = section
    if isinstance(value, yaml.SequenceNode) and value.value and not value.flow_style:
        indent, at = " " * value.start_mark.column, _last_line(value) + 1
    elif isinstance(value, yaml.ScalarNode | yaml.SequenceNode) and not value.value:
        at = key.start_mark.line + 1
        indent, lines[at - 1] = "  ", f"{_without_value(lines[at - 1].rstrip())}{end}"
    else:
        return text
    lines[at:at] = [f"{line}{end}" for each in entries for line in each.lines(indent)]
    return "".join(lines)


def _last_line(node: yaml.Node) -> int:
    """Return the number of the last line that *node* fills; marks of blocks also cover what follows them."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _last_line(last[1] if isinstance(last, tuple) else last)
    return node.end_mark.line - (node.end_mark.column == 0 and node.end_mark.line > node.start_mark.line)


def _without_value(line: str) -> str:
    """Return `exemptions:` without the empty value after it, and with its comment."""
    name, _, rest = line.partition(":")
    comment = rest[rest.index("#") :] if "#" in rest else ""
    return f"{name}:{f'  {comment}' if comment else ''}"
