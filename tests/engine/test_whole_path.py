"""From upload to record: the real program and engine, its functions run from what was deployed."""

import hashlib
import io
import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote_plus

import pytest
from botocore.exceptions import ClientError
from rich.console import Console

from guardrails.reports.as_json import from_json
from local.demo.administration import Administration
from local.demo.inputs import UNPARSABLE
from local.demo.readback import Names
from local.demo.show import run_demo
from local.demo.trouble import Trouble, is_on_purpose
from local.engine.engine import Run
from local.permissions.reviewed import review
from local.scan_work import EICAR
from local.stack import LocalStack
from local.toolchain import ROOT
from tests.pack.command import guardrails

pytestmark = pytest.mark.xdist_group("whole path")


@pytest.fixture(scope="module")
def program(tmp_path_factory) -> Path:
    """A copy of the program, whose sources a test may edit."""
    folder: Path = tmp_path_factory.mktemp("program")
    for name in ("infra", "functions"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("__main__.py", "pyproject.toml", "uv.lock", "policies", ".tools"):
        (folder / name).symlink_to(ROOT / name)
    for file in ROOT.glob("Pulumi*.yaml"):
        shutil.copy(file, folder)
    return folder


@pytest.fixture(scope="module")
def stack(program: Path, tmp_path_factory) -> Iterator[LocalStack]:
    stack = LocalStack.start(tmp_path_factory.mktemp("local") / "stack", time_scale=360, program=program)
    try:
        run = stack.deploy()
        assert run.status == 0, run.output
        yield stack
    finally:
        stack.stop()


@pytest.fixture(scope="module")
def names(stack: LocalStack) -> Names:
    return Names.of(stack)


@pytest.fixture
def put(stack: LocalStack, names: Names) -> Callable[..., str]:
    def put(key: str, body: bytes, content_type: str = "text/csv") -> str:
        s3 = stack.client("s3", names.region)
        done = s3.put_object(Bucket=names.intake, Key=key, Body=body, ContentType=content_type)
        return str(done["VersionId"])

    return put


@pytest.fixture
def record_of(stack: LocalStack, names: Names, eventually) -> Callable[[str, str], dict[str, str]]:
    dynamodb = stack.client("dynamodb", names.region)

    def record_of(key: str, version: str) -> dict[str, str]:
        place = {"objectId": {"S": f"{names.intake}#{key}"}, "versionId": {"S": version}}
        item = eventually(
            lambda: dynamodb.get_item(TableName=names.records, Key=place, ConsistentRead=True).get("Item")
        )
        return {name: next(iter(value.values())) for name, value in item.items()}

    return record_of


def dead_letters(stack: LocalStack, names: Names) -> list[str]:
    found = stack.client("sqs", names.region).receive_message(
        QueueUrl=names.dead_letters, MaxNumberOfMessages=10, VisibilityTimeout=0
    )
    return [message["Body"] for message in found.get("Messages", [])]


def summary(run: Run) -> dict[str, int]:
    """Return how many resources an update created, updated, replaced, deleted or left unchanged."""
    found = re.findall(r"^\s+(?:[-+~]+ ?)?(\d+) (\w+)$", run.output.rpartition("Resources:")[2], re.MULTILINE)
    return {what: int(number) for number, what in found}


@pytest.mark.finding("SP-20")
@pytest.mark.parametrize("key", ["plain.csv", "with space+plus/ünï-データ.csv", "100%25.csv", "k" * 1024])
def test_an_uploaded_object_is_recorded_with_its_checksum(key, put, record_of, names):
    body = f"a,b\n{len(key)},2\n".encode()

    record = record_of(key, put(key, body))

    assert record["status"] == "PROCESSED"
    assert record["sha256"] == hashlib.sha256(body).hexdigest()
    assert (record["bucket"], record["objectKey"], record["size"]) == (names.intake, key, str(len(body)))


@pytest.mark.finding("SP-14")
@pytest.mark.parametrize(
    ("body", "content_type", "reason"),
    [(b"", "text/csv", "EMPTY"), (b"MZ", "application/x-msdownload", "CONTENT_TYPE")],
)
def test_an_object_that_is_not_wanted_is_recorded_with_the_reason(body, content_type, reason, put, record_of):
    record = record_of(f"bad-{reason}", put(f"bad-{reason}", body, content_type))

    assert (record["status"], record["reason"]) == ("REJECTED", reason)
    assert record["cause"]


@pytest.mark.finding("CC-SEC-6")
def test_an_infected_object_ends_in_quarantine_and_nowhere_else(put, record_of, stack, names):
    version = put("invoice.csv", b"x" * 10 + EICAR)

    record = record_of("invoice.csv", version)

    s3 = stack.client("s3", names.region)
    kept = s3.list_objects_v2(Bucket=names.quarantine).get("Contents", [])
    versions = s3.list_object_versions(Bucket=names.intake, Prefix="invoice.csv").get("Versions", [])
    assert record["status"] == "QUARANTINED"
    assert len(kept) == 1
    assert versions == []


@pytest.mark.finding("SP-5", "SP-17")
def test_a_message_that_nobody_can_read_is_kept_in_the_dead_letter_queue(stack, names, eventually):
    stack.client("sqs", names.region).send_message(QueueUrl=names.work_queue, MessageBody=UNPARSABLE)

    assert eventually(lambda: UNPARSABLE in dead_letters(stack, names))


@pytest.mark.finding("SP-13")
def test_ten_deliveries_of_one_event_leave_one_record(put, record_of, stack, names, eventually):
    version = put("often.csv", b"1\n")
    first = record_of("often.csv", version)
    item = {"key": quote_plus("often.csv"), "versionId": version}
    event = {"Records": [{"eventSource": "aws:s3", "s3": {"bucket": {"name": names.intake}, "object": item}}]}
    sqs = stack.client("sqs", names.region)
    for _ in range(10):
        sqs.send_message(QueueUrl=names.work_queue, MessageBody=json.dumps(event))

    def all_are_gone() -> bool:
        counts = sqs.get_queue_attributes(QueueUrl=names.work_queue, AttributeNames=["All"])["Attributes"]
        states = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        return all(counts[state] == "0" for state in states)

    eventually(all_are_gone)
    assert record_of("often.csv", version) == first
    assert json.dumps(event) not in dead_letters(stack, names)


def test_trouble_ends_as_it_must_and_nothing_else_is_denied(stack, names):
    wrong = Trouble(stack=stack, names=names, seconds=60).make()

    status = stack.status()
    assert wrong == status["errors"] == status["problems"] == []
    assert [denial["reason"] for denial in status["denials"] if not is_on_purpose(denial)] == []


def test_who_operates_the_stack_administers_its_keys_and_never_uses_them_directly(stack, names):
    Administration(stack=stack, names=names).carry_out()

    key = stack.outputs()["objects"]["keyArn"]
    with pytest.raises(ClientError, match=r"kms:Encrypt on resource: .* no resource-based policy"):
        stack.operator("kms", names.region).encrypt(KeyId=key, Plaintext=b"x")


def test_every_part_of_every_policy_was_needed_by_a_call_or_stopped_one(stack):
    found = stack.proof()

    left = review(found["survivors"])
    assert (left.unneeded, left.outdated) == ((), ())
    assert found["allows"] > 40
    assert found["denies"] > 10


def test_the_record_holds_every_judged_call_with_its_context_and_the_policies_in_front(stack, names):
    found = [one for one in stack.recorded() if one["action"] == "s3:GetObjectVersion" and one["allowed"]]

    worker = next(one for one in found if "worker" in one["principal"])
    assert worker["resource"].startswith(f"arn:aws:s3:::{names.intake}/")
    assert worker["context"]["s3:existingobjecttag/GuardDutyMalwareScanStatus"] == ["NO_THREATS_FOUND"]
    assert [name.split(" ")[0] for name in worker["policies"]] == ["inline", "bucket"]
    assert worker["times"] > 1


def test_a_second_up_changes_nothing(stack):
    run = stack.deploy()

    assert run.status == 0
    assert "unchanged" in run.output.rpartition("Resources:")[2]
    assert not {"created", "updated", "replaced", "deleted"} & set(
        run.output.rpartition("Resources:")[2].split()
    )


def test_a_refresh_after_up_finds_the_program_as_it_was_deployed(stack):
    run = stack.engine.run("refresh", "--yes", "--skip-preview", "--expect-no-changes", "--diff")

    assert run.status == 0, run.output
    assert set(summary(run)) == {"unchanged"}


def test_a_changed_setting_updates_just_what_it_touches(stack):
    before = stack.deploy()
    stack.engine.require("config", "set", "logRetentionDays", "14")

    run = stack.deploy()

    assert run.status == 0, run.output
    assert summary(run) == {"updated": 2, "unchanged": summary(before)["unchanged"] - 2}
    groups = stack.client("logs", "eu-central-1").describe_log_groups()["logGroups"]
    assert {group["retentionInDays"] for group in groups if "/lambda/" in group["logGroupName"]} == {14}


def test_a_source_edited_after_up_changes_nothing_until_the_next_up(stack, program, put, record_of):
    source = program / "functions" / "objects" / "domain.py"
    source.write_text(source.read_text().replace("the object has 0 bytes", "edited: no bytes"))

    before = record_of("edited-1", put("edited-1", b""))
    run = stack.deploy()
    after = record_of("edited-2", put("edited-2", b""))

    assert run.status == 0, run.output
    assert before["cause"].startswith("the object has 0 bytes")
    assert after["cause"].startswith("edited: no bytes")


def test_a_worker_that_drops_an_event_fails_the_demo(program, tmp_path):
    (variant := tmp_path / "variant").mkdir()
    for entry in program.iterdir():
        (variant / entry.name).symlink_to(entry)
    for name in ("infra", "functions"):
        (variant / name).unlink()
        shutil.copytree(program / name, variant / name)
    source = variant / "functions" / "objects" / "handler.py"
    marker = "    version = sighting.version\n"
    dropping = f'{marker}    if version.key == "versions/03.csv":\n        return\n'
    assert marker in source.read_text()
    source.write_text(source.read_text().replace(marker, dropping))
    printed = io.StringIO()

    status = run_demo(Console(file=printed, width=200), variant)

    assert status == 1
    wrong = [line.strip() for line in printed.getvalue().splitlines() if "✗" in line]
    assert wrong == [
        "✗ PROCESSED: 273 records, must be 276",
        "✗ versions/03.csv: the latest version is not recorded",
    ]


def test_the_deployed_program_passes_the_pack_by_its_state_alone(stack, tmp_path):
    state = tmp_path / "state.json"
    stack.engine.require("stack", "export", "--file", str(state))

    done = guardrails("check", "--state", str(state), "--cwd", str(ROOT), "--format", "json")

    report = from_json(done.out)
    assert (done.status, report.results, report.unused) == (0, (), ())
    assert report.resources > 90
    judged = stack.engine.run("policy", "analyze", "--file", str(state), "--policy-pack", "policies")
    assert judged.status == 0, judged.output


def test_destroying_the_stack_leaves_nothing_in_the_cloud(stack, resources_at):
    assert {"buckets", "queues", "tables", "keys", "rules", "alarms"} <= resources_at(stack.endpoint).keys()

    run = stack.destroy()

    assert run.status == 0, run.output
    assert stack.status()["emulated"] == stack.status()["recorded"] == {}
    assert resources_at(stack.endpoint) == {}
