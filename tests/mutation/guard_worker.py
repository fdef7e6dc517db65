"""A process that takes guards away and reports what fails: one line of JSON per trial, in and out.

It runs in a copy of the project. What all trials need is imported once, and the modules that guards stand in
are forgotten again; each trial then forks, so that it imports them as they stand on disk at that moment.
"""

import importlib
import json
import os
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import moto.backends
import pytest
from hypothesis import Phase, settings

TREE = Path.cwd()
TRIED = {"common", "infra", "objects", "tests"}
"""What guards stand in: never the pack, nor the local stack, which stay as they are once imported."""


def warm_up() -> None:
    """Do once what takes long and does not depend on what is tried: above all, fill the SDK's caches."""
    for module in ("boto3", "hypothesis.strategies", "aws_lambda_powertools.metrics"):
        importlib.import_module(module)
    for service in ("dynamodb", "s3", "sns", "sqs"):
        moto.backends.get_backend(service)
    # A property that fails need not fail by its smallest example; the project's profile inherits this.
    settings.register_profile("quick", phases=[Phase.explicit, Phase.generate], database=None)
    settings.load_profile("quick")
    crying_rules()
    for name in [name for name in sys.modules if name.split(".")[0] in TRIED]:
        del sys.modules[name]


class Failures:
    """A plugin that notes which tests ran and which failed."""

    def __init__(self) -> None:
        self.ran: set[str] = set()
        self.failed: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a test's report; a fixture that fails, fails the test."""
        self.ran.add(report.nodeid)
        if report.failed:
            self.failed.add(report.nodeid)


def crying_rules() -> list[str]:
    """Return the rules that complain about the program, of prod, as it stands."""
    all_rules = importlib.import_module("guardrails.rules").all_rules
    program = importlib.import_module("tests.pack.program")
    return sorted({each.rule.id for each in program.verdicts_on(program.program_nodes("prod"), all_rules())})


def failing_tests(tests: list[str]) -> Mapping[str, Any]:
    """Run *tests*; return which ran and which failed."""
    failures = Failures()
    options = ["-q", "-p", "no:cacheprovider", "--no-header", "--tb=no", "--rootdir", str(TREE)]
    status = pytest.main([*options, *tests], plugins=[failures])
    return {"status": int(status), "ran": sorted(failures.ran), "failed": sorted(failures.failed)}


def trial(job: Mapping[str, Any]) -> Mapping[str, Any]:
    """Judge the project as it stands."""
    try:
        rules = crying_rules() if job["rules"] else []
        return {"rules": rules, "tests": failing_tests(job["tests"]) if job["tests"] else None}
    except Exception:  # noqa: BLE001  whatever went wrong is the answer
        return {"error": traceback.format_exc()}


def in_a_fork(job: Mapping[str, Any]) -> str:
    """Run a trial in a process of its own; its chatter goes nowhere."""
    read, write = os.pipe()
    if (child := os.fork()) == 0:
        os.close(read)
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nowhere, stream)
        os.write(write, json.dumps(trial(job)).encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as answer:
        said = answer.read()
    os.waitpid(child, 0)
    return said or json.dumps({"error": "the trial ended without a word"})


def write(files: Mapping[str, str]) -> None:
    """Write *files*, text by path."""
    for name, text in files.items():
        (TREE / name).write_text(text)


def main() -> None:
    """Answer each job; the files that it changes are put right again afterwards."""
    sys.dont_write_bytecode = True
    sys.path[:0] = [str(TREE / folder) for folder in ("", "functions", "policies")]
    warm_up()
    for line in sys.stdin:
        job = json.loads(line)
        before = {name: (TREE / name).read_text() for name in job["files"]}
        try:
            write(job["files"])
            said = in_a_fork(job)
        finally:
            write(before)
        print(said, flush=True)


if __name__ == "__main__":
    main()
