"""An engine run that is killed, whatever of it is killed and whenever, can be repeated or undone."""

import os
import random
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from bench.process import write_empty_pack
from local.engine.engine import Run
from local.folder import end_of
from local.stack import LocalStack
from local.toolchain import ROOT

PROGRAM = """
import json, pulumi, pulumi_aws as aws

key = aws.kms.Key("key")
aws.kms.Alias("key", name="alias/killed", target_key_id=key.id)
bucket = aws.s3.Bucket("bucket", bucket="killed-bucket")
enabled = {"status": "Enabled"}
aws.s3.BucketVersioning("versions", bucket=bucket.bucket, versioning_configuration=enabled)
denial = {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject",
    "Resource": "arn:aws:s3:::killed-bucket/*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
aws.s3.BucketPolicy("policy", bucket=bucket.bucket,
    policy=json.dumps({"Version": "2012-10-17", "Statement": [denial]}))
statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::killed-bucket/*"}
document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
trust = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
    "Principal": {"Service": "lambda.amazonaws.com"}}]})
role = aws.iam.Role("role", name="killed", assume_role_policy=trust)
aws.iam.RolePolicy("role", name="killed", role=role.name, policy=document)
queues = [aws.sqs.Queue(f"queue-{i}", name=f"killed-{i}") for i in range(6)]
topic = aws.sns.Topic("topic", name="killed")
table = aws.dynamodb.Table("table", name="killed", billing_mode="PAY_PER_REQUEST", hash_key="id",
    attributes=[{"name": "id", "type": "S"}])
group = aws.cloudwatch.LogGroup("group", name="/aws/lambda/killed", retention_in_days=14)
code = pulumi.AssetArchive({"handler.py": pulumi.StringAsset("def handle(event, context): return 1\\n")})
function = aws.lambda_.Function("function", name="killed", role=role.arn, runtime="python3.13",
    handler="handler.handle", code=code, publish=True, opts=pulumi.ResourceOptions(depends_on=[group]))
aws.lambda_.Alias("live", name="live", function_name=function.name, function_version=function.version)
rule = aws.cloudwatch.EventRule("rule", name="killed", event_pattern='{"source": ["none"]}')
aws.cloudwatch.EventTarget("target", rule=rule.name, arn=queues[0].arn)
for queue in queues:
    aws.cloudwatch.MetricAlarm(queue._name, name=f"killed-{queue._name}", namespace="AWS/SQS", period=60,
        statistic="Sum", metric_name="NumberOfMessagesSent", comparison_operator="GreaterThanThreshold",
        evaluation_periods=1, threshold=1.0, dimensions={"QueueName": queue.name})
"""
WHOLE = 26
"""What the program deploys."""


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[LocalStack]:
    (program := tmp_path / "program").mkdir()
    (program / "__main__.py").write_text(PROGRAM)
    (program / ".venv").symlink_to(ROOT / ".venv")
    write_empty_pack(program / "policies")
    stack = LocalStack.start(tmp_path / "stack", program=program)
    yield stack
    stack.stop()


@pytest.fixture
def interrupted(stack: LocalStack, eventually) -> Callable[..., Run]:
    """Return a function that kills a process of a run once what is deployed fulfils a condition."""

    def interrupted(run: Callable[[], Run], name: str, reached: Callable[[int], bool]) -> Run:
        ended: list[Run] = []
        thread = threading.Thread(target=lambda: ended.append(run()))
        thread.start()

        def struck() -> bool:
            victims = descendants(os.getpid(), name, stack.engine.project) if reached(deployed(stack)) else []
            for pid in victims:
                os.kill(pid, signal.SIGKILL)
            return bool(victims)

        eventually(lambda: struck() or not thread.is_alive(), seconds=300)
        thread.join()
        return ended[0]

    return interrupted


def deployed(stack: LocalStack) -> int:
    status = stack.status()
    return int(sum(status["emulated"].values()) + sum(status["recorded"].values()))


def descendants(parent: int, name: str, folder: Path) -> list[int]:
    """Return the processes below *parent* that work in *folder* and have *name* in their command."""
    found = []
    for child in children(parent):
        with suppress(OSError):  # it has ended meanwhile
            process = Path("/proc", str(child))
            command = (process / "cmdline").read_bytes().decode().split("\0")
            here = (process / "cwd").resolve()
            named = any(word.endswith(name) for word in command[:3])
            if named and changes(command) and folder in (here, *here.parents):
                found.append(child)
        found += descendants(child, name, folder)
    return found


def children(parent: int) -> list[int]:
    """Return the processes that *parent* started, none if it has ended."""
    found: list[int] = []
    with suppress(OSError):
        for task in Path(f"/proc/{parent}/task").iterdir():
            with suppress(OSError):
                found += map(int, (task / "children").read_text().split())
    return found


def changes(command: list[str]) -> bool:
    """Tell whether a process is no engine, or one that deploys: others run before and after it."""
    return not command[0].endswith("/pulumi") or command[1] in ("up", "destroy")


def test_an_up_whose_engine_was_killed_is_mended_and_repeated(stack, interrupted, resources_at, capsys):
    run = interrupted(stack.deploy, "/pulumi", lambda number: number >= WHOLE // 2)
    assert run.status == -signal.SIGKILL

    again = stack.deploy()

    assert again.status == 0, again.output
    assert "was interrupted; mending" in capsys.readouterr().out
    assert deployed(stack) == WHOLE
    assert stack.destroy().status == 0
    assert resources_at(stack.endpoint) == {}


@pytest.mark.slow
def test_killed_again_and_again_a_stack_can_be_deployed_and_nothing_is_left(stack, interrupted, resources_at):
    rng = random.Random(5)  # noqa: S311 - which moments are tried is the same in each run
    victims = ["/pulumi", "program_executor.py", "pulumi-language-python"]
    for victim in victims:
        more = deployed(stack) + rng.randrange(1, 7)
        run = interrupted(stack.deploy, victim, lambda number, more=more: number >= min(more, WHOLE - 1))
        assert run.status == -signal.SIGKILL or victim != "/pulumi", run.output

    assert stack.deploy().status == 0
    assert deployed(stack) == WHOLE
    fewer = WHOLE - rng.randrange(3, 20)
    interrupted(stack.destroy, "/pulumi", lambda number: number <= fewer)
    assert stack.deploy().status == 0
    assert deployed(stack) == WHOLE
    fewer = WHOLE - rng.randrange(3, 20)
    interrupted(stack.destroy, "/pulumi", lambda number: number <= fewer)
    assert stack.destroy().status == 0
    assert resources_at(stack.endpoint) == {}


def test_a_cloud_killed_during_an_up_ends_the_stack_which_says_why(stack, eventually):
    moto = Path(f"/proc/{stack.pid}/task/{stack.pid}/children").read_text().split()[0]

    ended: list[Run] = []
    thread = threading.Thread(target=lambda: ended.append(stack.deploy()))
    thread.start()
    eventually(lambda: deployed(stack) >= 5, seconds=300)
    os.kill(int(moto), signal.SIGKILL)
    thread.join()

    assert ended[0].status > 0
    reason = eventually(lambda: end_of(stack.folder))
    assert reason.startswith(f"moto (pid {moto}), the emulated cloud, was killed by signal 9")
