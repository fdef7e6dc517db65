"""The plugin's side of the provider protocol: handshake, configuration, and functions that are invoked."""

from collections.abc import Iterable
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2_grpc
from pulumi.runtime.proto import provider_pb2 as messages

from local.provider.configuration import Configuration, problems
from local.provider.diagnostics import Diagnostics
from local.provider.emulation import Cloud
from local.provider.inputs import Problem
from local.provider.policy_documents import TOKEN, policy_document
from local.provider.secrets import Secrets
from local.provider.values import decode, encode

VERSION = "7.51.1"


class Plugin(provider_pb2_grpc.ResourceProviderServicer):
    """One server for the default provider and every explicit one: each has a connection of its own.

    Without a cloud it serves previews alone: a stack that is meant for AWS is never deployed here.
    """

    def __init__(self, cloud: Cloud | None) -> None:
        self._cloud = cloud
        self._configurations: dict[str, Configuration] = {}
        self._diagnostics = Diagnostics()

    def Attach(self, request: plugin_pb2.PluginAttach, context: Any) -> empty_pb2.Empty:
        self._diagnostics.attach(request.address)
        return empty_pb2.Empty()

    def Cancel(self, request: Any, context: Any) -> empty_pb2.Empty:
        return empty_pb2.Empty()

    def GetPluginInfo(self, request: Any, context: Any) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=VERSION)

    def Handshake(self, request: Any, context: Any) -> messages.ProviderHandshakeResponse:
        return messages.ProviderHandshakeResponse(accept_secrets=True)

    def CheckConfig(self, request: messages.CheckRequest, context: Any) -> messages.CheckResponse:
        """Refuse a provider without region, and a deployment that must not use the emulated account."""
        found = problems(decode(request.news), deploys=self._cloud is not None)
        failures = check_failures(found, Secrets.of(request.news))
        return messages.CheckResponse(inputs=request.news, failures=failures)

    def DiffConfig(self, request: messages.DiffRequest, context: Any) -> messages.DiffResponse:
        olds, news = decode(request.olds), decode(request.news)
        replaces = ["region"] if olds.get("region") != news.get("region") else []
        some = messages.DiffResponse.DIFF_SOME if olds != news else messages.DiffResponse.DIFF_NONE
        return messages.DiffResponse(changes=some, replaces=replaces)

    def Configure(self, request: messages.ConfigureRequest, context: Any) -> messages.ConfigureResponse:
        """Remember region and default tags for the provider that speaks on this connection."""
        self._configurations[context.peer()] = Configuration.load(
            decode(request.args), Secrets.of(request.args)
        )
        return messages.ConfigureResponse(supportsPreview=True, acceptSecrets=True)

    def Invoke(self, request: messages.InvokeRequest, context: Any) -> messages.InvokeResponse:
        """Answer the lookups that need no account."""
        if request.tok == TOKEN:
            try:
                answer = policy_document(decode(request.args))
            except ValueError as error:
                self._fail(context, f"{TOKEN}: {error}")
            return messages.InvokeResponse(**{"return": Secrets.of(request.args).encode(answer)})  # type: ignore[arg-type]
        answers = self._configuration(context).lookups()
        if request.tok not in answers:
            self._fail(
                context, f"the local provider has no {request.tok}; it answers {', '.join([TOKEN, *answers])}"
            )
        return messages.InvokeResponse(**{"return": encode(answers[request.tok])})  # type: ignore[arg-type]

    def _configuration(self, context: Any) -> Configuration:
        return self._configurations[context.peer()]

    def _fail(self, context: Any, message: str) -> None:
        context.abort(grpc.StatusCode.UNKNOWN, message)


def check_failures(found: Iterable[Problem], secrets: Secrets) -> list[messages.CheckFailure]:
    """Return the problems as the engine takes them; of a property that one names, it shows the value, too."""
    return [
        messages.CheckFailure(reason=f"{problem.path}: {secrets.redact(problem.reason)}")
        if secrets.cover(problem.path)
        else messages.CheckFailure(property=problem.path, reason=secrets.redact(problem.reason))
        for problem in found
    ]
