"""What is put into the cloud: as many object versions as asked for, and what must become of each."""

import random
from collections.abc import Iterator

from local.demo.inputs import Plan, Upload
from local.scan_work import EICAR

VERSIONS = 3
# Of a hundred versions, so many are of keys with several, infected, empty, or of a type that is not accepted.
SEVERAL, INFECTED, EMPTY, WRONG_TYPE = 6, 2, 2, 2


def generate(events: int, seed: int) -> Plan:
    """Return *events* uploads in an order drawn by *seed*; the versions of a key keep theirs."""
    rng = random.Random(seed)  # noqa: S311 - test data
    uploads = [_upload(number, rng) for number in range(events)]
    order = list(range(events))
    rng.shuffle(order)
    by_key: dict[str, list[Upload]] = {}
    for upload in uploads:
        by_key.setdefault(upload.key, []).append(upload)
    return Plan(uploads=[by_key[uploads[index].key].pop(0) for index in order])


def _upload(number: int, rng: random.Random) -> Upload:
    place = number % 100
    for kind, share in _kinds():
        if place < share:
            return _special(kind, number)
        place -= share
    body = f"id,value\n{number},{rng.random()}\n".encode()
    return Upload(key=f"incoming/{number}.csv", body=body, content_type="text/csv", expected="PROCESSED")


def _kinds() -> Iterator[tuple[str, int]]:
    yield from (("several", SEVERAL), ("infected", INFECTED), ("empty", EMPTY), ("program", WRONG_TYPE))


def _special(kind: str, number: int) -> Upload:
    content_type = "application/x-msdownload" if kind == "program" else "text/csv"
    match kind:
        case "several":
            key, body, expected = f"several/{number // VERSIONS}.csv", f"{number}\n".encode(), "PROCESSED"
        case "infected":
            key, body, expected = f"infected/{number}.csv", EICAR, "QUARANTINED"
        case "empty":
            key, body, expected = f"empty/{number}.csv", b"", "REJECTED"
        case _:
            key, body, expected = f"program/{number}.exe", b"MZ", "REJECTED"
    return Upload(key=key, body=body, content_type=content_type, expected=expected)
