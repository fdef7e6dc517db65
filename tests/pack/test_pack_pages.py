"""The generated page about the rules."""

from pathlib import Path

from guardrails.pages import rules_page
from guardrails.rules import all_rules

PAGE = Path(__file__).parent.parent.parent / "docs" / "rules.md"


def test_the_page_is_fresh():
    assert PAGE.read_text() == rules_page(all_rules())


def test_the_page_names_every_rule_with_its_findings_and_fixes():
    page = rules_page(all_rules())

    for rule in all_rules():
        section = page.partition(f"## {rule.id}\n")[2].partition("\n## ")[0]
        assert rule.title in section
        assert all(text in section for text in (*rule.findings, *rule.fixes.values()))
