"""Tables whose streams feed functions."""

import json
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import groupby
from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import EndpointConnectionError

from local.runner import Runner
from local.runner.calls import FunctionCalls
from local.runner.status import MappingState
from tests.local.runner.stage import ACCOUNT, REGION, Stage, allow

type Eventually = Callable[[Callable[[], bool]], None]

READS = ("ListStreams", "DescribeStream", "GetShardIterator", "GetRecords")
"""In the order in which they are needed for the first time."""
SOURCE = """
    import json, os
    def handler(event, context):
        records = event["Records"]
        with open(os.environ["SEEN"], "a") as seen:
            seen.write(json.dumps(records) + "\\n")
        numbers = {{one["dynamodb"]["Keys"]["n"]["N"]: one["dynamodb"]["SequenceNumber"] for one in records}}
        {answer}
"""
FAILS = """if "2" in numbers: raise ValueError("poison")"""
REPORTS = """return {{"batchItemFailures": [{{"itemIdentifier": numbers["2"]}}] if "2" in numbers else []}}"""


class Table:
    """A table with a stream, and a function that writes down what it is given."""

    def __init__(self, stage: Stage, name: str, answer: str = "return None") -> None:
        self._dynamodb, self.name, self.path = stage.client("dynamodb"), name, stage.folder / "seen"
        made = self._dynamodb.create_table(
            TableName=name,
            AttributeDefinitions=[
                {"AttributeName": "who", "AttributeType": "S"},
                {"AttributeName": "n", "AttributeType": "N"},
            ],
            KeySchema=[
                {"AttributeName": "who", "KeyType": "HASH"},
                {"AttributeName": "n", "KeyType": "RANGE"},
            ],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        )
        self.arn = made["TableDescription"]["LatestStreamArn"]
        source = SOURCE.format(answer=answer.replace("{{", "{").replace("}}", "}"))
        stage.function(source, environment={"variables": {"SEEN": str(self.path)}})

    def put(self, numbers: Iterable[int], who: str = "ann") -> None:
        for n in numbers:
            item = {"who": {"S": who}, "n": {"N": str(n)}, "data": {"B": b"\x00"}}
            self._dynamodb.put_item(TableName=self.name, Item=item)

    def batches(self) -> list[list[dict[str, Any]]]:
        return [json.loads(line) for line in self.path.read_text().splitlines()] if self.path.exists() else []

    def seen(self) -> list[list[int]]:
        return [[int(one["dynamodb"]["Keys"]["n"]["N"]) for one in batch] for batch in self.batches()]


def deploy(stage: Stage, table: Table, *, without: str = "", **settings: Any) -> None:
    reads = [f"dynamodb:{name}" for name in READS if name != without]
    stage.role(
        allow(*reads, on=f"{table.arn.partition('/stream/')[0]}/stream/*"),
        allow("logs:CreateLogStream", "logs:PutLogEvents"),
        allow("sqs:SendMessage", on=f"arn:aws:sqs:{REGION}:{ACCOUNT}:{table.name}-failed"),
    )
    given = {"eventSourceArn": table.arn, "functionResponseTypes": [], "startingPosition": "TRIM_HORIZON"}
    stage.mapping(table.name, **(given | settings))


def set_aside(stage: Stage, name: str) -> list[dict[str, Any]]:
    sqs = stage.client("sqs")
    url = sqs.get_queue_url(QueueName=f"{name}-failed")["QueueUrl"]
    found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
    return [json.loads(one["Body"]) for one in found.get("Messages", [])]


def on_failure(stage: Stage, name: str) -> dict[str, Any]:
    stage.queue(f"{name}-failed")
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}-failed"
    return {"destinationConfig": {"onFailure": {"destinationArn": arn}}}


def test_records_come_in_order_in_batches_of_the_deployed_size_and_as_lambda_writes_them(
    stage: Stage, runner: Runner, eventually: Eventually, name: str
) -> None:
    table = Table(stage, name)
    table.put(range(5))
    deploy(stage, table, batchSize=2)

    eventually(lambda: len(table.seen()) == 3)

    assert table.seen() == [[0, 1], [2, 3], [4]]
    record = table.batches()[0][0]
    assert (record["eventName"], record["awsRegion"], record["eventSourceARN"]) == (
        "INSERT", REGION, table.arn,
    )  # fmt: skip
    assert record["dynamodb"]["NewImage"]["data"] == {"B": "AA=="}
    assert isinstance(record["dynamodb"]["ApproximateCreationDateTime"], float)


def test_a_failed_batch_is_bisected_and_only_the_poison_is_given_up_with_word_of_it(
    stage: Stage, runner: Runner, eventually: Eventually, name: str
) -> None:
    table = Table(stage, name, FAILS)
    table.put(range(4))
    aside = on_failure(stage, name)
    deploy(stage, table, bisectBatchOnFunctionError=True, maximumRetryAttempts=1, **aside)

    eventually(lambda: bool(set_aside(stage, name)) and table.seen()[-1] == [3])

    assert table.seen() == [[0, 1, 2, 3], [0, 1], [2, 3], [2], [2], [3]]
    (report,) = set_aside(stage, name)
    poison = table.batches()[3][0]["dynamodb"]["SequenceNumber"]
    assert report["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert report["requestContext"]["approximateInvokeCount"] == 2
    assert report["responseContext"]["functionError"] == "Unhandled"
    info = report["DDBStreamBatchInfo"]
    assert (info["startSequenceNumber"], info["endSequenceNumber"], info["batchSize"]) == (poison, poison, 1)
    assert info["streamArn"] == table.arn
    assert "Records" not in json.dumps(report)


def test_a_reported_failure_is_the_checkpoint_from_which_on_all_comes_again(
    stage: Stage, runner: Runner, eventually: Eventually, name: str
) -> None:
    table = Table(stage, name, REPORTS)
    table.put(range(4))
    types = ["ReportBatchItemFailures"]
    deploy(stage, table, functionResponseTypes=types, maximumRetryAttempts=2, **on_failure(stage, name))

    eventually(lambda: bool(set_aside(stage, name)))

    assert table.seen() == [[0, 1, 2, 3], [2, 3], [2, 3]]
    assert "functionError" not in set_aside(stage, name)[0]["responseContext"]


def test_records_that_are_too_old_are_given_up_unseen(
    stage: Stage, runner: Runner, eventually: Eventually, name: str
) -> None:
    table = Table(stage, name)
    table.put(range(3))
    deploy(stage, table, maximumRecordAgeInSeconds=60, **on_failure(stage, name))

    eventually(lambda: bool(set_aside(stage, name)))

    assert set_aside(stage, name)[0]["requestContext"]["condition"] == "RecordAgeExceeded"
    assert table.seen() == []


def test_each_partition_key_keeps_its_order_where_batches_run_at_once(
    stage: Stage, runner: Runner, eventually: Eventually, name: str
) -> None:
    table = Table(stage, name)
    for n in range(4):
        for who in ("ann", "bob", "eve"):
            table.put([n], who)
    deploy(stage, table, batchSize=2, parallelizationFactor=3)

    eventually(lambda: sum(map(len, table.seen())) == 12)

    keys = [one["dynamodb"]["Keys"] for batch in table.batches() for one in batch]
    pairs = sorted(((one["who"]["S"], one["n"]["N"]) for one in keys), key=lambda one: one[0])
    assert {who: [n for _, n in found] for who, found in groupby(pairs, key=lambda one: one[0])} == {
        who: ["0", "1", "2", "3"] for who in ("ann", "bob", "eve")
    }


def test_a_changed_mapping_reads_on_where_it_was(
    stage: Stage, runner: Runner, eventually: Eventually, name: str
) -> None:
    table = Table(stage, name)
    table.put(range(3))
    deploy(stage, table)
    eventually(lambda: len(table.seen()) == 1)

    deploy(stage, table, batchSize=1)
    table.put(range(3, 5))

    eventually(lambda: sum(map(len, table.seen())) >= 5)
    assert [n for batch in table.seen() for n in batch] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("time_scale", [300])
def test_what_was_read_before_a_read_failed_is_read_again(
    stage: Stage, runner: Runner, eventually: Eventually, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    table, send = Table(stage, name), BaseClient._make_api_call  # type: ignore[attr-defined]
    table.put(range(2))
    found: list[int] = []

    def fail_after_the_first(client: Any, operation: str, parameters: Any) -> Any:
        if operation == "GetRecords" and found == [2]:
            found.append(0)
            raise EndpointConnectionError(endpoint_url="https://streams")
        answer = send(client, operation, parameters)
        if operation == "GetRecords" and answer["Records"]:
            found.append(len(answer["Records"]))
        return answer

    monkeypatch.setattr(BaseClient, "_make_api_call", fail_after_the_first)
    deploy(stage, table, maximumBatchingWindowInSeconds=300)

    eventually(lambda: table.seen() == [[0, 1]])
    assert found == [2, 0, 2]


def test_what_cannot_be_sent_to_the_destination_is_given_up_and_told(
    stage: Stage, runner: Runner, eventually: Eventually, name: str
) -> None:
    table = Table(stage, name, FAILS)
    table.put([2])
    nowhere = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}-failed"
    aside = {"onFailure": {"destinationArn": nowhere}}
    deploy(stage, table, maximumRetryAttempts=0, destinationConfig=aside)
    eventually(lambda: any("NonExistentQueue" in problem for problem in runner.status().problems))

    table.put([3])

    eventually(lambda: table.seen() == [[2], [3]])


@pytest.mark.parametrize("time_scale", [300])
def test_every_call_to_the_stream_is_judged(
    stage: Stage, runner: Runner, eventually: Eventually, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged: Counter[str] = Counter()
    made: Counter[str] = Counter()
    refused, send = FunctionCalls.refused, BaseClient._make_api_call  # type: ignore[attr-defined]

    def judge(calls: FunctionCalls, service: str, operation: str, **parameters: Any) -> Any:
        judged[operation] += 1
        return refused(calls, service, operation, **parameters)

    def call(client: Any, operation: str, parameters: Any) -> Any:
        made[operation] += operation in READS
        assert made[operation] <= judged[operation] or operation not in READS
        return send(client, operation, parameters)

    monkeypatch.setattr(FunctionCalls, "refused", judge)
    monkeypatch.setattr(BaseClient, "_make_api_call", call)
    table = Table(stage, name)
    table.put(range(3))
    deploy(stage, table, maximumBatchingWindowInSeconds=300)

    eventually(lambda: made["GetRecords"] > 3 and bool(table.seen()))
    assert table.seen() == [[0, 1, 2]]
    assert not runner.status().mappings[0].reason


def test_each_permission_to_read_the_stream_is_needed(
    stage: Stage, runner: Runner, eventually: Eventually, name: str
) -> None:
    table = Table(stage, name)
    table.put([1])
    for action in READS:
        deploy(stage, table, without=action, batchSize=READS.index(action) + 1)
        eventually(lambda action=action: _problem(runner, f"dynamodb:{action}"))  # type: ignore[misc]
    assert table.seen() == []

    deploy(stage, table)

    eventually(lambda: table.seen() == [[1]])


def _problem(runner: Runner, text: str) -> bool:
    found = runner.status().mappings
    return bool(found) and found[0].state == MappingState.PROBLEM and text in found[0].reason
