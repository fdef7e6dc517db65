"""The faults of a running stack, from outside: what the control server answers, and who asks it."""

import json
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import Any

from local.errors import LocalStackError
from local.faults.errors import FaultError
from local.faults.fault import Fault
from local.faults.plan import Faults, Standing

PATH = "/faults"
_BAD_REQUEST = 400


def plain(standing: list[Standing]) -> list[dict[str, Any]]:
    """Return faults for JSON."""
    return [
        {
            "id": one.id,
            "fault": one.fault.plain(),
            "words": one.fault.describe(),
            "matched": one.matched,
            "struck": one.struck,
        }
        for one in standing
    ]


def answer(faults: Faults, method: str, path: str, body: bytes) -> tuple[int, bytes]:
    """Serve GET, POST and DELETE below /faults."""
    name = urllib.parse.unquote(path.removeprefix(PATH).strip("/")) or None
    try:
        if method == "POST":
            return 200, json.dumps({"id": faults.add(Fault.read(body))}).encode()
        found = faults.clear(name) if method == "DELETE" else faults.standing()
    except FaultError as error:
        return _BAD_REQUEST, str(error).encode()
    return 200, json.dumps(plain(found)).encode()


@dataclass(frozen=True, kw_only=True)
class RemoteFaults:
    """The faults of the stack whose control server is at *control*."""

    control: str

    def add(self, fault: Fault) -> str:
        """Let *fault* strike from now on; return its id."""
        return str(self._ask("POST", "", json.dumps(fault.plain()).encode())["id"])

    def clear(self, name: str | None = None) -> list[dict[str, Any]]:
        """End the fault *name*, or all; return what they did, as `standing` does."""
        return list(self._ask("DELETE", urllib.parse.quote(name or "")))

    def standing(self) -> list[dict[str, Any]]:
        """Return the active faults: `id`, `fault`, `words`, and how often each `matched` and `struck`."""
        return list(self._ask("GET", ""))

    def pause(self, queue: str) -> str:
        """Stop the polling of the queues that the glob *queue* matches; return the fault's id."""
        return self.add(Fault(kind="pause", queue=queue))

    def resume(self, queue: str) -> int:
        """End the pauses of exactly this glob; return how many there were."""
        wanted = {"kind": "pause", "queue": queue}
        paused = [one["id"] for one in self.standing() if wanted.items() <= one["fault"].items()]
        for name in paused:
            self.clear(name)
        return len(paused)

    def _ask(self, method: str, name: str, body: bytes | None = None) -> Any:
        url = f"{self.control}{PATH}/{name}"
        request = urllib.request.Request(url, data=body, method=method)  # noqa: S310 - our own loopback address
        try:
            with urllib.request.urlopen(request, timeout=30) as found:  # noqa: S310
                return json.load(found)
        except urllib.error.HTTPError as error:
            raise FaultError(error.read().decode()) from None
        except urllib.error.URLError as error:
            raise LocalStackError(f"the local stack does not answer: {error.reason}") from error
