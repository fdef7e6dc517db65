"""The generated pages."""

import html
import re
from pathlib import Path

import pytest

from guardrails.described import service_of, settings_of
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
        assert all(html.escape(text) in section or text in section for text in (*rule.passes, *rule.fails))
        assert all(text in section for text in (*rule.findings, *rule.fixes.values()))
        assert all(f"`{kind}`" in section for kind in rule.fixes)
        assert all(f"`{each.name}`" in section and each.default in section for each in settings_of(rule))


def test_the_page_leads_to_the_line_where_a_rule_begins():
    page = rules_page(all_rules())

    for rule in all_rules():
        file, line = re.findall(
            r"\(\.\./(policies/guardrails/rules/\w+\.py)#L(\d+)\)", section_of(page, rule.id)
        )[0]
        lines = (DOCS.parent / file).read_text().splitlines()[int(line) - 1 :]
        assert re.fullmatch(r"@(stack|resource)_rule\(", lines[0])
        name = next(each for each in lines if each.startswith("def ")).partition("(")[0]
        assert name == f"def {rule.id.replace('-', '_')}"


def test_the_page_folds_an_example_that_passes_and_one_that_fails():
    page = rules_page(all_rules())

    for rule in all_rules():
        section = section_of(page, rule.id)
        folded = re.findall(
            r"<details><summary>(Passes|Fails): [^\n]*</summary>\n\n```yaml\n(.*?)\n```\n\n</details>",
            section,
            re.DOTALL,
        )
        assert [what for what, _ in folded] == ["Passes", "Fails"]
        assert "  # " in folded[0][1]


SPEAKS_OF = {
    "API Gateway": ("apigateway.", "apigatewayv2."),
    "GuardDuty": ("guardduty.",),
    "Lambda, its code": ("lambda.Function",),
    "WAF": ("wafv2.",),
}


def test_a_rule_stands_under_the_service_of_its_file_and_speaks_of_it():
    table = rules_page(all_rules()).partition("\n## ")[0]

    for rule in all_rules():
        service = service_of(rule)
        assert f"| {service} | [{rule.id}](#{rule.id}) |" in table
        if service == "several services":
            assert len({kind.partition(".")[0] for kind in (*rule.fixes, *rule.reads)}) > 1
            continue
        kinds = SPEAKS_OF.get(service, (f"{service.lower()}.",))
        assert any(kind.startswith(kinds) for kind in (*rule.fixes, *rule.reads)), rule.id


def test_the_page_lists_all_that_is_mended():
    listed = section_of(rules_page(all_rules()), "What is mended at level remediate")

    assert re.findall(r"^\| \[([\w-]+)\]", listed, re.MULTILINE) == [r.id for r in all_rules() if r.remedies]
    assert "| `dynamodb.Table` | Set `pointInTimeRecovery.enabled`" in listed


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
