"""What the local stack costs: deployments, the way of an event, its throughput, its memory.

Each figure of events stands beside bare boto3 that writes an object and an item to the same moto in the same
run, since moto is what any local stack of this kind waits for.
"""

import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from local.demo.readback import Names, count_records
from local.stack import LocalStack

LATENCIES: Final = 50
THROUGHPUT: Final = 2000
MEMORY: Final = 20_000
WRITERS: Final = 8
PATIENCE_SECONDS: Final = 900
_BARE = "bare"


@dataclass(frozen=True, kw_only=True)
class Memory:
    """Resident megabytes of the processes after so many events."""

    events: int
    moto: float
    supervisor: float
    functions: float


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What was measured, in seconds, events a second and megabytes."""

    up: float
    unchanged: float
    latencies: list[float]
    bare_latencies: list[float]
    throughput: float
    bare_throughput: float
    memory: list[Memory]
    load: float
    """The machine's load average before: what others made it do."""


def measure(folder: Path, load: float, events: int = MEMORY) -> Measured:
    """Start a stack in *folder*, measure it, its memory over so many *events*, and stop it."""
    stack = LocalStack.start(folder)
    try:
        up, unchanged = _seconds(lambda: _deploy(stack)), _seconds(lambda: _deploy(stack))
        bench = _Events(stack)
        bench.record_one()  # the first one starts the function
        pairs = [(bench.record_one(), bench.write_bare()) for _ in range(LATENCIES)]
        throughput, bare = bench.throughput(THROUGHPUT), bench.bare_throughput(THROUGHPUT)
        return Measured(
            up=up,
            unchanged=unchanged,
            latencies=[pair[0] for pair in pairs],
            bare_latencies=[pair[1] for pair in pairs],
            throughput=throughput,
            bare_throughput=bare,
            memory=bench.memory(events),
            load=load,
        )
    finally:
        stack.stop()


def _deploy(stack: LocalStack) -> None:
    run = stack.deploy()
    assert run.status == 0, run.output


def _seconds(act: Callable[[], object]) -> float:
    begun = time.monotonic()
    act()
    return time.monotonic() - begun


class _Events:
    """Sends events through the system `objects`, and bare writes to the same moto."""

    def __init__(self, stack: LocalStack) -> None:
        self._stack, self._names = stack, Names.of(stack)
        self._s3 = stack.client("s3", self._names.region)
        self._dynamodb = stack.client("dynamodb", self._names.region)
        self._sent = 0
        place = {"LocationConstraint": self._names.region}
        self._s3.create_bucket(Bucket=_BARE, CreateBucketConfiguration=place)
        self._dynamodb.create_table(
            TableName=_BARE,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )

    def record_one(self) -> float:
        """Return the seconds from the beginning of an upload until its record can be read."""
        begun = time.monotonic()
        key, version = self._put()
        place = {"objectId": {"S": f"{self._names.intake}#{key}"}, "versionId": {"S": version}}
        while not self._dynamodb.get_item(TableName=self._names.records, Key=place).get("Item"):
            assert time.monotonic() < begun + PATIENCE_SECONDS, f"{key} was not recorded"
            time.sleep(0.01)
        return time.monotonic() - begun

    def write_bare(self) -> float:
        """Return the seconds for the two writes by which an event begins and ends."""
        return _seconds(self._write)

    def throughput(self, number: int) -> float:
        """Return the events a second from the first upload until all are worked off."""
        before = self._worked()
        begun = time.monotonic()
        with ThreadPoolExecutor(WRITERS) as pool:
            list(pool.map(lambda _: self._put(), range(number)))
        while self._worked() < before + number:
            assert time.monotonic() < begun + PATIENCE_SECONDS, "events are missing"
            time.sleep(0.2)
        return number / (time.monotonic() - begun)

    def bare_throughput(self, number: int) -> float:
        """Return the pairs of writes a second, by as many writers."""
        with ThreadPoolExecutor(WRITERS) as pool:
            return number / _seconds(lambda: list(pool.map(lambda _: self._write(), range(number))))

    def memory(self, events: int, steps: int = 4) -> list[Memory]:
        """Return the resident memory before and after each part of so many events."""
        found = [self._resident(0)]
        for step in range(steps):
            self.throughput(events // steps)
            found.append(self._resident((step + 1) * (events // steps)))
        recorded = count_records(self._stack, self._names)
        assert recorded == self._sent, f"{recorded} of {self._sent} events are recorded"
        return found

    def _put(self) -> tuple[str, str]:
        self._sent += 1
        key = f"bench/{time.monotonic_ns()}.csv"
        done = self._s3.put_object(
            Bucket=self._names.intake, Key=key, Body=b"a,b\n1,2\n", ContentType="text/csv"
        )
        return key, str(done["VersionId"])

    def _write(self) -> None:
        key = f"bench/{time.monotonic_ns()}.csv"
        self._s3.put_object(Bucket=_BARE, Key=key, Body=b"a,b\n1,2\n", ContentType="text/csv")
        self._dynamodb.put_item(TableName=_BARE, Item={"id": {"S": key}})

    def _worked(self) -> int:
        mappings: list[dict[str, Any]] = self._stack.status()["runner"]["mappings"]
        worker = f":{self._names.worker}:"
        return sum(one["messages"] - one["failed"] for one in mappings if worker in one["function"])

    def _resident(self, events: int) -> Memory:
        pids = Path(f"/proc/{self._stack.pid}/task/{self._stack.pid}/children").read_text().split()
        pids += [
            child
            for task in Path(f"/proc/{self._stack.pid}/task").iterdir()
            for child in (task / "children").read_text().split()
            if child not in pids
        ]
        commands = {pid: Path(f"/proc/{pid}/cmdline").read_bytes() for pid in pids}
        moto = [pid for pid, command in commands.items() if b"local.cloud" in command]
        return Memory(
            events=events,
            moto=sum(map(_megabytes, moto)),
            supervisor=_megabytes(str(self._stack.pid)),
            functions=sum(_megabytes(pid) for pid in pids if pid not in moto),
        )


def _megabytes(pid: str) -> float:
    """Return a process's resident memory."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def section(measured: Measured) -> str:
    """Return the part of the page."""
    latency, bare = (statistics.median(each) for each in (measured.latencies, measured.bare_latencies))
    slow = statistics.quantiles(measured.latencies, n=20)[-1]
    first, last = measured.memory[0], measured.memory[-1]
    lines = [
        "# The local stack",
        "",
        "Written by `python -m bench local`, on the stack `local` of this program. The baseline writes an",
        "object and an item with bare boto3 to the same moto in the same run. The machine's load average",
        f"before the run was {measured.load:.1f}: where others load it, only the ratios say anything.",
        "",
        "| | measured | aim | bare boto3 | ratio |",
        "|---|---|---|---|---|",
        f"| `up` of everything | {measured.up:.1f} s | < 30 s | | |",
        f"| `up` that changes nothing | {measured.unchanged:.1f} s | < 10 s | | |",
        f"| event to record, median of {len(measured.latencies)} | {latency:.2f} s | < 2 s | {bare:.3f} s "
        f"| {latency / bare:.0f} |",
        f"| event to record, 95th percentile | {slow:.2f} s | | | |",
        f"| events a second, over {THROUGHPUT} | {measured.throughput:.0f} | 100 "
        f"| {measured.bare_throughput:.0f} | {measured.bare_throughput / measured.throughput:.1f} |",
        "",
        "## Memory",
        "",
        "Resident megabytes. moto keeps everything that it is given in memory, so that it grows with each",
        "object and record; the other processes should not.",
        "",
        "| events | moto | supervisor | functions |",
        "|---|---|---|---|",
        *(
            f"| {each.events} | {each.moto:.0f} | {each.supervisor:.0f} | {each.functions:.0f} |"
            for each in measured.memory
        ),
        "",
        f"Over {last.events} events: moto {last.moto - first.moto:+.0f}, supervisor "
        f"{last.supervisor - first.supervisor:+.0f}, functions {last.functions - first.functions:+.0f}.",
    ]
    return "\n".join(lines) + "\n"
