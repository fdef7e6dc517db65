"""A pack in a process of its own, asked as the engine asks it, and what that costs."""

import ctypes
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent import futures
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc, engine_pb2_grpc

from bench.stacks import STACK, Requests

_LIBC = ctypes.CDLL(None)
_EMPTY_PACK = """\
from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy

nothing = ResourceValidationPolicy("nothing", "Nothing.", lambda args, report: None)
PolicyPack("empty", [nothing], enforcement_level=EnforcementLevel.MANDATORY)
"""
_EMPTY_PROJECT = """\
runtime: {name: python, options: {toolchain: pip, virtualenv: ../.venv}}
version: 0.0.1
main: .
"""
_LARGE = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


class _Engine(engine_pb2_grpc.EngineServicer):
    """The engine as far as a pack needs one: an address to call."""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """CPU seconds of a pack's process: until it has listed its policies, and for one preview after that.

    `diagnostics` is how many complaints it made; a benchmark of a pack that finds faults measures messages.
    """

    start: float
    preview: float
    diagnostics: int


def write_empty_pack(folder: Path) -> Path:
    """Write the baseline: the SDK takes no pack without a policy, so there is one that does nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "__main__.py").write_text(_EMPTY_PACK)
    (folder / "PulumiPolicy.yaml").write_text(_EMPTY_PROJECT)
    return folder


def cost(pack: Path, requests: Requests, program: Path) -> Cost:
    """Run one preview of *requests* through *pack*, with *program* as its working folder."""
    with _running(pack, program) as (process, stub):
        configured = analyzer_pb2.AnalyzerStackConfigureRequest(stack=STACK, project="bench", dry_run=True)
        stub.ConfigureStack(configured)
        stub.GetAnalyzerInfo(empty_pb2.Empty())
        stub.Configure(analyzer_pb2.ConfigureAnalyzerRequest())
        started = cpu(process.pid)
        found = 0
        for request in requests.resources:
            stub.Remediate(request)
            found += len(stub.Analyze(request).diagnostics)
        found += len(stub.AnalyzeStack(requests.stack).diagnostics)
        return Cost(start=started, preview=cpu(process.pid) - started, diagnostics=found)


@contextmanager
def _running(
    pack: Path, program: Path
) -> Iterator[tuple[subprocess.Popen[str], analyzer_pb2_grpc.AnalyzerStub]]:
    engine = grpc.server(futures.ThreadPoolExecutor(max_workers=1))
    engine_pb2_grpc.add_EngineServicer_to_server(_Engine(), engine)
    port = engine.add_insecure_port("127.0.0.1:0")
    engine.start()
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "pulumi.policy", f"127.0.0.1:{port}", str(pack)],
        cwd=program,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout
        with grpc.insecure_channel(
            f"127.0.0.1:{process.stdout.readline().strip()}", options=_LARGE
        ) as channel:
            yield process, analyzer_pb2_grpc.AnalyzerStub(channel)
    finally:
        process.terminate()
        process.wait()
        engine.stop(0).wait()


def cpu(pid: int) -> float:
    """Return the CPU seconds that a process has used, by its own clock: /proc counts in ticks of 10 ms."""
    clock = ctypes.c_int()
    if refused := _LIBC.clock_getcpuclockid(pid, ctypes.byref(clock)):
        raise OSError(refused, os.strerror(refused))
    return time.clock_gettime(clock.value)
