"""The generated pages."""

import re
from pathlib import Path

import pytest

from guardrails.described import settings_of
from guardrails.framework.findings import all_findings
from guardrails.pages import schema_pages
from guardrails.rules import all_rules
from guardrails.rules_page import rules_page

DOCS = Path(__file__).parent.parent.parent / "docs"


def test_the_page_is_fresh():
    assert (DOCS / "rules.md").read_text() == rules_page(all_rules())


@pytest.mark.parametrize("name", ["reports.md", "report.schema.json", "guardrails.schema.json"])
def test_the_pages_about_reports_and_the_schemas_are_fresh(name: str) -> None:
    assert (DOCS / name).read_text() == schema_pages(all_rules())[name]


def section_of(page: str, rule_id: str) -> str:
    return page.partition(f"\n## {rule_id}\n")[2].partition("\n## ")[0]


def test_the_page_names_every_rule_with_its_findings_fixes_settings_and_file():
    page = rules_page(all_rules())

    for rule in all_rules():
        section = section_of(page, rule.id)
        assert rule.title in section
        assert rule.severity.value in section
        assert f"(../policies/{rule.module.replace('.', '/')}.py)" in section
        assert all(text in section for text in (*rule.findings, *rule.fixes.values()))
        assert all(f"`{kind}`" in section for kind in rule.fixes)
        assert all(f"`{each.name}`" in section and each.default in section for each in settings_of(rule))


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("dynamodb-pitr", "> Set `pointInTimeRecovery.enabled`"),
        ("log-retention", "> Set `retentionInDays` to `defaultDays`"),
        ("tags", "> Set the tags in `defaults` that are missing"),
        ("tls-version", "profile strict."),
        ("dead-letter-queues", "`maximumMessages` (integer from 0 to 1000000, default `10`)"),
    ],
)
def test_the_page_says_what_is_remediated_and_what_may_be_chosen(rule, words):
    assert words in section_of(rules_page(all_rules()), rule)


def test_long_lists_of_kinds_are_folded():
    section = section_of(rules_page(all_rules()), "tags")

    assert "<summary>Fix, for " in section
    assert section.count("tags={") == 1


def test_the_links_from_rules_to_findings_lead_to_headings_of_that_page():
    headings = [line[4:] for line in (DOCS / "findings.md").read_text().splitlines() if line[:4] == "### "]
    anchors = [heading.lower().replace(".", "") for heading in headings]

    assert len(set(anchors)) == len(anchors) == len(all_findings())
    links = re.findall(r"\(findings\.md#([^)]+)\)", rules_page(all_rules()))
    assert set(links) <= set(anchors)
    assert links


def test_every_rule_stands_in_the_table_by_service():
    table = rules_page(all_rules()).partition("\n## ")[0]

    for rule in all_rules():
        assert f"| [{rule.id}](#{rule.id}) | {rule.severity.value} |" in table


def test_the_readme_counts_the_rules_right():
    assert f"[{len(all_rules())} rules](docs/rules.md)" in (DOCS.parent / "README.md").read_text()
