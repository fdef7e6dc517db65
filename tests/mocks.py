"""Programs on Pulumi's mock runtime: what they register, with options, parents and dependencies.

The stock mock keeps inputs only, accepts a URN twice and answers lookups with nothing. This one keeps the
whole request, refuses duplicates and any lookup, and answers outputs as AWS would name them.
"""

import asyncio
import contextvars
import json
import logging
import runpy
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pulumi
import yaml
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime import mocks, rpc
from pulumi.runtime import stack as pulumi_stack
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.settings import configure, set_root_resource
from pulumi.runtime.sync_await import _ensure_event_loop, _sync_await

ROOT = Path(__file__).resolve().parent.parent
PROJECT = "serverless-guardrails"
ACCOUNT = "123456789012"
REGION = "eu-central-1"
STACK_TYPE = "pulumi:pulumi:Stack"


@dataclass(kw_only=True)
class Registered:
    """One resource as the program asked for it; `outputs` is None until a component registers its own."""

    urn: str
    type: str
    name: str
    parent: str
    custom: bool
    inputs: dict[str, Any]
    protect: bool
    delete_before_replace: bool
    # URNs that any input or `depends_on` refers to, and the same by input.
    dependencies: frozenset[str]
    property_dependencies: Mapping[str, frozenset[str]]
    # The inputs as the engine receives them, with secrets, assets and unknowns marked.
    wire: struct_pb2.Struct
    outputs: dict[str, Any] | None = None


@dataclass(kw_only=True)
class Deployment:
    """What a program registered, exported and logged, in order."""

    resources: list[Registered] = field(default_factory=list)
    exports: dict[str, Any] = field(default_factory=dict)
    logged: list[str] = field(default_factory=list)

    def of(self, token: str) -> list[Registered]:
        """Return the resources of one type."""
        return [resource for resource in self.resources if resource.type == token]

    def one(self, token: str, name: str) -> Registered:
        """Return the resource of type *token* called *name* in the program."""
        found = {resource.name: resource for resource in self.of(token)}
        assert name in found, f"no {token} {name!r}, only {sorted(found)}"
        return found[name]

    def inputs(self, token: str, name: str) -> dict[str, Any]:
        """Return that resource's inputs, in camelCase."""
        return self.one(token, name).inputs

    def document(self, token: str, name: str, key: str = "policy") -> dict[str, dict[str, Any]]:
        """Return the statements of that resource's policy by Sid."""
        return statements(self.inputs(token, name)[key])


def statements(document: str) -> dict[str, dict[str, Any]]:
    """Return the statements of a policy document by Sid."""
    return {statement["Sid"]: statement for statement in json.loads(document)["Statement"]}


class NoLookups(mocks.Mocks):
    """The recorder answers by itself; its base class wants one of these."""

    def call(self, args: mocks.MockCallArgs) -> Any:
        raise AssertionError(f"the program looked {args.token} up: a first preview could not be judged")

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        raise AssertionError(f"{args.typ} reached the stock mock")


class Recorder(mocks.MockMonitor):
    """A resource monitor that records requests; in a preview it leaves out what only AWS can name."""

    def __init__(self, deployment: Deployment, *, preview: bool) -> None:
        super().__init__(NoLookups())
        self._deployment = deployment
        self._preview = preview
        self._by_urn: dict[str, Registered] = {}
        self._lock = threading.Lock()

    def GetDeploymentInfo(self, request: Any) -> Any:  # noqa: N802
        # The engine never sends references to resources either: a resource as an input arrives as its id.
        features = set(super().GetDeploymentInfo(request).supportedFeatures)
        features.discard(resource_pb2.RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES)
        return resource_pb2.DeploymentInfo(supportedFeatures=sorted(features))

    def SupportsFeature(self, request: Any) -> Any:  # noqa: N802
        supported = request.id not in ("outputValues", "resourceReferences")
        return type("SupportsFeatureResponse", (), {"hasSupport": supported})

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802
        _ensure_event_loop()
        urn = _urn(request)
        if request.type == STACK_TYPE:
            return resource_pb2.RegisterResourceResponse(urn=urn)
        registered = _registered(urn, request)
        with self._lock:
            assert urn not in self._by_urn, f"{urn} is registered twice"
            self._by_urn[urn] = registered
            self._deployment.resources.append(registered)
        id_, outputs = answer(registered, preview=self._preview) if request.custom else ("", {})
        properties = _sync_await(rpc.serialize_properties(outputs, {}))
        return resource_pb2.RegisterResourceResponse(urn=urn, id=id_, object=properties)

    def ReadResource(self, request: Any) -> Any:  # noqa: N802
        raise AssertionError(f"the program reads {request.name}: a first preview has nothing there")

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802
        _ensure_event_loop()
        outputs = _plain(rpc.deserialize_properties(request.outputs, keep_unknowns=True))
        if request.urn in self._by_urn:
            self._by_urn[request.urn].outputs = outputs
        else:
            self._deployment.exports = outputs
        return empty_pb2.Empty()


def deploy(
    program: Callable[[], object],
    *,
    stack: str = "dev",
    config: Mapping[str, str] | None = None,
    preview: bool = False,
    into: Deployment | None = None,
) -> Deployment:
    """Run *program* in a stack of its own and return what it registered, or put that *into* a deployment.

    Errors of the program are raised; what it registered before is then found in *into*.
    """
    deployment = into if into is not None else Deployment()
    contextvars.copy_context().run(_deploy, program, stack, dict(config or {}), preview, deployment)
    return deployment


@cache
def deployed(stack: str, *, preview: bool = False) -> Deployment:
    """Return what the program registers for *stack* as its file stands; tests share it and only read."""
    return deploy_stack(stack, preview=preview)


def deploy_stack(
    stack: str,
    *,
    config: Mapping[str, str] | None = None,
    preview: bool = False,
    into: Deployment | None = None,
) -> Deployment:
    """Run the whole program for *stack*, configured by its file unless *config* is given."""
    return deploy(
        lambda: runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__"),
        stack=stack,
        config=stack_config(stack) if config is None else config,
        preview=preview,
        into=into,
    )


def stack_config(stack: str) -> dict[str, str]:
    """Return the configuration in the stack's file as the engine hands it over: all values are text."""
    values = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())["config"]
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in values.items()}


def _deploy(
    program: Callable[[], object], stack: str, config: dict[str, str], preview: bool, deployment: Deployment
) -> None:
    recorder = Recorder(deployment, preview=preview)
    logger = logging.getLogger("tests.mocks")
    logger.propagate = False
    logger.handlers = [_Log(deployment)]
    pulumi.runtime.set_all_config(config, [])
    configure(
        mocks.MockSettings(
            monitor=recorder,
            monitor_features=set(recorder.GetDeploymentInfo(empty_pb2.Empty()).supportedFeatures),
            engine=mocks.MockEngine(logger),
            project=PROJECT,
            stack=stack,
            dry_run=preview,
            organization="organization",
            callbacks=None,
        )
    )
    set_root_resource(None)  # type: ignore[arg-type]  # a former run in this context left its stack
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    with asyncio.Runner() as runner:
        runner.run(pulumi_stack.run_in_stack(lambda: _run(program)))


def _run(program: Callable[[], object]) -> None:
    program()


class _Log(logging.Handler):
    def __init__(self, deployment: Deployment) -> None:
        super().__init__(logging.WARNING)
        self._deployment = deployment

    def emit(self, record: logging.LogRecord) -> None:
        self._deployment.logged.append(f"{record.levelname}: {record.getMessage()}")


def _urn(request: Any) -> str:
    stack, project = pulumi.get_stack(), pulumi.get_project()
    parents = request.parent.split("::")[2] if request.parent else STACK_TYPE
    qualified = request.type if parents == STACK_TYPE else f"{parents}${request.type}"
    return f"urn:pulumi:{stack}::{project}::{qualified}::{request.name}"


def _registered(urn: str, request: Any) -> Registered:
    by_property = {key: frozenset(urns.urns) for key, urns in request.propertyDependencies.items()}
    return Registered(
        urn=urn,
        type=request.type,
        name=request.name,
        parent=request.parent,
        custom=request.custom,
        inputs=_plain(rpc.deserialize_properties(request.object, keep_unknowns=True)),
        protect=request.protect,
        delete_before_replace=request.deleteBeforeReplace,
        dependencies=frozenset(request.dependencies).union(*by_property.values()),
        property_dependencies=by_property,
        wire=request.object,
    )


def _plain(value: Any) -> Any:
    """Return a deserialised value without secret wrappers, and whole numbers as integers."""
    if rpc.is_rpc_secret(value):
        return _plain(rpc.unwrap_rpc_secret(value))
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def answer(resource: Registered, *, preview: bool) -> tuple[str, dict[str, Any]]:
    """Return id and outputs as AWS would give them; in a preview only what the inputs say."""
    known = {key: value for key, value in resource.inputs.items() if value is not None}
    if preview:
        return "", known
    service = resource.type.split(":")[1].split("/")[0]
    name = known.get("name") or known.get("bucket") or resource.name
    arn = f"arn:aws:{service}:{REGION}:{ACCOUNT}:{name}"
    computed = {
        "aws:kms/key:Key": {"keyId": f"key-of-{name}", "arn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{name}"},
        "aws:sqs/queue:Queue": {"url": f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{name}"},
        "aws:lambda/function:Function": {
            "version": "1",
            "arn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}",
        },
        "aws:lambda/alias:Alias": {
            "arn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{known.get('functionName')}:{name}"
        },
    }.get(resource.type, {})
    return name, {"arn": arn, **known, **computed}
