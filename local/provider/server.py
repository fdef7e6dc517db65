"""The provider protocol: check, diff, create, update and delete for every type of pulumi_aws."""

from collections.abc import Callable
from concurrent import futures
from functools import partial
from typing import Any

import grpc
from botocore.exceptions import BotoCoreError, ClientError
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2 as messages
from pulumi.runtime.proto import provider_pb2_grpc

import local.provider.resources  # noqa: F401 - registers the emulations
from local.deployed import Deployed, Resource
from local.provider.derived import carried, made_up_outputs
from local.provider.differences import changes, difference
from local.provider.emulation import EMULATIONS, Call, Cloud, is_missing
from local.provider.interruption import Interruption
from local.provider.naming import made_up_name
from local.provider.plugin import Plugin, check_failures
from local.provider.reading import Reading, look, not_there, recorded, remember
from local.provider.refusals import Place, Referee, refused_inputs
from local.provider.schema import ResourceType, UnknownTypeError, resource_type
from local.provider.secrets import Secrets
from local.provider.values import UNKNOWN, Properties, decode, stored


class Provider(Plugin):
    """What the provider does with resources; without a cloud it serves previews alone."""

    def __init__(self, deployed: Deployed, cloud: Cloud | None) -> None:
        super().__init__(cloud)
        self._deployed = deployed
        self._referee = Referee(deployed)

    def Check(self, request: messages.CheckRequest, context: Any) -> messages.CheckResponse:
        """Judge names and shape of the inputs; fill in a physical name where none is given."""
        kind = self._kind(request.urn, context)
        secrets = Secrets.of(request.news)
        inputs = kind.normalize(decode(request.news))
        failures = check_failures(kind.problems(inputs) or refused_inputs(kind.token, inputs), secrets)
        inputs |= made_up_name(kind, inputs, decode(request.olds), request.urn, request.randomSeed)
        return messages.CheckResponse(inputs=secrets.encode(inputs), failures=failures)

    def Diff(self, request: messages.DiffRequest, context: Any) -> messages.DiffResponse:
        """Say what changed, and whether AWS would need another resource for it."""
        kind = self._kind(request.urn, context)
        olds, news = decode(request.old_inputs), decode(request.news)
        changed = changes(olds, news, request.ignoreChanges)
        names = {path[0] for path in changes(olds, news)}
        if "tagsAll" in kind.outputs and "tags" not in names:
            before, after = decode(request.olds).get("tagsAll") or {}, self._configuration(context).tags(news)
            changed |= changes({"tagsAll": before}, {"tagsAll": after}, request.ignoreChanges)
        for name in Secrets.of(request.news).uncovered(news, Secrets.of(request.olds)) - names:
            changed[(name,)] = messages.PropertyDiff.UPDATE
        return difference(kind, olds, news, changed)

    def Create(self, request: messages.CreateRequest, context: Any) -> messages.CreateResponse:
        """Create the resource in moto if its type is emulated, and keep it in state."""
        kind = self._kind(request.urn, context)
        inputs = decode(request.properties)
        secrets = Secrets.of(request.properties) | self._configuration(context).secrets
        known = self._configuration(context).known_outputs(kind, inputs)
        if request.preview:
            unknown = dict.fromkeys(kind.computed - inputs.keys() - known.keys(), UNKNOWN)
            return messages.CreateResponse(properties=secrets.encode(unknown | inputs | known))
        emulation = EMULATIONS.get(kind.token)
        call, what = self._call(inputs, context), f"creating {request.urn}"
        with self._admitted(context, secrets, what, request.urn, kind.token, call):
            if emulation:
                resource_id, outputs = self._attempt(context, secrets, what, lambda: emulation.create(call))
            else:
                resource_id, outputs = made_up_outputs(kind, request.urn, call)
            properties = {**inputs, **known, **outputs}
            self._keep(request.urn, kind.token, resource_id, properties)
        return messages.CreateResponse(id=resource_id, properties=secrets.encode(properties))

    def Update(self, request: messages.UpdateRequest, context: Any) -> messages.UpdateResponse:
        """Bring the resource to its new inputs."""
        kind = self._kind(request.urn, context)
        inputs, before = decode(request.news), decode(request.olds)
        emulation = EMULATIONS.get(kind.token)
        kept = carried(kind, before, decode(request.old_inputs))
        known = self._configuration(context).known_outputs(kind, inputs)
        secrets, earlier = Secrets.of(request.news), Secrets.of(request.olds)
        if request.preview:
            outputs = dict.fromkeys(emulation.changing if emulation else (), UNKNOWN)
        else:
            call = self._call(inputs, context, request.id, before)
            hidden, what = secrets | earlier, f"updating {request.urn}"
            with self._admitted(context, hidden, what, request.urn, kind.token, call):
                outputs = (
                    self._attempt(context, hidden, what, lambda: emulation.update(call)) if emulation else {}
                )
        properties = {**kept, **inputs, **known, **outputs}
        if not request.preview:
            self._keep(request.urn, kind.token, request.id, properties)
        secrets |= self._configuration(context).secrets
        secrets |= earlier.only(kept.keys() - known.keys() - outputs.keys())
        return messages.UpdateResponse(properties=secrets.encode(properties))

    def Delete(self, request: messages.DeleteRequest, context: Any) -> empty_pb2.Empty:
        """Delete the resource; one that is gone already is no error."""
        kind = self._kind(request.urn, context)
        emulation = EMULATIONS.get(kind.token)
        if emulation:
            before = decode(request.properties)
            call = self._call(before, context, request.id, before)
            secrets, what = Secrets.of(request.properties), f"deleting {request.urn}"
            self._attempt(context, secrets, what, lambda: emulation.delete(call), missing_is_fine=True)
        self._deployed.remove(request.urn, request.id)
        return empty_pb2.Empty()

    def Read(self, request: messages.ReadRequest, context: Any) -> messages.ReadResponse:
        """Return what moto tells of a resource of the stack, or of one that is looked up by its id."""
        kind, configuration = self._kind(request.urn, context), self._configuration(context)
        state, inputs = decode(request.properties), decode(request.inputs)
        secrets = Secrets.of(request.properties, request.inputs) | configuration.secrets
        looked_up = state.keys() <= {"region"}
        emulation = EMULATIONS.get(kind.token)
        if emulation and self._cloud:
            call, what = self._call(inputs, context, request.id, state), f"reading {request.urn}"
            read = partial(look, emulation) if looked_up else emulation.read
            found = self._attempt(context, secrets, what, lambda: read(call), missing_is_fine=True)
        else:
            found = recorded(self._deployed, kind.token, request.id)
            if not looked_up and (found or not self._cloud):
                return messages.ReadResponse(
                    id=request.id, properties=request.properties, inputs=request.inputs
                )
        if found is None and looked_up:
            self._fail(context, not_there(self._deployed, kind.token, request.id))
        if found is None:
            return messages.ReadResponse()
        reading = Reading(kind, configuration, emulation.unset if emulation else {}, found)
        state, inputs = reading.state(state), reading.inputs(inputs, state)
        if self._cloud:
            remember(
                self._deployed, Resource(urn=request.urn, type=kind.token, id=request.id, properties=state)
            )
        return messages.ReadResponse(
            id=request.id, properties=secrets.encode(state), inputs=secrets.encode(inputs)
        )

    # ---- helpers ----
    def _kind(self, urn: str, context: Any) -> ResourceType:
        token = urn.split("::")[2].rsplit("$", 1)[-1]
        try:
            return resource_type(token)
        except UnknownTypeError as error:
            self._fail(context, str(error))
            raise

    def _call(
        self, inputs: Properties, context: Any, resource_id: str = "", before: Properties | None = None
    ) -> Call:
        if not self._cloud:
            self._fail(
                context, "this provider serves previews alone; the local stack is deployed by `make local`"
            )
        assert self._cloud  # noqa: S101 - _fail ends the call
        configuration = self._configuration(context)
        return Call(
            cloud=self._cloud,
            region=inputs.get("region") or (before or {}).get("region") or configuration.region,
            inputs=inputs,
            tags=configuration.tags(inputs),
            id=resource_id,
            before=before or {},
        )

    def _admitted(self, context: Any, secrets: Secrets, what: str, urn: str, token: str, call: Call) -> Place:
        """Fail where AWS would refuse the resource, and tell what it accepts and what will not work."""
        place = self._attempt(context, secrets, what, lambda: self._referee.admit(urn, token, call))
        for warning in place.warnings:
            self._diagnostics.warn(urn, secrets.redact(warning))
        return place

    def _keep(self, urn: str, token: str, resource_id: str, properties: Properties) -> None:
        assert self._cloud  # noqa: S101 - whoever keeps something has made a call
        properties = stored(properties, self._cloud.code_folder)
        self._deployed.put(Resource(urn=urn, type=token, id=resource_id, properties=properties))

    def _attempt[T](
        self,
        context: Any,
        secrets: Secrets,
        what: str,
        act: Callable[[], T],
        *,
        missing_is_fine: bool = False,
    ) -> T:
        """Run one emulation; AWS's error becomes the engine's."""
        try:
            return act()
        except ClientError as error:
            if missing_is_fine and is_missing(error):
                return None  # type: ignore[return-value] # deletions return nothing
            self._fail(context, secrets.redact(f"{what}: {error}"))
            raise
        except (BotoCoreError, KeyError, ValueError, TypeError, AttributeError) as error:
            self._fail(context, secrets.redact(f"{what}: {type(error).__name__}: {error}"))
            raise


def serve(deployed: Deployed, cloud: Cloud | None) -> tuple[grpc.Server, int]:
    """Start the provider on a free loopback port; return server and port."""
    limit = 400 << 20
    options = [("grpc.max_receive_message_length", limit), ("grpc.max_send_message_length", limit)]
    server = grpc.server(
        futures.ThreadPoolExecutor(max_workers=32), interceptors=[Interruption(deployed)], options=options
    )
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Provider(deployed, cloud), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port
