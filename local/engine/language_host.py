"""A language host for Python programs, for an engine that was built from its Go module.

Pulumi's own host is a separate Go program whose module is not published; this one serves what `preview`,
`up`, `destroy` and policy packs need of the `LanguageRuntime` protocol. It takes packages as they are in
the project's virtual environment and never installs anything.
"""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path
from typing import IO, Any

import grpc
from google.protobuf import empty_pb2, json_format
from pulumi.runtime.proto import language_pb2 as messages
from pulumi.runtime.proto import language_pb2_grpc, plugin_pb2

ENGINE_CHECK_SECONDS = 1
ALREADY_REPORTED = 32
"""Exit status of `program_executor.py` when the engine has been told what went wrong."""


def interpreter(info: messages.ProgramInfo) -> str:
    """Return the python of the `virtualenv` option, or this process's own without one."""
    options = json_format.MessageToDict(info.options)
    if not (virtualenv := options.get("virtualenv")):
        return sys.executable
    python = Path(info.root_directory, virtualenv, "bin", "python")
    if not python.exists():
        raise FileNotFoundError(
            f"the virtual environment {python.parent.parent} has no python; run: make setup"
        )
    return str(python)


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """Runs Python programs and policy packs for the engine at *engine_address*."""

    def __init__(self, engine_address: str) -> None:
        self._engine_address = engine_address
        self._children: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()

    def _start(self, command: list[str], **options: Any) -> subprocess.Popen[bytes]:
        child = subprocess.Popen(command, **options)
        with self._lock:
            self._children.add(child)
        return child

    def _finish(self, child: subprocess.Popen[bytes]) -> int:
        status = child.wait()
        with self._lock:
            self._children.discard(child)
        return status

    def stop(self) -> None:
        """End the programs that still run."""
        with self._lock:
            children = list(self._children)
        for child in children:
            child.terminate()

    # The protocol's names are not ours to choose.
    def Handshake(self, request: Any, context: Any) -> messages.LanguageHandshakeResponse:
        return messages.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: Any, context: Any) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version="1.0.0")

    def GetRequiredPlugins(self, request: Any, context: Any) -> messages.GetRequiredPluginsResponse:
        return messages.GetRequiredPluginsResponse()

    def GetRequiredPackages(self, request: Any, context: Any) -> messages.GetRequiredPackagesResponse:
        return messages.GetRequiredPackagesResponse()

    def GetProgramDependencies(self, request: Any, context: Any) -> messages.GetProgramDependenciesResponse:
        return messages.GetProgramDependenciesResponse()

    def RuntimeOptionsPrompts(self, request: Any, context: Any) -> messages.RuntimeOptionsResponse:
        return messages.RuntimeOptionsResponse()

    def About(self, request: Any, context: Any) -> messages.AboutResponse:
        return messages.AboutResponse(executable=sys.executable, version=sys.version.split()[0])

    def InstallDependencies(
        self,
        request: Any,
        context: Any,
    ) -> Iterator[messages.InstallDependenciesResponse]:
        return iter(())

    def Cancel(self, request: Any, context: Any) -> empty_pb2.Empty:
        self.stop()
        return empty_pb2.Empty()

    def Run(self, request: messages.RunRequest, context: Any) -> messages.RunResponse:
        """Run the program once, to register its resources."""
        job = {
            "entry_point": str(Path(request.info.program_directory, request.info.entry_point)),
            "monitor": request.monitor_address,
            "engine": self._engine_address,
            "project": request.project,
            "stack": request.stack,
            "organization": request.organization,
            "parallel": request.parallel,
            "dry_run": request.dryRun,
            "root_directory": request.info.root_directory,
            "config": dict(request.config),
            "secret_keys": list(request.configSecretKeys),
        }
        environment = os.environ | {
            "PULUMI_CONFIG": json.dumps(job["config"]),
            "PULUMI_CONFIG_SECRET_KEYS": json.dumps(job["secret_keys"]),
        }
        executor = Path(__file__).with_name("program_executor.py")
        try:
            child = self._start(
                [interpreter(request.info), "-u", str(executor)],
                stdin=subprocess.PIPE,
                cwd=request.pwd,
                env=environment,
            )
        except OSError as error:
            return messages.RunResponse(error=str(error))
        assert child.stdin  # noqa: S101 - asked for above
        child.stdin.write(json.dumps(job).encode())
        child.stdin.close()
        status = self._finish(child)
        if status == ALREADY_REPORTED:
            return messages.RunResponse(bail=True)
        return messages.RunResponse(
            error="" if status == 0 else f"the program ended with exit status {status}"
        )

    def RunPlugin(
        self, request: messages.RunPluginRequest, context: Any
    ) -> Iterator[messages.RunPluginResponse]:
        """Run a plugin written in Python; an analyzer is a policy pack."""
        folder = request.info.program_directory
        start = (
            ["-m", "pulumi.policy", *request.args, folder]
            if request.kind == "analyzer"
            else [folder, *request.args]
        )
        child = self._start(
            [interpreter(request.info), "-u", *start],
            cwd=request.pwd,
            env=dict(entry.split("=", 1) for entry in request.env) or None,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        context.add_callback(child.terminate)
        for channel, chunk in _output_of(child):
            yield messages.RunPluginResponse(**{channel: chunk})  # type: ignore[arg-type]
        yield messages.RunPluginResponse(exitcode=self._finish(child))


def _output_of(child: subprocess.Popen[bytes]) -> Iterator[tuple[str, bytes]]:
    """Yield what the child writes to either stream, as it comes."""
    chunks: queue.Queue[tuple[str, bytes]] = queue.Queue()

    def pump(name: str, stream: IO[bytes]) -> None:
        while chunk := os.read(stream.fileno(), 65536):
            chunks.put((name, chunk))
        chunks.put((name, b""))

    streams = {"stdout": child.stdout, "stderr": child.stderr}
    for name, stream in streams.items():
        threading.Thread(target=pump, args=(name, stream), daemon=True).start()
    ended = 0
    while ended < len(streams):
        name, chunk = chunks.get()
        if chunk:
            yield name, chunk
        else:
            ended += 1


def main() -> None:
    """Print the port and serve until the engine ends this process; the last argument is its address."""
    server = grpc.server(
        futures.ThreadPoolExecutor(max_workers=16), options=[("grpc.max_receive_message_length", 400 << 20)]
    )
    host = LanguageHost(sys.argv[-1])
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    engine = os.getppid()  # before the port is told: one that knows it may be killed at once
    print(port, flush=True)
    while not stopped.wait(ENGINE_CHECK_SECONDS):
        if os.getppid() != engine:  # an engine that was killed tells nobody
            break
    host.stop()
    server.stop(1).wait()


if __name__ == "__main__":
    main()
