"""The SDK that the pack stands on, and the pack as a process."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pulumi_policy import policy as sdk_policy

from guardrails.framework.errors import SdkChangedError
from guardrails.framework.sdk import checked_servicer

PACK = Path(__file__).parents[2] / "policies"


class OtherPack:
    """A pack that serves by something else."""

    def __init__(self) -> None:
        self.served_by = object()


def changed(**changes: Any) -> Any:
    servicer = type("_PolicyAnalyzerServicer", (sdk_policy._PolicyAnalyzerServicer,), changes)
    return SimpleNamespace(_PolicyAnalyzerServicer=servicer, PolicyPack=sdk_policy.PolicyPack)


@pytest.mark.parametrize(
    ("module", "complaint"),
    [
        (SimpleNamespace(), "has no _PolicyAnalyzerServicer"),
        (changed(Configure=None), "has no _PolicyAnalyzerServicer.Configure"),
        (changed(AnalyzeStack=lambda self, resources: None), r"AnalyzeStack\(self, resources\)"),
        (
            SimpleNamespace(_PolicyAnalyzerServicer=sdk_policy._PolicyAnalyzerServicer, PolicyPack=OtherPack),
            "no longer serves PolicyPack",
        ),
    ],
)
def test_a_changed_sdk_stops_the_pack(module: Any, complaint: str) -> None:
    with pytest.raises(SdkChangedError, match=complaint) as stopped:
        checked_servicer(module)

    assert "install pulumi-policy==1.21.0" in str(stopped.value)


def test_the_started_pack_prints_its_port_and_nothing_else(program_folder: Path) -> None:
    command = [sys.executable, "-u", "-m", "pulumi.policy", "127.0.0.1:1", str(PACK)]
    process = subprocess.Popen(command, cwd=program_folder, stdout=subprocess.PIPE)
    assert process.stdout
    first = process.stdout.readline()
    process.terminate()
    rest = process.stdout.read()
    process.stdout.close()
    process.wait()

    assert first.strip().isdigit()
    assert rest == b""
