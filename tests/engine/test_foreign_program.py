"""The page "use this pack on your program", run on a program that has nothing to do with this project."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from local.deployed import Deployed
from local.engine.engine import Engine
from local.provider.server import serve
from local.toolchain import ROOT, read_record
from tests.test_workflows import lint

pytestmark = pytest.mark.xdist_group("foreign program")

PAGE = (ROOT / "docs" / "use-this-pack.md").read_text()
# Not of this project, and not in its style: what somebody may have.
PROGRAM = """\
import json
import pulumi_aws as aws

ADMIN = ["kms:DescribeKey", "kms:EnableKeyRotation", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion"]
USE = ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"]
ACCOUNT = "123456789012"
GROUPS = [f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:shop-{name}-dev" for name in ("orders", "import")]
tags = {"Project": "shop", "System": "orders", "Environment": "dev", "Owner": "shop", "CostCenter": "1",
        "DataClassification": "internal"}

key = aws.kms.Key("orders", description="Encrypts the log of orders", enable_key_rotation=True,
    deletion_window_in_days=30, tags=tags, policy=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Sid": "Administration", "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
         "Action": ADMIN, "Resource": "*"},
        {"Sid": "Logs", "Effect": "Allow", "Principal": {"Service": "logs.eu-west-1.amazonaws.com"},
         "Action": USE, "Resource": "*",
         "Condition": {"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": GROUPS}}}]}))
aws.kms.Alias("orders", name="alias/shop-orders-dev", target_key_id=key.key_id)
aws.cloudwatch.LogGroup("orders", name="shop-orders-dev", tags=tags, <orders>)
aws.cloudwatch.LogGroup("import-scratch", name="shop-import-dev", tags=tags, kms_key_id=key.arn, <scratch>)
"""
KEPT = "retention_in_days=30"


def blocks(heading: str, language: str = "console") -> list[str]:
    """Return the commands, or the texts in another *language*, of the section with this *heading*."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    found: list[str] = re.findall(rf"^```{language}\n(.*?)^```", section, re.DOTALL | re.MULTILINE)
    assert found, f"the page has no {language} under {heading!r}"
    if language != "console":
        return found
    return [line.removeprefix("$ ") for block in found for line in block.splitlines()]


@dataclass(frozen=True, kw_only=True)
class Owner:
    """Somebody with a program of their own, who does what the page says."""

    folder: Path
    environment: dict[str, str]

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run one command of the page in the program's folder."""
        return subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def write(self, *, orders: str = "", scratch: str = "", configuration: str | None = None) -> None:
        """Write the program, and guardrails.yaml or none."""
        source = PROGRAM.replace("<orders>", orders).replace("<scratch>", scratch)
        (self.folder / "__main__.py").write_text(source)
        (self.folder / "guardrails.yaml").unlink(missing_ok=True)
        if configuration:
            (self.folder / "guardrails.yaml").write_text(configuration)

    def preview(self) -> tuple[int, set[tuple[str, str]], str]:
        """Preview as the page says; return exit status, what stops it (rule and resource), and the output."""
        (command,) = blocks("Preview")
        done = self.run(command)
        output = done.stdout + done.stderr
        found = re.findall(
            r"\[mandatory\]\s+(?:\[severity: \w+\]\s+)?([\w-]+)\s+\([\w:/]+: ([\w-]+)\)", output
        )
        return done.returncode, set(found), output


@pytest.fixture(scope="module")
def owner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Owner]:
    """An owner who has copied the pack."""
    root = tmp_path_factory.mktemp("foreign")
    (root / "serverless-guardrails").symlink_to(ROOT)
    server, port = serve(Deployed(), None)
    engine = Engine(folder=root / "engine", provider_port=port)
    for folder in (root / "shop", root / "bin", root / "engine/state", root / "engine/home"):
        folder.mkdir(parents=True)
    (root / "engine/passphrase").write_text("a passphrase")
    (root / "bin/python3.13").symlink_to(Path(sys.base_prefix, "bin", "python3.13"))
    options = f"{{toolchain: pip, virtualenv: {ROOT / '.venv'}}}"
    (root / "shop/Pulumi.yaml").write_text(f"name: shop\nruntime: {{name: python, options: {options}}}\n")
    (root / "shop/Pulumi.dev.yaml").write_text("config: {aws:region: eu-west-1}\n")
    environment = engine.environment()
    environment["PIP_RETRIES"] = "1"
    environment["PATH"] = os.pathsep.join([str(root / "bin"), environment["PATH"]])
    owner = Owner(folder=root / "shop", environment=environment)
    for command in [*blocks("Copy it"), "pulumi stack init dev --non-interactive"]:
        done = owner.run(command)
        if "--require-hashes" in command and "onnection" in done.stdout + done.stderr:
            # Without a network, the same comes from what `make setup` left in uv's cache.
            options = "--offline --frozen --package guardrails --no-default-groups --group build"
            options += " --no-install-project --inexact"
            target = f"UV_PROJECT_ENVIRONMENT={owner.folder / 'policies/.venv'}"
            done = owner.run(f"{target} {read_record()['uv']} sync --project {ROOT} {options}")
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    yield owner
    server.stop(0).wait()


def test_the_pack_runs_in_an_environment_that_holds_nothing_of_this_project(owner: Owner) -> None:
    done = owner.run("policies/.venv/bin/pip list --format json")
    installed = {package["name"].lower() for package in json.loads(done.stdout)}

    assert "guardrails" in installed
    assert not {"pulumi-aws", "pulumi_aws", "boto3", "moto", "aws-lambda-powertools"} & installed
    for module in ("infra", "local", "objects", "tests"):
        assert owner.run(f"policies/.venv/bin/python -c 'import {module}'").returncode == 1
    assert not any(path.is_symlink() for path in (owner.folder / "policies").iterdir())


def test_what_is_installed_beside_the_pack_is_what_its_requirements_pin(owner: Owner) -> None:
    done = owner.run("policies/.venv/bin/pip list --format json")
    installed = {
        package["name"].lower().replace("_", "-"): package["version"] for package in json.loads(done.stdout)
    }
    pinned = dict(
        re.findall(r"^([\w-]+)==([\w.]+)", (ROOT / "policies/requirements.txt").read_text(), re.MULTILINE)
    )

    assert {"pulumi-policy", "hatchling", "typer"} <= pinned.keys()
    assert {name: version for name, version in installed.items() if pinned.get(name) != version}.keys() <= {
        "guardrails",
        "pip",
        "setuptools",
    }


def test_violations_of_a_foreign_program_are_reported(owner: Owner) -> None:
    owner.write()

    status, stopped, output = owner.preview()

    assert status != 0, output
    assert stopped >= {
        ("log-retention", "orders"),
        ("log-retention", "import-scratch"),
        ("customer-managed-keys", "orders"),
    }
    assert "OP-5.2" in output


def test_a_mended_foreign_program_passes(owner: Owner) -> None:
    owner.write(orders=f"{KEPT}, kms_key_id=key.arn", scratch=KEPT)

    status, stopped, output = owner.preview()

    assert stopped == set()
    assert status == 0, output


# --- what arrives with the configuration and the reports of the pack ----------------------------------------


def test_what_the_pages_guardrails_yaml_exempts_stops_nothing(owner: Owner) -> None:
    (text,) = blocks("Choose", "yaml")
    owner.write(orders="kms_key_id=key.arn", configuration=text)

    status, stopped, output = owner.preview()

    assert stopped == {("log-retention", "orders")}, output
    assert status != 0

    owner.write(orders=f"{KEPT}, kms_key_id=key.arn", configuration=text)

    status, stopped, output = owner.preview()

    assert stopped == set(), output
    assert status == 0, output


def test_a_team_starts_from_a_baseline_and_reports_in_every_format(owner: Owner) -> None:
    owner.write()
    preview, baseline = blocks("Start today, tighten later")

    assert owner.run(preview).returncode != 0
    done = owner.run(baseline)
    assert done.returncode == 0, done.stderr
    exemptions = yaml.safe_load((owner.folder / "guardrails.yaml").read_text())["exemptions"]
    assert "log-retention" in {exemption["rule"] for exemption in exemptions}
    status, stopped, output = owner.preview()
    assert (status, stopped) == (0, set()), output

    for command in blocks("Report"):
        done = owner.run(command)
        assert done.returncode == 0, f"{command}\n{done.stderr}"
    for file in ("report.md", "report.sarif", "report.xml"):
        assert "log-retention" in (owner.folder / file).read_text()


def test_the_commands_that_explain_and_check_work(owner: Owner) -> None:
    owner.write()
    *explained, export, check = blocks("Explain and check")

    for command in explained:
        done = owner.run(command)
        assert done.returncode == 0, f"{command}\n{done.stderr}"
        assert "log-retention" in done.stdout
    assert owner.run(export).returncode == 0
    assert owner.run(check).returncode == 0  # nothing is deployed


def test_the_pages_workflow_passes_the_linters(tmp_path: Path) -> None:
    (text,) = blocks("In CI", "yaml")
    (folder := tmp_path / ".github" / "workflows").mkdir(parents=True)
    (folder / "preview.yml").write_text(text)

    done = lint(folder)

    assert done.returncode == 0, done.stdout + done.stderr
    pins = set(re.findall(r"uses: (\S+@\S+ # \S+)", text))
    known = "".join(path.read_text() for path in (ROOT / ".github/workflows").glob("*.yml"))
    assert all(pin in known for pin in pins), pins
