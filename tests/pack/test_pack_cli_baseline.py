"""`guardrails baseline`: today's results become exemptions, and nothing else in the file changes."""

import difflib
import errno
import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from guardrails.cli.baseline import Entry, extended
from guardrails.cli.errors import InputError
from guardrails.framework.examples import resource, stack
from guardrails.framework.exemptions import today
from tests.pack.command import Done, guardrails
from tests.pack.engine_side import urn_of
from tests.pack.states import deployment_of

BROKEN = stack(resource("dynamodb.Table", "records", name="shop-records-dev"))
WHO = ("--owner", "platform", "--reason", "before: the pack", "--days", "90")


@pytest.fixture
def state(program_folder: Path) -> str:
    path = program_folder / "state.json"
    path.write_text(json.dumps(deployment_of(BROKEN)))
    return str(path)


def baseline(*arguments: str) -> Done:
    return guardrails("baseline", *WHO, *arguments)


def exemptions() -> Any:
    return yaml.safe_load(Path("guardrails.yaml").read_text())["exemptions"]


def test_what_stops_the_deployment_is_exempted_until_a_day(state: str) -> None:
    done = baseline("--state", state)

    assert done.status == 0
    assert "added to" in done.out
    (pitr,) = [each for each in exemptions() if each["rule"] == "dynamodb-pitr"]
    assert pitr == {
        "rule": "dynamodb-pitr",
        "resource": urn_of("dynamodb.Table", "records"),
        "stacks": ["dev"],
        "reason": "before: the pack",
        "owner": "platform",
        "expires": today() + timedelta(days=90),
    }


def test_a_second_run_adds_nothing(state: str) -> None:
    baseline("--state", state)
    before = Path("guardrails.yaml").read_bytes()

    done = baseline("--state", state)

    assert Path("guardrails.yaml").read_bytes() == before
    assert "0 exemptions added" in done.out


def test_the_stack_passes_with_its_baseline_and_fails_when_that_is_over(state: str) -> None:
    assert guardrails("check", "--state", state).status == 1
    baseline("--state", state)

    after = guardrails("check", "--state", state)
    assert (after.status, "EXEMPTED" in after.out) == (0, True)

    text = Path("guardrails.yaml").read_text()
    Path("guardrails.yaml").write_text(text.replace(str(today() + timedelta(days=90)), "2026-01-31"))
    assert guardrails("check", "--state", state).status == 1
    again = baseline("--state", state)
    assert "0 exemptions added" in again.out
    assert "expired and still stop" in again.out


def test_a_json_report_does_as_well_as_a_state(state: str) -> None:
    Path("report.json").write_text(guardrails("check", "--state", state, "--format", "json").out)
    baseline("--report", "report.json")
    by_report = exemptions()
    Path("guardrails.yaml").unlink()

    baseline("--state", state)

    assert exemptions() == by_report


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "either --state FILE or --stack NAME"),
        (["--state", "a", "--report", "b"], "name one source"),
        (["--state", "nowhere"], "cannot read the state nowhere"),
    ],
)
def test_wrong_use_is_explained(arguments: list[str], complaint: str) -> None:
    done = baseline(*arguments)

    assert (done.status, complaint in done.err) == (2, True)


@pytest.mark.parametrize("wrong", [("--days", "0"), ("--days", "400"), ("--owner", " "), ("--reason", "")])
def test_an_exemption_needs_owner_reason_and_a_near_end(state: str, wrong: tuple[str, str]) -> None:
    assert guardrails("baseline", *WHO, *wrong, "--state", state).status == 2
    assert not Path("guardrails.yaml").exists()


# --- the file -----------------------------------------------------------------------------------------------


def entry(rule: str = "tags", resource: str = "urn:pulumi:dev::shop::x::y") -> Entry:
    return Entry(rule=rule, resource=resource, stack="dev", reason="r", owner="o", expires=date(2027, 1, 31))


FILES = {
    "nothing": "",
    "comments only": "# how hard\n",
    "no section": "stacks:\n  dev: {levels: {all: mandatory}}  # all\n",
    "no line end": "profile: findings",
    "empty section": "exemptions:\nprofile: strict\n",
    "empty list": "exemptions: []  # none so far\nstacks: {}\n",
    "a section": (
        "exemptions:\n  - rule: a\n    resource: b  # why\n    stacks: [dev]\n\n# the stacks\nstacks: {}\n"
    ),
    "flush left": "exemptions:\n- rule: a\n  resource: b\n# end\n",
    "deep": (
        "exemptions:\n      - {rule: a, resource: b}\n      - rule: c\n        reason: |\n          long\n"
        "          text\n\nstacks: {}\n"
    ),
}


@pytest.mark.parametrize("text", FILES.values(), ids=FILES)
def test_lines_are_only_added(text: str) -> None:
    longer, added = extended(text, [entry(), entry("s3-versioning")])

    removed = [
        line
        for line in difflib.ndiff(text.splitlines(), longer.splitlines())
        if line.startswith("- ") and line != "- exemptions: []  # none so far"
    ]
    assert len(added) == 2
    assert removed == []
    before, after = yaml.safe_load(text) or {}, yaml.safe_load(longer)
    kept = before.get("exemptions") or []
    assert after["exemptions"][: len(kept)] == kept
    assert [each["rule"] for each in after["exemptions"][len(kept) :]] == ["tags", "s3-versioning"]
    assert {key: value for key, value in after.items() if key != "exemptions"} == {
        key: value for key, value in before.items() if key != "exemptions"
    }
    assert extended(longer, [entry(), entry("s3-versioning")]) == (longer, [])


@pytest.mark.parametrize("text", FILES.values(), ids=FILES)
def test_line_ends_of_windows_stay(text: str) -> None:
    unix, _ = extended(text, [entry()])
    windows, _ = extended(text.replace("\n", "\r\n"), [entry()])

    assert windows == (unix.replace("\n", "\r\n") if "\n" in text else unix)


def test_a_line_end_of_another_kind_in_a_comment_stays() -> None:
    text = "# one\u2028# two\nstacks: {}\n"

    assert extended(text, [entry()])[0].startswith(text)


def test_a_run_that_cannot_write_leaves_the_file_as_it_was(
    state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("guardrails.yaml").write_text("profile: findings\n")
    Path("guardrails.yaml").chmod(0o640)

    def full(self: Path, target: Path) -> Path:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", full)
        done = baseline("--state", state)
    assert (done.status, "cannot write" in done.err) == (2, True)
    assert Path("guardrails.yaml").read_text() == "profile: findings\n"
    assert not [each for each in Path().iterdir() if each.name.startswith(".guardrails")]

    assert baseline("--state", state).status == 0
    assert Path("guardrails.yaml").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    "text",
    [
        "stacks: &a {dev: *a}\n",
        "exemptions: [{rule: a, resource: b}]\n",
        "{exemptions: []}\n",
        "exemptions: {}\n",
        "- 1\n",
        "a: [\n",
    ],
)
def test_a_file_that_cannot_be_added_to_is_left_alone(text: str) -> None:
    with pytest.raises(InputError):
        extended(text, [entry()])


def test_an_exemption_of_all_stacks_covers_this_one() -> None:
    text = "exemptions:\n- {rule: tags, resource: 'urn:pulumi:dev::shop::x::y', expires: 2020-01-01}\n"

    assert extended(text, [entry()]) == (text, [])
    other = text.replace("expires", "stacks: [prod], expires")
    assert len(extended(other, [entry()])[1]) == 1


@settings(deadline=None)
@given(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
    st.text(st.characters(exclude_categories=["Cs"])),
)
def test_any_name_and_reason_comes_back_from_the_file(name: str, reason: str) -> None:
    made = Entry(rule="tags", resource=name, stack="dev", reason=reason, owner="o", expires=date(2027, 1, 31))

    longer, _ = extended("# comment\n", [made])

    (read,) = yaml.safe_load(longer)["exemptions"]
    assert (read["resource"], read["reason"]) == (name, reason)
