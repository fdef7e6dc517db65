"""When AWS throttles, loses answers or is slow: events wait, none is lost, none is recorded twice."""

import importlib
import random
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ReadTimeoutError
from botocore.response import StreamingBody
from botocore.retries.quota import RetryQuota
from moto.core.botocore_stubber import BotocoreStubber, MockRawResponse

from common.clients import (
    ATTEMPTS,
    CONNECT_SECONDS,
    ITEM_SECONDS,
    LONGEST_WAIT_SECONDS,
    READ_SECONDS,
    RESERVE_SECONDS,
    THROTTLED_ATTEMPTS,
    client_config,
    within,
)
from common.deadline import Deadline
from common.errors import OutOfTimeError
from infra.sections import QUARANTINE_SECONDS
from objects.models import ObjectVersion
from tests.objects.cloud import Cloud
from tests.objects.messages import (
    IDEMPOTENCY,
    INTAKE,
    QUARANTINE,
    RECORDS,
    REGION,
    Context,
    Invoke,
    scan_event,
)

pytestmark = pytest.mark.filterwarnings("ignore:No application metrics")

Metrics = Callable[[], Counter[str]]
WRITES = {f"DynamoDB_20120810.{name}".encode() for name in ("PutItem", "UpdateItem", "DeleteItem")}
RECEIVES_BEFORE_DLQ = 5
COPY_SECONDS = 60


@pytest.fixture(autouse=True)
def _full_retry_quota(handlers: dict[str, ModuleType]) -> None:
    """Give each test clients of its own: they remember how often they had to retry."""
    for module in handlers.values():
        importlib.reload(module)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits between attempts, which take no time here."""
    waited: list[float] = []
    monkeypatch.setattr("botocore.endpoint.time.sleep", waited.append)
    return waited


class Highest(random.Random):
    """Draws the upper end of every range."""

    def random(self) -> float:
        return 1.0


@pytest.fixture
def outlast(
    cloud: Cloud, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> Callable[[random.Random], list[float]]:
    """Return the waits of a client that is throttled throughout, without quota, for the numbers drawn."""

    def waits_with(draws: random.Random) -> list[float]:
        waits.clear()
        client = within(Deadline(), boto3.client("dynamodb", region_name=REGION, config=client_config()))
        with monkeypatch.context() as patch:
            patch.setattr("common.clients.random", draws)
            patch.setattr(RetryQuota, "acquire", lambda *_: False)
            patch.setattr(
                BotocoreStubber, "__call__", lambda _, event_name, request, **__: throttled(request)
            )
            with pytest.raises(client.exceptions.ProvisionedThroughputExceededException):
                client.list_tables()
        return list(waits)

    return waits_with


def throttled(request: AWSPreparedRequest) -> AWSResponse:
    body = b'{"__type": "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"}'
    return AWSResponse(str(request.url), 400, HTTPHeaders(), MockRawResponse(body))


class HalfOfAllWrites:
    """Lets half of the writes to DynamoDB fail, drawn from a seed: refused, or done with the answer lost."""

    def __init__(self, seed: int, patch: pytest.MonkeyPatch, *, answer_is_lost: bool) -> None:
        self._random = random.Random(seed)  # noqa: S311
        self._patch = patch
        self._answer_is_lost = answer_is_lost
        self.failed = 0

    def during(self, invoke: Invoke) -> Invoke:
        def invoke_with_faults(*bodies: object) -> list[str]:
            with self._patch.context() as patch:
                patch.setattr(BotocoreStubber, "__call__", self._faulty(BotocoreStubber.__call__))
                return invoke(*bodies)

        return invoke_with_faults

    def _faulty(self, serve: Callable[..., Any]) -> Callable[..., Any]:
        def answer(stub: object, event_name: str, request: AWSPreparedRequest, **rest: object) -> Any:
            target: object = request.headers.get("X-Amz-Target")
            if target not in WRITES or self._random.random() < 0.5:
                return serve(stub, event_name, request, **rest)
            self.failed += 1
            if self._answer_is_lost:
                serve(stub, event_name, request, **rest)
                raise ReadTimeoutError(endpoint_url=request.url)
            return throttled(request)

        return answer


def deliver_until_the_queue_is_empty(
    cloud: Cloud, invoke: Invoke, bodies: list[dict[str, Any]], *, at_most: int
) -> int:
    """Deliver *bodies* in batches of ten, each *at_most* so often; return how many deliveries it took."""
    queue, receives = deque(range(len(bodies))), Counter[int]()
    while queue:
        batch = [queue.popleft() for _ in range(min(10, len(queue)))]
        receives.update(batch)
        assert max(receives.values()) <= at_most
        failed = invoke(*(bodies[number] for number in batch))
        queue.extend(batch[int(name.removeprefix("message-"))] for name in failed)
        cloud.pass_visibility_timeout()
    return receives.total()


@pytest.mark.finding("SP-2", "SP-13")
@pytest.mark.parametrize("answer_is_lost", [False, True])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_table_that_fails_half_of_all_writes_loses_no_event_and_records_none_twice(
    cloud: Cloud,
    worker: Invoke,
    metrics: Metrics,
    waits: list[float],
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
    answer_is_lost: bool,
) -> None:
    expected: dict[ObjectVersion, str] = {}
    newest: dict[str, str] = {}
    for number in range(24):
        key = f"{number % 8}.csv"
        version = cloud.upload(key, b"" if number % 6 == 0 else b"content")
        expected[version] = "REJECTED" if number % 6 == 0 else "PROCESSED"
        if number % 6:
            newest[key] = version.version_id
    bodies = [scan_event(version) for version in expected] * 2
    random.Random(seed).shuffle(bodies)  # noqa: S311
    faults = HalfOfAllWrites(seed, monkeypatch, answer_is_lost=answer_is_lost)

    deliveries = deliver_until_the_queue_is_empty(
        cloud, faults.during(worker), bodies, at_most=200 if answer_is_lost else RECEIVES_BEFORE_DLQ
    )

    assert faults.failed > len(bodies)
    assert {version: cloud.record(version)["status"] for version in expected} == expected
    assert len(cloud.records()) == len(expected)
    assert {key: cloud.latest(key) for key in newest} == newest
    assert waits
    assert max(waits) <= LONGEST_WAIT_SECONDS
    totals = metrics()
    assert totals["TransientFailures"] == deliveries - len(bodies)
    if not answer_is_lost:
        assert (totals["ObjectsProcessed"], totals["ObjectsRejected"]) == (20, 4)


@pytest.mark.parametrize("answer_is_lost", [False, True])
def test_a_quarantine_whose_table_fails_half_of_all_writes_moves_and_records_each_version_once(
    cloud: Cloud,
    quarantine: Invoke,
    waits: list[float],
    monkeypatch: pytest.MonkeyPatch,
    answer_is_lost: bool,
) -> None:
    versions = [cloud.upload(f"{number}.csv") for number in range(9)]
    bodies = [scan_event(version, "THREATS_FOUND") for version in versions]
    faults = HalfOfAllWrites(3, monkeypatch, answer_is_lost=answer_is_lost)

    deliver_until_the_queue_is_empty(
        cloud, faults.during(quarantine), bodies, at_most=200 if answer_is_lost else RECEIVES_BEFORE_DLQ
    )

    assert faults.failed > len(bodies)
    assert {cloud.record(version)["status"] for version in versions} == {"QUARANTINED"}
    assert len(cloud.records()) == 9
    assert cloud.versions_in(INTAKE) == []
    assert len(set(cloud.versions_in(QUARANTINE))) == 9
    assert len({notice["Message"] for notice in cloud.notices()}) == 9


@contextmanager
def losing_the_first_answer(
    monkeypatch: pytest.MonkeyPatch, table: str
) -> Iterator[list[AWSPreparedRequest]]:
    """Let the first request about *table* take effect and its answer be lost; yield what was hit."""
    lost: list[AWSPreparedRequest] = []
    serve = BotocoreStubber.__call__

    def lose(stub: object, event_name: str, request: AWSPreparedRequest, **rest: Any) -> Any:
        answer = serve(stub, event_name, request, **rest)  # type: ignore[arg-type]
        if table in str(request.body) and not lost:
            lost.append(request)
            raise ReadTimeoutError(endpoint_url=request.url)
        return answer

    with monkeypatch.context() as patch:
        patch.setattr(BotocoreStubber, "__call__", lose)
        yield lost


def test_an_answer_that_was_lost_is_told_from_an_earlier_event(
    cloud: Cloud, worker: Invoke, metrics: Metrics, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    version = cloud.upload()

    with losing_the_first_answer(monkeypatch, RECORDS) as lost:
        assert worker(scan_event(version)) == []

    assert len(lost) == 1
    assert cloud.latest() == version.version_id
    assert metrics()["ObjectsProcessed"] == 1


@pytest.mark.finding("SP-2", "SP-13")
def test_a_worker_whose_mark_was_written_with_the_answer_lost_knows_it_again_and_goes_on(
    cloud: Cloud, worker: Invoke, metrics: Metrics, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else its own mark would keep it and every repeat away until the invocation's deadline."""
    version = cloud.upload()

    with losing_the_first_answer(monkeypatch, IDEMPOTENCY) as lost:
        assert worker(scan_event(version)) == []

    assert len(lost) == 1
    assert cloud.record(version)["status"] == "PROCESSED"
    assert metrics()["ObjectsProcessed"] == 1


@pytest.mark.finding("CC-REL-4", "SP-2", "OP-4.4")
def test_a_write_that_never_succeeds_returns_the_event_after_the_last_attempt(
    cloud: Cloud, worker: Invoke, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    version = cloud.upload()
    with monkeypatch.context() as patch:
        patch.setattr(BotocoreStubber, "__call__", lambda _, event_name, request, **__: throttled(request))
        assert worker(scan_event(version)) == ["message-0"]

    assert len(waits) == THROTTLED_ATTEMPTS - 1
    assert cloud.items() == []
    assert worker(scan_event(version)) == []


@pytest.mark.finding("CC-REL-1", "SP-2")
def test_waits_for_a_throttled_service_double_up_to_the_longest(
    outlast: Callable[[random.Random], list[float]],
) -> None:
    assert outlast(Highest()) == [1, 2, 4, 4, 4]
    assert LONGEST_WAIT_SECONDS == 4


@pytest.mark.finding("CC-REL-1")
def test_clients_that_are_throttled_together_do_not_come_back_together(
    outlast: Callable[[random.Random], list[float]],
) -> None:
    first, second = outlast(random.Random(1)), outlast(random.Random(2))  # noqa: S311

    assert all(one != other for one, other in zip(first, second, strict=True))
    for drawn in (first, second):
        assert all(0 < wait < longest for wait, longest in zip(drawn, [1, 2, 4, 4, 4], strict=True))


def test_throttling_is_outlasted_where_the_answer_to_a_head_has_no_body_to_say_so(
    cloud: Cloud, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """S3's SlowDown is then its status alone: 503."""
    version = cloud.upload()
    s3 = within(Deadline(), boto3.client("s3", region_name=REGION, config=client_config()))
    serve = BotocoreStubber.__call__

    def slow_down(stub: object, event_name: str, request: AWSPreparedRequest, **rest: Any) -> Any:
        if len(waits) < THROTTLED_ATTEMPTS - 1:
            return AWSResponse(str(request.url), 503, HTTPHeaders(), MockRawResponse(b""))
        return serve(stub, event_name, request, **rest)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(RetryQuota, "acquire", lambda *_: False)
        patch.setattr(BotocoreStubber, "__call__", slow_down)
        s3.head_object(Bucket=version.bucket, Key=version.key, VersionId=version.version_id)

    assert len(waits) == THROTTLED_ATTEMPTS - 1


@pytest.mark.finding("CC-REL-1")
def test_retries_end_when_the_invocation_has_too_little_time_left(
    cloud: Cloud, worker: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    version, context, attempts = cloud.upload(), Context(milliseconds=ITEM_SECONDS * 1000), []

    def throttle(_: object, event_name: str, request: AWSPreparedRequest, **__: Any) -> AWSResponse:
        attempts.append(event_name)
        return throttled(request)

    def wait(seconds: float) -> None:
        context.milliseconds -= 2500

    monkeypatch.setattr("botocore.endpoint.time.sleep", wait)
    with monkeypatch.context() as patch:
        patch.setattr(BotocoreStubber, "__call__", throttle)
        assert worker(scan_event(version), context=context) == ["message-0"]

    assert len(attempts) == 2
    assert cloud.items() == []


def test_an_object_whose_reading_outlasts_the_invocation_returns_to_the_queue(
    cloud: Cloud, worker: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    version, context = cloud.upload(body=b"12345678"), Context(milliseconds=60_000)

    def slowly(*_: object) -> Iterator[bytes]:
        for _byte in range(8):
            context.milliseconds -= 10_000
            yield b"x"

    monkeypatch.setattr(StreamingBody, "iter_chunks", slowly)

    assert worker(scan_event(version), context=context) == ["message-0"]

    assert context.milliseconds == 10_000
    assert cloud.records() == []


@pytest.mark.finding("CC-REL-1")
def test_every_client_of_the_functions_retries_and_gives_up_in_time(handlers: dict[str, Any]) -> None:
    runtimes = [module.runtime for module in handlers.values()]
    clients = [runtime.intake._s3 for runtime in runtimes]
    clients += [handlers["quarantine"].quarantine._s3, handlers["quarantine"].quarantine._sns]
    copier = handlers["quarantine"].quarantine._copier
    clients += [runtime.records._table._dynamodb for runtime in runtimes]
    clients += [runtime.once._layer.client for runtime in runtimes]

    for client in [*clients, copier]:
        config = client.meta.config
        assert config.retries["mode"] == "standard"
        assert config.retries["total_max_attempts"] == (2 if client is copier else ATTEMPTS)
        assert config.connect_timeout == CONNECT_SECONDS
        assert config.read_timeout == (COPY_SECONDS if client is copier else READ_SECONDS)


def test_a_bounded_client_asks_for_the_time_before_each_attempt(cloud: Cloud) -> None:
    deadline = Deadline()
    client = within(deadline, boto3.client("s3", region_name=REGION, config=client_config()))
    assert client.list_buckets()["Buckets"]

    deadline.start(Context(milliseconds=RESERVE_SECONDS * 1000 - 1))  # type: ignore[arg-type]

    with pytest.raises(OutOfTimeError, match="11 s are needed"):
        client.list_buckets()


def test_a_client_whose_calls_answer_late_asks_for_a_whole_attempt(cloud: Cloud) -> None:
    deadline = Deadline()
    patient = client_config(read_seconds=COPY_SECONDS, attempts=2)
    client = within(deadline, boto3.client("s3", region_name=REGION, config=patient))
    needed = CONNECT_SECONDS + COPY_SECONDS + LONGEST_WAIT_SECONDS

    deadline.start(Context(milliseconds=needed * 1000))  # type: ignore[arg-type]
    assert client.list_buckets()["Buckets"]
    deadline.start(Context(milliseconds=needed * 1000 - 1))  # type: ignore[arg-type]

    with pytest.raises(OutOfTimeError, match=f"{needed} s are needed"):
        client.list_buckets()


def test_a_copy_is_tried_twice_at_most_even_if_it_is_throttled(
    cloud: Cloud, quarantine: Invoke, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    version, copies = cloud.upload(), []
    answer = BotocoreStubber.__call__

    def throttle(stub: BotocoreStubber, event_name: str, request: AWSPreparedRequest, **rest: Any) -> Any:
        if "x-amz-copy-source" not in request.headers:
            return answer(stub, event_name, request, **rest)
        copies.append(event_name)
        body = b"<Error><Code>SlowDown</Code><Message>slow down</Message></Error>"
        return AWSResponse(str(request.url), 503, HTTPHeaders(), MockRawResponse(body))

    with monkeypatch.context() as patch:
        patch.setattr(BotocoreStubber, "__call__", throttle)
        assert quarantine(scan_event(version, "THREATS_FOUND")) == ["message-0"]

    assert len(copies) == 2
    assert cloud.versions_in(INTAKE) == ["a.csv"]
    assert quarantine(scan_event(version, "THREATS_FOUND")) == []


def test_what_follows_a_copy_needs_no_time_for_another_copy(
    cloud: Cloud, quarantine: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    version, context = cloud.upload(), Context(milliseconds=QUARANTINE_SECONDS * 1000)
    answer = BotocoreStubber.__call__

    def slowly(stub: BotocoreStubber, event_name: str, request: AWSPreparedRequest, **rest: Any) -> Any:
        if "x-amz-copy-source" in request.headers:
            context.milliseconds -= COPY_SECONDS * 1000
        return answer(stub, event_name, request, **rest)

    monkeypatch.setattr(BotocoreStubber, "__call__", slowly)

    assert quarantine(scan_event(version, "THREATS_FOUND"), context=context) == []
    assert cloud.versions_in(INTAKE) == []


def test_the_shortest_timeout_of_the_quarantine_covers_one_copy_and_the_calls_around_it() -> None:
    assert CONNECT_SECONDS + COPY_SECONDS + LONGEST_WAIT_SECONDS + ITEM_SECONDS == QUARANTINE_SECONDS
