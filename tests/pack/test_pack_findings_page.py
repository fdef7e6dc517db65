"""The page about findings: it is fresh, and claims nothing that rules, markers and the open table do not."""

from collections.abc import Callable
from pathlib import Path

import pytest

from guardrails.coverage import coverage
from guardrails.findings_page import findings_page
from guardrails.framework.errors import CoverageError
from guardrails.framework.findings import all_findings
from guardrails.guards import guards_in
from guardrails.rules import all_rules
from tests.pack.program import program_nodes

ROOT = Path(__file__).parent.parent.parent
TESTS, TABLE, PAGE = ROOT / "tests", ROOT / "docs/open-findings.yaml", ROOT / "docs/findings.md"

Write = Callable[[str], Path]


@pytest.fixture
def tree(tmp_path: Path) -> Write:
    """Return a function that writes a test module into a tree of its own, and returns the tree."""

    def write(source: str) -> Path:
        (folder := tmp_path / "tests" / "shop").mkdir(parents=True, exist_ok=True)
        (folder / "test_shop.py").write_text(source)
        return tmp_path / "tests"

    return write


@pytest.fixture
def table(tmp_path: Path) -> Write:
    """Return a function that writes a table of open findings."""

    def write(text: str) -> Path:
        (path := tmp_path / "open.yaml").write_text(text)
        return path

    return write


def everything_but(*ids: str) -> dict[str, tuple[str, ...]]:
    """Return guards for all findings but *ids*."""
    return {id_: ("tests/all.py",) for id_ in all_findings() if id_ not in ids}


# --- the project's own page ---------------------------------------------------------------------------------


@pytest.mark.finding("CC-GOV-5")
def test_the_page_is_fresh_and_the_open_table_is_true() -> None:
    assert PAGE.read_text() == findings_page(coverage(all_rules(), guards_in(TESTS), TABLE)), "run: make docs"


def test_the_page_has_every_finding_with_its_rules_its_tests_or_what_closes_it() -> None:
    page = PAGE.read_text()

    for each in coverage(all_rules(), guards_in(TESTS), TABLE):
        section = page.partition(f"### {each.finding.id}\n")[2].partition("\n##")[0]
        assert each.finding.need in section
        assert each.rules or each.tests or each.closed_by
        assert all(text in section for text in (*each.rules, *each.tests, each.closed_by or ""))


def test_what_is_open_is_about_nothing_that_a_rule_could_be_asked_today_without_saying_what_is_missing() -> (
    None
):
    deployed = {node.kind for node in program_nodes("prod")}
    judged = {id_ for rule in all_rules() if deployed & set(rule.fixes) for id_ in rule.findings}
    lacking = [each for each in coverage(all_rules(), guards_in(TESTS), TABLE) if each.closed_by]

    assert [each.finding.id for each in lacking if each.finding.id in judged and len(each.missing) < 20] == []
    for each in lacking:
        claims = "not deployed" in each.missing and each.missing.startswith("the rule is there")
        assert not (claims and each.finding.id in judged), f"{each.finding.id} is judged: {each.missing}"


def test_markers_are_read_as_pytest_reads_them(request: pytest.FixtureRequest) -> None:
    read = guards_in(TESTS)

    for item in request.session.items:
        test = item.nodeid.partition("[")[0].partition("@")[0]  # behind @ is the group of pytest-xdist
        for marker in item.iter_markers("finding"):
            for id_ in marker.args:
                assert any(f"{test}::".startswith(f"{above}::") for above in read[id_]), (item.nodeid, id_)


# --- markers ------------------------------------------------------------------------------------------------


def test_markers_are_read_from_tests_classes_and_modules(tree: Write) -> None:
    tests = tree(
        """
import pytest
pytestmark = [pytest.mark.slow, pytest.mark.finding("SP-1")]

@pytest.mark.parametrize("x", [1])
@pytest.mark.finding("SP-2", "SP-3")
def test_one(x): ...

@pytest.mark.finding("SP-3")
class TestAll:
    pytestmark = pytest.mark.finding("SP-4")

    @pytest.mark.finding("SP-5")
    async def test_two(self): ...
"""
    )

    assert guards_in(tests) == {
        "SP-1": ("tests/shop/test_shop.py",),
        "SP-2": ("tests/shop/test_shop.py::test_one",),
        "SP-3": ("tests/shop/test_shop.py::test_one", "tests/shop/test_shop.py::TestAll"),
        "SP-4": ("tests/shop/test_shop.py::TestAll",),
        "SP-5": ("tests/shop/test_shop.py::TestAll::test_two",),
    }


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            '@mark.finding("SP-99")\ndef test_a(): ...',
            r"test_shop.py::test_a guards 'SP-99', .* did you mean",
        ),
        ("@mark.finding(ID)\ndef test_a(): ...", "test_a: its finding marker must name findings"),
        ('@mark.finding("SP-1", *IDS)\ndef test_a(): ...', "test_a: its finding marker must name findings"),
        ("@mark.finding\ndef test_a(): ...", "test_a: its finding marker must name findings"),
        ('@mark.finding("SP-1")\ndef helper(): ...', "test_shop.py:1: this marker marks no test"),
        ('CASES = [param(1, marks=mark.finding("SP-1"))]', "test_shop.py:1: this marker marks no test"),
    ],
)
def test_a_marker_that_claims_nothing_is_refused_by_its_place(source: str, message: str, tree: Write) -> None:
    with pytest.raises(CoverageError, match=message):
        guards_in(tree(source))


# --- the open table -----------------------------------------------------------------------------------------


def test_a_finding_is_guarded_in_part_or_open(table: Write) -> None:
    path = table("open: {shop: [SP-4]}\nin part: {foundation: {SP-1: half of it}}")

    found = {each.finding.id: each for each in coverage([], everything_but("SP-4"), path)}

    assert (found["SP-1"].state, found["SP-1"].closed_by) == ("in part", "foundation")
    assert (found["SP-2"].state, found["SP-2"].closed_by) == ("guarded", None)
    assert (found["SP-4"].state, found["SP-4"].closed_by) == ("open", "shop")
    page = findings_page(list(found.values()))
    assert "| [objects](#objects) | 25 | 23 | 1 | 1 |" in page
    assert "- open: shop" in page
    assert "- in part, the rest is open: foundation. Missing: half of it" in page


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("open: {}", "- add SP-4 to 'open' with what will close it: nothing guards it"),
        ("in part: {shop: {SP-4: half of it}}", "- move SP-4 from 'in part' to 'open': nothing guards it"),
        (
            "open: {shop: [SP-4, SP-5]}",
            r"- delete SP-5 from 'open' \(or move it to 'in part'\): tests/all.py guards it",
        ),
        ("open: {shop: [SP-4, XX-1]}", "- delete 'XX-1': findings.yaml has no such finding"),
        ("open: {shop: [SP-4]}\nin part: {shop: {SP-4: half of it}}", "SP-4 stands there twice"),
        ("in part: {shop: [SP-1]}", "say of SP-1 what is missing, if and only if it is 'in part'"),
        ("open: {shop: {SP-4: all of it}}", "say of SP-4 what is missing, if and only if it is 'in part'"),
        ("closed: {shop: [SP-4]}", "unknown key 'closed'; there are 'open' and 'in part'"),
    ],
)
def test_a_table_that_is_not_true_is_refused_entry_by_entry(text: str, problem: str, table: Write) -> None:
    with pytest.raises(CoverageError, match=problem):
        coverage([], everything_but("SP-4"), table(text))


def test_rules_guard_what_they_cite(table: Write) -> None:
    rule = next(rule for rule in all_rules() if "IP-1.1" in rule.findings)

    with pytest.raises(CoverageError, match=f"delete IP-1.1 from 'open' .*: {rule.id} guards it"):
        coverage([rule], everything_but("IP-1.1"), table("open: {shop: [IP-1.1]}"))
