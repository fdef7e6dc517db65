"""AWS calls of a function that fail, late or twice: its own retries see what AWS would have sent."""

import json
from typing import Any

import pytest

from local.faults import Fault, Faults
from local.faults.plan import draw
from local.runner import InvokeResult, Runner
from tests.local.runner.stage import ACCOUNT, QUEUE_AND_LOGS, REGION, Stage, allow

KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/k"
CALLS = """
    import os, time, boto3
    from botocore.config import Config

    def handler(event, context):
        config = Config(retries={"mode": "standard", "total_max_attempts": event.get("attempts", 1)},
                        read_timeout=event.get("read_timeout", 5))
        client = boto3.client(event["service"], config=config)
        begun = time.monotonic()
        try:
            answer = getattr(client, event["call"])(**event["parameters"])
            metadata = answer["ResponseMetadata"]
            return {"attempts": metadata["RetryAttempts"] + 1, "seconds": time.monotonic() - begun}
        except Exception as error:
            answer = getattr(error, "response", None) or {}
            return {"error": type(error).__name__, "code": answer.get("Error", {}).get("Code"),
                    "status": answer.get("ResponseMetadata", {}).get("HTTPStatusCode"),
                    "attempts": answer.get("ResponseMetadata", {}).get("RetryAttempts", 0) + 1}
"""


@pytest.fixture
def queue(stage: Stage, request: pytest.FixtureRequest) -> str:
    others = (
        "dynamodb:DescribeTable",
        "s3:ListBucket",
        "sns:Publish",
        "kms:DescribeKey",
        "lambda:InvokeFunction",
    )
    stage.role(*QUEUE_AND_LOGS, allow("sqs:SendMessage", *others))
    stage.put("aws:kms/key:Key", "k", {"keyId": "k", "arn": KEY})
    stage.function(CALLS)
    return stage.queue(f"faulty-{abs(hash(request.node.nodeid))}")


def send(queue: str, **options: Any) -> dict[str, Any]:
    parameters = {"QueueUrl": queue, "MessageBody": "once"}
    return {"service": "sqs", "call": "send_message", "parameters": parameters, **options}


def invoke(runner: Runner, event: dict[str, Any]) -> dict[str, Any]:
    result: InvokeResult = runner.invoke("echo:live", json.dumps(event).encode())
    assert result.function_error is None, result.payload
    return dict(json.loads(result.payload))


def arrived(stage: Stage, queue: str) -> int:
    names = ["ApproximateNumberOfMessages"]
    answer = stage.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=names)
    return int(answer["Attributes"][names[0]])


OTHER_CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "dynamodb": ("describe_table", {"TableName": "t"}),
    "s3": ("list_objects_v2", {"Bucket": "b"}),
    "sns": ("publish", {"TopicArn": "arn:aws:sns:eu-central-1:123456789012:t", "Message": "m"}),
    "kms": ("describe_key", {"KeyId": KEY}),
    "lambda": ("invoke", {"FunctionName": "other"}),
}


@pytest.mark.parametrize(
    ("service", "kind", "status", "code"),
    [
        ("dynamodb", "throttle", 400, "ProvisionedThroughputExceededException"),
        ("dynamodb", "error", 500, "InternalServerError"),
        ("s3", "throttle", 503, "SlowDown"),
        ("s3", "error", 500, "InternalError"),
        ("sqs", "throttle", 400, "RequestThrottled"),
        ("sqs", "error", 500, "InternalFailure"),
        ("sns", "throttle", 400, "ThrottlingException"),
        ("sns", "error", 500, "InternalError"),
        ("kms", "throttle", 400, "ThrottlingException"),
        ("kms", "error", 500, "KMSInternalException"),
        ("lambda", "throttle", 429, "TooManyRequestsException"),
        ("lambda", "error", 500, "ServiceException"),
    ],
)
def test_a_call_fails_as_its_service_fails(
    runner: Runner, faults: Faults, queue: str, service: str, kind: Any, status: int, code: str
) -> None:
    faults.add(Fault(kind=kind, service=service))
    call, parameters = OTHER_CALLS.get(service, ("", {}))
    event = {"service": service, "call": call, "parameters": parameters} if call else send(queue)

    answer = invoke(runner, event)

    assert (answer["code"], answer["status"]) == (code, status)


@pytest.mark.parametrize("kind", ["throttle", "error"])
def test_the_functions_own_retries_outlast_a_fault(
    stage: Stage, runner: Runner, faults: Faults, queue: str, kind: Any
) -> None:
    faults.add(Fault(kind=kind, service="sqs", operation="SendMessage", limit=2))

    answer = invoke(runner, send(queue, attempts=3))

    assert answer["attempts"] == 3
    assert arrived(stage, queue) == 1
    (standing,) = faults.standing()
    assert (standing.matched, standing.struck) == (3, 2)


def test_a_call_that_fails_before_its_effect_has_none(
    stage: Stage, runner: Runner, faults: Faults, queue: str
) -> None:
    faults.add(Fault(kind="error", service="sqs", limit=1))

    assert invoke(runner, send(queue))["code"] == "InternalFailure"
    assert arrived(stage, queue) == 0


def test_a_call_whose_answer_is_lost_took_effect_and_is_repeated(
    stage: Stage, runner: Runner, faults: Faults, queue: str
) -> None:
    faults.add(Fault(kind="error", when="after", service="sqs", limit=1))

    assert invoke(runner, send(queue, attempts=2))["attempts"] == 2
    assert arrived(stage, queue) == 2


def test_without_retries_a_lost_answer_is_a_lost_connection(
    stage: Stage, runner: Runner, faults: Faults, queue: str
) -> None:
    faults.add(Fault(kind="error", when="after", service="sqs"))

    assert invoke(runner, send(queue))["error"] == "ConnectionClosedError"
    assert arrived(stage, queue) == 1


def test_a_call_is_sent_twice_and_answers_once(
    stage: Stage, runner: Runner, faults: Faults, queue: str
) -> None:
    faults.add(Fault(kind="duplicate", service="sqs"))

    assert invoke(runner, send(queue))["attempts"] == 1
    assert arrived(stage, queue) == 2


def test_a_delay_longer_than_the_client_waits_is_a_timeout_of_a_call_that_took_effect(
    stage: Stage, runner: Runner, faults: Faults, queue: str
) -> None:
    faults.add(Fault(kind="delay", service="sqs", milliseconds=900_000))

    assert invoke(runner, send(queue, read_timeout=0.05))["error"] == "ReadTimeoutError"
    assert arrived(stage, queue) == 1


def test_a_short_delay_is_waited_for(stage: Stage, runner: Runner, faults: Faults, queue: str) -> None:
    faults.add(Fault(kind="delay", service="sqs", milliseconds=10))

    assert invoke(runner, send(queue))["attempts"] == 1
    assert arrived(stage, queue) == 1


def test_calls_of_other_services_operations_and_functions_go_their_way(
    runner: Runner, faults: Faults, queue: str
) -> None:
    faults.add(Fault(kind="error", service="s3"))
    faults.add(Fault(kind="error", operation="Receive*"))
    faults.add(Fault(kind="error", function="other"))

    assert invoke(runner, send(queue))["attempts"] == 1
    assert [one.matched for one in faults.standing()] == [0, 0, 0]


def test_a_fault_that_is_cleared_strikes_no_more(runner: Runner, faults: Faults, queue: str) -> None:
    name = faults.add(Fault(kind="error"))
    assert invoke(runner, send(queue))["code"] == "InternalFailure"

    faults.clear(name)

    assert invoke(runner, send(queue))["attempts"] == 1


@pytest.mark.parametrize(("when", "messages"), [("before", 0), ("after", 1)])
def test_a_function_is_killed_in_the_middle_and_starts_anew(
    stage: Stage, runner: Runner, faults: Faults, queue: str, when: Any, messages: int
) -> None:
    faults.add(Fault(kind="kill", calls=1, when=when, limit=1))

    result = runner.invoke("echo:live", json.dumps(send(queue)).encode())

    assert "signal 9" in json.loads(result.payload)["errorMessage"]
    assert arrived(stage, queue) == messages
    assert invoke(runner, send(queue))["attempts"] == 1
    assert arrived(stage, queue) == messages + 1
    assert [one.struck for one in faults.standing()] == [1]


def test_a_function_that_makes_no_call_is_killed_at_a_moment(
    stage: Stage, runner: Runner, faults: Faults
) -> None:
    stage.role(*QUEUE_AND_LOGS)
    stage.function("def handler(event, context):\n    while True: pass")
    faults.add(Fault(kind="kill", milliseconds=50))

    result = runner.invoke("echo:live", b"{}")

    assert "signal 9" in json.loads(result.payload)["errorMessage"]


@pytest.mark.parametrize("late", [{"calls": 1_000_000}, {"milliseconds": 900_000}])
def test_an_invocation_that_ends_before_its_kill_is_killed_before_its_answer(
    stage: Stage, runner: Runner, faults: Faults, queue: str, late: dict[str, int]
) -> None:
    faults.add(Fault(kind="kill", limit=1, **late))  # type: ignore[arg-type]

    result = runner.invoke("echo:live", json.dumps(send(queue)).encode())

    assert "signal 9" in json.loads(result.payload)["errorMessage"]
    assert arrived(stage, queue) == 1
    assert [(one.matched, one.struck) for one in faults.standing()] == [(1, 1)]
    assert invoke(runner, send(queue))["attempts"] == 1


def test_kills_strike_the_share_that_was_asked_for_however_few_calls_are_made(
    runner: Runner, faults: Faults, queue: str
) -> None:
    faults.add(Fault(kind="kill", share=0.5, seed=4))

    results = [runner.invoke("echo:live", json.dumps(send(queue)).encode()) for _ in range(12)]

    (standing,) = faults.standing()
    assert standing.struck == sum(one.function_error is not None for one in results)
    assert standing.struck == sum(draw(standing.fault, number)[0] < 0.5 for number in range(1, 13))


def test_an_invocation_whose_time_is_up_is_not_counted_as_killed(
    stage: Stage, runner: Runner, faults: Faults
) -> None:
    stage.role(*QUEUE_AND_LOGS)
    stage.function("def handler(event, context):\n    while True: pass", timeout=1)
    faults.add(Fault(kind="kill"))

    result = runner.invoke("echo:live", b"{}")

    assert json.loads(result.payload)["errorType"] == "Sandbox.Timedout"
    assert [(one.matched, one.struck) for one in faults.standing()] == [(1, 0)]
