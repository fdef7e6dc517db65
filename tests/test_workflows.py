"""The workflows: what pull requests and merges go through, with no more rights than that takes."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.mocks import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
STACKS = ["dev", "prod"]


def workflow(name: str) -> dict[str, Any]:
    """Return a workflow; YAML 1.1 reads its key `on` as true."""
    content = yaml.safe_load((ROOT / ".github" / "workflows" / f"{name}.yml").read_text())
    return {"on" if key is True else key: value for key, value in content.items()}


def jobs() -> list[tuple[str, str, dict[str, Any]]]:
    """Return every job of every workflow."""
    return [(path.stem, name, job) for path in WORKFLOWS for name, job in workflow(path.stem)["jobs"].items()]


def script(job: dict[str, Any]) -> str:
    """Return everything that a job runs in a shell."""
    return "\n".join(step["run"] for step in job["steps"] if "run" in step)


def uses(job: dict[str, Any], action: str) -> list[dict[str, Any]]:
    """Return the steps that use *action*."""
    return [step for step in job["steps"] if step.get("uses", "").startswith(f"{action}@")]


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the linters of `make check` on the workflows in *folder*, without the setup before them."""
    command = ["make", "--silent", "workflows", f"WORKFLOWS={folder}", "-o", "setup-tests"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


# --- a pull request -----------------------------------------------------------------------------------------


@pytest.mark.finding("SP-19")
def test_a_pull_request_runs_everything_and_is_previewed_on_every_stack_with_the_pack() -> None:
    checks, preview = workflow("checks"), workflow("preview")

    assert {"pull_request", "push"} <= checks["on"].keys()
    assert script(checks["jobs"]["run"]) == ".ci/run"
    assert preview["on"].keys() == {"pull_request"}
    job = preview["jobs"]["preview"]
    assert job["strategy"]["matrix"]["stack"] == STACKS
    assert not job["strategy"]["fail-fast"]
    assert 'make preview STACK="$STACK"' in script(job)
    makefile = (ROOT / "Makefile").read_text()
    assert "@pulumi preview --stack $(STACK) --policy-pack policies" in makefile


@pytest.mark.finding("SP-19")
def test_the_packs_report_becomes_one_comment_code_scanning_results_and_a_kept_file() -> None:
    preview, report = (workflow("preview")["jobs"][name] for name in ("preview", "report"))

    assert "for format in markdown sarif junit" in script(preview)
    (kept,) = uses(preview, "actions/upload-artifact")
    (fetched,) = uses(report, "actions/download-artifact")
    assert kept["with"]["name"] == fetched["with"]["name"] == "report-${{ matrix.stack }}"
    assert kept["if"] == "${{ !cancelled() }}"  # above all where the preview failed
    (comment,) = uses(report, "actions/github-script")
    assert {"updateComment", "createComment"} <= set(
        re.findall(r"issues\.(\w+)\(", comment["with"]["script"])
    )
    assert "slice(" not in comment["with"]["script"]  # the report fits, and begins with its own marker
    assert "<!--" not in comment["with"]["script"]
    (sarif,) = uses(report, "github/codeql-action/upload-sarif")
    assert sarif["with"]["sarif_file"] == "report/report.sarif"
    assert sarif["with"]["category"].endswith("${{ matrix.stack }}")


def test_code_of_a_pull_request_meets_no_right_to_write_and_that_of_a_fork_no_credentials() -> None:
    preview, report = (workflow("preview")["jobs"][name] for name in ("preview", "report"))

    assert preview["if"] == "github.event.pull_request.head.repo.full_name == github.repository"
    assert preview["permissions"] == {"contents": "read", "id-token": "write"}
    assert not uses(report, "actions/checkout")
    assert script(report) == ""
    assert "pull_request_target" not in "".join(path.read_text() for path in WORKFLOWS)


# --- a merge ------------------------------------------------------------------------------------------------


@pytest.mark.finding("SP-19", "SP-21")
def test_what_is_merged_is_built_once_and_goes_to_dev_and_after_an_approval_to_prod() -> None:
    deploy = workflow("deploy")
    build, dev, prod = (deploy["jobs"][name] for name in ("build", *STACKS))

    assert deploy["on"] == {"push": {"branches": ["main"]}}
    assert ".ci/build release.tar" in script(build)
    assert "needs" not in build
    assert (dev["needs"], prod["needs"]) == ("build", ["build", "dev"])
    assert (dev["environment"], prod["environment"]) == ("dev", "prod")
    assert dev["steps"] == prod["steps"]
    assert not uses(dev, "actions/checkout")
    assert 'echo "$SHA256  release.tar" | sha256sum --check --strict' in script(dev)
    assert 'release/.ci/deploy "$GITHUB_JOB"' in script(dev)


@pytest.mark.finding("SP-21")
def test_no_deployment_skips_its_preview_or_the_pack() -> None:
    text = "\n".join(path.read_text() for path in [*WORKFLOWS, *(ROOT / ".ci").iterdir(), ROOT / "Makefile"])
    calls = [line for line in text.splitlines() if re.match(r"\s*@?pulumi (up|preview)\b", line)]

    assert len(calls) == 3
    assert all("--policy-pack policies" in call and "--skip-preview" not in call for call in calls)


def test_deployments_of_a_stack_wait_for_each_other_and_are_never_cancelled() -> None:
    for stack in STACKS:
        assert workflow("deploy")["jobs"][stack]["concurrency"] == {
            "group": f"deploy-{stack}",
            "cancel-in-progress": False,
        }


# --- all of them --------------------------------------------------------------------------------------------


def test_every_action_is_pinned_to_a_commit_with_its_version_and_always_the_same() -> None:
    found: dict[str, set[str]] = {}
    for path in WORKFLOWS:
        for line in path.read_text().splitlines():
            if "uses:" in line:
                pinned = re.fullmatch(r"\s+uses: ([\w./-]+)@([0-9a-f]{40} # v\d+\.\d+\.\d+)", line)
                assert pinned, f"{path.name}: {line.strip()}"
                found.setdefault(pinned[1], set()).add(pinned[2])

    assert all(len(pins) == 1 for pins in found.values()), found


def test_no_job_has_rights_that_it_does_not_list() -> None:
    for name, job_name, job in jobs():
        assert workflow(name)["permissions"] == {}, name
        assert "write-all" not in str(job["permissions"]), job_name
        assert job["timeout-minutes"] <= 60, job_name


def test_credentials_for_aws_come_from_openid_connect_alone() -> None:
    secrets = {name for path in WORKFLOWS for name in re.findall(r"secrets\.(\w+)", path.read_text())}

    assert secrets == {"PULUMI_ACCESS_TOKEN"}
    for _, _, job in jobs():
        for step in uses(job, "aws-actions/configure-aws-credentials"):
            assert step["with"].keys() == {"role-to-assume", "aws-region"}
            assert job["permissions"]["id-token"] == "write"
            assert job["environment"]


# --- the linters --------------------------------------------------------------------------------------------


def test_the_workflows_pass_the_linters() -> None:
    done = lint(ROOT / ".github" / "workflows")

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("runs-on: ubuntu-24.04", "runs_on: ubuntu-24.04", "runs_on"),
        ("permissions: {}", "permissions: write-all", "excessive-permissions"),
        ("@08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v5.0.0", "@v5", "unpinned-uses"),
        ("run: .ci/run", "run: echo ${{ github.event.pull_request.title }}", "template-injection"),
    ],
)
def test_a_bad_workflow_fails_the_linters(old: str, new: str, complaint: str, tmp_path: Path) -> None:
    text = (ROOT / ".github" / "workflows" / "checks.yml").read_text()
    assert old in text
    (folder := tmp_path / ".github" / "workflows").mkdir(parents=True)
    (folder / "checks.yml").write_text(text.replace(old, new))

    done = lint(folder)

    assert done.returncode != 0
    assert complaint in done.stdout + done.stderr
