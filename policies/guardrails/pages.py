"""Write the generated pages, or with `--check` tell whether they are fresh."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from guardrails.configuration_schema import as_text, configuration_schema
from guardrails.coverage import coverage
from guardrails.findings_page import findings_page
from guardrails.framework.errors import CoverageError
from guardrails.framework.rule import Rule
from guardrails.guards import guards_in
from guardrails.reports.as_json import report_schema
from guardrails.reports.page import reports_page
from guardrails.rules import all_rules
from guardrails.rules_page import rules_page


def _pages(folder: Path, tests: Path) -> Mapping[Path, str]:
    rules = all_rules()
    found = coverage(rules, guards_in(tests), folder / "open-findings.yaml")
    return {
        folder / "rules.md": rules_page(rules),
        folder / "findings.md": findings_page(found),
        **{folder / name: page for name, page in schema_pages(rules).items()},
    }


def schema_pages(rules: Sequence[Rule]) -> Mapping[str, str]:
    """Return the pages about reports, and the schemas of reports and of guardrails.yaml, by file name."""
    return {
        "reports.md": reports_page(),
        "report.schema.json": as_text(report_schema()),
        "guardrails.schema.json": as_text(configuration_schema(rules)),
    }


def main() -> int:
    """Return 0, or 1 where `--check` found a stale page or the table of open findings is wrong."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("folder", type=Path, help="where the pages are, and open-findings.yaml")
    parser.add_argument("--tests", type=Path, required=True, help="the tests that may guard findings")
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if a page is stale")
    arguments = parser.parse_args()
    try:
        pages = _pages(arguments.folder, arguments.tests)
    except CoverageError as error:
        print(error, file=sys.stderr)
        return 1
    if not arguments.check:
        for path, page in pages.items():
            path.write_text(page)
        return 0
    stale = [path for path, page in pages.items() if not path.exists() or path.read_text() != page]
    for path in stale:
        print(f"{path} is stale; run: make docs", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
