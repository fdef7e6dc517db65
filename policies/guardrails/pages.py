"""Write the generated pages, or with `--check` tell whether they are fresh."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from guardrails.framework.rule import Rule
from guardrails.rules import all_rules

HEADER = """\
# Rules

Generated from the rules themselves by `make docs`. Each rule is one function in `policies/guardrails/rules/`,
with its examples beside it; the findings are described in `policies/guardrails/findings.yaml`.
"""


def rules_page(rules: Sequence[Rule]) -> str:
    """Return the page that describes every rule, in the order of their ids."""
    return "\n".join([HEADER, *(_section(rule) for rule in sorted(rules, key=lambda rule: rule.id))])


def _section(rule: Rule) -> str:
    fixes = "\n".join(f"- `{kind}`: `{fix}`" for kind, fix in rule.fixes.items())
    reads = ", ".join(f"`{path}`" for path in rule.reads)
    lines = [
        f"## {rule.id}",
        f"{rule.title}\n\n{rule.why}",
        f"Severity: {rule.severity.value}. Findings: {', '.join(rule.findings)}.",
        f"Reads: {reads}.",
        f"Fix:\n\n{fixes}",
    ]
    return "\n\n".join(lines) + "\n"


def main() -> int:
    """Return 0, or 1 where `--check` found a stale page."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("folder", type=Path, help="where the pages are")
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if a page is stale")
    arguments = parser.parse_args()
    page, path = rules_page(all_rules()), arguments.folder / "rules.md"
    if not arguments.check:
        path.write_text(page)
    elif not path.exists() or path.read_text() != page:
        print(f"{path} is stale; run: make docs", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
