"""Without the lines that guard a finding a named rule or test fails: for every finding that is covered."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from guardrails.framework.findings import all_findings
from guardrails.rules import all_rules
from local.toolchain import ROOT
from tests.mutation.guards import Awaited, Guard, is_test, marked_findings, read_guards
from tests.pack.program import program_nodes

TABLE = read_guards()
GUARDS = TABLE.guards
WORKERS = 2
COPIED = {
    *(".ci", ".github", "docs", "functions", "infra", "tests"),
    *(path.name for path in ROOT.iterdir() if path.is_file() and path.name != ".git"),
}
LINKED = ("bench", "local", "policies", ".tools")

pytestmark = pytest.mark.xdist_group("guards")


class Worker:
    """A copy of the project with a process that tries guards in it."""

    def __init__(self, tree: Path) -> None:
        tree.mkdir()
        for name in COPIED:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / name, tree / name)
        for name in LINKED:
            if (ROOT / name).exists():
                (tree / name).symlink_to(ROOT / name)
        self._process = subprocess.Popen(
            [sys.executable, str(tree / "tests" / "mutation" / "guard_worker.py")],
            cwd=tree,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, files: Mapping[str, str], rules: list[str], tests: list[str]) -> Any:
        """Try the project with other text in *files*."""
        assert self._process.stdin
        assert self._process.stdout
        job = {"files": files, "rules": rules, "tests": tests}
        print(json.dumps(job), file=self._process.stdin, flush=True)
        return json.loads(self._process.stdout.readline())

    def end(self) -> None:
        """Let the process end, which it does when nothing is left to do."""
        self._process.communicate()


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleQueue[Worker]]:
    """Workers that are free."""
    free: SimpleQueue[Worker] = SimpleQueue()
    made = [Worker(tmp_path_factory.mktemp("guards") / "tree") for _ in range(WORKERS)]
    for worker in made:
        free.put(worker)
    yield free
    for worker in made:
        worker.end()


@pytest.fixture(scope="module")
def answers(workers: SimpleQueue[Worker]) -> Mapping[str, Any]:
    """What was said with each guard away."""

    def ask(guard: Guard) -> Any:
        worker = workers.get()
        try:
            return worker.ask(guard.without(), guard.rules, guard.tests)
        finally:
            workers.put(worker)

    with ThreadPoolExecutor(WORKERS) as pool:
        return dict(zip(map(str, GUARDS), pool.map(ask, GUARDS), strict=True))


@pytest.mark.slow
def test_with_every_guard_in_place_nothing_fails(workers: SimpleQueue[Worker]) -> None:
    tests = sorted({test for guard in GUARDS for test in guard.tests})
    worker = workers.get()

    said = worker.ask({}, ["all"], tests)

    workers.put(worker)
    assert (said.get("error"), said.get("rules")) == (None, [])
    assert (said["tests"]["status"], said["tests"]["failed"]) == (0, [])


@pytest.mark.slow
@pytest.mark.parametrize("guard", GUARDS, ids=str)
def test_without_its_guard_a_finding_is_named(guard: Guard, answers: Mapping[str, Any]) -> None:
    said = answers[str(guard)]

    assert "error" not in said, said["error"]
    assert set(guard.rules) <= set(said["rules"])
    failed = said["tests"]["failed"] if guard.tests else []
    assert [test for test in guard.tests if not any(_is(test, each) for each in failed)] == [], said


def _is(test: str, node_id: str) -> bool:
    """Tell whether *node_id* is *test*, or a case of it."""
    return node_id == test or node_id.startswith(f"{test}[")


def test_guards_have_names_of_their_own() -> None:
    assert len({str(guard) for guard in GUARDS}) == len(GUARDS)


@pytest.mark.parametrize("guard", GUARDS, ids=str)
def test_a_guard_stands_where_the_table_says(guard: Guard) -> None:
    for file, text in guard.without().items():
        assert text != (ROOT / file).read_text()
        assert file.split("/")[0] in COPIED


@pytest.mark.parametrize("guard", GUARDS, ids=str)
def test_a_guard_names_what_exists(guard: Guard) -> None:
    assert set(guard.findings) <= set(all_findings())
    assert set(guard.rules) <= {rule.id for rule in all_rules()}
    assert [test for test in guard.tests if not is_test(test)] == []


def test_every_finding_that_is_covered_has_a_guard_or_waits_for_what_it_is_about() -> None:
    covered = {finding for rule in all_rules() for finding in rule.findings} | set(marked_findings())
    guarded = {finding for guard in GUARDS for finding in guard.findings}
    awaited = {finding for each in TABLE.not_deployed for finding in each.findings}

    assert sorted(covered - guarded - awaited) == []
    assert sorted(awaited & guarded) == []


def test_a_finding_that_a_rule_stops_has_a_guard_that_such_a_rule_misses() -> None:
    deployed = {node.kind for node in program_nodes("prod")}
    stopping: dict[str, set[str]] = {}
    for rule in all_rules():
        for finding in rule.findings if deployed & set(rule.fixes) else ():
            stopping.setdefault(finding, set()).add(rule.id)
    named = {(finding, rule) for guard in GUARDS for finding in guard.findings for rule in guard.rules}
    awaited = {finding for each in TABLE.not_deployed for finding in each.findings}

    assert [
        finding
        for finding, rules in sorted(stopping.items())
        if finding not in awaited and not any((finding, rule) in named for rule in rules)
    ] == []


@pytest.mark.parametrize("awaited", TABLE.not_deployed, ids=lambda each: "+".join(each.findings))
def test_what_waits_is_about_nothing_that_the_program_deploys(awaited: Awaited) -> None:
    deployed = {node.kind for node in program_nodes("prod")}
    read = {
        finding: {
            place.rsplit(".", 1)[0]
            for rule in all_rules()
            for place in rule.reads
            if finding in rule.findings
        }
        for finding in awaited.findings
    }

    assert set(awaited.kinds) & deployed == set()
    for finding, kinds in read.items():
        assert kinds & set(awaited.kinds), finding
