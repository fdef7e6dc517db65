"""The generated pages."""

from pathlib import Path

import pytest

from guardrails.pages import report_pages, rules_page
from guardrails.rules import all_rules

DOCS = Path(__file__).parent.parent.parent / "docs"


def test_the_page_is_fresh():
    assert (DOCS / "rules.md").read_text() == rules_page(all_rules())


@pytest.mark.parametrize(("name", "text"), report_pages().items(), ids=report_pages())
def test_the_pages_about_reports_are_fresh(name: str, text: str) -> None:
    assert (DOCS / name).read_text() == text


def test_the_page_names_every_rule_with_its_findings_and_fixes():
    page = rules_page(all_rules())

    for rule in all_rules():
        section = page.partition(f"## {rule.id}\n")[2].partition("\n## ")[0]
        assert rule.title in section
        assert all(text in section for text in (*rule.findings, *rule.fixes.values()))
