"""How a run ends: the summary on the terminal, and the report in the file that the environment names."""

import threading
from pathlib import Path

import pytest
from pulumi.runtime.proto import analyzer_pb2

from guardrails.framework.examples import resource, stack
from guardrails.framework.names import token_of
from guardrails.framework.report import Report
from guardrails.reports.as_json import from_json
from guardrails.rules import all_rules
from tests.pack.engine_side import PROJECT, Call, Engine, RefusedError, urn_of

RULES = [rule for rule in all_rules() if rule.id in ("dynamodb-pitr", "s3-public-access")]
BROKEN = stack(resource("dynamodb.Table", "records"), resource("s3.Bucket", "media", bucket="b"))


@pytest.fixture
def report_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GUARDRAILS_REPORT", str(tmp_path / "out" / "report.json"))
    return tmp_path / "out" / "report.json"


def begun(*, update: bool = False) -> Engine:
    engine = Engine(RULES)
    engine.configure()
    if update:
        request = analyzer_pb2.AnalyzerStackConfigureRequest(stack="dev", project=PROJECT, dry_run=False)
        engine.analyzer.ConfigureStack(request, Call())
    return engine


def read(path: Path) -> Report:
    return from_json(path.read_text())


def test_a_run_writes_its_report_and_prints_the_table(
    report_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    begun().preview(BROKEN)

    assert {(each.rule, each.name) for each in read(report_file).results} == {
        ("dynamodb-pitr", "records"),
        ("s3-public-access", "media"),
    }
    printed = capsys.readouterr().err
    assert "critical           1" in printed
    assert "blocked: 2 results stop the deployment" in printed


def test_the_next_run_takes_the_report_away_before_it_judges(report_file: Path) -> None:
    begun().preview(BROKEN)
    begun()

    assert not report_file.exists()


def test_an_update_that_is_stopped_by_a_resource_leaves_a_report_that_says_so(
    report_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    engine = begun(update=True)
    kind = "dynamodb.Table"
    request = analyzer_pb2.AnalyzeRequest(type=token_of(kind), urn=urn_of(kind, "records"), name="records")

    engine.analyzer.Analyze(request, Call())

    assert not read(report_file).complete
    assert [each.rule for each in read(report_file).results] == ["dynamodb-pitr"]
    assert "which ended before the whole stack was judged" in capsys.readouterr().err


def test_a_file_that_is_no_report_is_not_touched(report_file: Path) -> None:
    report_file.parent.mkdir()
    report_file.write_text("my diary")

    with pytest.raises(RefusedError, match=r"GUARDRAILS_REPORT: .*report\.json is there and no report"):
        begun()

    assert report_file.read_text() == "my diary"


def test_a_report_that_cannot_be_written_stops_the_run_before_it_begins(report_file: Path) -> None:
    report_file.mkdir(parents=True)

    with pytest.raises(RefusedError, match=r"GUARDRAILS_REPORT: .* cannot be written: Is a directory"):
        begun()


def test_policy_analyze_learns_the_project_from_a_resource(report_file: Path) -> None:
    engine = Engine(RULES)
    engine.configure(tell_stack=False)
    engine.preview(BROKEN)

    assert (read(report_file).project, read(report_file).stack) == (PROJECT, "dev")


def test_resources_that_are_asked_about_at_once_are_all_in_the_report(report_file: Path) -> None:
    engine = Engine(RULES)
    engine.configure(tell_stack=False)
    ready = threading.Barrier(8)

    def ask(number: int) -> None:
        name = f"table-{number}"
        urn = urn_of("dynamodb.Table", name)
        request = analyzer_pb2.AnalyzeRequest(type=token_of("dynamodb.Table"), urn=urn, name=name)
        ready.wait()
        engine.analyzer.Analyze(request, Call())

    threads = [threading.Thread(target=ask, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    engine.analyzer.AnalyzeStack(engine.stack_request(stack()), Call())

    assert len(read(report_file).results) == 8
