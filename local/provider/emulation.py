"""How a resource type is emulated: what every emulation offers, and the table of those there are."""

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from local.permissions.deploying import judge_key_calls
from local.permissions.judge import Judge
from local.provider.values import Properties

ACCOUNT = "123456789012"
"""The account that moto acts as."""

_CLIENTS = threading.Lock()


@dataclass(frozen=True, kw_only=True)
class Cloud:
    """Where emulations create things: moto at *endpoint*, code archives in *code_folder*.

    *judge* decides on what services do with roles at a creation, and on what is asked of deployed keys;
    without one everything is allowed. REST APIs are served at *front*.
    """

    endpoint: str
    code_folder: Path
    judge: Judge | None = None
    front: str = ""
    _clients: dict[tuple[str, str], Any] = field(default_factory=dict)

    def api_url(self, api: str, region: str, stage: str) -> str:
        """Return where a stage of a REST API is called: as on AWS where no front serves it."""
        host = self.front and f"{self.front}/{api}"
        return f"{host or f'https://{api}.execute-api.{region}.amazonaws.com'}/{stage}"

    def client(self, service: str, region: str) -> Any:
        """Return the shared boto3 client of one service in one region."""
        with _CLIENTS:  # making a client is not thread-safe; using one is
            if (service, region) not in self._clients:
                client = self._clients[service, region] = boto3.client(  # type: ignore[call-overload]
                    service,
                    region_name=region,
                    endpoint_url=self.endpoint,
                    aws_access_key_id="local",
                    aws_secret_access_key="local",  # noqa: S106 - moto takes anything
                    config=Config(retries={"total_max_attempts": 3}, max_pool_connections=32),
                )
                if self.judge and service == "kms":
                    judge_key_calls(client, self.judge, ACCOUNT, region)
            return self._clients[service, region]


@dataclass(frozen=True, kw_only=True)
class Call:
    """One create, update or delete: its cloud, region, the inputs, and what was there before."""

    cloud: Cloud
    region: str
    inputs: Properties
    tags: dict[str, str]
    """The resource's own tags over the provider's default tags."""
    id: str = ""
    before: Properties = field(default_factory=dict)

    def aws(self, service: str) -> Any:
        """Return the client of *service* in this resource's region."""
        return self.cloud.client(service, self.region)

    def arn(self, service: str, resource: str, *, region: bool = True) -> str:
        """Return an ARN of this account."""
        return f"arn:aws:{service}:{self.region if region else ''}:{ACCOUNT}:{resource}"

    @property
    def tag_list(self) -> list[dict[str, str]]:
        """Tags as most APIs take them."""
        return [{"Key": key, "Value": value} for key, value in self.tags.items()]

    def retag(self, tag: Callable[[], object], untag: Callable[[list[str]], object]) -> None:
        """Take dropped tags off and put the others on; AWS accepts neither request without any."""
        if dropped := sorted((self.before.get("tagsAll") or {}).keys() - self.tags.keys()):
            untag(dropped)
        if self.tags:
            tag()


class Emulation:
    """A resource type in moto. Outputs that a method returns are merged over the inputs."""

    replaces: frozenset[str] = frozenset({"name"})
    """Inputs whose change means a new resource, beside the region."""
    changing: frozenset[str] = frozenset()
    """Outputs that an update gives a new value, unknown in its preview."""
    unset: Mapping[str, Any] = MappingProxyType({})
    """What AWS sets where a program says nothing, as `read` tells it."""
    identified_by = "its name"
    """What the id of such a resource is, for who looks one up."""

    def create(self, call: Call) -> tuple[str, Properties]:
        """Create the resource; return its id and computed outputs."""
        raise TypeError(f"{type(self).__name__} has no create")

    def update(self, call: Call) -> Properties:
        """Bring the resource to the new inputs; return the outputs that changed."""
        raise TypeError(f"{type(self).__name__} has no update")

    def delete(self, call: Call) -> None:
        """Delete the resource that *call.before* describes."""
        raise TypeError(f"{type(self).__name__} has no delete")

    def read(self, call: Call) -> Properties | None:
        """Return what moto tells of the resource with the id of *call*, None if there is none.

        What is not set is None; what moto does not tell, or does not change when it is told to, is left out.
        """
        raise TypeError(f"{type(self).__name__} has no read")


class Setting(Emulation):
    """A setting of another resource: created and updated by one call; its id is the value of *owner*."""

    owner = "bucket"
    replaces = frozenset({"bucket"})
    identified_by = "the bucket's name"

    def put(self, call: Call) -> None:
        """Apply the setting."""
        raise TypeError(f"{type(self).__name__} has no put")

    def create(self, call: Call) -> tuple[str, Properties]:
        """Apply the setting for the first time."""
        self.put(call)
        return str(call.inputs[self.owner]), {}

    def update(self, call: Call) -> Properties:
        """Apply the changed setting."""
        self.put(call)
        return {}

    def delete(self, call: Call) -> None:
        """Leave it: these settings end with the resource that carries them."""


EMULATIONS: dict[str, Emulation] = {}
"""The types that exist in moto; every other type of pulumi_aws is kept in state alone."""


def emulates[E: type[Emulation]](*tokens: str) -> Callable[[E], E]:
    """Register a class as the emulation of *tokens*."""

    def register(cls: E) -> E:
        for token in tokens:
            EMULATIONS[token] = cls()
        return cls

    return register


def unless_missing[T](ask: Callable[[], T]) -> T | None:
    """Return the answer, None where AWS answers that there is no such thing."""
    try:
        return ask()
    except ClientError as error:
        if is_missing(error):
            return None
        raise


def is_missing(error: ClientError) -> bool:
    """Tell whether AWS says that something does not exist."""
    code = error.response["Error"]["Code"]
    return any(word in code for word in ("NotFound", "NoSuch", "NonExistentQueue"))


def pairs(tags: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Return tags as Pulumi has them, from the list that most APIs answer."""
    return {tag["Key"]: tag["Value"] for tag in tags}


def given(**parameters: Any) -> dict[str, Any]:
    """Return the parameters that are not None: boto3 takes no None."""
    return {key: value for key, value in parameters.items() if value is not None}
