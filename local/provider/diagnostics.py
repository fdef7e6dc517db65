"""What the provider tells the program's author beside a call's result: the engine shows it."""

import grpc
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc


class Diagnostics:
    """Warnings for the engine that attached last; without one there is nobody to tell."""

    def __init__(self) -> None:
        self._engine: engine_pb2_grpc.EngineStub | None = None

    def attach(self, address: str) -> None:
        """Tell the engine at *address* from now on."""
        self._engine = engine_pb2_grpc.EngineStub(grpc.insecure_channel(address))

    def warn(self, urn: str, message: str) -> None:
        """Show a warning at the resource *urn*."""
        if self._engine:
            request = engine_pb2.LogRequest(severity=engine_pb2.WARNING, message=message, urn=urn)
            self._engine.Log(request, timeout=10)
