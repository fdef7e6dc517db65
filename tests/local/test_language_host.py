"""The language host of a built engine, as a process."""

import os
import select
import subprocess
import sys

from local.toolchain import ROOT

HOST = ROOT / "local" / "engine" / "language_host.py"


def test_the_language_host_ends_when_its_engine_was_killed():
    script = (
        "import subprocess, sys\n"
        f"host = subprocess.Popen([sys.executable, {str(HOST)!r}, '127.0.0.1:1'], stdout=subprocess.PIPE)\n"
        "print(host.pid, host.stdout.readline().decode().strip(), flush=True)\n"
        "sys.stdin.read()\n"
    )
    engine = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert engine.stdout
    assert engine.stdin
    pid, port = map(int, engine.stdout.readline().split())
    host = os.pidfd_open(pid)

    engine.kill()
    engine.wait()

    assert port > 0
    assert select.select([host], [], [], 30)[0], "the language host outlived its engine"
    for descriptor in (engine.stdin, engine.stdout):
        descriptor.close()
    os.close(host)
