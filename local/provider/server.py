"""The provider protocol: check, diff, create, update and delete for every type of pulumi_aws."""

import hashlib
import json
from collections.abc import Callable
from concurrent import futures
from dataclasses import dataclass
from typing import Any

import grpc
from botocore.exceptions import BotoCoreError, ClientError
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2_grpc
from pulumi.runtime.proto import provider_pb2 as messages

import local.provider.resources  # noqa: F401 - registers the emulations
from local.deployed import Deployed, Resource
from local.provider.emulation import ACCOUNT, EMULATIONS, Call, Cloud
from local.provider.schema import ResourceType, UnknownTypeError, resource_type
from local.provider.values import (
    UNKNOWN,
    Properties,
    comparable,
    decode,
    encode,
    has_unknown,
    is_archive,
    store_archive,
)

VERSION = "7.51.1"
AUTONAMED = {"aws:s3/bucket:Bucket": "bucket", "aws:s3/bucketV2:BucketV2": "bucket"}
"""Types whose physical name is not called `name`."""


@dataclass(frozen=True)
class Configuration:
    """What one `aws` provider resource was configured with."""

    region: str
    default_tags: dict[str, str]


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """One server for the default provider and every explicit one: each has a connection of its own.

    Without a cloud it serves previews alone: a stack that is meant for AWS is never deployed here.
    """

    def __init__(self, deployed: Deployed, cloud: Cloud | None) -> None:
        self._deployed = deployed
        self._cloud = cloud
        self._configurations: dict[str, Configuration] = {}

    # ---- plugin ----
    def Attach(self, request: Any, context: Any) -> empty_pb2.Empty:
        return empty_pb2.Empty()

    def Cancel(self, request: Any, context: Any) -> empty_pb2.Empty:
        return empty_pb2.Empty()

    def GetPluginInfo(self, request: Any, context: Any) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=VERSION)

    def Handshake(self, request: Any, context: Any) -> messages.ProviderHandshakeResponse:
        return messages.ProviderHandshakeResponse()

    def CheckConfig(self, request: messages.CheckRequest, context: Any) -> messages.CheckResponse:
        """Refuse a provider without region, and one that must not use the emulated account."""
        news = decode(request.news)
        if not news.get("region"):
            failure = messages.CheckFailure(property="region", reason="set aws:region in the stack's config")
            return messages.CheckResponse(failures=[failure])
        return messages.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: messages.DiffRequest, context: Any) -> messages.DiffResponse:
        olds, news = decode(request.olds), decode(request.news)
        replaces = ["region"] if olds.get("region") != news.get("region") else []
        some = messages.DiffResponse.DIFF_SOME if olds != news else messages.DiffResponse.DIFF_NONE
        return messages.DiffResponse(changes=some, replaces=replaces)

    def Configure(self, request: messages.ConfigureRequest, context: Any) -> messages.ConfigureResponse:
        """Remember region and default tags for the provider that speaks on this connection."""
        arguments = decode(request.args)
        tags = arguments.get("defaultTags") or {}
        tags = json.loads(tags) if isinstance(tags, str) else tags
        self._configurations[context.peer()] = Configuration(arguments["region"], tags.get("tags", {}))
        return messages.ConfigureResponse(supportsPreview=True)

    def Invoke(self, request: messages.InvokeRequest, context: Any) -> messages.InvokeResponse:
        """Answer the lookups that need no account."""
        region = self._configuration(context).region
        answers: dict[str, Properties] = {
            "aws:index/getCallerIdentity:getCallerIdentity": {
                "accountId": ACCOUNT,
                "arn": f"arn:aws:iam::{ACCOUNT}:user/local",
                "userId": "AIDALOCAL",
                "id": ACCOUNT,
            },
            "aws:index/getRegion:getRegion": {"name": region, "region": region, "id": region},
            "aws:index/getPartition:getPartition": {
                "partition": "aws",
                "dnsSuffix": "amazonaws.com",
                "id": "aws",
            },
        }
        if request.tok not in answers:
            self._fail(context, f"the local provider has no {request.tok}; it answers {', '.join(answers)}")
        return messages.InvokeResponse(**{"return": encode(answers[request.tok])})  # type: ignore[arg-type]

    # ---- resources ----
    def Check(self, request: messages.CheckRequest, context: Any) -> messages.CheckResponse:
        """Judge names and shape of the inputs; fill in a physical name where none is given."""
        kind = self._kind(request.urn, context)
        inputs = kind.normalize(decode(request.news))
        failures = [
            messages.CheckFailure(property=problem.path, reason=problem.reason)
            for problem in kind.problems(inputs)
        ]
        name_property = AUTONAMED.get(kind.token, "name")
        if name_property in kind.computed & kind.inputs and not inputs.get(name_property):
            logical = request.urn.rsplit("::", 1)[1]
            suffix = hashlib.sha256(request.randomSeed).hexdigest()[:7]
            inputs[name_property] = decode(request.olds).get(name_property) or f"{logical}-{suffix}".lower()
        return messages.CheckResponse(inputs=encode(inputs), failures=failures)

    def Diff(self, request: messages.DiffRequest, context: Any) -> messages.DiffResponse:
        """Say what changed, and whether AWS would need another resource for it."""
        kind = self._kind(request.urn, context)
        olds = {key: comparable(value) for key, value in decode(request.old_inputs).items()}
        news = {key: comparable(value) for key, value in decode(request.news).items()}
        ignored = {path.split(".")[0].split("[")[0] for path in request.ignoreChanges}
        changed = sorted(
            {key for key in olds.keys() | news.keys() if olds.get(key) != news.get(key)} - ignored
        )
        old_tags = decode(request.olds).get("tagsAll")
        if (
            "tagsAll" in kind.outputs
            and (old_tags or {}) != self._tags(news, context)
            and "tags" not in changed
        ):
            changed.append("tagsAll")
        replacing = (EMULATIONS[kind.token].replaces if kind.token in EMULATIONS else {"name"}) | {"region"}
        replaces = [key for key in changed if key in replacing]
        name = AUTONAMED.get(kind.token, "name")
        return messages.DiffResponse(
            changes=messages.DiffResponse.DIFF_SOME if changed else messages.DiffResponse.DIFF_NONE,
            diffs=changed,
            replaces=replaces,
            deleteBeforeReplace=bool(replaces) and name in news and olds.get(name) == news.get(name),
        )

    def Create(self, request: messages.CreateRequest, context: Any) -> messages.CreateResponse:
        """Create the resource in moto if its type is emulated, and keep it in state."""
        kind = self._kind(request.urn, context)
        inputs = decode(request.properties)
        known = self._known_outputs(kind, inputs, context)
        if request.preview:
            unknown = dict.fromkeys(kind.computed - inputs.keys() - known.keys(), UNKNOWN)
            return messages.CreateResponse(properties=encode(unknown | inputs | known))
        emulation = EMULATIONS.get(kind.token)
        call = self._call(inputs, context)
        if emulation:
            resource_id, outputs = self._attempt(
                context, f"creating {request.urn}", lambda: emulation.create(call)
            )
        else:
            resource_id, outputs = self._recorded(kind, request.urn, call)
        properties = {**inputs, **known, **outputs}
        self._keep(request.urn, kind.token, resource_id, properties, call)
        return messages.CreateResponse(id=resource_id, properties=encode(properties))

    def Update(self, request: messages.UpdateRequest, context: Any) -> messages.UpdateResponse:
        """Bring the resource to its new inputs."""
        kind = self._kind(request.urn, context)
        inputs, before = decode(request.news), decode(request.olds)
        emulation = EMULATIONS.get(kind.token)
        carried = {
            key: value for key, value in before.items() if key in kind.computed or key not in kind.inputs
        }
        known = self._known_outputs(kind, inputs, context)
        if request.preview:
            changing = dict.fromkeys(emulation.changing if emulation else (), UNKNOWN)
            return messages.UpdateResponse(properties=encode({**carried, **changing, **inputs, **known}))
        call = self._call(inputs, context, request.id, before)
        outputs: Properties = {}
        if emulation:
            outputs = self._attempt(context, f"updating {request.urn}", lambda: emulation.update(call))
        properties = {**carried, **inputs, **known, **outputs}
        self._keep(request.urn, kind.token, request.id, properties, call)
        return messages.UpdateResponse(properties=encode(properties))

    def Delete(self, request: messages.DeleteRequest, context: Any) -> empty_pb2.Empty:
        """Delete the resource; one that is gone already is no error."""
        kind = self._kind(request.urn, context)
        emulation = EMULATIONS.get(kind.token)
        if emulation:
            before = decode(request.properties)
            call = self._call(before, context, request.id, before)
            self._attempt(
                context, f"deleting {request.urn}", lambda: emulation.delete(call), missing_is_fine=True
            )
        self._deployed.remove(request.urn, request.id)
        return empty_pb2.Empty()

    def Read(self, request: messages.ReadRequest, context: Any) -> messages.ReadResponse:
        """Return what is deployed under the id; nothing is read back from moto."""
        kind = self._kind(request.urn, context)
        properties = decode(request.properties)
        if not properties:
            found = [known for known in self._deployed.of_type(kind.token) if known.id == request.id]
            if not found:
                self._fail(context, f"there is no {kind.token} with id {request.id!r} on the local stack")
            properties = dict(found[0].properties)
        inputs = {key: value for key, value in properties.items() if key in kind.inputs}
        return messages.ReadResponse(
            id=request.id,
            properties=encode(properties),
            inputs=request.inputs if request.inputs else encode(inputs),
        )

    # ---- helpers ----
    def _configuration(self, context: Any) -> Configuration:
        return self._configurations[context.peer()]

    def _kind(self, urn: str, context: Any) -> ResourceType:
        token = urn.split("::")[2].rsplit("$", 1)[-1]
        try:
            return resource_type(token)
        except UnknownTypeError as error:
            self._fail(context, str(error))
            raise

    def _tags(self, inputs: Properties, context: Any) -> Any:
        own = inputs.get("tags") or {}
        return UNKNOWN if has_unknown(own) else {**self._configuration(context).default_tags, **own}

    def _known_outputs(self, kind: ResourceType, inputs: Properties, context: Any) -> Properties:
        """Return the outputs that the provider itself knows, already in a preview."""
        known: Properties = {}
        if "tagsAll" in kind.outputs:
            known["tagsAll"] = self._tags(inputs, context)
        if "region" in kind.outputs:
            known["region"] = inputs.get("region") or self._configuration(context).region
        return known

    def _call(
        self, inputs: Properties, context: Any, resource_id: str = "", before: Properties | None = None
    ) -> Call:
        if not self._cloud:
            self._fail(
                context, "this provider serves previews alone; the local stack is deployed by `make local`"
            )
        assert self._cloud  # noqa: S101 - _fail ends the call
        return Call(
            cloud=self._cloud,
            region=inputs.get("region") or self._configuration(context).region,
            inputs=inputs,
            tags=self._tags(inputs, context),
            id=resource_id,
            before=before or {},
        )

    def _recorded(self, kind: ResourceType, urn: str, call: Call) -> tuple[str, Properties]:
        """Make up an id and an ARN for a type that is only kept in state."""
        service, resource = kind.token.split(":")[1].split("/")
        name = call.inputs.get("name") or urn.rsplit("::", 1)[1]
        outputs = {"arn": call.arn(service, f"{resource}/{name}")} if "arn" in kind.computed else {}
        return str(name), outputs

    def _keep(self, urn: str, token: str, resource_id: str, properties: Properties, call: Call) -> None:
        stored = {
            key: str(store_archive(value, call.cloud.code_folder)) if is_archive(value) else value
            for key, value in properties.items()
        }
        self._deployed.put(Resource(urn=urn, type=token, id=resource_id, properties=stored))

    def _attempt[T](
        self, context: Any, what: str, act: Callable[[], T], *, missing_is_fine: bool = False
    ) -> T:
        """Run one emulation; AWS's error becomes the engine's."""
        try:
            return act()
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if missing_is_fine and ("NotFound" in code or "NoSuch" in code or "NonExistentQueue" in code):
                return None  # type: ignore[return-value] # deletions return nothing
            self._fail(context, f"{what}: {error}")
            raise
        except (BotoCoreError, KeyError, ValueError) as error:
            self._fail(context, f"{what}: {type(error).__name__}: {error}")
            raise

    def _fail(self, context: Any, message: str) -> None:
        context.abort(grpc.StatusCode.UNKNOWN, message)


def serve(deployed: Deployed, cloud: Cloud | None) -> tuple[grpc.Server, int]:
    """Start the provider on a free loopback port; return server and port."""
    limit = 400 << 20
    options = [("grpc.max_receive_message_length", limit), ("grpc.max_send_message_length", limit)]
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=32), options=options)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Provider(deployed, cloud), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port
