"""What the demo puts into the cloud, and what must become of it: every count is known beforehand."""

import json
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from local.scan_work import EICAR

GOOD = 240
OUT_OF_ORDER = 12
VERSIONS = 3
DUPLICATES = 24
EMPTY = 8
OVERSIZE = 4
WRONG_TYPE = 12
INFECTED = 1
UNPARSABLE = "this is not JSON {"

WORDS = ["report", "übersicht", "order list", "a+b", "データ", "log", "nested/path/file", "100%", "q=1&r=2"]


@dataclass(frozen=True, kw_only=True)
class Upload:
    """An object to put, and the status that must be recorded for it."""

    key: str
    body: bytes
    content_type: str
    expected: str


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What must be read back from the cloud."""

    statuses: Counter[str]
    """Records by status: one for each object version."""
    latest: dict[str, bytes]
    """For each key with a processed version: the body that was put last."""
    quarantined: int
    dead_letters: int


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The demo's input in the order in which it is put."""

    uploads: list[Upload]
    replayed: list[int] = field(default_factory=list)
    """Indexes of uploads whose event is delivered again after all were put: late, and a duplicate."""

    def expected(self) -> Expected:
        """Count what must come out."""
        statuses = Counter(upload.expected for upload in self.uploads)
        latest = {upload.key: upload.body for upload in self.uploads if upload.expected == "PROCESSED"}
        return Expected(statuses=statuses, latest=latest, quarantined=statuses["QUARANTINED"], dead_letters=1)


def _good(rng: random.Random) -> Iterator[Upload]:
    for number in range(GOOD):
        rows = [{"id": rng.randrange(10**6), "value": rng.random()} for _ in range(rng.randrange(1, 40))]
        key = f"incoming/{rng.choice(WORDS)}-{number:03}.json"
        yield Upload(
            key=key, body=json.dumps(rows).encode(), content_type="application/json", expected="PROCESSED"
        )
    for number in range(OUT_OF_ORDER):
        for version in range(VERSIONS):
            yield Upload(
                key=f"versions/{number:02}.csv",
                body=f"version,{version}\n{rng.random()}\n".encode(),
                content_type="text/csv",
                expected="PROCESSED",
            )


def _bad(rng: random.Random, max_object_bytes: int) -> Iterator[Upload]:
    for number in range(EMPTY):
        yield Upload(key=f"empty/{number}.csv", body=b"", content_type="text/csv", expected="REJECTED")
    for number in range(OVERSIZE):
        body = rng.randbytes(max_object_bytes + 1 + number)
        yield Upload(key=f"large/{number}.csv", body=body, content_type="text/csv", expected="REJECTED")
    for number in range(WRONG_TYPE):
        body = b"MZ" + rng.randbytes(64)
        yield Upload(
            key=f"programs/{number}.exe",
            body=body,
            content_type="application/x-msdownload",
            expected="REJECTED",
        )
    for number in range(INFECTED):
        yield Upload(
            key=f"infected/{number}.csv", body=EICAR, content_type="text/csv", expected="QUARANTINED"
        )


def generate(max_object_bytes: int, seed: int = 1) -> Plan:
    """Return the demo's input; the order is shuffled, but the versions of one key keep theirs."""
    rng = random.Random(seed)  # noqa: S311 - test data
    uploads = [*_good(rng), *_bad(rng, max_object_bytes)]
    order = list(range(len(uploads)))
    rng.shuffle(order)
    by_key: dict[str, list[Upload]] = {}
    for upload in uploads:
        by_key.setdefault(upload.key, []).append(upload)
    shuffled = [by_key[uploads[index].key].pop(0) for index in order]
    good = [index for index, upload in enumerate(shuffled) if upload.expected == "PROCESSED"]
    first = {shuffled[index].key: index for index in reversed(good)}
    late = [index for key, index in first.items() if key.startswith("versions/")]
    return Plan(uploads=shuffled, replayed=[*late, *rng.sample(good, DUPLICATES)])
