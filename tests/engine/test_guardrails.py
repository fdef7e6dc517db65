"""`guardrails check` beside the real engine: it says what `pulumi policy analyze` says of the same state."""

import json
from pathlib import Path
from typing import Any

import pytest

from guardrails.reports.as_json import from_json
from local.engine.engine import installed_engine
from tests.pack.command import guardrails

CLEAN = """
    pulumi.export("nothing", 1)
    aws.cloudwatch.EventRule("nothing", name="nothing-local", description="Rings for nobody.", tags=TAGS,
        event_pattern='{"source": ["none"]}', state="DISABLED")
"""
BROKEN = """
    class Shop(pulumi.ComponentResource):
        def __init__(self, name):
            super().__init__("shop:systems:Shop", name)
            child = pulumi.ResourceOptions(parent=self)
            secret = pulumi.Output.secret
            self.bucket = aws.s3.Bucket("media", bucket="shop-media", opts=child)
            aws.s3.BucketVersioning("media", bucket=self.bucket.bucket, opts=child,
                versioning_configuration={"status": secret("Enabled")})
            aws.dynamodb.Table("orders", name=secret("shop-orders"), hash_key="id", tags=TAGS, opts=child,
                billing_mode="PAY_PER_REQUEST", attributes=[{"name": "id", "type": "S"}])
            aws.cloudwatch.LogGroup("log", name="/shop", opts=child)
            trust = {"Effect": "Allow", "Action": "sts:AssumeRole",
                "Principal": {"Service": "lambda.amazonaws.com"}}
            role = aws.iam.Role("worker", name="shop-worker", tags=TAGS, opts=child,
                assume_role_policy=json.dumps({"Version": "2012-10-17", "Statement": [trust]}))
            allowed = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
            aws.iam.RolePolicy("worker", role=role.name, opts=child,
                policy=secret(json.dumps({"Version": "2012-10-17", "Statement": [allowed]})))
            self.register_outputs({})
    Shop("shop")
"""
CONFIGURED = """
    aws.cloudwatch.LogGroup("log", name="/shop", retention_in_days=3)
    aws.dynamodb.Table("orders", name="shop-orders", hash_key="id", tags=TAGS,
        billing_mode="PAY_PER_REQUEST", attributes=[{"name": "id", "type": "S"}])
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
    role = aws.iam.Role("worker", name="shop-worker", tags=TAGS,
        assume_role_policy=json.dumps({"Version": "2012-10-17", "Statement": [trust]}))
    for name in ("clients", "unreadable"):
        aws.lambda_.Function(name, name=f"shop-{name}", role=role.arn, tags=TAGS, runtime="python3.13",
            handler=f"{name}.handler", code=pulumi.FileArchive("./app"))
"""
APP = {
    "clients.py": "import boto3\nqueues = boto3.client('sqs')\n\ndef handler(event, _): ...\n",
    "unreadable.py": "def handler(\n",
}
CONFIGURATION = """
stacks:
  local:
    levels: {all: mandatory, log-retention: advisory, tags: disabled}
    undetermined: advisory
    settings: {log-retention: {minimumDays: 30}}
exemptions:
  - {rule: dynamodb-pitr, resource: orders, reason: tried out, owner: shop, expires: 2999-12-31}
  - {rule: lambda-tracing, resource: clients, reason: tried out, owner: shop, expires: 2020-12-31}
  - {rule: s3-versioning, resource: nothing, reason: tried out, owner: shop, expires: 2999-12-31}
"""
HEADER = """
    TAGS = dict.fromkeys(
        ["Project", "System", "Environment", "Owner", "CostCenter", "DataClassification"], "x")
"""


def analyzed(sandbox: Any, state: Path) -> set[tuple[str, str, str]]:
    """Return rule, resource and level of what `pulumi policy analyze` reports."""
    run = sandbox.engine.run("policy", "analyze", "--file", str(state), "--policy-pack", "policies", "--json")
    events = [json.loads(line) for line in run.output.splitlines() if line.startswith("{")]
    assert events, run.output
    found = [event["policyEvent"] for event in events if "policyEvent" in event]
    return {(each["policyName"], each["resourceUrn"], each["enforcementLevel"]) for each in found}


@pytest.mark.parametrize(("program", "status"), [(CLEAN, 0), (BROKEN, 1)], ids=["clean", "broken"])
def test_a_state_is_judged_as_policy_analyze_judges_it(sandbox, tmp_path, monkeypatch, program, status):
    sandbox.program(HEADER + program)
    assert sandbox.up().status == 0
    state = tmp_path / "state.json"
    sandbox.engine.require("stack", "export", "--show-secrets", "--file", str(state))

    done = guardrails(
        "check", "--state", str(state), "--cwd", str(sandbox.engine.project), "--format", "json"
    )
    report = from_json(done.out)

    expected = analyzed(sandbox, state)
    assert {(each.rule, each.urn, each.level.value) for each in report.results} == expected
    assert (done.status, bool(expected)) == (status, bool(status))
    for each in [each for each in report.results if each.type != "pulumi:pulumi:Stack"]:
        assert each.source.startswith("__main__.py:"), each
    assert "shop-orders" not in done.out

    monkeypatch.setenv("PATH", str(installed_engine().parent))
    for key, value in sandbox.engine.environment().items():
        monkeypatch.setenv(key, value)
    asked = ("check", "--stack", "local", "--cwd", str(sandbox.engine.project), "--format", "json")
    assert guardrails(*asked, "--decrypt").out == done.out
    hidden = from_json(guardrails(*asked).out)
    unknown = {each.rule for each in hidden.results if each.outcome == "undetermined"}
    assert unknown >= ({"s3-versioning", "iam-exact"} if status else set())


def test_guardrails_yaml_has_the_same_effect_on_both(sandbox, tmp_path, monkeypatch):
    project = sandbox.engine.project
    (project / "app").mkdir()
    for name, source in APP.items():
        (project / "app" / name).write_text(source)
    (project / "guardrails.yaml").unlink(missing_ok=True)  # a link to this repository's own
    (project / "guardrails.yaml").write_text(CONFIGURATION)
    sandbox.program(HEADER + CONFIGURED)
    run = sandbox.up()
    assert run.status == 0, run.output
    state = tmp_path / "state.json"
    sandbox.engine.require("stack", "export", "--show-secrets", "--file", str(state))
    (tmp_path / "shell" / "app").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "shell")

    report = from_json(
        guardrails("check", "--state", str(state), "--cwd", str(project), "--format", "json").out
    )

    (stack,) = {each.urn for each in report.results if each.type == "pulumi:pulumi:Stack"} or {""}
    expected = {(each.rule, each.urn, each.level.value) for each in report.results if not each.exemption}
    expected |= {(each.rule, stack, "mandatory") for each in report.expired}
    assert analyzed(sandbox, state) == expected
    said = {(each.rule, each.name, each.outcome.value): each for each in report.results}
    assert said["log-retention", "log", "violation"].level == "advisory"
    assert said["code-readable", "unreadable", "undetermined"].level == "advisory"
    assert said["code-client-retries", "clients", "violation"].problem.endswith("in clients.py:2")
    assert said["dynamodb-pitr", "orders", "violation"].exemption
    assert [each.rule for each in report.expired] == ["lambda-tracing"]
    assert [each.rule for each in report.unused] == ["s3-versioning"]


def test_a_stack_that_does_not_exist_is_named_by_pulumi(sandbox, monkeypatch):
    for key, value in sandbox.engine.environment().items():
        monkeypatch.setenv(key, value)

    done = guardrails("check", "--stack", "nowhere", "--cwd", str(sandbox.engine.project))

    assert done.status == 2
    assert "nowhere" in done.err
