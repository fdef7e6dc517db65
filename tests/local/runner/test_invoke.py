"""Invocations: what the handler gets, what comes back, what it may see and do."""

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from local.faults import Faults
from local.permissions.judge import Judge
from local.runner import InvokeResult, Runner
from local.runner.errors import RefusedError, RunnerError, StoppedError, ThrottledError, UnknownFunctionError
from tests.local.runner.stage import ACCOUNT, QUEUE_AND_LOGS, REGION, ROLE_ARN, Stage, allow

ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:echo"

type Eventually = Callable[[Callable[[], bool]], None]


def answer(result: InvokeResult) -> Any:
    assert result.function_error is None, result.payload
    return json.loads(result.payload)


def failure(result: InvokeResult) -> Any:
    assert result.function_error == "Unhandled", result.payload
    return json.loads(result.payload)


def test_a_function_is_invoked_by_name_or_arn_with_version_alias_or_none(
    stage: Stage, runner: Runner
) -> None:
    stage.role(*QUEUE_AND_LOGS)
    stage.function("def handler(event, context): return [event, context.invoked_function_arn]")

    for reference in ("echo:live", "echo:1", "echo", f"{ARN}:live", ARN):
        event, arn = answer(runner.invoke(reference, '{"a": [1, "ä"]}'.encode()))
        assert event == {"a": [1, "ä"]}
        assert arn == ARN + reference.removeprefix(ARN).removeprefix("echo")


def test_what_is_not_deployed_cannot_be_invoked(stage: Stage, runner: Runner) -> None:
    stage.role(*QUEUE_AND_LOGS)
    stage.function("def handler(event, context): return 1")

    for reference in ("other", "echo:other", "echo:9", "not a name"):
        with pytest.raises(UnknownFunctionError, match=reference):
            runner.invoke(reference, b"{}")


def test_the_context_tells_what_lambda_tells(stage: Stage, runner: Runner) -> None:
    stage.role(*QUEUE_AND_LOGS)
    stage.function(
        """
        def handler(event, context):
            names = ("function_name", "function_version", "memory_limit_in_mb", "log_group_name")
            left = context.get_remaining_time_in_millis()
            return [getattr(context, name) for name in names] + [left, context.aws_request_id]
        """
    )
    *names, left, request_id = answer(runner.invoke("echo:live", b"{}"))

    assert names == ["echo", "1", "256", "/aws/lambda/echo"]
    assert 0 < left <= 20_000
    assert answer(runner.invoke("echo:live", b"{}"))[-1] != request_id


def test_a_process_is_kept_warm_and_used_again(stage: Stage, runner: Runner) -> None:
    stage.role(*QUEUE_AND_LOGS)
    stage.function(
        """
        import os
        calls = []
        def handler(event, context):
            calls.append(event)
            return [os.getpid(), len(calls)]
        """
    )
    answers = [answer(runner.invoke("echo:live", b"{}")) for _ in range(3)]

    assert [number for _, number in answers] == [1, 2, 3]
    assert [pid for pid, _ in answers] == runner.pids() * 3
    (status,) = runner.status().functions
    assert (status.name, status.warm, status.invocations, status.errors) == ("echo", 1, 3, 0)


def test_the_environment_is_the_deployed_one_and_lambdas_own(
    stage: Stage, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_OF_THE_LAPTOP", "x")
    stage.role(*QUEUE_AND_LOGS)
    source = "import os, sys\ndef handler(event, context): return [dict(os.environ), sys.path, os.getcwd()]"
    stage.function(source, environment={"variables": {"TABLE": "records"}})

    variables, path, folder = answer(runner.invoke("echo:live", b"{}"))

    assert variables.pop("TABLE") == "records"
    assert "SECRET_OF_THE_LAPTOP" not in variables
    assert variables["AWS_ENDPOINT_URL"] == stage.endpoint
    assert variables["LAMBDA_TASK_ROOT"] == folder == path[0]
    assert {name for name in variables if not name.startswith(("AWS_", "LAMBDA_"))} == {
        "PATH", "LANG", "TZ", "_HANDLER",
    }  # fmt: skip
    assert not [entry for entry in path if "site-packages" in entry]


def test_only_code_layers_and_the_runtime_can_be_imported(stage: Stage, runner: Runner) -> None:
    stage.role(*QUEUE_AND_LOGS)
    layers = []
    for number in ("one", "two"):
        arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:{number}:1"
        files = {"python/shared.py": f"origin = {number!r}", f"python/only_{number}.py": ""}
        code = str(stage.archive(files))
        stage.put("aws:lambda/layerVersion:LayerVersion", number, {"arn": arn, "code": code})
        layers.append(arn)
    stage.function(
        """
        import importlib
        import boto3, only_one, only_two, shared
        def handler(event, context):
            found = importlib.util.find_spec
            return [shared.origin, [name for name in event if found(name)]]
        """,
        layers=layers,
    )
    absent = ["moto", "pytest", "pulumi", "hypothesis", "local", "tests", "flask", "pip", "setuptools"]

    assert answer(runner.invoke("echo:live", json.dumps(absent).encode())) == ["two", []]


def test_an_exception_is_answered_with_type_message_and_trace(stage: Stage, runner: Runner) -> None:
    stage.role(*QUEUE_AND_LOGS)
    stage.function("def handler(event, context):\n    raise ValueError('no such cat')")

    result = runner.invoke("echo:live", b"{}")

    error = failure(result)
    assert (error["errorType"], error["errorMessage"]) == ("ValueError", "no such cat")
    assert 'raise ValueError("' in error["stackTrace"][0] or "raise ValueError('" in error["stackTrace"][0]
    assert "[ERROR] ValueError: no such cat" in result.log_tail
    assert runner.status().functions[0].errors == 1


@pytest.mark.parametrize(
    ("source", "kind", "message"),
    [
        ("import nowhere", "Runtime.ImportModuleError", "Unable to import module 'app': No module named"),
        ("x = 1", "Runtime.HandlerNotFound", "handler"),
        ("raise KeyError('TABLE')", "KeyError", "TABLE"),
        ("import os\nos._exit(3)", "Runtime.ExitError", "exit status 3"),
        ("def handler(e, c): return object()", "Runtime.MarshalError", "not JSON serializable"),
        ("import os\ndef handler(e, c): os._exit(4)", "Runtime.ExitError", "exit status 4"),
        ("import os\ndef handler(e, c): os.kill(os.getpid(), 9)", "Runtime.ExitError", "signal 9"),
    ],
)
def test_code_that_does_not_run_is_told_as_lambda_tells_it(
    stage: Stage, runner: Runner, source: str, kind: str, message: str
) -> None:
    stage.role(*QUEUE_AND_LOGS)
    stage.function(source)

    for _ in range(2):  # the second time as much as the first: nothing broken is kept warm
        error = failure(runner.invoke("echo:live", b"{}"))
        assert error["errorType"] == kind
        assert message in error["errorMessage"]


def test_a_function_that_takes_too_long_is_killed_with_all_that_it_started(
    stage: Stage, runner: Runner, eventually: Eventually
) -> None:
    stage.role(*QUEUE_AND_LOGS)
    stage.function(
        """
        import os, subprocess, threading
        def handler(event, context):
            if event:
                return "quick"
            child = subprocess.Popen(["sleep", "600"])
            print("started", child.pid, os.getpid())
            threading.Event().wait()
        """,
        timeout=1,
    )
    result = runner.invoke("echo:live", b"{}")

    error = failure(result)
    assert error["errorType"] == "Sandbox.Timedout"
    assert error["errorMessage"].endswith("Error: Task timed out after 1.00 seconds")
    child, parent = next(
        line.split()[1:] for line in result.log_tail.splitlines() if line.startswith("started")
    )
    assert not is_running(int(parent))
    eventually(lambda: not is_running(int(child)))  # the runner waits for its own process only
    assert answer(runner.invoke("echo:live", b"1")) == "quick"
    assert runner.status().functions[0].timeouts == 1


def is_running(pid: int) -> bool:
    """Whether *pid* is a process that is not a zombie waiting for its parent."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


GATE = """
    import os, pathlib
    def handler(event, context):
        folder = pathlib.Path(event["folder"])
        (folder / f"in-{os.getpid()}").touch()
        with open(folder / "gate") as gate:  # a named pipe: opens when the test opens its end
            return gate.read()
"""


def open_gate(folder: Path) -> bool:
    """Let those through who wait at the gate just now, if any."""
    with suppress(OSError):
        os.close(os.open(folder / "gate", os.O_WRONLY | os.O_NONBLOCK))
    return True


def test_no_more_run_at_once_than_the_reserved_concurrency(
    stage: Stage, runner: Runner, eventually: Eventually, tmp_path: Path
) -> None:
    stage.role(*QUEUE_AND_LOGS)
    stage.function(GATE, reservedConcurrentExecutions=2)
    folder = tmp_path / "gate"
    folder.mkdir()
    os.mkfifo(folder / "gate")
    event = json.dumps({"folder": str(folder)}).encode()

    with ThreadPoolExecutor(2) as threads:
        first = [threads.submit(runner.invoke, "echo:live", event) for _ in range(2)]
        eventually(lambda: len(list(folder.glob("in-*"))) == 2)
        with pytest.raises(ThrottledError, match="echo"):
            runner.invoke("echo:live", event)
        assert runner.status().functions[0].in_flight == 2
        eventually(lambda: open_gate(folder) and all(one.done() for one in first))

    assert [answer(one.result()) for one in first] == ["", ""]
    status = runner.status().functions[0]
    assert (status.in_flight, status.warm, status.throttled) == (0, 2, 1)


def test_no_reserved_concurrency_at_all_stops_a_function(stage: Stage, runner: Runner) -> None:
    stage.role(*QUEUE_AND_LOGS)
    stage.function("def handler(event, context): return 1", reservedConcurrentExecutions=0)

    with pytest.raises(ThrottledError):
        runner.invoke("echo:live", b"{}")


def test_an_edited_source_changes_nothing_until_it_is_deployed(stage: Stage, runner: Runner) -> None:
    stage.role(*QUEUE_AND_LOGS)
    stored = stage.function("def handler(event, context): return 'old'")
    assert answer(runner.invoke("echo:live", b"{}")) == "old"

    edited = stage.archive({"app.py": "def handler(event, context): return 'new'"})
    stored.write_bytes(edited.read_bytes())
    assert answer(runner.invoke("echo:live", b"{}")) == "old"

    stage.function("def handler(event, context): return 'newer'", version=2)
    assert answer(runner.invoke("echo:live", b"{}")) == "newer"


def test_an_alias_stays_with_its_version_until_it_is_moved(stage: Stage, runner: Runner) -> None:
    stage.role(*QUEUE_AND_LOGS)
    stage.function("def handler(event, context): return 'one'")
    assert answer(runner.invoke("echo:live", b"{}")) == "one"

    stage.function("def handler(event, context): return 'two'", version=2, alias_version=1)

    assert answer(runner.invoke("echo:live", b"{}")) == "one"
    assert answer(runner.invoke("echo:2", b"{}")) == "two"
    assert answer(runner.invoke("echo", b"{}")) == "two"


def test_processes_of_a_replaced_version_are_ended(stage: Stage, runner: Runner) -> None:
    stage.role(*QUEUE_AND_LOGS)
    stage.function("def handler(event, context): return 1")
    runner.invoke("echo:live", b"{}")
    (old,) = runner.pids()

    stage.function("def handler(event, context): return 2", version=2)
    runner.invoke("echo:live", b"{}")

    assert old not in runner.pids()
    assert not is_running(old)


CALLS_S3 = """
    import boto3
    from botocore.exceptions import ClientError
    def handler(event, context):
        s3 = boto3.client("s3")
        try:
            getattr(s3, event["operation"])(Bucket="shelf", Key="cat")
        except ClientError as error:
            code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
            return [code, message, error.response["ResponseMetadata"]["HTTPStatusCode"]]
        return "done"
"""


def test_a_denied_call_fails_inside_the_function_as_on_aws(
    stage: Stage, runner: Runner, judge: Judge
) -> None:
    s3 = stage.client("s3")
    s3.create_bucket(Bucket="shelf", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="shelf", Key="cat", Body=b"purr")
    stage.role(*QUEUE_AND_LOGS, allow("s3:GetObject", on="arn:aws:s3:::shelf/*"))
    stage.function(CALLS_S3)

    assert answer(runner.invoke("echo:live", b'{"operation": "get_object"}')) == "done"
    code, message, status = answer(runner.invoke("echo:live", b'{"operation": "delete_object"}'))
    assert (code, status) == ("AccessDenied", 403)
    assert message == (
        f"User: arn:aws:sts::{ACCOUNT}:assumed-role/worker/echo is not authorized to perform: "
        's3:DeleteObject on resource: "arn:aws:s3:::shelf/cat" '
        "because no identity-based policy allows the s3:DeleteObject action"
    )
    assert s3.get_object(Bucket="shelf", Key="cat")["Body"].read() == b"purr"
    assert [one.action for one in judge.denials()] == ["s3:DeleteObject"]

    stage.role(*QUEUE_AND_LOGS)
    denied = answer(runner.invoke("echo:live", b'{"operation": "head_object"}'))
    assert denied == ["403", "Forbidden", 403]


def test_a_call_that_cannot_be_judged_fails_loudly(stage: Stage, runner: Runner, judge: Judge) -> None:
    odd = allow("s3:*") | {"Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}
    stage.role(*QUEUE_AND_LOGS, odd)
    stage.function(CALLS_S3)

    error = failure(runner.invoke("echo:live", b'{"operation": "get_object"}'))

    assert error["errorType"] == "UnjudgedCallError"
    assert "aws:SourceIp" in error["errorMessage"]
    assert len(judge.errors()) == 1


def test_a_judge_that_breaks_fails_the_invocation_and_not_the_next_one(stage: Stage, runner: Runner) -> None:
    tagged = {"Condition": {"StringEquals": {"s3:ExistingObjectTag/scan": "clean"}}}
    stage.role(*QUEUE_AND_LOGS, allow("s3:GetObject") | tagged)
    stage.function(
        """
        import boto3
        def handler(event, context):
            return event and boto3.client("s3").get_object(**event)
        """
    )

    with pytest.raises(LookupError, match="no such bucket"):
        runner.invoke("echo:live", b'{"Bucket": "nowhere", "Key": "cat"}')

    assert answer(runner.invoke("echo:live", b"0")) == 0


def test_a_deployment_that_cannot_be_read_is_told(
    stage: Stage, runner: Runner, eventually: Eventually
) -> None:
    stage.role(*QUEUE_AND_LOGS)
    stage.function("def handler(event, context): return 1", code=str(stage.folder / "gone.zip"))

    with pytest.raises(RunnerError, match=r"cannot be run: FileNotFoundError.*gone\.zip"):
        runner.invoke("echo:live", b"{}")
    eventually(lambda: "gone.zip" in "".join(runner.status().problems))


def test_calls_of_resources_threads_and_init_are_judged_and_presigning_is_not(
    stage: Stage, runner: Runner, judge: Judge
) -> None:
    stage.client("sqs").create_queue(QueueName="out")
    stage.role(*QUEUE_AND_LOGS, allow("sqs:SendMessage", "sqs:GetQueueUrl"))
    stage.function(
        """
        import threading, boto3
        url = boto3.client("sqs").get_queue_url(QueueName="out")["QueueUrl"]
        def send(number):
            boto3.resource("sqs").Queue(url).send_message(MessageBody=str(number))
        def handler(event, context):
            threads = [threading.Thread(target=send, args=(n,)) for n in range(4)]
            [thread.start() for thread in threads]
            [thread.join() for thread in threads]
            boto3.client("s3").generate_presigned_url("get_object", Params={"Bucket": "b", "Key": "k"})
        """
    )
    assert answer(runner.invoke("echo:live", b"{}")) is None

    out = f"arn:aws:sqs:{REGION}:{ACCOUNT}:out"
    used = [action for _, action, resource in judge.allowed() if resource == out]
    assert used == ["sqs:GetQueueUrl", "sqs:SendMessage"]
    assert (judge.denials(), judge.errors()) == ([], [])


def test_a_role_that_does_not_trust_lambda_runs_nothing(stage: Stage, runner: Runner) -> None:
    stage.role(*QUEUE_AND_LOGS)
    untrusting = {"Version": "2012-10-17", "Statement": []}
    stage.put(
        "aws:iam/role:Role", "worker", {"name": "worker", "arn": ROLE_ARN, "assumeRolePolicy": untrusting}
    )
    stage.function("def handler(event, context): return 1")

    with pytest.raises(RefusedError, match="sts:AssumeRole"):
        runner.invoke("echo:live", b"{}")
    assert runner.pids() == []


def test_logs_go_to_the_deployed_group_and_to_a_file(stage: Stage, runner: Runner) -> None:
    logs = stage.client("logs")
    logs.create_log_group(logGroupName="/shop/echo")
    stage.role(*QUEUE_AND_LOGS)
    stage.function(
        """
        import logging
        def handler(event, context):
            print("a line")
            logging.getLogger().warning("a warning")
            print("no newline", end="")
        """,
        loggingConfig={"logGroup": "/shop/echo", "logFormat": "Text"},
    )
    result = runner.invoke("echo:live", b"{}")
    runner.flush_logs()

    events = logs.filter_log_events(logGroupName="/shop/echo")["events"]
    messages = [event["message"] for event in events]
    assert [message.split()[0] for message in messages] == ["START", "a", "[WARNING]", "no", "END", "REPORT"]
    assert messages == result.log_tail.splitlines()
    assert messages == (stage.folder / "runner/logs/echo.log").read_text().splitlines()
    assert events[0]["logStreamName"].partition("[1]")[2]
    assert runner.status().problems == []


def test_a_function_that_may_not_log_runs_without_a_log(stage: Stage, runner: Runner, judge: Judge) -> None:
    logs = stage.client("logs")
    logs.create_log_group(logGroupName="/shop/silent")
    stage.role(allow("logs:CreateLogStream"))
    source = "def handler(event, context): print('unheard')"
    stage.function(source, loggingConfig={"logGroup": "/shop/silent"}, tracingConfig={"mode": "Active"})

    assert "unheard" in runner.invoke("echo:live", b"{}").log_tail
    runner.flush_logs()

    assert logs.filter_log_events(logGroupName="/shop/silent")["events"] == []
    assert [one.action for one in judge.denials()] == [
        "logs:PutLogEvents", "xray:PutTelemetryRecords", "xray:PutTraceSegments",
    ]  # fmt: skip


def test_stopping_ends_every_process_even_a_busy_one(
    stage: Stage, judge: Judge, runtime_dir: Path, eventually: Eventually, tmp_path: Path
) -> None:
    runner = new_runner(stage, judge, runtime_dir)
    runner.start()
    stage.role(*QUEUE_AND_LOGS)
    stage.function(GATE)
    os.mkfifo(tmp_path / "gate")
    event = json.dumps({"folder": str(tmp_path)}).encode()

    with ThreadPoolExecutor(1) as threads:
        busy = threads.submit(runner.invoke, "echo:live", event)
        eventually(lambda: bool(list(tmp_path.glob("in-*"))))
        (pid,) = runner.pids()
        runner.stop()
        assert failure(busy.result())["errorType"] == "Runtime.ExitError"

    assert not is_running(pid)
    with pytest.raises(StoppedError):
        runner.invoke("echo:live", event)


def new_runner(stage: Stage, judge: Judge, runtime_dir: Path) -> Runner:
    return Runner(
        stage.deployed,
        judge,
        faults=Faults(),
        endpoint=stage.endpoint,
        time_scale=1,
        work_dir=stage.folder / "runner",
        runtime_dir=runtime_dir,
    )


def test_a_runner_needs_the_runtimes_packages(stage: Stage, judge: Judge, tmp_path: Path) -> None:
    with pytest.raises(RunnerError, match="boto3"):
        new_runner(stage, judge, tmp_path)


PARENT = """
    import sys, threading
    from pathlib import Path
    from local.deployed import Deployed
    from local.faults import Faults
    from local.permissions.judge import Judge
    from local.runner import Runner
    from tests.local.runner.stage import QUEUE_AND_LOGS, Stage

    folder, runtime, endpoint = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    stage = Stage(deployed=Deployed(), endpoint=endpoint, folder=folder)
    stage.role(*QUEUE_AND_LOGS)
    stage.function("import time\\ndef handler(event, context):\\n    while event: pass")
    judge = Judge(stage.deployed, tags_of=lambda *_: {})
    where = {"endpoint": endpoint, "work_dir": folder, "runtime_dir": runtime}
    runner = Runner(stage.deployed, judge, faults=Faults(), time_scale=1, **where)
    runner.invoke("echo:live", b"0")
    threading.Thread(target=runner.invoke, args=("echo:live", b"1"), daemon=True).start()
    while runner.status().functions[0].in_flight == 0:
        pass
    print(*runner.pids(), flush=True)
    threading.Event().wait()
"""


def test_a_function_does_not_outlive_a_runner_that_was_killed(
    stage: Stage, runtime_dir: Path, eventually: Eventually
) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PARENT), stage.folder, runtime_dir, stage.endpoint],
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
        stdout=subprocess.PIPE,
    )
    assert parent.stdout
    pid = int(parent.stdout.readline())
    assert is_running(pid)

    parent.kill()
    parent.wait()
    parent.stdout.close()

    eventually(lambda: not is_running(pid))
