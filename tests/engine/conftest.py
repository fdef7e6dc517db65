import textwrap
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from guardrails.framework.report import Report
from guardrails.reports.as_json import from_json
from local.cloud import CloudProcess
from local.demo.gate import Break, write_variant
from local.deployed import Deployed
from local.engine.engine import Engine, Run
from local.faults.control import RemoteFaults
from local.provider.emulation import Cloud
from local.provider.server import serve
from local.stack import LocalStack, preview_engine
from local.toolchain import ROOT, read_record

engine_is_there = Path(read_record().get("engine", "/nowhere")).exists()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here needs the engine; it is missing only where neither Pulumi nor Go exists."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("engine")
            if not engine_is_there:
                item.add_marker(pytest.mark.skip(reason="neither Pulumi nor Go is on this machine"))


@dataclass
class Sandbox:
    """A small program of its own, on a cloud and an engine of its own."""

    engine: Engine
    cloud: Cloud
    deployed: Deployed

    def program(self, source: str) -> None:
        (self.engine.project / "__main__.py").unlink(missing_ok=True)
        header = "import json, pulumi, pulumi_aws as aws\n"
        (self.engine.project / "__main__.py").write_text(header + textwrap.dedent(source))

    def up(self) -> Run:
        return self.engine.run("up", "--yes", "--skip-preview")

    def client(self, service: str, region: str = "eu-central-1") -> Any:
        return self.cloud.client(service, region)


@pytest.fixture
def moto() -> Iterator[str]:
    cloud = CloudProcess("http://127.0.0.1:1/invoke", 2)
    yield cloud.endpoint
    cloud.stop()


@pytest.fixture
def sandbox(moto: str, tmp_path: Path) -> Iterator[Sandbox]:
    (program := tmp_path / "program").mkdir()
    options = f"{{toolchain: pip, virtualenv: {ROOT / '.venv'}}}"
    (program / "Pulumi.yaml").write_text(f"name: sandbox\nruntime: {{name: python, options: {options}}}\n")
    (program / "Pulumi.local.yaml").write_text("config: {aws:region: eu-central-1}\n")
    cloud = Cloud(endpoint=moto, code_folder=tmp_path / "code")
    deployed = Deployed()
    server, port = serve(deployed, cloud)
    engine = Engine(folder=tmp_path / "engine", provider_port=port)
    engine.prepare(program)
    engine.select("local")
    yield Sandbox(engine, cloud, deployed)
    server.stop(0).wait()


@pytest.fixture
def previewed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Run, Report]]:
    """Return a function that previews a stack of the program, with changes, and returns the pack's report."""

    def preview(stack: str, *changes: Break) -> tuple[Run, Report]:
        monkeypatch.setenv("GUARDRAILS_REPORT", str(tmp_path / "report.json"))
        program = write_variant(tmp_path / "variant", *changes) if changes else ROOT
        with preview_engine(tmp_path / "engine", program) as engine:
            engine.select(stack)
            run = engine.preview()
        assert (tmp_path / "report.json").exists(), run.output
        return run, from_json((tmp_path / "report.json").read_text())

    return preview


@pytest.fixture
def faults(stack: LocalStack) -> Iterator[RemoteFaults]:
    """The faults of the module's running `stack`; what a test adds ends with it."""
    yield stack.faults
    stack.faults.clear()


@pytest.fixture
def resources_at() -> Callable[[str], dict[str, list[str]]]:
    """Return what exists in a moto, by kind; KMS keys that wait for their deletion do not count."""

    def find(endpoint: str) -> dict[str, list[str]]:
        cloud = Cloud(endpoint=endpoint, code_folder=Path("/nowhere"))

        def client(service: str) -> Any:
            return cloud.client(service, "eu-central-1")

        kms = client("kms")
        keys = [kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"] for key in kms.list_keys()["Keys"]]
        found = {
            "buckets": [bucket["Name"] for bucket in client("s3").list_buckets()["Buckets"]],
            "queues": client("sqs").list_queues().get("QueueUrls", []),
            "tables": client("dynamodb").list_tables()["TableNames"],
            "topics": [topic["TopicArn"] for topic in client("sns").list_topics()["Topics"]],
            "roles": [role["RoleName"] for role in client("iam").list_roles()["Roles"]],
            "functions": [item["FunctionName"] for item in client("lambda").list_functions()["Functions"]],
            "layers": [item["LayerName"] for item in client("lambda").list_layers()["Layers"]],
            "rules": [rule["Name"] for rule in client("events").list_rules()["Rules"]],
            "log groups": [
                group["logGroupName"] for group in client("logs").describe_log_groups()["logGroups"]
            ],
            "alarms": [item["AlarmName"] for item in client("cloudwatch").describe_alarms()["MetricAlarms"]],
            "dashboards": [
                d["DashboardName"] for d in client("cloudwatch").list_dashboards()["DashboardEntries"]
            ],
            "keys": [key["KeyId"] for key in keys if key["KeyState"] != "PendingDeletion"],
        }
        return {kind: names for kind, names in found.items() if names}

    return find


@pytest.fixture
def eventually() -> Callable[..., Any]:
    """Return a function that asks until the answer is something; the time is a bound, not an expectation."""

    def eventually[T](read: Callable[[], T | None], seconds: float = 60) -> T:
        deadline = time.monotonic() + seconds
        while not (found := read()):
            assert time.monotonic() < deadline, "nothing came"
            time.sleep(0.1)
        return found

    return eventually
