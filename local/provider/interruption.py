"""What the provider does when the engine is killed: it ends what it has begun, and begins nothing more."""

from collections.abc import Callable
from typing import Any

import grpc

from local.deployed import Deployed

MUTATIONS = ("Create", "Update", "Delete")


class Interruption(grpc.ServerInterceptor):  # type: ignore[misc] # grpc has no types
    """Counts the changes that are under way in *deployed*, and refuses those of an engine that is gone."""

    def __init__(self, deployed: Deployed) -> None:
        self._deployed = deployed

    def intercept_service(self, continuation: Callable[[Any], Any], handler_call_details: Any) -> Any:
        """Wrap the handlers of changes."""
        handler = continuation(handler_call_details)
        if not handler or handler_call_details.method.rpartition("/")[2] not in MUTATIONS:
            return handler

        def change(request: Any, context: Any) -> Any:
            with self._deployed.changing():
                if not context.is_active():
                    context.abort(grpc.StatusCode.CANCELLED, "the engine that asked is gone")
                return handler.unary_unary(request, context)

        return grpc.unary_unary_rpc_method_handler(
            change,
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )
