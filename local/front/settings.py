"""What is deployed of REST APIs: each stage with its document, variables, limits, keys and logs."""

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local.deployed import Deployed
from local.front.document import Document, parse_document
from local.front.errors import FrontError
from local.front.limits import ACCOUNT_LIMIT, Limit, Quota
from local.provider.api_documents import published, read_document
from local.provider.emulation import ACCOUNT

API, STAGE = "aws:apigateway/restApi:RestApi", "aws:apigateway/stage:Stage"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A usage plan as one API key meets it."""

    id: str
    key_id: str
    limit: Limit | None
    quota: Quota | None


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A deployed stage; *problem* says why it cannot be served."""

    api_id: str
    api_name: str
    name: str
    region: str
    deployment_id: str
    document: Document
    problem: str = ""
    binary: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    limits: Mapping[str, Limit] = field(default_factory=dict)
    responses: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    plans: Mapping[str, Plan] = field(default_factory=dict)
    """By the value of the key."""
    log_group: str = ""
    log_format: str = ""

    @property
    def account(self) -> str:
        """The account that it is deployed in."""
        return ACCOUNT

    def limit(self, resource: str, method: str) -> Limit:
        """Return the limit of a method: its own, the stage's for each method, or the account's."""
        own = f"{resource.removeprefix('/')}/{method}"
        return self.limits.get(own) or self.limits.get("*/*") or ACCOUNT_LIMIT

    def filled(self, text: str) -> str:
        """Return *text* with stage variables in place."""
        for name, value in self.variables.items():
            text = text.replace(f"${{stageVariables.{name}}}", value)
        return text


class Stages:
    """The stages among what is *deployed*, as of each request; documents lie in *folder*."""

    def __init__(self, deployed: Deployed, folder: Path) -> None:
        self._deployed, self._folder = deployed, folder
        self._lock = threading.Lock()
        self._revision = -1
        self._known: dict[tuple[str, str], Stage] = {}
        self._documents: dict[tuple[str, str], Document] = {}

    def find(self, api: str, stage: str) -> Stage | None:
        """Return a stage, None where there is none of the name."""
        return self._current().get((api, stage))

    def all(self) -> list[Stage]:
        """Return every stage."""
        return list(self._current().values())

    def _current(self) -> dict[tuple[str, str], Stage]:
        revision = self._deployed.revision
        with self._lock:
            if revision != self._revision:
                self._known = {(one.api_id, one.name): one for one in self._read()}
                self._revision = revision
            return self._known

    def _read(self) -> Iterator[Stage]:
        apis = {one.id: one.properties for one in self._deployed.of_type(API)}
        for one in self._deployed.of_type(STAGE):
            given = one.properties
            api_id, name = given["restApi"], given["stageName"]
            api, logs = apis.get(api_id, {}), given.get("accessLogSettings") or {}
            document, problem = self._document(api_id, given["deployment"])
            yield Stage(
                api_id=api_id,
                api_name=api.get("name", ""),
                name=name,
                region=given["region"],
                deployment_id=given["deployment"],
                document=document,
                problem=problem,
                binary=(*(api.get("binaryMediaTypes") or ()), *document.binary),
                variables=given.get("variables") or {},
                limits=dict(self._limits(api_id, name)),
                responses={**document.responses, **dict(self._responses(api_id))},
                plans=dict(self._plans(api_id, name)),
                log_group=logs.get("destinationArn", "").partition(":log-group:")[2].removesuffix(":*"),
                log_format=logs.get("format", ""),
            )

    def _document(self, api: str, deployment: str) -> tuple[Document, str]:
        """Return a deployment's document, which never changes; or an empty one, and why."""
        if (api, deployment) not in self._documents:
            try:
                text = published(self._folder, api, deployment)
                self._documents[api, deployment] = parse_document(read_document(text))
            except (FrontError, ValueError, KeyError, TypeError, AttributeError) as error:
                return Document(operations=(), responses={}, binary=()), f"API {api}: {error}"
        return self._documents[api, deployment], ""

    def _limits(self, api: str, stage: str) -> Iterator[tuple[str, Limit]]:
        for one in self._deployed.of_type("aws:apigateway/methodSettings:MethodSettings"):
            given, settings = one.properties, one.properties.get("settings") or {}
            if (given["restApi"], given["stageName"]) == (api, stage):
                found = Limit.read(settings.get("throttlingRateLimit"), settings.get("throttlingBurstLimit"))
                if found:
                    yield given["methodPath"].replace("~1", "/").removeprefix("/"), found

    def _responses(self, api: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        for one in self._deployed.of_type("aws:apigateway/response:Response"):
            if one.properties["restApiId"] == api:
                yield one.properties["responseType"], one.properties

    def _plans(self, api: str, stage: str) -> Iterator[tuple[str, Plan]]:
        plans = {
            one.id: one.properties for one in self._deployed.of_type("aws:apigateway/usagePlan:UsagePlan")
        }
        keys = {one.id: one.properties for one in self._deployed.of_type("aws:apigateway/apiKey:ApiKey")}
        for one in self._deployed.of_type("aws:apigateway/usagePlanKey:UsagePlanKey"):
            plan, key = plans.get(one.properties["usagePlanId"]), keys.get(one.properties["keyId"])
            if plan is None or key is None or key.get("enabled") is False:
                continue
            if (api, stage) not in [(of["apiId"], of["stage"]) for of in plan.get("apiStages") or []]:
                continue
            throttle = plan.get("throttleSettings") or {}
            yield (
                key["value"],
                Plan(
                    id=one.properties["usagePlanId"],
                    key_id=one.properties["keyId"],
                    limit=Limit.read(throttle.get("rateLimit"), throttle.get("burstLimit")),
                    quota=Quota.read(plan.get("quotaSettings")),
                ),
            )
