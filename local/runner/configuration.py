"""Functions, versions, aliases and event source mappings as deployed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local.deployed import Deployed
from local.runner.archives import Archives
from local.runner.errors import UnknownFunctionError

LATEST = "$LATEST"

_REFERENCE = re.compile(
    r"(?:arn:[^:]+:lambda:[^:]*:\d{12}:function:|\d{12}:function:)?(?P<name>[\w-]+)(?::(?P<qualifier>[\w$-]+))?"
)


@dataclass(frozen=True, kw_only=True)
class Function:
    """One version of a function; *timeout* in seconds, *memory* in MB, *code* and *layers* are folders."""

    name: str
    arn: str
    version: str
    handler: str
    runtime: str
    role_arn: str
    timeout: int
    memory: int
    variables: tuple[tuple[str, str], ...]
    code: Path
    layers: tuple[Path, ...]
    reserved: int | None
    log_group: str
    json_log: bool
    traced: bool

    @property
    def region(self) -> str:
        """The region that the function is deployed in."""
        return self.arn.split(":")[3]

    @property
    def account(self) -> str:
        """The account that the function is deployed in."""
        return self.arn.split(":")[4]


@dataclass(frozen=True, kw_only=True)
class EventSource:
    """An event source mapping; *window* is the batching window in seconds.

    Of streams: where to start, how many batches at once, and what to do about batches that fail; None for
    *retries* and *max_age* (seconds) means until the records expire.
    """

    id: str
    source_arn: str
    function: str
    batch_size: int
    window: int
    concurrency: int | None
    reports_failures: bool
    enabled: bool
    filtered: bool
    position: str
    lanes: int
    bisects: bool
    retries: int | None
    max_age: int | None
    on_failure: str


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """Everything that the runner reads from the deployment, as of one revision."""

    revision: int = -1
    versions: Mapping[tuple[str, str], Function] = field(default_factory=dict)
    aliases: Mapping[tuple[str, str], str] = field(default_factory=dict)
    sources: tuple[EventSource, ...] = ()

    @classmethod
    def read(cls, deployed: Deployed, archives: Archives, before: "Configuration") -> "Configuration":
        """Read *deployed*; versions that were published before stay as they are, as on AWS."""
        revision = deployed.revision
        layers = {
            str(one.properties["arn"]): archives.unpacked(Path(one.properties["code"]))
            for one in deployed.of_type("aws:lambda/layerVersion:LayerVersion")
        }
        versions: dict[tuple[str, str], Function] = {}
        for one in deployed.of_type("aws:lambda/function:Function"):
            function = _function(one.properties, archives, layers)
            earlier = {key: old for key, old in before.versions.items() if key[0] == function.name}
            versions |= {**earlier, (function.name, function.version): function}
            versions[function.name, LATEST] = function
        aliases = {
            (function_name(one.properties["functionName"]), str(one.properties["name"])): str(
                one.properties["functionVersion"]
            )
            for one in deployed.of_type("aws:lambda/alias:Alias")
        }
        mappings = deployed.of_type("aws:lambda/eventSourceMapping:EventSourceMapping")
        sources = tuple(_source(one.id, one.properties) for one in mappings)
        return cls(revision=revision, versions=versions, aliases=aliases, sources=sources)

    def resolve(self, reference: str) -> tuple[Function, str]:
        """Return what a name or ARN, with version, alias or none, stands for, and the ARN to invoke it by.

        Raises
        ------
        UnknownFunctionError
            It is not deployed.
        """
        found = _REFERENCE.fullmatch(reference)
        if found is None:
            raise UnknownFunctionError(f"{reference!r} is not the name or ARN of a function")
        name, qualifier = found["name"], found["qualifier"]
        version = self.aliases.get((name, qualifier or ""), qualifier or LATEST)
        function = self.versions.get((name, version))
        if function is None:
            raise UnknownFunctionError(f"function {reference!r} is not deployed (version {version})")
        return function, f"{function.arn}:{qualifier}" if qualifier else function.arn

    def in_use(self) -> set[Function]:
        """Return the versions that something can still invoke warm: the newest, and those behind aliases."""
        behind = {self.versions.get((name, version)) for (name, _), version in self.aliases.items()}
        newest = {function for (_, version), function in self.versions.items() if version == LATEST}
        return newest | {function for function in behind if function}


def function_name(reference: str) -> str:
    """Return the name in a name or ARN, with or without qualifier."""
    found = _REFERENCE.fullmatch(reference)
    return found["name"] if found else reference


def _function(given: Mapping[str, Any], archives: Archives, layers: Mapping[str, Path]) -> Function:
    logging = given.get("loggingConfig") or {}
    reserved = given.get("reservedConcurrentExecutions", -1)
    missing = [arn for arn in given.get("layers") or [] if arn not in layers]
    if missing:
        raise UnknownFunctionError(f"function {given['name']!r}: layer {missing[0]} is not deployed")
    return Function(
        name=given["name"],
        arn=given["arn"],
        version=str(given.get("version") or LATEST),
        handler=given["handler"],
        runtime=given["runtime"],
        role_arn=given["role"],
        timeout=int(given.get("timeout") or 3),
        memory=int(given.get("memorySize") or 128),
        variables=tuple(sorted(((given.get("environment") or {}).get("variables") or {}).items())),
        code=archives.unpacked(Path(given["code"])),
        layers=tuple(layers[arn] / "python" for arn in given.get("layers") or []),
        reserved=None if reserved is None or reserved < 0 else int(reserved),
        log_group=logging.get("logGroup") or f"/aws/lambda/{given['name']}",
        json_log=logging.get("logFormat") == "JSON",
        traced=(given.get("tracingConfig") or {}).get("mode") == "Active",
    )


def _source(resource_id: str, given: Mapping[str, Any]) -> EventSource:
    return EventSource(
        id=resource_id,
        source_arn=given["eventSourceArn"],
        function=given["functionName"],
        batch_size=int(given.get("batchSize") or (10 if ":sqs:" in given["eventSourceArn"] else 100)),
        window=int(given.get("maximumBatchingWindowInSeconds") or 0),
        concurrency=(given.get("scalingConfig") or {}).get("maximumConcurrency"),
        reports_failures="ReportBatchItemFailures" in (given.get("functionResponseTypes") or []),
        enabled=given.get("enabled", True) is not False,
        filtered=bool((given.get("filterCriteria") or {}).get("filters")),
        position=given.get("startingPosition") or "",
        lanes=int(given.get("parallelizationFactor") or 1),
        bisects=bool(given.get("bisectBatchOnFunctionError")),
        retries=_limit(given.get("maximumRetryAttempts")),
        max_age=_limit(given.get("maximumRecordAgeInSeconds")),
        on_failure=((given.get("destinationConfig") or {}).get("onFailure") or {}).get("destinationArn")
        or "",
    )


def _limit(given: Any) -> int | None:
    """Return a limit, None for none: AWS writes -1."""
    return None if given is None or int(given) < 0 else int(given)
